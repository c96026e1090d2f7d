//! Whether an app that ended by itself is started again (`--restart`).

use std::time::Duration;

use daemon::backoff::Backoff;
use daemon::moment::Moment;

use super::exit_code::Ending;
use super::signals::SignalNumber;

/// An app that has run for so long did not fail at its start: the budget is whole again.
pub const STEADY: Duration = Duration::from_secs(600);

/// How often the delay doubles at most.
const DOUBLINGS: u32 = 5;

/// After which ends the app is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After a failure: a code other than 0, a crash.
    OnFailure,
    /// After any.
    Always,
    /// After none.
    Never,
}

/// How the app is started again; each field is a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// After which ends.
    pub when: When,
    /// How often in a row, without a life of [`STEADY`] in between.
    pub budget: u32,
    /// From the first end to the start; each in a row waits twice as long.
    pub delay: Duration,
}

/// What follows the end of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is started again, so long after its end.
    Again(Duration),
    /// The supervisor ends, too.
    End {
        /// Why it is not started again.
        why: &'static str,
        /// Whether a start was wanted and not to be had.
        gave_up: bool,
    },
}

/// The lives of the app so far.
#[derive(Clone, Debug)]
pub struct Lives {
    began: Moment,
    in_a_row: u32,
    restarts: u64,
    told: Vec<SignalNumber>,
}

impl Lives {
    /// The first life begins.
    #[must_use]
    pub fn first(now: Moment) -> Self {
        Lives { began: now, in_a_row: 0, restarts: 0, told: Vec::new() }
    }

    /// Another life begins.
    pub fn begin(&mut self, now: Moment) {
        self.began = now;
        self.restarts += 1;
        self.told.clear();
    }

    /// When this life began.
    #[must_use]
    pub fn began(&self) -> Moment {
        self.began
    }

    /// How often the app was started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// The app was passed this signal.
    pub fn passed_on(&mut self, signal: SignalNumber) {
        if !self.told.contains(&signal) {
            self.told.push(signal);
        }
    }

    /// What follows this end.
    pub fn end(&mut self, ending: Ending, policy: &RestartPolicy, now: Moment) -> Next {
        if now.since(self.began) >= STEADY {
            self.in_a_row = 0;
        }
        let end = |why| Next::End { why, gave_up: false };
        match policy.when {
            When::Never => return end("--restart is never"),
            When::OnFailure if ending == Ending::Exited(0) => return end("it has done its work"),
            When::OnFailure if self.was_told_to_end(ending) => return end("it was told to end"),
            When::OnFailure | When::Always => {}
        }
        if self.in_a_row >= policy.budget {
            return Next::End { why: "--restart-budget is spent", gave_up: true };
        }
        self.in_a_row += 1;
        let longest = policy.delay.saturating_mul(1 << DOUBLINGS);
        Next::Again(Backoff::new(policy.delay, longest).after(self.in_a_row))
    }

    /// Ended by a signal that asks politely, or by one that was passed on; or after a signal of the keyboard was.
    fn was_told_to_end(&self, ending: Ending) -> bool {
        let polite = [SignalNumber::HUP, SignalNumber::INT, SignalNumber::PIPE, SignalNumber::TERM];
        let by_keyboard = [SignalNumber::INT, SignalNumber::QUIT].iter().any(|signal| self.told.contains(signal));
        match ending {
            Ending::Killed(number) => {
                let signal = SignalNumber(number);
                polite.contains(&signal) || self.told.contains(&signal)
            }
            Ending::Exited(_) => by_keyboard,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: RestartPolicy = RestartPolicy { when: When::OnFailure, budget: 5, delay: Duration::from_millis(500) };
    const CRASH: Ending = Ending::Killed(11);

    fn at(millis: u64) -> Moment {
        Moment::millis(millis)
    }

    fn ends(next: Next) -> bool {
        matches!(next, Next::End { .. })
    }

    #[test]
    fn each_delay_is_twice_the_one_before_and_then_the_budget_is_spent() {
        let mut lives = Lives::first(at(0));
        for delay in [500, 1_000, 2_000, 4_000, 8_000] {
            assert_eq!(lives.end(CRASH, &POLICY, at(10)), Next::Again(Duration::from_millis(delay)));
            lives.begin(at(10));
        }
        let spent = Next::End { why: "--restart-budget is spent", gave_up: true };
        assert_eq!(lives.end(Ending::Exited(3), &POLICY, at(20)), spent);
        assert_eq!(lives.restarts(), 5);
    }

    #[test]
    fn a_steady_life_makes_the_budget_whole() {
        let mut lives = Lives::first(at(0));
        for _ in 0..5 {
            lives.end(CRASH, &POLICY, at(0));
            lives.begin(at(0));
        }
        assert_eq!(lives.end(CRASH, &POLICY, at(600_000)), Next::Again(Duration::from_millis(500)));
    }

    #[test]
    fn on_failure_an_end_with_0_is_the_end_and_always_it_is_not() {
        assert!(ends(Lives::first(at(0)).end(Ending::Exited(0), &POLICY, at(0))));
        let always = RestartPolicy { when: When::Always, ..POLICY };
        assert!(!ends(Lives::first(at(0)).end(Ending::Exited(0), &always, at(0))));
        let never = RestartPolicy { when: When::Never, ..POLICY };
        assert!(ends(Lives::first(at(0)).end(CRASH, &never, at(0))));
    }

    #[test]
    fn an_app_that_was_told_to_end_is_not_started_again() {
        for number in [1, 2, 13, 15] {
            assert!(ends(Lives::first(at(0)).end(Ending::Killed(number), &POLICY, at(0))), "signal {number}");
        }
        let mut lives = Lives::first(at(0));
        assert!(!ends(lives.end(Ending::Killed(10), &POLICY, at(0))), "nobody passed SIGUSR1 on");
        lives.passed_on(SignalNumber(10));
        assert!(ends(lives.end(Ending::Killed(10), &POLICY, at(0))));
        assert!(!ends(lives.end(Ending::Exited(1), &POLICY, at(0))), "it ended of something else");
        lives.passed_on(SignalNumber::INT);
        assert!(ends(lives.end(Ending::Exited(1), &POLICY, at(0))), "Ctrl-C, and an app that makes it its own code");
        lives.begin(at(0));
        assert!(!ends(lives.end(Ending::Exited(1), &POLICY, at(0))), "what an earlier life was told is over");
    }

    proptest! {
        #[test]
        fn no_app_is_started_again_for_ever(
            codes in prop::collection::vec((0i32..160, 0u64..599_999), 0..80), budget in 0u32..8, always in any::<bool>(),
        ) {
            let when = if always { When::Always } else { When::OnFailure };
            let policy = RestartPolicy { when, budget, ..POLICY };
            let (mut lives, mut now, mut waited) = (Lives::first(at(0)), at(0), Duration::ZERO);
            for (code, lived) in codes {
                now = now + Duration::from_millis(lived);
                let ending = u8::try_from(code).map_or(Ending::Killed(9), Ending::Exited);
                match lives.end(ending, &policy, now) {
                    Next::Again(delay) => {
                        prop_assert!(delay >= waited, "the delays grow");
                        waited = delay;
                        lives.begin(now);
                    }
                    Next::End { .. } => break,
                }
                prop_assert!(lives.restarts() <= u64::from(budget), "{} restarts", lives.restarts());
            }
        }
    }
}
