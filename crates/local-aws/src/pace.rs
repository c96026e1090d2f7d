//! How fast AWS's own waits pass here, and what time the wall clock shows at a moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use daemon::moment::Moment;

/// AWS's waits (a host's boot, a look of managed scaling) divided by `--time-factor`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace(f64);

impl Pace {
    /// As AWS is.
    pub const REAL: Pace = Pace(1.0);

    /// `factor` times as fast; none unless it is a number above zero.
    #[must_use]
    pub fn times(factor: f64) -> Option<Self> {
        (factor.is_finite() && factor > 0.0).then_some(Pace(factor))
    }

    /// How many times as fast.
    #[must_use]
    pub const fn factor(self) -> f64 {
        self.0
    }

    /// How long what takes AWS `wait` takes here.
    #[must_use]
    pub fn of(self, wait: Duration) -> Duration {
        Duration::try_from_secs_f64(wait.as_secs_f64() / self.0).unwrap_or(Duration::MAX)
    }
}

/// What the wall clock showed at the start. Wall time appears in answers only, no decision looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    start: SystemTime,
}

impl Wall {
    /// A wall clock that shows `start` at [`Moment::START`].
    #[must_use]
    pub const fn starting(start: SystemTime) -> Self {
        Wall { start }
    }

    /// The time at `moment`.
    #[must_use]
    pub fn at(&self, moment: Moment) -> SystemTime {
        self.start.checked_add(moment.since_start()).unwrap_or(self.start)
    }

    /// Seconds since 1970 to the millisecond, as the JSON protocols write times.
    #[must_use]
    pub fn epoch_seconds(&self, moment: Moment) -> f64 {
        let since = self.at(moment).duration_since(UNIX_EPOCH).unwrap_or_default();
        (since.as_secs_f64() * 1000.0).round() / 1000.0
    }

    /// `2026-06-01T10:00:00.123Z`, as the Query protocol writes times.
    #[must_use]
    pub fn iso(&self, moment: Moment) -> String {
        match jiff::Timestamp::try_from(self.at(moment)) {
            Ok(time) => format!("{time:.3}"),
            Err(_) => "1970-01-01T00:00:00.000Z".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_of_sixty_makes_a_minute_a_second() {
        let fast = Pace::times(60.0).expect("a factor");
        assert_eq!(fast.of(Duration::from_secs(60)), Duration::from_secs(1));
        assert_eq!(Pace::REAL.of(Duration::from_secs(60)), Duration::from_secs(60));
        assert_eq!(Pace::times(0.0), None);
        assert_eq!(Pace::times(f64::NAN), None);
    }

    #[test]
    fn times_are_written_as_the_protocols_write_them() {
        let wall = Wall::starting(UNIX_EPOCH + Duration::from_secs(1_780_000_000));
        assert_eq!(wall.epoch_seconds(Moment::millis(1_500)), 1_780_000_001.5);
        assert_eq!(wall.iso(Moment::millis(1_500)), "2026-05-28T20:26:41.500Z");
    }
}
