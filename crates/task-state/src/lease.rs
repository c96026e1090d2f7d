//! The arithmetic of leases (rule W2).
//!
//! A supervisor's stamp is turned into the watcher's own time by dating it from the moment the watcher *sent* its
//! request, never from an arrival: so nothing that was late in the network makes a lease longer, only shorter.

use std::time::Duration;

use daemon::moment::Moment;

use crate::message::{Message, Stamp};

/// How a watcher turns stamps of one supervisor's life into moments of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dating {
    sent: Moment,
    stamp: Stamp,
}

impl Dating {
    /// From a request sent at `sent` and the stamp of what answered it (the hello, or the answer to a report).
    #[must_use]
    pub const fn new(sent: Moment, stamp: Stamp) -> Self {
        Dating { sent, stamp }
    }

    /// The moment of `stamp`: never later than it really was said, by clocks that run alike.
    #[must_use]
    pub fn date(&self, stamp: Stamp) -> Moment {
        if stamp >= self.stamp { self.sent + stamp.since(self.stamp) } else { self.sent - self.stamp.since(stamp) }
    }
}

/// Until when a watcher may start requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    until: Option<Moment>,
}

impl Lease {
    /// No lease.
    pub const NONE: Lease = Lease { until: None };

    /// What is left after `message`: an awake hello or heartbeat renews, every other state ends it at once.
    #[must_use]
    pub fn after(message: &Message, dating: &Dating) -> Lease {
        match (message.state.grants(), message.lease_ms) {
            (true, Some(millis)) => {
                let length = Duration::from_millis(millis).min(crate::LEASE);
                Lease { until: Some(dating.date(message.stamp) + length) }
            }
            (true, None) | (false, _) => Lease::NONE,
        }
    }

    /// The same, heard at `now`: no longer than from then. Where clocks run alike this changes nothing. A stamp from the
    /// future, or a watcher whose machine stood still without its clock noticing, gets no more than one lease's length.
    #[must_use]
    pub fn heard_at(self, now: Moment) -> Lease {
        Lease { until: self.until.map(|until| until.min(now + crate::LEASE)) }
    }

    /// Whether a request may be started at `now`.
    #[must_use]
    pub fn holds(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// When it ends; none where there is none.
    #[must_use]
    pub const fn until(&self) -> Option<Moment> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{MessageKind, State};

    fn heartbeat(stamp: u64, state: State) -> Message {
        Message { kind: MessageKind::Heartbeat, stamp: Stamp(stamp), state, lease_ms: Some(3000) }
    }

    #[test]
    fn a_lease_is_dated_from_the_sending_and_not_from_the_arrival() {
        let dating = Dating::new(Moment::millis(1_000), Stamp(50_000));
        let lease = Lease::after(&heartbeat(52_000, State::Awake { ready: true }), &dating);
        assert_eq!(lease.until(), Some(Moment::millis(6_000)));
        assert!(lease.holds(Moment::millis(5_999)) && !lease.holds(Moment::millis(6_000)));
    }

    #[test]
    fn any_other_state_ends_the_lease_at_once() {
        let dating = Dating::new(Moment::START, Stamp(0));
        assert_eq!(Lease::after(&heartbeat(1, State::Stopping), &dating), Lease::NONE);
    }

    #[test]
    fn a_supervisor_cannot_grant_more_than_the_protocol_knows() {
        let dating = Dating::new(Moment::START, Stamp(0));
        let mut greedy = heartbeat(0, State::Awake { ready: true });
        greedy.lease_ms = Some(u64::MAX);
        assert_eq!(Lease::after(&greedy, &dating).until(), Some(Moment::after_start(crate::LEASE)));
    }

    #[test]
    fn a_stamp_from_the_future_makes_no_lease_longer() {
        let dating = Dating::new(Moment::START, Stamp(0));
        for stamp in [30_000, u64::MAX] {
            let lease = Lease::after(&heartbeat(stamp, State::Awake { ready: true }), &dating);
            assert_eq!(lease.heard_at(Moment::millis(500)).until(), Some(Moment::millis(3_500)));
        }
        assert_eq!(Lease::NONE.heard_at(Moment::START), Lease::NONE);
    }

    proptest! {
        /// Whatever the delays on the way, the proxy's lease is over no later than the supervisor thinks it is.
        #[test]
        fn no_delay_makes_a_lease_outlast_the_supervisors_own_count(
            offset in 0u64..1_000_000, to in 0u64..10_000, hello_at in 0u64..10_000, beat in 0u64..60_000,
        ) {
            // True time: the proxy sends at `hello_at`; the supervisor stamps `to` later; its clock is off by `offset`.
            let hello = Stamp(hello_at + to + offset);
            let dating = Dating::new(Moment::millis(hello_at), hello);
            let said = hello_at + to + beat;
            let lease = Lease::after(&heartbeat(said + offset, State::Awake { ready: true }), &dating);
            prop_assert!(lease.until().expect("granted") <= Moment::millis(said) + crate::LEASE);
        }
    }
}
