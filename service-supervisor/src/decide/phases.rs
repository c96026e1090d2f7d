//! From phase to phase, each change logged and told.

use std::time::Duration;

use daemon::moment::Moment;
use task_state::{Cause, HEARTBEAT, State};

use super::action::{Action, Change, Sleep, Woke};
use super::drain::Drain;
use super::exit_code::StopCause;
use super::{Core, Ended, Phase, Stopping};

impl Core {
    pub(super) fn begin_drain(&mut self, cause: Cause, why: String, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        self.asked.recall = None;
        self.drains += 1;
        self.drained_by(cause, &why);
        self.history.drained = Some(now);
        self.phase = Phase::Draining(Drain::begin(self.drains, cause, self.usage.last(), &self.policy, now));
        self.next_look = now;
        self.changed(from, cause.as_str(), why, now, actions);
    }

    pub(super) fn back_to_awake(&mut self, cause: &'static str, why: String, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        self.tally.call_backs += 1;
        let drain = now.since(self.history.drained.unwrap_or(now));
        actions.push(Action::Woke(Woke::Back { cause, why: why.clone(), drain }));
        self.phase = Phase::Awake { ready: self.readiness.accepted() };
        self.next_look = now + self.policy.look_interval();
        self.changed(from, cause, why, now, actions);
    }

    /// What the drain under way will be told to have come from.
    pub(super) fn drained_by(&mut self, cause: Cause, why: &str) {
        self.tally.drained(cause);
        why.clone_into(&mut self.drain_why);
    }

    pub(super) fn stop(&mut self, cause: StopCause, why: String, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        let kill_at = now + self.policy.stop_grace;
        self.history.stopped = Some((now, cause));
        self.phase = Phase::Stopping(Stopping { cause, kill_at, killed: false });
        self.changed(from, cause.as_str(), why, now, actions);
        actions.push(Action::Term);
    }

    pub(super) fn exit(&mut self, ended: Ended, now: Moment, actions: &mut Vec<Action>) {
        if let Some((stopped, cause)) = self.history.stopped {
            let drained = self.history.drained.unwrap_or(stopped);
            actions.push(Action::Slept(Sleep {
                cause: cause.as_str(),
                why: self.drain_why.clone(),
                awake: self.history.ready.map_or(Duration::ZERO, |ready| drained.since(ready)),
                drain: stopped.since(drained),
                stop: ended.at.since(stopped),
                leftovers: now.since(ended.at),
                exit_code: ended.code,
            }));
        }
        if let Some(summary) = self.observed(now) {
            actions.push(Action::WouldHaveSlept(summary));
        }
        self.phase = Phase::Over;
        actions.push(Action::Exit(ended.code));
    }

    /// Says the new state; for proxies it is the grant of a lease where it is awake.
    pub(super) fn changed(
        &mut self,
        from: State,
        cause: &'static str,
        why: String,
        now: Moment,
        actions: &mut Vec<Action>,
    ) {
        let to = self.state();
        self.watchers.said(to, now);
        self.next_heartbeat = now + HEARTBEAT;
        self.why.clone_from(&why);
        actions.push(Action::Changed(Change { from, to, cause, why }));
    }
}
