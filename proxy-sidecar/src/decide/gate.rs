//! What happens to a request that arrives, and what a service needs so that its requests can go.

use std::net::SocketAddr;

use daemon::moment::Moment;

use super::backends::{Backend, Backends};
use super::balance;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It goes to this backend now.
    Go(SocketAddr),
    /// It waits its turn.
    Hold,
    /// It is answered at once.
    Refuse(Refusal),
}

/// Why a request is not even held, or not any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many as `--hold-max` are held already.
    HoldFull,
    /// It was held for `--hold-timeout`.
    HoldTimeout,
    /// The service could not be woken several times in a row (rule X6).
    WakeFailed,
    /// This proxy is shutting down and holds nothing any more.
    ShuttingDown,
}

/// What stands before a request.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Whether nobody is held before it.
    pub is_first: bool,
    /// How many are held at all.
    pub held: usize,
    /// `--hold-max`.
    pub most: usize,
    /// Whether waking has failed several times in a row.
    pub breaker_open: bool,
}

/// What happens to a request that stands in `queue`.
#[must_use]
pub fn admit(backends: &Backends, queue: Queue, now: Moment) -> Admission {
    if queue.is_first
        && let Some(at) = balance::choose(backends, now)
    {
        return Admission::Go(at);
    }
    let can_come = backends.any_usable(now) || backends.iter().any(|(_, b)| b.is_coming());
    if queue.breaker_open && !can_come {
        Admission::Refuse(Refusal::WakeFailed)
    } else if queue.held >= queue.most {
        Admission::Refuse(Refusal::HoldFull)
    } else {
        Admission::Hold
    }
}

/// What a service needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: nobody asks for it, or it can serve.
    Nothing,
    /// Only patience: a backend is coming by itself.
    Patience,
    /// A drain called back: a request is there for a backend that was falling asleep.
    CallBack {
        /// The backend.
        at: SocketAddr,
        /// The number of its drain.
        number: u64,
    },
    /// Somebody has to wake it.
    Wake,
}

/// What the service needs where `wanted` says whether anybody asks for it.
#[must_use]
pub fn need(backends: &Backends, wanted: bool, now: Moment) -> Need {
    if !wanted || backends.iter().any(|(_, b)| b.may_start(now)) {
        return Need::Nothing;
    }
    if backends.iter().any(|(_, b)| b.is_coming()) {
        return Need::Patience;
    }
    let mut callable: Vec<(&Backend, SocketAddr, u64)> =
        backends.iter().filter_map(|(at, b)| b.callable_drain().map(|number| (b, at, number))).collect();
    callable.sort_by_key(|(backend, at, _)| (backend.task_id().map(str::to_owned), *at));
    match callable.first() {
        Some((_, at, number)) => Need::CallBack { at: *at, number: *number },
        None => Need::Wake,
    }
}

/// In which phase a service is, as a proxy sees it. For people; nothing is decided by it.
#[must_use]
pub fn phase(backends: &Backends, waking: bool, now: Moment) -> &'static str {
    let any = |test: fn(&Backend) -> bool| backends.iter().any(|(_, b)| test(b));
    if backends.iter().any(|(_, b)| b.may_start(now)) {
        "awake"
    } else if waking || any(Backend::is_coming) {
        "waking"
    } else if any(|b| b.callable_drain().is_some()) || any(|b| b.is_going() && b.is_reachable()) {
        "draining"
    } else if any(Backend::is_going) {
        "stopping"
    } else {
        "asleep"
    }
}

#[cfg(test)]
mod tests {
    use task_state::{Cause, Lease, State};

    use super::*;
    use crate::decide::backends::{Contact, Named, Source, Supervision};

    const QUEUE: Queue = Queue { is_first: true, held: 0, most: 2, breaker_open: false };

    fn with(state: State) -> Backends {
        let at = SocketAddr::from(([10, 0, 0, 1], 9050));
        let mut backends = Backends::default();
        let named = Named { at, status_port: 9051, source: Source::Dns, supervision: Supervision::Unknown, task: None };
        backends.name(named, Moment::START);
        backends.get_mut(at).expect("named").hear(Contact::Watched { state, lease: Lease::NONE }, Moment::START);
        backends
    }

    #[test]
    fn an_idle_drain_is_called_back_and_an_ordered_one_is_not() {
        let idle = with(State::Draining { number: 3, cause: Cause::Idle });
        assert!(matches!(need(&idle, true, Moment::START), Need::CallBack { number: 3, .. }));
        assert_eq!(need(&idle, false, Moment::START), Need::Nothing);
        for cause in [Cause::File, Cause::Signal, Cause::Asked] {
            let ordered = with(State::Draining { number: 3, cause });
            assert_eq!(need(&ordered, true, Moment::START), Need::Wake);
        }
        assert_eq!(need(&with(State::Stopping), true, Moment::START), Need::Wake);
    }

    #[test]
    fn a_backend_that_starts_is_waited_for() {
        assert_eq!(need(&with(State::Starting), true, Moment::START), Need::Patience);
        assert_eq!(need(&with(State::Awake { ready: false }), true, Moment::START), Need::Patience);
        assert_eq!(need(&Backends::default(), true, Moment::START), Need::Wake);
    }

    #[test]
    fn an_awake_word_without_a_lease_holds_the_request() {
        let stale = with(State::Awake { ready: true });
        assert_eq!(admit(&stale, QUEUE, Moment::START), Admission::Hold);
    }

    #[test]
    fn what_is_held_is_bounded_and_an_open_breaker_refuses() {
        let asleep = Backends::default();
        assert_eq!(admit(&asleep, QUEUE, Moment::START), Admission::Hold);
        let full = Queue { held: 2, is_first: false, ..QUEUE };
        assert_eq!(admit(&asleep, full, Moment::START), Admission::Refuse(Refusal::HoldFull));
        let broken = Queue { breaker_open: true, ..QUEUE };
        assert_eq!(admit(&asleep, broken, Moment::START), Admission::Refuse(Refusal::WakeFailed));
        assert_eq!(admit(&with(State::Starting), broken, Moment::START), Admission::Hold);
    }
}
