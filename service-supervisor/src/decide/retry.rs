//! When something that failed is asked for again: sooner at first, then more and more seldom.

use std::time::Duration;

use daemon::backoff::Backoff;
use daemon::moment::Moment;

/// The waits between two attempts.
const WAITS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

/// Where the attempts at one thing have got to. At most one is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    failures: u32,
    next: Moment,
    begun: Option<Moment>,
    spread: u8,
}

impl Retry {
    /// To be attempted from `now` on. `spread` differs from one supervisor to the next, so that many that failed
    /// together do not come back together.
    #[must_use]
    pub const fn new(spread: u8, now: Moment) -> Self {
        Retry { failures: 0, next: now, begun: None, spread }
    }

    /// When the next attempt is due; none while one is under way.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        self.begun.is_none().then_some(self.next)
    }

    /// Whether no attempt has failed yet.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.failures == 0
    }

    /// An attempt begins.
    pub fn begin(&mut self, now: Moment) {
        self.begun = Some(now);
    }

    /// When the attempt under way began.
    #[must_use]
    pub fn begun(&self) -> Option<Moment> {
        self.begun
    }

    /// The attempt has failed.
    pub fn failed(&mut self, now: Moment) {
        self.failures = self.failures.saturating_add(1);
        self.next = now + WAITS.after_with_jitter(self.failures, f64::from(self.spread) / f64::from(u8::MAX));
        self.begun = None;
    }

    /// The attempt has succeeded; the next one is not due before `next`.
    pub fn succeeded(&mut self, next: Moment) {
        *self = Retry { next, ..Retry::new(self.spread, next) };
    }

    /// What is wanted has changed: the failures so far say nothing about it. An attempt under way goes on.
    pub fn start_anew(&mut self, not_before: Moment) {
        self.failures = 0;
        self.next = not_before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_become_more_seldom_up_to_one_a_minute_and_never_overlap() {
        let mut retry = Retry::new(0, Moment::START);
        let mut waits = Vec::new();
        for _ in 0..9 {
            let at = retry.due().expect("none is under way");
            retry.begin(at);
            assert_eq!(retry.due(), None);
            retry.failed(at);
            waits.push(retry.due().expect("due").since(at).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn supervisors_that_failed_together_do_not_come_back_together() {
        let wait = |spread| {
            let mut retry = Retry::new(spread, Moment::START);
            retry.begin(Moment::START);
            retry.failed(Moment::START);
            retry.due().expect("due")
        };
        assert_eq!((wait(0), wait(255)), (Moment::millis(1_000), Moment::millis(750)));
    }
}
