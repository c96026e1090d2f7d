//! What faults do to a whole world, without a machine.

use std::net::Ipv4Addr;
use std::time::Duration;

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::super::ask::{Asked, Asking};
use super::super::scenario::Scenario;
use super::super::state::{Action, Part};
use super::super::tests::{ecs, kinds, pass, started, state, wake};
use super::*;
use crate::audit::asked::Asked as Query;
use crate::call::{Answer, Call, Caller, Service};
use crate::cloud_map::spread;
use crate::faults::Ending;
use crate::runtime::Happened;

mod overlap;

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

fn fault(value: Value) -> Injection {
    Injection::read(value).expect("a fault")
}

/// A world whose task runs on its host: the state, the task and the host, at 100 seconds.
fn running() -> (State, String, String) {
    let mut state = state();
    let task = wake(&mut state, Moment::START);
    let actions = pass(&mut state, 95);
    let address = started(&actions).expect("a start").1.address;
    state.happened(at(95), Happened::Started { task: task.clone(), address, docker_ids: Vec::new() });
    pass(&mut state, 100);
    let host = state.snapshot()["tasks"][0]["instance_id"].as_str().expect("a host").to_owned();
    (state, task, host)
}

fn asking(operation: &str, body: Value, caller: Caller, arrived: Moment) -> Asking {
    Asking::new(Call { caller, ..Call::new(Service::Ecs, operation, body, arrived) })
}

fn answers(state: &State) -> Vec<(String, String)> {
    let said = state.audit.list(&Query::default(), &state.wall);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    said["calls"]
        .as_array()
        .expect("calls")
        .iter()
        .map(|call| (text(&call["operation"]), text(&call["answer"])))
        .collect()
}

#[test]
fn a_frozen_host_is_frozen_with_its_tasks_and_ecs_learns_later_what_happened_there() {
    let (mut state, task, host) = running();
    let id = state
        .inject(at(100), fault(json!({ "kind": "freeze", "what": { "host": host }, "for": "30s" })))
        .expect("there");
    let frozen = state.take_actions();
    assert_eq!(frozen.len(), 2, "{frozen:?}");
    assert!(frozen.iter().all(|action| matches!(action, Action::Freeze(_))), "{frozen:?}");
    let exited = Happened::Exited { task: task.clone(), container: "app".to_owned(), code: 1 };
    state.happened(at(110), exited);
    assert_eq!(state.snapshot()["tasks"][0]["last_status"], "RUNNING");
    ecs(&mut state, at(120), "StopTask", json!({ "cluster": "doze", "task": task }));
    let stops = pass(&mut state, 129);
    assert!(!stops.iter().any(|(_, action)| matches!(action, Action::Stop { .. })), "nobody hears it: {stops:?}");
    let thawed = pass(&mut state, 131);
    assert_eq!(thawed.iter().filter(|(at, action)| *at == 130 && matches!(action, Action::Thaw(_))).count(), 2);
    assert_eq!(state.faults.one(id).expect("known")["over_ms"], 130_000);
    pass(&mut state, 140);
    assert_eq!(state.snapshot()["tasks"][0]["last_status"], "STOPPED");
}

#[test]
fn a_host_off_the_network_reaches_no_aws_until_it_is_mended() {
    let (mut state, task, host) = running();
    let id = state.inject(at(100), fault(json!({ "kind": "cut", "what": { "host": host } }))).expect("there");
    assert!(state.take_actions().iter().any(|action| matches!(action, Action::Cut(Part::Task { .. }))));
    let body = json!({ "cluster": "doze" });
    for caller in [Caller::Task(task), Caller::Host(host.clone())] {
        let mut call = asking("ListTasks", body.clone(), caller, at(101));
        assert_eq!(state.ask(at(101), &mut call), Asked::Struck(Ending::Hang));
    }
    let mut call = asking("ListTasks", body.clone(), Caller::Unknown, at(101));
    assert!(matches!(state.ask(at(101), &mut call), Asked::Now(Ok(_))));
    assert!(state.lift(at(102), id) && !state.lift(at(102), id));
    assert!(state.take_actions().iter().any(|action| matches!(action, Action::Mend(Part::Host { .. }))));
    let mut call = asking("ListTasks", body, Caller::Host(host), at(103));
    assert!(matches!(state.ask(at(103), &mut call), Asked::Now(Ok(_))));
    assert!(kinds(&state).ends_with(&["fault.injected", "fault.lifted"]), "{:?}", kinds(&state));
}

#[test]
fn a_fault_ends_with_its_victim() {
    let (mut state, task, host) = running();
    state.inject(at(100), fault(json!({ "kind": "cut", "what": { "task": task } }))).expect("there");
    state.inject(at(100), fault(json!({ "kind": "freeze", "what": { "agent": host } }))).expect("there");
    state.inject(at(101), fault(json!({ "kind": "kill", "what": { "host": host } }))).expect("there");
    let actions = pass(&mut state, 600);
    assert!(actions.iter().any(|(_, action)| matches!(action, Action::HostLost { .. })));
    assert!(actions.iter().any(|(_, action)| matches!(action, Action::Mend(Part::Task { .. }))), "{actions:?}");
    assert!(state.faults.is_empty(), "{}", state.faults.list());
}

#[test]
fn an_operation_of_cloud_map_is_accepted_and_lost_and_the_fault_is_over() {
    let mut state = state();
    let lose = json!({ "kind": "lose_operations", "code": "INTERNAL_FAILURE" });
    let id = state.inject(at(1), fault(lose)).expect("injected");
    assert_eq!(state.faults.one(id).expect("known")["active"], true);
    let body = json!({ "Name": "other", "Vpc": "v" });
    let answer = state.call(at(2), Service::CloudMap, "CreatePrivateDnsNamespace", body).expect("accepted");
    let Answer::Json(said) = answer else { panic!("Cloud Map speaks JSON") };
    assert_eq!(state.faults.one(id).expect("known")["active"], false, "its operation is lost");
    pass(&mut state, 10);
    let asked = json!({ "OperationId": said["OperationId"] });
    let answer = state.call(at(10), Service::CloudMap, "GetOperation", asked).expect("known");
    let Answer::Json(said) = answer else { panic!("Cloud Map speaks JSON") };
    assert_eq!(
        (&said["Operation"]["Status"], &said["Operation"]["ErrorCode"]),
        (&json!("FAIL"), &json!("INTERNAL_FAILURE"))
    );
}

#[test]
fn what_is_to_spread_late_spreads_as_usual_when_the_fault_is_over() {
    let mut state = state();
    let late = json!({ "kind": "spread_late", "dns": "40s", "for": "10s" });
    state.inject(at(1), fault(late)).expect("injected");
    assert_eq!(state.cloud_map.spread(), (spread::DISCOVER, Duration::from_secs(40)));
    pass(&mut state, 12);
    assert_eq!(state.cloud_map.spread(), (spread::DISCOVER, spread::DNS));
}

#[test]
fn a_new_task_is_seen_late_while_tasks_spread_late() {
    let (mut state, ..) = running();
    let seen = |state: &mut State, second| {
        let listed = ecs(state, at(second), "ListTasks", json!({ "cluster": "doze" }));
        listed["taskArns"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(seen(&mut state, 100), 1);
    state.inject(at(100), fault(json!({ "kind": "spread_late", "tasks": "5s" }))).expect("injected");
    wake(&mut state, at(101));
    assert_eq!(seen(&mut state, 105), 1);
    assert_eq!(seen(&mut state, 106), 2);
}

#[test]
fn what_cannot_happen_is_refused_and_is_no_fault() {
    let mut state = state();
    for (value, says) in [
        (json!({ "kind": "kill", "what": { "task": "nobody" } }), "task nobody does not run"),
        (json!({ "kind": "freeze", "what": { "host": "any" } }), "no host runs"),
        (json!({ "kind": "cut_off_aws", "what": { "agent": "i-1" } }), "the agent of host i-1 does not run"),
        (json!({ "kind": "scale_in", "group": "nobody" }), "nobody"),
        (json!({ "kind": "spot_notice", "host": "i-1" }), "i-1"),
    ] {
        let said = state.inject(Moment::START, fault(value.clone())).expect_err("refused");
        assert!(said.contains(says), "{value}: {said}");
    }
    assert_eq!(state.faults.list(), json!([]));
}

#[test]
fn a_call_fails_before_its_effect_or_after_it_or_waits_for_it() {
    let (mut state, ..) = running();
    let strategy = json!([{ "capacityProvider": "doze", "weight": 1 }]);
    let run = json!({ "cluster": "doze", "taskDefinition": "demo", "capacityProviderStrategy": strategy });
    let tasks = |state: &State| state.ecs.tasks().len();
    state.inject(at(100), fault(json!({ "kind": "fail", "often": { "next": 1 } }))).expect("injected");
    let mut call = asking("RunTask", run.clone(), Caller::Unknown, at(100));
    let error = Ending::Error { code: "ServerException".to_owned(), status: 500 };
    assert_eq!((state.ask(at(100), &mut call), tasks(&state)), (Asked::Struck(error), 1));
    let lost = json!({ "kind": "fail", "after": true, "how": "reset", "often": { "next": 1 } });
    state.inject(at(101), fault(lost)).expect("injected");
    let mut call = asking("RunTask", run.clone(), Caller::Unknown, at(101));
    assert_eq!((state.ask(at(101), &mut call), tasks(&state)), (Asked::Struck(Ending::Reset), 2));
    state.inject(at(102), fault(json!({ "kind": "delay", "by": "3s", "often": { "next": 1 } }))).expect("injected");
    let mut call = asking("RunTask", run, Caller::Unknown, at(102));
    assert_eq!((state.ask(at(102), &mut call), tasks(&state)), (Asked::Later(at(105)), 2));
    assert_eq!(state.ask(at(104), &mut call), Asked::Later(at(105)));
    assert!(matches!(state.ask(at(105), &mut call), Asked::Now(Ok(Answer::Json(_)))));
    assert_eq!(tasks(&state), 3);
    let run_task = |answer: &str| ("RunTask".to_owned(), answer.to_owned());
    assert_eq!(answers(&state), [run_task("refused"), run_task("closed"), run_task("ok")]);
}

#[test]
fn the_account_is_throttled_whoever_calls() {
    let (mut state, ..) = running();
    let mut refused = 0;
    for number in 0..130 {
        let caller = Caller::Key(format!("k{}", number % 7));
        let mut call = asking("ListTasks", json!({ "cluster": "doze" }), caller, at(100));
        match state.ask(at(100), &mut call) {
            Asked::Now(Ok(_)) => {}
            Asked::Now(Err(refusal)) => {
                assert_eq!(refusal.code, "ThrottlingException");
                refused += 1;
            }
            other @ (Asked::Struck(_) | Asked::Later(_)) => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 30);
}

#[test]
fn a_call_that_changes_nothing_leaves_the_world_asleep_and_sees_what_is_due() {
    let (mut state, task, _) = running();
    state.has_moved();
    let describe = json!({ "cluster": "doze", "tasks": [task] });
    let mut call = asking("DescribeTasks", describe.clone(), Caller::Unknown, at(100));
    assert!(matches!(state.ask(at(100), &mut call), Asked::Now(Ok(_))));
    assert!(!state.has_moved(), "nobody needs to wake");
    // A task that is stopped goes on by itself; a reader long after sees it where it would be.
    ecs(&mut state, at(101), "StopTask", json!({ "cluster": "doze", "task": task }));
    let exited = Happened::Exited { task: task.clone(), container: "app".to_owned(), code: 0 };
    state.happened(at(102), exited);
    let mut call = asking("DescribeTasks", describe, Caller::Unknown, at(900));
    let Asked::Now(Ok(Answer::Json(said))) = state.ask(at(900), &mut call) else { panic!("no answer") };
    assert_eq!(said["tasks"][0]["lastStatus"], "STOPPED");
    assert!(state.has_moved());
}

#[test]
fn a_scenario_strikes_at_its_time_and_at_its_event() {
    let mut state = state();
    let file = r#"[
        {"at": "200s", "fault": {"kind": "spot_notice", "host": "oldest"}},
        {"when": "task.running", "fault": {"kind": "kill", "what": {"task": "subject"}}},
        {"at": "50s", "fault": {"kind": "freeze", "what": {"host": "any"}}}
    ]"#;
    state.scenario = Scenario::read(file).expect("a scenario");
    let task = wake(&mut state, Moment::START);
    let actions = pass(&mut state, 95);
    let address: Ipv4Addr = started(&actions).expect("a start").1.address;
    let struck = |state: &State| kinds(state).into_iter().filter(|kind| kind.starts_with("fault.")).collect::<Vec<_>>();
    assert_eq!(struck(&state), ["fault.impossible"], "no host ran at 50 s");
    state.happened(at(96), Happened::Started { task: task.clone(), address, docker_ids: Vec::new() });
    let actions = pass(&mut state, 97);
    assert!(actions.iter().any(|(_, action)| *action == Action::Kill { task: task.clone() }), "{actions:?}");
    pass(&mut state, 201);
    assert_eq!(struck(&state), ["fault.impossible", "fault.injected", "fault.injected"]);
    assert!(kinds(&state).contains(&"host.spot_notice"));
}

#[test]
fn a_message_is_delivered_twice_on_request() {
    let mut state = state();
    let duplicate = || fault(json!({ "kind": "duplicate_message", "queue": "jobs" }));
    assert!(state.inject(at(0), duplicate()).is_err(), "there is no such queue");
    let mut sqs = |operation: &str, body: Value| match state.call(at(0), Service::Sqs, operation, body) {
        Ok(Answer::Json(value)) => value,
        other => panic!("{operation}: {other:?}"),
    };
    sqs("CreateQueue", json!({ "QueueName": "jobs" }));
    sqs("SendMessage", json!({ "QueueUrl": "jobs", "MessageBody": "x" }));
    state.inject(at(0), duplicate()).expect("there");
    for expected in [json!("x"), json!("x"), Value::Null] {
        let received = state.call(at(0), Service::Sqs, "ReceiveMessage", json!({ "QueueUrl": "jobs" }));
        let Ok(Answer::Json(received)) = received else { panic!("{received:?}") };
        assert_eq!(received["Messages"][0]["Body"], expected);
    }
}
