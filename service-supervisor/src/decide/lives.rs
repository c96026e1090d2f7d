//! From one life of the app to the next, or to the end.
//!
//! An app that ended by itself may be started again in place (see [`super::restart`]). In between nothing new is begun
//! while anything of the old life is still there. To the outside the service stays what it was: *starting* if it never
//! was ready, else *awake* and unready, so that proxies hold what comes and agents keep the registration. No idle drain
//! begins in between; an order ends the supervisor, as there is no app to stop.

use daemon::moment::Moment;
use task_state::Cause;

use super::action::{Action, SelfEnd, Struck};
use super::exit_code::{Ending, StopCause, exit_code};
use super::job_control::Follow;
use super::restart::Next;
use super::signals::SignalNumber;
use super::time::UNKILLABLE;
use super::{Core, Ended, Phase};

/// The app has ended, and is to be started again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between {
    /// How it ended.
    pub(super) ending: Ending,
    /// When it ended.
    pub(super) at: Moment,
    /// Not before this is it started again.
    pub(super) again_at: Moment,
    /// What it left behind; none: nothing is left.
    pub(super) leftovers: Option<Leftovers>,
}

/// What an app left behind, and until when it is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leftovers {
    pub(super) until: Moment,
    pub(super) killed: bool,
}

impl Core {
    pub(super) fn app_ended(&mut self, ending: Ending, now: Moment, actions: &mut Vec<Action>) {
        let leftovers = Leftovers { until: now + self.policy.stop_grace, killed: false };
        match &self.phase {
            Phase::Stopping(stop) => {
                // One budget: what the grace did not leave to the app it does not leave to its leftovers.
                let within_grace = !stop.killed;
                let leftovers = Leftovers { until: if within_grace { stop.kill_at } else { now }, killed: false };
                let code = exit_code(Some(stop.cause), ending, within_grace);
                self.ended(code, format!("the app {ending}"), leftovers, now, actions);
            }
            Phase::Starting | Phase::Awake { .. } => match self.lives.end(ending, &self.policy.restart, now) {
                Next::Again(after) => {
                    actions.push(Action::EndedByItself(SelfEnd { ending, next: Next::Again(after) }));
                    self.between(
                        Between { ending, at: now, again_at: now + after, leftovers: Some(leftovers) },
                        now,
                        actions,
                    );
                }
                next @ Next::End { .. } => {
                    actions.push(Action::EndedByItself(SelfEnd { ending, next }));
                    self.ended(exit_code(None, ending, true), format!("the app {ending}"), leftovers, now, actions);
                }
            },
            Phase::Draining(_) => {
                let next = Next::End { why: "the service goes to sleep", gave_up: false };
                actions.push(Action::EndedByItself(SelfEnd { ending, next }));
                self.ended(exit_code(None, ending, true), format!("the app {ending}"), leftovers, now, actions);
            }
            Phase::Between(_) | Phase::Ended(_) | Phase::Over => return,
        }
        actions.push(Action::TermLeftovers);
    }

    fn ended(&mut self, code: u8, why: String, leftovers: Leftovers, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        let Leftovers { until, killed } = leftovers;
        self.phase = Phase::Ended(Ended { code, at: now, kill_at: until, killed });
        self.changed(from, "ended", why, now, actions);
    }

    fn between(&mut self, between: Between, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        self.phase = Phase::Between(between);
        let why = format!("the app {} and is started again", between.ending);
        match self.state() == from {
            true => self.why = why,
            false => self.changed(from, "ended", why, now, actions),
        }
    }

    /// Nobody is left of the app.
    pub(super) fn all_gone(&mut self, now: Moment, actions: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Ended(ended) => {
                let ended = *ended;
                self.exit(ended, now, actions);
            }
            // When to go on is in `time_passed`, which follows every event.
            Phase::Between(between) => between.leftovers = None,
            Phase::Starting | Phase::Awake { .. } | Phase::Draining(_) | Phase::Stopping(_) | Phase::Over => {}
        }
    }

    /// Some of what the app left behind have ended: their children are ours now.
    pub(super) fn orphans_ended(&self, actions: &mut Vec<Action>) {
        let killed = match &self.phase {
            Phase::Ended(ended) => ended.killed,
            Phase::Between(Between { leftovers: Some(leftovers), .. }) => leftovers.killed,
            Phase::Between(_)
            | Phase::Starting
            | Phase::Awake { .. }
            | Phase::Draining(_)
            | Phase::Stopping(_)
            | Phase::Over => return,
        };
        actions.push(if killed { Action::KillLeftovers } else { Action::TermLeftovers });
    }

    /// An order while there is no app: nothing is to be drained, and nothing begins any more.
    pub(super) fn ordered_between(
        &mut self,
        cause: Cause,
        why: &str,
        between: Between,
        now: Moment,
        actions: &mut Vec<Action>,
    ) {
        let from = self.state();
        let code = exit_code(Some(StopCause::Drained(cause)), between.ending, true);
        let (kill_at, killed) = between.leftovers.map_or((now, false), |left| (left.until, left.killed));
        let ended = Ended { code, at: between.at, kill_at, killed };
        self.phase = Phase::Ended(ended);
        self.changed(from, cause.as_str(), format!("{why} while the app was not running"), now, actions);
        if between.leftovers.is_none() {
            self.exit(ended, now, actions);
        }
    }

    pub(super) fn between_passed(&mut self, between: Between, now: Moment, actions: &mut Vec<Action>) {
        match between.leftovers {
            None if now >= between.again_at => {
                self.lives.begin(now);
                self.readiness.begin(now);
                (self.history.listened, self.history.accepted) = (None, None);
                self.next_look = now;
                self.phase = Phase::Starting;
                actions.push(Action::Start);
            }
            Some(left) if now >= left.until && left.killed => {
                let setting = "(after SIGKILL)";
                let then = "the app is not started again: something of it is still there";
                actions.push(Action::Struck(Struck { setting, limit: UNKILLABLE, then }));
                let code = exit_code(None, between.ending, true);
                let left = Leftovers { until: now, killed: true };
                self.ended(code, String::from(then), left, now, actions);
                if let Phase::Ended(ended) = self.phase {
                    self.exit(ended, now, actions);
                }
            }
            Some(left) if now >= left.until => {
                actions.push(Action::KillLeftovers);
                let left = Leftovers { until: now + UNKILLABLE, killed: true };
                self.phase = Phase::Between(Between { leftovers: Some(left), ..between });
            }
            None | Some(_) => {}
        }
    }

    /// Passes `signal` on, as what it is rewritten to.
    pub(super) fn pass_on(&mut self, signal: SignalNumber, actions: &mut Vec<Action>) {
        if let Some(to) = self.policy.rewrites.of(signal) {
            self.lives.passed_on(to);
            self.job_control.passed_on(to);
            actions.push(Action::Forward(to));
        }
        if signal.pauses() {
            actions.push(Action::Pause);
        }
    }

    pub(super) fn app_paused(&mut self, by: SignalNumber, shell: bool, actions: &mut Vec<Action>) {
        match self.job_control.app_paused(by, shell) {
            Follow::Pause => actions.push(Action::Pause),
            Follow::GoOn => actions.push(Action::Forward(SignalNumber::CONT)),
            Follow::Nothing => {}
        }
    }
}
