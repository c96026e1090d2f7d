//! What time brings: looks, heartbeats, and the deadline of each phase (rule T2).

use std::time::Duration;

use daemon::moment::Moment;
use task_state::{Cause, HEARTBEAT};

use super::action::{Action, Deadline, Reason, Struck};
use super::drain::{BETWEEN_LOOKS, Commit};
use super::exit_code::{Ending, StopCause, exit_code};
use super::look::Scope;
use super::{Core, Ended, Phase, Stopping, readiness};

/// How long to wait for what SIGKILL should have ended.
pub(super) const UNKILLABLE: Duration = Duration::from_secs(5);

/// Between two lines of figures.
const BETWEEN_MEASURES: Duration = Duration::from_secs(60);

/// What becomes of a drain whose deadline has passed.
pub(super) const CUT: &str = "what is left is cut: the app gets its SIGTERM";

impl Core {
    /// When to come back though nothing happens; none: it is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        let look = Some((self.next_look, Reason::Look));
        let phase = match &self.phase {
            Phase::Starting => {
                let give_up = (self.lives.began() + self.policy.ready_timeout, Reason::ReadyTimeout);
                [look, self.history.accepted.is_none().then_some(give_up)]
            }
            Phase::Awake { .. } => [look, None],
            // The end of an idle drain is judged by a look.
            Phase::Draining(drain) if drain.cause.can_be_called_back() => [look, None],
            Phase::Draining(drain) => [look, Some((drain.deadline, Reason::DrainDeadline))],
            Phase::Stopping(stop) => {
                let reason = if stop.killed { Reason::Unkillable } else { Reason::StopGrace };
                [Some((stop.kill_at, reason)), None]
            }
            Phase::Between(between) => match between.leftovers {
                Some(left) => [Some((left.until, Reason::Leftovers)), None],
                None => [Some((between.again_at, Reason::Restart)), None],
            },
            Phase::Ended(ended) => [Some((ended.kill_at, Reason::Leftovers)), None],
            Phase::Over => return None,
        };
        let heartbeat = self.beats().then_some((self.next_heartbeat, Reason::Heartbeat));
        let measure = self.measures().then_some((self.next_measure, Reason::Measure));
        let ask = self.asks_due().map(|at| (at, Reason::Ask));
        let first = phase.into_iter().flatten().chain(heartbeat).chain(measure).chain(ask).min_by_key(|(at, _)| *at);
        first.map(|(at, reason)| Deadline { at, reason })
    }

    pub(super) fn time_passed(&mut self, now: Moment, actions: &mut Vec<Action>) {
        // A question takes the look along, so that both wake the supervisor once. An app that is not ready any more is
        // asked more often than there is need to look.
        if matches!(self.phase, Phase::Starting | Phase::Awake { ready: true }) && self.readiness.asks(now) {
            self.next_look = self.next_look.min(now);
        }
        match &self.phase {
            Phase::Starting
                if self.history.accepted.is_none() && now >= self.lives.began() + self.policy.ready_timeout =>
            {
                let then = "the app gets its SIGTERM";
                actions.push(Action::Struck(Struck {
                    setting: "ready-timeout",
                    limit: self.policy.ready_timeout,
                    then,
                }));
                self.stop(StopCause::NeverReady, String::from("the app never accepted"), now, actions);
            }
            Phase::Starting => {
                let interval = readiness::look_interval(now.since(self.lives.began()), self.watchers.proxy_watches());
                self.look_if_due(Scope::Listeners, interval, now, actions);
            }
            Phase::Awake { .. } => self.look_if_due(Scope::All, self.policy.look_interval(), now, actions),
            Phase::Draining(drain) if !drain.cause.can_be_called_back() && now >= drain.deadline => {
                let cause = drain.cause;
                actions.push(self.drain_struck(CUT));
                self.stop(StopCause::Drained(cause), Commit::Deadline.to_string(), now, actions);
            }
            // It may be for hours, and nothing hangs on it but what a direct client does.
            Phase::Draining(drain) if drain.left_to_ecs || self.asked.recall.is_some() => {
                self.look_if_due(Scope::All, self.policy.look_interval(), now, actions);
            }
            Phase::Draining(_) => self.look_if_due(Scope::All, BETWEEN_LOOKS, now, actions),
            Phase::Stopping(stop) if now >= stop.kill_at => self.grace_is_over(*stop, now, actions),
            Phase::Between(between) => self.between_passed(*between, now, actions),
            Phase::Ended(ended) if now >= ended.kill_at => self.leftovers_are_due(*ended, now, actions),
            Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => {}
        }
        self.ask_what_is_due(now, actions);
        if self.beats() && now >= self.next_heartbeat {
            self.watchers.said(self.state(), now);
            self.next_heartbeat = now + HEARTBEAT;
            actions.push(Action::Heartbeat);
        }
        if self.measures() && now >= self.next_measure {
            self.next_measure = now + BETWEEN_MEASURES;
            actions.push(Action::Measure);
        }
    }

    pub(super) fn look_if_due(&mut self, scope: Scope, interval: Duration, now: Moment, actions: &mut Vec<Action>) {
        if now >= self.next_look {
            self.next_look = now + interval;
            if self.policy.busy_file && scope == Scope::All {
                actions.push(Action::LookAtBusyFile);
            }
            actions.push(Action::Look(scope));
        }
    }

    pub(super) fn grace_is_over(&mut self, stop: Stopping, now: Moment, actions: &mut Vec<Action>) {
        if stop.killed {
            let then = "the supervisor exits though the app is still there";
            actions.push(Action::Struck(Struck { setting: "(after SIGKILL)", limit: UNKILLABLE, then }));
            let code = exit_code(Some(stop.cause), Ending::Killed(9), false);
            self.exit(Ended { code, at: now, kill_at: now, killed: true }, now, actions);
            return;
        }
        let then = "the app gets SIGKILL";
        actions.push(Action::Struck(Struck { setting: "stop-grace", limit: self.policy.stop_grace, then }));
        actions.push(Action::Kill);
        self.phase = Phase::Stopping(Stopping { killed: true, kill_at: now + UNKILLABLE, ..stop });
    }

    pub(super) fn leftovers_are_due(&mut self, ended: Ended, now: Moment, actions: &mut Vec<Action>) {
        if ended.killed {
            self.exit(ended, now, actions);
            return;
        }
        actions.push(Action::KillLeftovers);
        self.phase = Phase::Ended(Ended { killed: true, kill_at: now + UNKILLABLE, ..ended });
    }

    pub(super) fn drain_struck(&self, then: &'static str) -> Action {
        let (setting, limit) = match &self.phase {
            Phase::Draining(drain) if drain.cause == Cause::Signal => {
                ("stop-grace (the drain of a SIGTERM)", self.policy.signal_drain())
            }
            Phase::Starting
            | Phase::Awake { .. }
            | Phase::Draining(_)
            | Phase::Stopping(_)
            | Phase::Between(_)
            | Phase::Ended(_)
            | Phase::Over => ("drain-timeout", self.policy.drain_timeout),
        };
        Action::Struck(Struck { setting, limit, then })
    }

    fn measures(&self) -> bool {
        self.policy.measures && self.state().grants()
    }

    fn beats(&self) -> bool {
        let says = match self.phase {
            Phase::Starting | Phase::Between(_) | Phase::Awake { .. } | Phase::Draining(_) => true,
            Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => false,
        };
        says && self.watchers.is_anybody_listening()
    }
}
