//! When a silent backend is looked at again, and when a pair proxy gives up.

use std::time::Duration;

use daemon::backoff::Backoff;
use daemon::moment::Moment;

/// How the looks at silent backends are paced.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    calm: Backoff,
    urgent: Backoff,
}

impl Pace {
    /// By `--health-interval`: looks that fail come further and further apart, up to twice the interval. While requests
    /// are held the pace is quick, so that readiness is seen at once and not a backoff later (trap 15).
    #[must_use]
    pub fn new(interval: Duration) -> Pace {
        let first = Duration::from_millis(100).min(interval);
        Pace {
            calm: Backoff::new(first, interval * 2),
            urgent: Backoff::new(Duration::from_millis(50).min(interval), Duration::from_millis(250).min(interval)),
        }
    }

    /// The wait after `failures` failed looks in a row.
    #[must_use]
    pub fn after(&self, failures: u32, urgent: bool) -> Duration {
        if urgent { self.urgent.after(failures.max(1)) } else { self.calm.after(failures.max(1)) }
    }
}

/// The rounds of a pair proxy (rule X9).
///
/// A round fails when no backend is reachable after one was, or after the start grace. Failing rounds come later and
/// later: a quarter of `--health-interval` after the first failure, then half of it, then the whole, then twice it. A
/// proxy with a request held or in flight never gives up, and a request that comes begins the count anew.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    interval: Duration,
    most: u32,
    grace_ends: Moment,
    failures: u32,
    was_reached: bool,
    next: Moment,
}

/// What a round said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A backend is reachable, or none has to be yet.
    Fine,
    /// None is; this many times in a row.
    Failing(u32),
    /// None was for `--health-failures` rounds, and nobody waits: the service has gone.
    Gone,
}

impl Rounds {
    /// Rounds of `--health-interval`, `--health-failures` and `--start-grace`.
    #[must_use]
    pub fn new(interval: Duration, failures: u32, start_grace: Duration, now: Moment) -> Rounds {
        Rounds {
            interval,
            most: failures,
            grace_ends: now + start_grace,
            failures: 0,
            was_reached: false,
            next: now + interval,
        }
    }

    /// When the next round is.
    #[must_use]
    pub fn next(&self) -> Moment {
        self.next
    }

    /// A request came: the count begins anew.
    pub fn wanted(&mut self) {
        self.failures = 0;
    }

    /// A backend was reachable since the last round, if only for a moment.
    pub fn reached(&mut self) {
        self.was_reached = true;
    }

    /// A round: whether any backend is reachable, and whether a request is held or in flight.
    pub fn round(&mut self, reachable: bool, busy: bool, now: Moment) -> Verdict {
        if reachable {
            self.was_reached = true;
            self.failures = 0;
            self.next = now + self.interval;
            return Verdict::Fine;
        }
        if busy || (!self.was_reached && now < self.grace_ends) {
            self.failures = 0;
            self.next = now + self.interval;
            return Verdict::Fine;
        }
        self.failures += 1;
        self.next = now + Backoff::new(self.interval / 4, Duration::MAX).after(self.failures);
        if self.failures >= self.most { Verdict::Gone } else { Verdict::Failing(self.failures) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRACE: Duration = Duration::from_secs(600);

    fn rounds() -> Rounds {
        Rounds::new(Duration::from_secs(4), 5, GRACE, Moment::START)
    }

    #[test]
    fn five_failed_rounds_each_later_than_the_one_before_end_a_pair_proxy() {
        let mut rounds = rounds();
        assert_eq!(rounds.round(true, false, rounds.next()), Verdict::Fine);
        let mut moments = vec![rounds.next()];
        for n in 1..5 {
            assert_eq!(rounds.round(false, false, rounds.next()), Verdict::Failing(n));
            moments.push(rounds.next());
        }
        assert_eq!(rounds.round(false, false, rounds.next()), Verdict::Gone);
        let gaps: Vec<u64> = moments.windows(2).map(|w| w[1].since(w[0]).as_secs()).collect();
        assert_eq!(gaps, [1, 2, 4, 8]);
    }

    #[test]
    fn a_service_that_was_never_up_has_its_start_grace() {
        let mut rounds = rounds();
        assert_eq!(rounds.round(false, false, Moment::START + GRACE - Duration::from_millis(1)), Verdict::Fine);
        assert_eq!(rounds.round(false, false, Moment::START + GRACE), Verdict::Failing(1));
    }

    #[test]
    fn a_service_that_was_up_between_two_rounds_was_up() {
        let mut rounds = rounds();
        rounds.reached();
        assert_eq!(rounds.round(false, false, rounds.next()), Verdict::Failing(1));
    }

    #[test]
    fn readiness_is_looked_for_quickly_while_somebody_waits() {
        let pace = Pace::new(Duration::from_secs(5));
        assert_eq!(pace.after(9, true), Duration::from_millis(250));
        assert_eq!(pace.after(9, false), Duration::from_secs(10));
    }

    proptest! {
        #[test]
        fn a_pair_proxy_never_exits_with_a_request_held_or_in_flight(busy in prop::collection::vec(any::<bool>(), 1..40)) {
            let mut rounds = rounds();
            rounds.round(true, false, rounds.next());
            let mut idle_in_a_row = 0;
            for busy in busy {
                let verdict = rounds.round(false, busy, rounds.next());
                idle_in_a_row = if busy { 0 } else { idle_in_a_row + 1 };
                prop_assert_eq!(verdict == Verdict::Gone, idle_in_a_row >= 5);
            }
        }
    }
}
