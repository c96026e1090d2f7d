//! What each event does to the core.

use std::net::IpAddr;

use daemon::moment::Moment;
use task_state::{CALL_BACK_HOLD, Cause};

use super::action::Action;
use super::asks::{CALL_BACK, USE};
use super::drain::{Commit, Facts, Verdict};
use super::exit_code::StopCause;
use super::look::{Look, Scope};
use super::signals::{Meaning, SignalNumber};
use super::time::CUT;
use super::usage::Evidence;
use super::{Core, Phase};

impl Core {
    pub(super) fn signalled(&mut self, signal: SignalNumber, now: Moment, actions: &mut Vec<Action>) {
        match (self.policy.rewrites.meaning(signal), &self.phase) {
            (Meaning::Stop, Phase::Draining(drain)) if drain.cause == Cause::Signal => {
                let cause = StopCause::Drained(Cause::Signal);
                self.stop(cause, Commit::Hurried.to_string(), now, actions);
            }
            // It has been told already, and many an app takes the second time for "at once".
            (Meaning::Stop, Phase::Stopping(stop)) if stop.cause == StopCause::Drained(Cause::Signal) => {
                self.pass_on(signal, actions);
            }
            (Meaning::Stop, _) => self.order(Cause::Signal, String::from("SIGTERM came"), now, actions),
            (Meaning::Forward, Phase::Between(_) | Phase::Ended(_) | Phase::Over) => {}
            (Meaning::Forward, Phase::Starting | Phase::Awake { .. } | Phase::Draining(_) | Phase::Stopping(_)) => {
                self.pass_on(signal, actions);
            }
            (Meaning::ChildEnded, _) => {}
        }
    }

    /// An order to drain: it overrides an idle drain, and the stronger order a weaker one.
    pub(super) fn order(&mut self, cause: Cause, why: String, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        match &mut self.phase {
            Phase::Starting | Phase::Awake { .. } => self.begin_drain(cause, why, now, actions),
            Phase::Draining(drain) if drain.cause == Cause::Idle || cause == Cause::Signal => {
                self.asked.recall = None;
                drain.overrule(cause, &self.policy, now);
                self.next_look = now;
                self.drained_by(cause, &why);
                self.changed(from, cause.as_str(), why, now, actions);
            }
            Phase::Between(between) => {
                let between = *between;
                self.ordered_between(cause, &why, between, now, actions);
            }
            // The app has, or will get, its SIGTERM already.
            Phase::Draining(_) | Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => {}
        }
    }

    pub(super) fn called_back(&mut self, from: IpAddr, now: Moment, actions: &mut Vec<Action>) {
        match &self.phase {
            Phase::Starting | Phase::Between(_) | Phase::Awake { .. } => self.hold(now),
            Phase::Draining(drain) if drain.cause.can_be_called_back() => {
                self.hold(now);
                self.recall(CALL_BACK, format!("{from} called it back by /wake"), now, actions);
            }
            Phase::Draining(_) | Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => {}
        }
    }

    /// A call-back counts as use, and no idle drain starts for a while (rule S3).
    pub(super) fn hold(&mut self, now: Moment) {
        self.usage.note(Evidence::CalledBack, now);
        self.hold_until = now + CALL_BACK_HOLD;
    }

    pub(super) fn looked(&mut self, scope: Scope, look: Option<&Look>, now: Moment, actions: &mut Vec<Action>) {
        match (&mut self.phase, look) {
            (Phase::Starting, Some(look)) => {
                self.readiness.saw(look, now);
                if self.readiness.listens() {
                    self.history.listened.get_or_insert(now);
                }
                self.awake_if_ready(now, actions);
            }
            (Phase::Awake { .. }, Some(look)) if scope == Scope::All => self.saw_awake(look, now, actions),
            (Phase::Awake { .. }, None) => self.usage.note(Evidence::NoLook, now),
            (Phase::Draining(_), look) if scope == Scope::All => self.saw_draining(look, now, actions),
            // A look that was asked for in an earlier phase, or that says nothing.
            (
                Phase::Starting
                | Phase::Awake { .. }
                | Phase::Draining(_)
                | Phase::Stopping(_)
                | Phase::Between(_)
                | Phase::Ended(_)
                | Phase::Over,
                _,
            ) => {}
        }
    }

    pub(super) fn saw_draining(&mut self, look: Option<&Look>, now: Moment, actions: &mut Vec<Action>) {
        self.note_busy(now);
        let Phase::Draining(drain) = &mut self.phase else { return };
        match look {
            Some(look) => {
                self.readiness.saw(look, now);
                self.usage.saw(look, &self.watchers, &self.policy, now);
            }
            None => self.usage.note(Evidence::NoLook, now),
        }
        if self.asked.recall.is_some() {
            return self.waits_for_protection(now);
        }
        if drain.left_to_ecs {
            if drain.is_called_back_by(&self.usage) {
                let evidence = self.usage.evidence().to_string();
                self.recall(USE, evidence, now, actions);
            }
            return;
        }
        let busy = self.busy.sign(now).is_some();
        let facts = Facts { look, usage: &self.usage, watchers: &self.watchers, busy, policy: &self.policy };
        match drain.judge(facts, now) {
            Verdict::Wait(waiting) => self.why = waiting.to_string(),
            Verdict::Commit(commit) if drain.cause == Cause::Idle && self.asked.stays() => {
                drain.left_to_ecs = true;
                if commit == Commit::Deadline {
                    actions.push(self.drain_struck("what is left is forgotten: ECS may stop the task"));
                }
                self.leave_to_ecs(commit, now, actions);
            }
            Verdict::Commit(commit) => {
                let (cause, deadline) = (drain.cause, drain.deadline);
                match commit {
                    Commit::Deadline => actions.push(self.drain_struck(CUT)),
                    Commit::AllGone | Commit::NobodyEverWatched | Commit::Hurried if now >= deadline => {
                        actions.push(self.drain_struck("an agent that has not released is not waited for"));
                    }
                    Commit::AllGone | Commit::NobodyEverWatched | Commit::Hurried => {}
                }
                self.stop(StopCause::Drained(cause), commit.to_string(), now, actions);
            }
            Verdict::Back(reason) => {
                if now >= drain.deadline {
                    actions.push(self.drain_struck("the service is awake again"));
                }
                self.usage.note(Evidence::NotDrained(reason.clone()), now);
                self.recall(USE, reason, now, actions);
            }
        }
    }
}
