//! Slow start: a backend that has just become ready gets one request, then doubles what it is given (rule X8).
//!
//! What is limited is the answers that a backend *owes*: an open stream has been answered and counts no longer, nor does an
//! upload that keeps the backend waiting, or a few slow callers would hold up everybody else. The limit grows by
//! one with each answer, which doubles it with each round of answers; and it doubles each second by itself, so that one
//! slow first answer does not hold up everybody. It never grows over [`BOUND`] while requests are held; after
//! [`LONGEST`] there is no limit at all.

use std::time::Duration;

use daemon::moment::Moment;

/// The most answers that a backend may owe while it ramps up.
pub const BOUND: u32 = 128;

/// A ramp ends after this, whatever was answered.
pub const LONGEST: Duration = Duration::from_secs(30);

const DOUBLING: Duration = Duration::from_secs(1);

/// How much a backend may be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ramp {
    /// Not ready yet, or not any more.
    #[default]
    Down,
    /// Ramping up.
    Up {
        /// When it became ready.
        since: Moment,
        /// How many answers it has given since.
        answers: u32,
    },
    /// No limit any more.
    Over,
}

impl Ramp {
    /// The ramp of a backend that became ready at `now`.
    #[must_use]
    pub const fn start(now: Moment) -> Ramp {
        Ramp::Up { since: now, answers: 0 }
    }

    /// One more request was answered.
    pub fn answered(&mut self) {
        match self {
            Ramp::Up { answers, .. } => *answers = answers.saturating_add(1),
            Ramp::Down | Ramp::Over => (),
        }
    }

    /// Nobody is held and the bound has been reached, or it has lasted long enough: the limit goes.
    pub fn settle(&mut self, held: usize, now: Moment) {
        let over = match *self {
            Ramp::Up { since, .. } => {
                now.since(since) >= LONGEST || (held == 0 && self.limit(now).is_some_and(|limit| limit >= BOUND))
            }
            Ramp::Down | Ramp::Over => false,
        };
        if over {
            *self = Ramp::Over;
        }
    }

    /// How many answers it may owe; none is no limit.
    #[must_use]
    pub fn limit(&self, now: Moment) -> Option<u32> {
        match *self {
            Ramp::Down => Some(0),
            Ramp::Up { since, answers } => {
                let doublings = u32::try_from(now.since(since).as_secs() / DOUBLING.as_secs()).unwrap_or(u32::MAX);
                let by_time = 1u32.checked_shl(doublings.min(31)).unwrap_or(u32::MAX);
                Some(by_time.saturating_add(answers).min(BOUND))
            }
            Ramp::Over => None,
        }
    }

    /// Whether one more may be given to a backend that owes so many answers.
    #[must_use]
    pub fn allows(&self, owed: u32, now: Moment) -> bool {
        self.limit(now).is_none_or(|limit| owed < limit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_backend_just_woken_gets_one_request_then_twice_as_many_with_each_round() {
        let now = Moment::millis(500);
        let mut ramp = Ramp::start(now);
        let mut rounds = Vec::new();
        for _ in 0..9 {
            let limit = ramp.limit(now).expect("a limit");
            rounds.push(limit);
            (0..limit).for_each(|_| ramp.answered());
        }
        assert_eq!(rounds, [1, 2, 4, 8, 16, 32, 64, 128, 128]);
    }

    #[test]
    fn a_slow_first_answer_does_not_hold_up_everybody() {
        let ramp = Ramp::start(Moment::START);
        assert!(!ramp.allows(1, Moment::millis(999)));
        assert!(ramp.allows(1, Moment::millis(1_000)));
        assert!(ramp.allows(7, Moment::millis(3_000)) && !ramp.allows(8, Moment::millis(3_000)));
    }

    proptest! {
        #[test]
        fn a_ramp_never_gives_more_than_its_bound_and_always_ends(answers in 0u32..100_000, at in 0u64..29_999, held in 0usize..10_000) {
            let mut ramp = Ramp::start(Moment::START);
            (0..answers).for_each(|_| ramp.answered());
            prop_assert!(ramp.limit(Moment::millis(at)).is_some_and(|limit| (1..=BOUND).contains(&limit)));
            ramp.settle(held, Moment::START + LONGEST);
            prop_assert_eq!(ramp.limit(Moment::millis(at)), None);
        }
    }
}
