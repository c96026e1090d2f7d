//! Stories of what is asked of others: the task, the readiness address, the ECS agent (rules S8, S9).

use proptest::prelude::*;

use super::super::asks::{WAKE_PATIENCE, WakeAnswer};
use super::super::policy::Asks;
use super::super::protection::News;
use super::*;

const IDLE_S9: Duration = Duration::from_secs(10);

/// In a task that asks to be protected for two hours at a time.
fn service() -> Policy {
    let asks = Asks { protection: Some(Duration::from_secs(7200)), ..Asks::default() };
    Policy { idle_timeout: Some(IDLE_S9), asks, ..defaults() }
}

fn asks_protection(on: bool) -> impl Fn(&Action) -> bool {
    move |action| protection_asked(action) == Some(on)
}

/// Idle until it waits for ECS.
fn left_to_ecs() -> Story {
    let mut story = Story::awake(service());
    story.passes(25_000);
    assert!(story.when(|action| *action == Action::LeftToEcs).is_some(), "{:?}", story.actions);
    story
}

fn protection_asked(action: &Action) -> Option<bool> {
    if let Action::Ask(Ask::Protection { on, .. }) = action { Some(*on) } else { None }
}

/// Whether this says that it is awake.
fn says_awake(action: &Action) -> bool {
    matches!(action, Action::Changed(change) if matches!(change.to, State::Awake { .. }))
}

fn is_idle_drain(story: &Story) -> bool {
    matches!(story.core.state(), State::Draining { cause: Cause::Idle, .. })
}

#[test]
fn it_says_awake_only_after_its_first_protection_is_confirmed() {
    let mut story = Story::starts(service());
    story.agent = |_| None;
    story.listens = true;
    story.passes(5_000);
    assert_eq!(story.core.state(), State::Starting);
    assert!(story.core.is_ready(), "the app accepts, and direct clients are served");
    story.happens(Event::ProtectionAnswered(Said::Is(true)));
    assert_eq!(story.core.state(), State::Awake { ready: true });
}

#[test]
fn an_app_that_accepts_is_not_given_up_for_its_missing_protection() {
    let mut story = Story::starts(service());
    story.agent = |_| Some(Said::Refused("DEPLOYMENT_BLOCKED".into()));
    story.listens = true;
    story.passes(3_600_000);
    assert_eq!((story.core.state(), story.when(is_term)), (State::Starting, None));
    assert_eq!(story.count(|action| matches!(action, Action::Protection(_))), 1, "it is told once");
    assert!(story.core.protection(story.now).is_some_and(|text| text.contains("DEPLOYMENT_BLOCKED")));
    story.agent = |on| Some(Said::Is(on));
    story.connections = vec![quiet(PEER, 100)];
    story.passes(60_000);
    assert_eq!(story.core.state(), State::Awake { ready: true });
}

#[test]
fn a_task_of_a_service_is_protected_while_in_use_and_its_protection_renewed() {
    let mut story = Story::awake(service());
    story.connections = vec![quiet(PEER, 1_000)];
    story.passes(24 * 3_600_000);
    assert_eq!(story.path(), ["awake"]);
    assert_eq!(story.count(asks_protection(true)), 1 + 24, "at first, and each hour");
    assert_eq!(story.count(asks_protection(false)), 0);
}

#[test]
fn a_task_of_a_service_that_nobody_uses_is_unprotected_and_never_exits() {
    let mut story = left_to_ecs();
    let (drained, released) = (10_000, story.when(asks_protection(false)).expect("asked"));
    assert_eq!(released, Moment::millis(drained + 10_000 + 100), "not before every condition of the commit holds");
    story.passes(24 * 3_600_000);
    assert!(is_idle_drain(&story));
    assert_eq!((story.when(is_term), story.count(asks_protection(false))), (None, 1));
    let looks = story.count(|action| matches!(action, Action::Look(_)));
    assert!(looks < 24 * 3600 + 1_000, "{looks} looks in a day");
}

#[test]
fn ecs_stops_it_by_sigterm() {
    let mut story = left_to_ecs();
    story.happens(TERM);
    story.passes(500);
    assert!(story.when(is_term).is_some());
    story.happens(Event::AppEnded(Ending::Killed(15)));
    story.happens(Event::AllGone);
    assert_eq!(story.exit(), Some(143));
}

#[test]
fn an_order_stops_a_task_of_a_service_as_any_other() {
    let mut story = Story::awake(service());
    story.happens(Event::FileAppeared);
    assert!(story.when(is_term).is_some());
}

#[test]
fn a_wake_is_granted_only_once_protection_is_confirmed_on_again() {
    let mut story = left_to_ecs();
    story.agent = |_| None;
    story.happens(Event::Wake(ASKER));
    assert!(is_idle_drain(&story));
    assert_eq!(story.core.wake_answer(story.now), WakeAnswer::Later);
    story.passes(u64::try_from(WAKE_PATIENCE.as_millis()).expect("short"));
    assert_eq!(story.core.wake_answer(story.now), WakeAnswer::Later);
    story.happens(Event::ProtectionAnswered(Said::Is(true)));
    assert_eq!(story.core.wake_answer(story.now), WakeAnswer::Granted);
    assert_eq!(story.core.state(), State::Awake { ready: true });
    story.agent = |on| Some(Said::Is(on));
    story.passes(9_999);
    assert_eq!(story.core.state(), State::Awake { ready: true }, "no idle drain for ten seconds after the 200");
}

#[test]
fn a_wake_while_protection_is_still_on_is_granted_at_once() {
    let mut story = Story::awake(service());
    story.passes(12_000);
    assert!(is_idle_drain(&story));
    story.happens(Event::Wake(ASKER));
    assert_eq!(story.core.wake_answer(story.now), WakeAnswer::Granted);
}

#[test]
fn a_direct_client_brings_it_back_once_it_is_protected() {
    let mut story = left_to_ecs();
    story.agent = |_| None;
    story.connections = vec![quiet(PEER, 10)];
    story.passes(5_000);
    assert!(is_idle_drain(&story) && story.count(asks_protection(true)) == 2);
    story.happens(Event::ProtectionAnswered(Said::Is(true)));
    assert_eq!(story.core.state(), State::Awake { ready: true });
}

#[test]
fn a_call_back_that_is_never_protected_is_forgotten_once_nobody_uses_it() {
    let mut story = left_to_ecs();
    story.agent = |on| Some(if on { Said::Refused("DEPLOYMENT_BLOCKED".into()) } else { Said::Is(false) });
    story.happens(Event::Wake(ASKER));
    story.passes(60_000);
    assert!(is_idle_drain(&story));
    assert_eq!(story.count(|action| *action == Action::LeftToEcs), 2);
    assert_eq!(story.core.protection(story.now).as_deref(), Some("off"));
}

#[test]
fn a_protection_that_runs_out_takes_nothing_from_who_is_served() {
    let mut story = Story::awake(service());
    story.connections = vec![quiet(PEER, 100)];
    story.agent = |_| Some(Said::Unclear("no answer in time".into()));
    story.passes(3 * 3_600_000);
    assert_eq!(story.core.state(), State::Awake { ready: true });
    assert_eq!(story.core.wake_answer(story.now), WakeAnswer::Later, "a 200 says that it is protected");
    let said = story.core.protection(story.now).expect("asked for");
    assert_eq!(said, "not confirmed; the last answer was no answer in time");
}

#[test]
fn a_standalone_task_asks_once_and_then_sleeps_as_usual() {
    let mut story = Story::starts(service());
    story.agent = |_| Some(Said::NotValid);
    story.listens = true;
    story.passes(25_000);
    assert_eq!(story.count(|action| matches!(action, Action::Ask(_))), 1);
    assert!(story.when(is_term).is_some());
}

#[test]
fn with_a_readiness_address_it_is_awake_once_that_says_so_and_unready_when_it_does_not() {
    let asks = Asks { ready: true, ..Asks::default() };
    let mut story = Story::starts(Policy { asks, ..defaults() });
    story.passes(1_000);
    assert_eq!(story.count(|action| *action == Action::Ask(Ask::Ready)), 0, "it does not listen");
    story.listens = true;
    story.probed = Some(Probed::NotReady("it answered 503".into()));
    story.passes(1_000);
    assert_eq!(story.core.state(), State::Starting);
    assert!(story.core.why(story.now).contains("it answered 503"), "{}", story.core.why(story.now));
    story.probed = Some(Probed::Ready);
    story.passes(1_000);
    assert_eq!(story.core.state(), State::Awake { ready: true });
    story.probed = Some(Probed::NotReady("it answered 500".into()));
    story.passes(5_000);
    assert_eq!(story.core.state(), State::Awake { ready: false });
    story.probed = Some(Probed::Ready);
    story.passes(1_000);
    assert_eq!(story.core.state(), State::Awake { ready: true });
}

#[test]
fn an_app_that_is_ready_or_starts_is_asked_and_looked_at_in_one_wake_up() {
    for (says, questions) in [(Probed::Ready, 12), (Probed::NotReady("it answered 503".into()), 60)] {
        let asks = Asks { ready: true, ..Asks::default() };
        let mut story = Story::starts(Policy { asks, ..defaults() });
        (story.listens, story.probed) = (true, Some(says));
        story.passes(20_000);
        // Whatever has brought them apart.
        story.core.next_look = story.now + Duration::from_millis(500);
        story.passes(10_000);
        story.actions.clear();
        story.passes(60_000);
        let moments = |of: fn(&Action) -> bool| -> Vec<Moment> {
            story.actions.iter().filter(|(_, action)| of(action)).map(|(at, _)| *at).collect()
        };
        let asked = moments(|action| *action == Action::Ask(Ask::Ready));
        assert_eq!(asked.len(), questions);
        assert_eq!(moments(|action| matches!(action, Action::Look(_))), asked);
    }
}

#[test]
fn an_app_that_never_says_that_it_is_ready_is_given_up() {
    let asks = Asks { ready: true, ..Asks::default() };
    let mut story = Story::starts(Policy { asks, ..defaults() });
    story.listens = true;
    story.probed = Some(Probed::Silent);
    story.passes(600_000);
    assert!(story.when(is_term).is_some());
}

#[test]
fn the_task_is_asked_for_until_it_is_known_and_nothing_waits_for_it() {
    let asks = Asks { task: true, ..Asks::default() };
    let mut story = Story::starts(Policy { asks, ..defaults() });
    story.listens = true;
    let asked = |story: &Story| story.count(|action| *action == Action::Ask(Ask::Task));
    story.passes(2_000);
    assert_eq!((asked(&story), story.core.state()), (1, State::Awake { ready: true }));
    for _ in 0..3 {
        story.happens(Event::TaskAnswered(Err("no answer in time".into())));
        story.passes(10_000);
    }
    assert_eq!((asked(&story), story.count(|action| matches!(action, Action::TaskUnknown(_)))), (4, 1));
    story.happens(Event::TaskAnswered(Ok(())));
    story.passes(200_000);
    assert_eq!(asked(&story), 4);
}

/// What may happen to a task of a service.
#[derive(Clone, Debug)]
enum Step {
    Wake,
    Answer(u8),
    Agent(u8),
    Connect,
    Disconnect,
    Watch(u8, Role),
    Leave(u8),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let role = prop_oneof![Just(Role::Proxy), Just(Role::Agent)];
    let step = prop_oneof![
        2 => Just(Step::Wake),
        2 => (0u8..4).prop_map(Step::Answer),
        2 => (0u8..4).prop_map(Step::Agent),
        2 => Just(Step::Connect),
        3 => Just(Step::Disconnect),
        2 => (0u8..3, role).prop_map(|(who, role)| Step::Watch(who, role)),
        2 => (0u8..3).prop_map(Step::Leave),
        6 => prop_oneof![0u64..200, 0u64..20_000, 0u64..200_000].prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..60)
}

fn said(kind: u8, on: bool) -> Option<Said> {
    match kind {
        0 => Some(Said::Is(on)),
        1 => Some(Said::Refused("no".into())),
        2 => Some(Said::Unclear("broken".into())),
        _ => None,
    }
}

fn take(story: &mut Story, step: &Step) {
    match step {
        Step::Wake => story.happens(Event::Wake(ASKER)),
        // Of a question that was not answered at once.
        Step::Answer(kind) => {
            let last = story.actions.iter().rev().find_map(|(_, action)| protection_asked(action));
            if let Some(said) = last.and_then(|on| said(*kind, on)) {
                story.happens(Event::ProtectionAnswered(said));
            }
        }
        Step::Agent(kind) => {
            story.agent = match kind {
                0 => |on| said(0, on),
                1 => |on| said(1, on),
                2 => |on| said(2, on),
                _ => |_| None,
            };
        }
        Step::Connect => story.connections = vec![quiet(PEER, 20)],
        Step::Disconnect => story.connections.clear(),
        Step::Watch(who, role) => {
            story.happens(Event::Left(ClientId(u64::from(*who))));
            story.joins(u64::from(*who), &format!("w{who}"), *role);
        }
        Step::Leave(who) => story.happens(Event::Left(ClientId(u64::from(*who)))),
        Step::Pass(millis) => story.passes(*millis),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_task_of_a_service_never_stops_for_idleness(steps in steps()) {
        let mut story = Story::starts(service());
        story.listens = true;
        for step in steps {
            take(&mut story, &step);
        }
        story.passes(200_000);
        prop_assert_eq!(story.when(is_term), None);
    }

    #[test]
    fn whoever_was_released_or_never_protected_says_awake_only_under_protection(steps in steps()) {
        let mut story = Story::starts(service());
        story.listens = true;
        for step in steps {
            take(&mut story, &step);
            if story.core.wake_answer(story.now) == WakeAnswer::Granted
                && matches!(story.core.state(), State::Awake { .. })
            {
                prop_assert!(story.core.protection(story.now).is_some_and(|text| text.starts_with("on")));
            }
        }
        let mut is_protected = false;
        for (_, action) in &story.actions {
            is_protected |= *action == Action::Protection(News::On);
            is_protected &= protection_asked(action) != Some(false);
            prop_assert!(is_protected || !says_awake(action));
        }
    }

    #[test]
    fn protection_is_taken_off_only_where_a_drain_could_be_committed(steps in steps()) {
        let mut story = Story::starts(service());
        story.listens = true;
        for step in steps {
            take(&mut story, &step);
        }
        prop_assert!(!story.released_under_lease);
        let mut may_be_stopped = false;
        for (_, action) in &story.actions {
            may_be_stopped |= *action == Action::LeftToEcs;
            may_be_stopped &= protection_asked(action) != Some(true) && !says_awake(action);
            prop_assert!(may_be_stopped || protection_asked(action) != Some(false));
        }
    }

    #[test]
    fn a_sigterm_is_never_lost_in_a_task_of_a_service(before in steps(), after in steps()) {
        let mut story = Story::starts(service());
        story.listens = true;
        for step in before {
            take(&mut story, &step);
        }
        story.happens(TERM);
        let told = story.now;
        for step in after {
            take(&mut story, &step);
        }
        story.passes(u64::try_from(service().signal_drain().as_millis()).expect("short"));
        prop_assert!(story.when(is_term).is_some_and(|at| at <= told + service().signal_drain()));
    }
}
