//! What sleeping would have saved (`--observe`): counts the sleeps that were not slept.

use std::time::Duration;

use daemon::moment::Moment;

/// The sleeps that would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What a drain takes before the app is stopped: a use within it is a call-back, and no sleep.
    drain: Duration,
    since: Option<Moment>,
    idle_from: Option<Moment>,
    sleeps: u64,
    asleep: Duration,
}

/// What has been seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How often it would have slept, the present sleep included.
    pub sleeps: u64,
    /// For how long altogether.
    pub asleep: Duration,
    /// The rest of the time since the app was ready.
    pub awake: Duration,
}

impl Observed {
    /// Of an app whose drains would take `drain`.
    #[must_use]
    pub const fn new(drain: Duration) -> Self {
        Observed { drain, since: None, idle_from: None, sleeps: 0, asleep: Duration::ZERO }
    }

    /// The app became ready.
    pub fn began(&mut self, now: Moment) {
        self.since = self.since.or(Some(now));
    }

    /// An idle drain would have begun at `at`; whether that is news.
    pub fn would_drain(&mut self, at: Moment) -> bool {
        let is_news = self.idle_from.is_none();
        self.idle_from = self.idle_from.or(Some(at));
        is_news
    }

    /// The app was used at `at`, after it would have begun to drain: for how long it would have slept.
    pub fn used(&mut self, at: Moment) -> Option<Duration> {
        let asleep = at.since(self.idle_from.take()? + self.drain);
        if asleep > Duration::ZERO {
            self.sleeps += 1;
            self.asleep += asleep;
        }
        Some(asleep)
    }

    /// What was seen until `now`.
    #[must_use]
    pub fn summary(&self, now: Moment) -> Summary {
        let mut seen = *self;
        seen.used(now);
        let all = self.since.map_or(Duration::ZERO, |since| now.since(since));
        Summary { sleeps: seen.sleeps, asleep: seen.asleep, awake: all.saturating_sub(seen.asleep) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DRAIN: Duration = Duration::from_secs(10);

    fn at(secs: u64) -> Moment {
        Moment::millis(secs * 1000)
    }

    #[test]
    fn a_sleep_lasts_from_the_end_of_its_drain_to_the_next_use() {
        let mut observed = Observed::new(DRAIN);
        observed.began(at(5));
        assert!(observed.would_drain(at(300)));
        assert!(!observed.would_drain(at(305)), "it is told once");
        assert_eq!(observed.used(at(1_000)), Some(Duration::from_secs(690)));
        let seen = observed.summary(at(1_005));
        assert_eq!(seen, Summary { sleeps: 1, asleep: Duration::from_secs(690), awake: Duration::from_secs(310) });
    }

    #[test]
    fn a_use_within_the_drain_is_a_call_back_and_no_sleep() {
        let mut observed = Observed::new(DRAIN);
        observed.would_drain(at(300));
        assert_eq!(observed.used(at(309)), Some(Duration::ZERO));
        assert_eq!(observed.used(at(400)), None, "awake, a use is nothing new");
        assert_eq!(observed.summary(at(500)).sleeps, 0);
    }

    #[test]
    fn the_present_sleep_counts() {
        let mut observed = Observed::new(DRAIN);
        observed.began(at(0));
        observed.would_drain(at(300));
        let seen = observed.summary(at(410));
        assert_eq!((seen.sleeps, seen.asleep), (1, Duration::from_secs(100)));
    }

    proptest! {
        #[test]
        fn awake_and_asleep_are_the_whole_time(steps in prop::collection::vec((0u64..1_000, any::<bool>()), 0..50)) {
            let mut observed = Observed::new(DRAIN);
            observed.began(at(7));
            let mut now = at(7);
            for (pass, used) in steps {
                now = now + Duration::from_secs(pass);
                if used { observed.used(now); } else { observed.would_drain(now); }
                let seen = observed.summary(now);
                prop_assert_eq!(seen.awake + seen.asleep, now.since(at(7)));
            }
        }
    }
}
