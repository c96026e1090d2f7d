//! Faults on calls, and what becomes of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::call::{Call, Caller, Service};

fn call(operation: &str, caller: Caller) -> Call {
    Call { caller, ..Call::new(Service::Ecs, operation, json!({}), Moment::START) }
}

fn read(text: &str) -> Result<Injection, String> {
    Injection::read(serde_json::from_str(text).expect("JSON"))
}

fn with(faults: &[&str]) -> Faults {
    let mut all = Faults::new(Ids::new(7));
    for text in faults {
        let Injection { fault, lasts } = read(text).expect(text);
        all.begin(Moment::START, fault, lasts).expect("room");
    }
    all
}

fn ending(faults: &mut Faults, call: &Call, host: Option<&str>) -> Option<Ending> {
    faults.verdict(Moment::START, call, host).before.map(|(_, ending)| ending)
}

#[test]
fn a_fault_strikes_the_calls_that_it_means_and_as_often_as_it_says() {
    let mut faults = with(&[
        r#"{"kind":"fail","calls":{"service":"ecs","operation":"RunTask","caller":"host"},"often":{"next":2}}"#,
    ]);
    let host = Caller::Host("i-1".to_owned());
    assert_eq!(ending(&mut faults, &call("RunTask", Caller::Unknown), None), None);
    assert_eq!(ending(&mut faults, &call("StopTask", host.clone()), None), None);
    let error = Ending::Error { code: "ServerException".to_owned(), status: 500 };
    assert_eq!(ending(&mut faults, &call("RunTask", host.clone()), None), Some(error.clone()));
    assert!(!faults.is_empty());
    assert_eq!(ending(&mut faults, &call("RunTask", host.clone()), None), Some(error));
    assert!(faults.is_empty(), "its calls are spent");
    assert_eq!(ending(&mut faults, &call("RunTask", host), None), None);
    assert_eq!((&faults.list()[0]["struck"], &faults.list()[0]["active"]), (&json!(2), &json!(false)));
}

#[test]
fn delays_add_up_and_a_failure_after_the_effect_is_kept_for_then() {
    let mut faults = with(&[
        r#"{"kind":"delay","by":"2s"}"#,
        r#"{"kind":"delay","up_to":"1s"}"#,
        r#"{"kind":"fail","after":true,"how":"reset"}"#,
    ]);
    let verdict = faults.verdict(Moment::START, &call("RunTask", Caller::Unknown), None);
    assert!((Duration::from_secs(2)..Duration::from_secs(3)).contains(&verdict.delay), "{verdict:?}");
    assert_eq!((verdict.before, verdict.after, verdict.delayed_by), (None, Some((3, Ending::Reset)), Some(2)));
}

#[test]
fn delays_that_are_longer_together_than_can_be_written_last_for_ever() {
    let age = r#"{"kind":"delay","by":"500000000000years"}"#;
    let mut faults = with(&[age, age]);
    assert_eq!(faults.verdict(Moment::START, &call("RunTask", Caller::Unknown), None).delay, Duration::MAX);
}

#[test]
fn a_host_that_is_cut_off_reaches_nothing_with_its_agent_and_its_tasks() {
    for kind in ["cut", "cut_off_aws"] {
        let mut faults = with(&[&format!(r#"{{"kind":"{kind}","what":{{"host":"i-1"}}}}"#)]);
        let task = call("ListTasks", Caller::Task("ab".to_owned()));
        assert_eq!(ending(&mut faults, &task, Some("i-1")), Some(Ending::Hang));
        assert_eq!(ending(&mut faults, &task, Some("i-2")), None);
        assert_eq!(ending(&mut faults, &call("ListTasks", Caller::Host("i-1".to_owned())), None), Some(Ending::Hang));
        assert_eq!(ending(&mut faults, &call("ListTasks", Caller::Unknown), None), None);
    }
    let mut faults = with(&[r#"{"kind":"cut_off_aws","what":{"agent":"i-1"}}"#]);
    assert_eq!(ending(&mut faults, &call("ListTasks", Caller::Task("ab".to_owned())), Some("i-1")), None);
}

#[test]
fn a_fault_is_over_when_its_time_is_or_when_it_is_lifted() {
    let mut faults = with(&[r#"{"kind":"throttle","for":"5s"}"#, r#"{"kind":"throttle"}"#]);
    assert_eq!(faults.deadline(), Some(Moment::millis(5000)));
    assert_eq!(faults.due(Moment::millis(4999)), [0u64; 0]);
    assert_eq!(faults.due(Moment::millis(5000)), [1]);
    assert!(faults.end(Moment::millis(5000), 1).is_some());
    assert_eq!((faults.deadline(), faults.end(Moment::millis(5001), 1)), (None, None));
    assert!(faults.end(Moment::millis(5001), 2).is_some() && faults.is_empty());
}

#[test]
fn faults_that_are_over_are_remembered_and_not_without_end() {
    let mut faults = Faults::new(Ids::new(1));
    for _ in 0..500 {
        let fault = Fault::Rebalance { host: "i-1".to_owned() };
        faults.begin(Moment::START, fault, None).expect("room");
    }
    assert_eq!(faults.list().as_array().map(Vec::len), Some(REMEMBERED));
    assert!(faults.one(500).is_some() && faults.one(1).is_none());
}

#[test]
fn what_is_written_wrongly_is_refused_with_what_was_expected() {
    for (text, says) in [
        (r#"[]"#, "\"kind\""),
        (r#"{}"#, "kind"),
        (r#"{"kind":"explode"}"#, "expected one of `throttle`"),
        (r#"{"kind":"throttle","calls":{"service":"s3"}}"#, "ecs, servicediscovery"),
        (r#"{"kind":"throttle","calls":{"caller":"me"}}"#, "task:ID"),
        (r#"{"kind":"throttle","calls":{"op":"RunTask"}}"#, "unknown field `op`"),
        (r#"{"kind":"throttle","often":{"next":0}}"#, "at least 1"),
        (r#"{"kind":"throttle","often":{"chance":2}}"#, "from 0 to 1"),
        (r#"{"kind":"throttle","often":"sometimes"}"#, "expected"),
        (r#"{"kind":"throttle","for":"soon"}"#, "duration"),
        (r#"{"kind":"throttle","for":5}"#, "duration"),
        (r#"{"kind":"delay"}"#, "either \"by\" or \"up_to\""),
        (r#"{"kind":"delay","by":"long"}"#, "duration"),
        (r#"{"kind":"fail","how":"hang","status":500}"#, "only \"how\""),
        (r#"{"kind":"fail","status":200}"#, "400 to 599"),
        (r#"{"kind":"fail","code":"a b"}"#, "letters"),
        (r#"{"kind":"cut","what":{"agent":"i-1"}}"#, "a task or a host"),
        (r#"{"kind":"kill","what":{"group":"g"}}"#, "expected one of `task`, `host`, `agent`"),
        (r#"{"kind":"kill","what":{"task":"a"},"for":"1s"}"#, "happens once"),
        (r#"{"kind":"dns","how":"drop","by":"1s"}"#, "delay"),
        (r#"{"kind":"rebalance"}"#, "host"),
        (r#"{"kind":"lose_operations","code":"OOPS"}"#, "INTERNAL_FAILURE"),
        (r#"{"kind":"lose_operations","count":0}"#, "at least 1"),
    ] {
        let said = read(text).expect_err(text);
        assert!(said.contains(says), "{text}: {said}");
    }
}

/// Faults of every kind that a call can meet.
fn any_fault() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(r#"{"kind":"throttle","often":{"chance":0.3}}"#.to_owned()),
        Just(r#"{"kind":"delay","up_to":"1s","often":{"chance":0.5}}"#.to_owned()),
        Just(r#"{"kind":"fail","how":"hang","often":{"next":3},"calls":{"operation":"ListTasks"}}"#.to_owned()),
        Just(r#"{"kind":"fail","after":true,"often":{"chance":0.5},"calls":{"caller":"task"}}"#.to_owned()),
        Just(r#"{"kind":"cut_off_aws","what":{"task":"ab"}}"#.to_owned()),
    ]
}

proptest! {
    #[test]
    fn the_same_calls_in_the_same_order_meet_the_same_fate(
        texts in proptest::collection::vec(any_fault(), 0..6),
        calls in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..60),
        seed in any::<u64>(),
    ) {
        let fate = |seed: u64| {
            let mut faults = Faults::new(Ids::new(seed));
            for text in &texts {
                let Injection { fault, lasts } = read(text).expect("a fault");
                faults.begin(Moment::START, fault, lasts).expect("room");
            }
            let verdicts: Vec<Verdict> = calls.iter().map(|(list, task)| {
                let caller = if *task { Caller::Task("ab".to_owned()) } else { Caller::Unknown };
                faults.verdict(Moment::START, &call(if *list { "ListTasks" } else { "RunTask" }, caller), None)
            }).collect();
            (verdicts, faults.list())
        };
        prop_assert_eq!(fate(seed), fate(seed));
    }

    #[test]
    fn a_fault_is_read_back_as_it_is_written(text in any_fault()) {
        let read = read(&text).expect("a fault");
        let again = Injection::read(serde_json::to_value(&read.fault).expect("JSON")).expect("a fault");
        prop_assert_eq!(again.fault, read.fault);
    }
}
