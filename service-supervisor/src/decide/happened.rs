//! What each event does to the core.

use std::net::IpAddr;

use daemon::moment::Moment;
use task_state::{CALL_BACK_HOLD, Cause};

use super::action::{Action, Woke};
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
                self.back_to_awake("call-back", format!("{from} called it back by /wake"), now, actions);
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
                if self.history.listened.is_none() && self.readiness.listens(look) {
                    self.history.listened = Some(now);
                }
                if self.readiness.saw(look, now) {
                    self.became_ready(now, actions);
                }
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

    pub(super) fn became_ready(&mut self, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        // Only at first: an app that keeps crashing would otherwise be in use for ever.
        if self.history.ready.is_none() {
            self.history.ready = Some(now);
            self.usage.note(Evidence::Ready, now);
            let began = self.lives.began();
            actions.push(Action::Woke(Woke::Started {
                waited: self.watchers.first_proxy(),
                spawn: began.since_start(),
                listen: self.history.listened.map(|at| at.since(began)),
                ready: now.since(began),
            }));
        }
        self.next_look = now + self.policy.look_interval();
        self.phase = Phase::Awake { ready: true };
        self.changed(from, "ready", String::from("the app listens"), now, actions);
    }

    pub(super) fn saw_awake(&mut self, look: &Look, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        let ready = self.readiness.saw(look, now);
        self.note_busy(now);
        self.usage.saw(look, &self.watchers, &self.policy, now);
        self.phase = Phase::Awake { ready };
        match (from.is_ready(), ready) {
            (true, false) => {
                self.changed(from, "unready", String::from("the app does not accept any more"), now, actions);
            }
            (false, true) => self.changed(from, "ready", String::from("the app accepts again"), now, actions),
            (true, true) | (false, false) => {}
        }
        match self.idle_at() {
            Some(at) if at <= now => {
                let idle = self.idle_for(now).as_secs_f64();
                let why = format!("nobody has used the app for {idle:.1} s; at last {}", self.usage.evidence());
                self.begin_drain(Cause::Idle, why, now, actions);
            }
            // A look falls on the moment at which it would be idle.
            Some(at) => self.next_look = self.next_look.min(at),
            None => {}
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
        let busy = self.busy.sign(now).is_some();
        let facts = Facts { look, usage: &self.usage, watchers: &self.watchers, busy, policy: &self.policy };
        match drain.judge(facts, now) {
            Verdict::Wait(waiting) => self.why = waiting.to_string(),
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
                self.back_to_awake("use", reason, now, actions);
            }
        }
    }
}
