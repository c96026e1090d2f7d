//! How it becomes awake and ready, and what idleness does then.

use daemon::moment::Moment;
use task_state::Cause;

use super::action::{Action, Woke};
use super::look::Look;
use super::usage::Evidence;
use super::{Core, Phase};

impl Core {
    /// It says *awake* once the app accepts, and in a task of an ECS service not before that was protected (rule S9).
    pub(super) fn awake_if_ready(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if !matches!(self.phase, Phase::Starting) {
            return;
        }
        if !self.readiness.accepted() {
            self.why = format!("the app was started and does not accept yet: {}", self.readiness.why_not());
            return;
        }
        self.history.accepted.get_or_insert(now);
        if self.history.ready.is_some() || self.is_protected(now) {
            return self.became_ready(now, actions);
        }
        self.why = String::from("the app accepts, and its task has to be protected before proxies may send");
    }

    fn became_ready(&mut self, now: Moment, actions: &mut Vec<Action>) {
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
        if let Some(observed) = &mut self.observed {
            observed.began(now);
        }
        self.next_look = now + self.policy.look_interval();
        self.phase = Phase::Awake { ready: true };
        self.changed(from, "ready", self.readiness.why().to_owned(), now, actions);
    }

    /// Says so where the app has become ready or unready.
    pub(super) fn tell_readiness(&mut self, now: Moment, actions: &mut Vec<Action>) {
        let (Phase::Awake { ready: before }, ready) = (&self.phase, self.readiness.accepted()) else { return };
        if *before == ready {
            return;
        }
        let from = self.state();
        self.phase = Phase::Awake { ready };
        match ready {
            true => self.changed(from, "ready", String::from("the app accepts again"), now, actions),
            false => {
                let why = format!("the app does not accept any more: {}", self.readiness.why_not());
                self.changed(from, "unready", why, now, actions);
            }
        }
    }

    pub(super) fn saw_awake(&mut self, look: &Look, now: Moment, actions: &mut Vec<Action>) {
        self.readiness.saw(look, now);
        self.note_busy(now);
        self.usage.saw(look, &self.watchers, &self.policy, now);
        self.tell_readiness(now, actions);
        match self.idle_at() {
            Some(at) if at <= now => self.is_idle(at, now, actions),
            Some(at) => {
                self.would_wake(now, actions);
                // A look falls on the moment at which it would be idle.
                self.next_look = self.next_look.min(at);
            }
            None => {}
        }
    }

    fn is_idle(&mut self, since: Moment, now: Moment, actions: &mut Vec<Action>) {
        let idle = self.idle_for(now).as_secs_f64();
        let why = format!("nobody has used the app for {idle:.1} s; at last {}", self.usage.evidence());
        match &mut self.observed {
            None => self.begin_drain(Cause::Idle, why, now, actions),
            Some(observed) => {
                if observed.would_drain(since) {
                    actions.push(Action::WouldSleep(why));
                }
            }
        }
    }

    /// Where it is only observed and would sleep: the use that has been seen would have woken it.
    fn would_wake(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if let Some(observed) = &mut self.observed
            && let Some(asleep) = observed.used(self.usage.last())
        {
            let by = self.usage.evidence().to_string();
            actions.push(Action::WouldWake(asleep, by, observed.summary(now)));
        }
    }
}
