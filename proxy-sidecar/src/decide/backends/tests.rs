use daemon::moment::Moment;
use proptest::prelude::*;
use task_state::{Cause, Dating, Lease, Message, MessageKind, Stamp, State};

use super::*;

fn at(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 9050))
}

fn lease(until: u64) -> Lease {
    let beat = Message {
        kind: MessageKind::Heartbeat,
        stamp: Stamp(until),
        state: State::Awake { ready: true },
        lease_ms: Some(3_000),
    };
    Lease::after(&beat, &Dating::new(Moment::START, Stamp(3_000)))
}

fn named(source: Source, supervision: Supervision) -> Named {
    Named { at: at(1), status_port: 9051, source, supervision, task: None }
}

fn state() -> impl Strategy<Value = State> {
    let cause = prop::sample::select(vec![Cause::Idle, Cause::File, Cause::Signal, Cause::Asked]);
    prop_oneof![
        Just(State::Starting),
        any::<bool>().prop_map(|ready| State::Awake { ready }),
        (1u64..4, cause).prop_map(|(number, cause)| State::Draining { number, cause }),
        Just(State::Stopping),
        Just(State::Gone),
    ]
}

#[test]
fn absence_from_an_answer_removes_nothing_and_silence_alone_does_not_either() {
    let mut backends = Backends::default();
    assert!(backends.name(named(Source::Dns, Supervision::Unknown), Moment::START));
    for _ in 0..FAILED_LOOKS {
        assert!(backends.forget(Moment::START + NAMED).is_empty());
        backends.get_mut(at(1)).expect("known").look_failed();
    }
    assert!(backends.forget(Moment::millis(29_999)).is_empty());
    assert_eq!(backends.forget(Moment::START + NAMED), [at(1)]);
}

#[test]
fn a_supervisor_once_heard_is_never_taken_for_absent() {
    let mut backends = Backends::default();
    backends.name(named(Source::Dns, Supervision::Unknown), Moment::START);
    let heard = Contact::Watched { state: State::Starting, lease: Lease::NONE };
    backends.get_mut(at(1)).expect("known").hear(heard, Moment::START);
    backends.name(named(Source::CloudMap, Supervision::Absent), Moment::START);
    assert_eq!(backends.get(at(1)).expect("known").supervision, Supervision::Certain);
}

#[test]
fn a_drain_is_released_only_when_no_connection_is_left() {
    let mut backend = Backend::new(Source::Dns, 9051, Moment::START);
    backend.connections = 1;
    let drain = State::Draining { number: 4, cause: Cause::File };
    backend.hear(Contact::Watched { state: drain, lease: Lease::NONE }, Moment::START);
    assert_eq!(backend.released(), None);
    backend.connections = 0;
    assert_eq!(backend.released(), Some(4));
}

#[test]
fn a_refused_call_back_is_not_asked_for_again_for_the_same_drain() {
    let mut backend = Backend::new(Source::Dns, 9051, Moment::START);
    let drain = |number| Contact::Watched { state: State::Draining { number, cause: Cause::Idle }, lease: Lease::NONE };
    backend.hear(drain(1), Moment::START);
    assert_eq!(backend.callable_drain(), Some(1));
    backend.call_back_refused(1);
    assert!(backend.callable_drain().is_none() && backend.is_going());
    backend.hear(drain(2), Moment::START);
    assert_eq!(backend.callable_drain(), Some(2));
}

#[test]
fn a_backend_whose_connection_failed_rests_but_not_for_long() {
    let mut backend = Backend::new(Source::Fixed, 9051, Moment::START);
    backend.hear(Contact::Healthy, Moment::START);
    (0..20).for_each(|_| backend.connect_failed(Moment::START));
    assert!(!backend.is_usable(Moment::millis(999)) && backend.is_usable(Moment::millis(1_000)));
}

proptest! {
    /// W2: whatever a supervisor says, without a lease or out of readiness nothing is started.
    #[test]
    fn a_request_is_never_started_on_a_supervised_backend_without_a_lease(state in state(), until in 3_000u64..9_000, now in 0u64..12_000) {
        let mut backend = Backend::new(Source::Task, 9051, Moment::START);
        backend.hear(Contact::Watched { state, lease: lease(until) }, Moment::START);
        let allowed = backend.may_start(Moment::millis(now));
        prop_assert_eq!(allowed, state == State::Awake { ready: true } && now < until);
        backend.look_failed();
        prop_assert!(!backend.may_start(Moment::millis(now)));
    }

    /// Whatever is heard, a backend is never both usable and going.
    #[test]
    fn what_is_going_is_never_used(state in state(), refused in prop::option::of(1u64..4)) {
        let mut backend = Backend::new(Source::Dns, 9051, Moment::START);
        refused.into_iter().for_each(|number| backend.call_back_refused(number));
        backend.hear(Contact::Watched { state, lease: lease(5_000) }, Moment::START);
        prop_assert!(!(backend.is_going() && backend.is_usable(Moment::START)));
        prop_assert!(!(backend.is_going() && backend.callable_drain().is_some()));
    }
}
