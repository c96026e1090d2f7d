//! Delays that grow with each attempt, up to a ceiling.

use std::time::Duration;

/// An exponential backoff: `first`, twice that, four times that … never more than `ceiling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// A backoff from `first` to `ceiling`.
    #[must_use]
    pub const fn new(first: Duration, ceiling: Duration) -> Self {
        Backoff { first, ceiling }
    }

    /// How long to wait after `failures` in a row (1 is the first). Zero failures: no wait.
    #[must_use]
    pub fn after(&self, failures: u32) -> Duration {
        match failures {
            0 => Duration::ZERO,
            some => {
                let factor = 1u32.checked_shl(some - 1).unwrap_or(u32::MAX);
                self.first.saturating_mul(factor).min(self.ceiling)
            }
        }
    }

    /// The same, shortened by up to a quarter so that many who failed together do not come back together.
    /// `fraction` is a number from 0 to 1 that the caller drew.
    #[must_use]
    pub fn after_with_jitter(&self, failures: u32, fraction: f64) -> Duration {
        let full = self.after(failures);
        full - full.mul_f64(0.25 * fraction.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_ceiling() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<u128> = (0..7).map(|n| backoff.after(n).as_millis()).collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.after(u32::MAX), Duration::from_secs(1));
    }

    #[test]
    fn jitter_takes_away_a_quarter_at_most() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(backoff.after_with_jitter(1, 0.0), Duration::from_secs(1));
        assert_eq!(backoff.after_with_jitter(1, 7.0), Duration::from_millis(750));
    }
}
