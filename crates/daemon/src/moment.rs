//! Time as deciding code sees it.
//!
//! A [`Moment`] is the time since some start, so that tests can build it, print it and replay it. Only the acting
//! shells own a [`Clock`]; deciding code is handed the moment.
//!
//! The clock is `CLOCK_BOOTTIME`: it also counts while the machine is suspended, so a suspension makes a lease expire
//! and never last longer (protocol rule T1). It does not follow the wall clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// A point in time: how long after the clock's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The clock's start.
    pub const START: Moment = Moment(Duration::ZERO);

    /// The moment `since_start` after the start.
    #[must_use]
    pub const fn after_start(since_start: Duration) -> Self {
        Moment(since_start)
    }

    /// A moment of whole milliseconds after the start; reads well in tests.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Moment(Duration::from_millis(millis))
    }

    /// How long after the start this is.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    /// Saturates: a moment too far away to be written is "never".
    fn add(self, later: Duration) -> Moment {
        Moment(self.0.saturating_add(later))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;

    /// Saturates at the start.
    fn sub(self, earlier: Duration) -> Moment {
        Moment(self.0.saturating_sub(earlier))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:.3}s", self.0.as_secs_f64())
    }
}

/// Tells the [`Moment`]s of one process. Copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Duration,
}

impl Clock {
    /// A clock whose start is now.
    #[must_use]
    pub fn start() -> Self {
        Clock { start: boot_time() }
    }

    /// The moment it is.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment(boot_time().saturating_sub(self.start))
    }
}

fn boot_time() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has CLOCK_BOOTTIME since 2.6.39");
    Duration::from(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_never_runs_below_its_start_nor_over_its_end() {
        assert_eq!(Moment::millis(5) - Duration::from_millis(9), Moment::START);
        assert_eq!(Moment::millis(5).since(Moment::millis(9)), Duration::ZERO);
        let never = Moment::after_start(Duration::MAX);
        assert_eq!(never + Duration::from_secs(1), never);
    }

    #[test]
    fn a_clock_tells_moments_in_order() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
