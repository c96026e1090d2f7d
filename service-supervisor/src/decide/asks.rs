//! What the core asks of others, and what their answers do: who the ECS task is, whether the app is ready, and the
//! task's protection, on which *awake* hangs in a task of an ECS service (rule S9).

use std::time::Duration;

use daemon::moment::Moment;

use super::action::{Action, Ask};
use super::drain::{Commit, Drain};
use super::policy::Policy;
use super::probe::Probed;
use super::protection::{Protection, Said};
use super::retry::Retry;
use super::{Core, Phase, readiness};

/// The cause of a call-back by `POST /wake`.
pub(super) const CALL_BACK: &str = "call-back";
/// The cause of a call-back by use.
pub(super) const USE: &str = "use";

/// How long the answer to a `POST /wake` may wait for protection: a proxy waits 2 s for it.
pub const WAKE_PATIENCE: Duration = Duration::from_millis(1500);

/// What is asked, and what hangs on it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Until the task is known.
    task: Option<Retry>,
    protection: Option<Protection>,
    /// A call-back that waits for protection.
    pub(super) recall: Option<Recall>,
}

/// A call-back that waits for protection: only then is it awake again.
#[derive(Clone, Debug)]
pub(super) struct Recall {
    cause: &'static str,
    why: String,
}

/// What to answer to a `POST /wake`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeAnswer {
    /// It is awake, or will be as soon as the app accepts.
    Granted,
    /// It will be, once its protection is confirmed.
    Later,
    /// It is too late.
    Refused,
}

impl Asked {
    pub(super) fn new(policy: &Policy, now: Moment) -> Self {
        let asks = &policy.asks;
        // Who only observes changes nothing.
        let protection = asks.protection.filter(|_| !policy.observe);
        Asked {
            task: asks.task.then(|| Retry::new(asks.spread, now)),
            protection: protection.map(|lasts| Protection::new(lasts, asks.spread, now)),
            recall: None,
        }
    }

    /// Whether it waits for ECS to stop it rather than exits when nobody uses it.
    pub(super) fn stays(&self) -> bool {
        self.protection.as_ref().is_some_and(Protection::is_of_service)
    }
}

impl Core {
    /// The state of the task's protection in words; none where it is not asked for.
    #[must_use]
    pub fn protection(&self, now: Moment) -> Option<String> {
        self.asked.protection.as_ref().map(|protection| protection.describe(now))
    }

    /// Whether the app accepts, as far as that can be told from outside: also where only its task's protection is missing.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match &self.phase {
            Phase::Starting | Phase::Awake { .. } => self.readiness.accepted(),
            Phase::Between(_) | Phase::Draining(_) | Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => false,
        }
    }

    /// Whether it ends by itself when nobody uses it.
    #[must_use]
    pub fn exits_when_idle(&self) -> bool {
        self.policy.idle_timeout.is_some() && self.asked.protection.is_none() && self.observed.is_none()
    }

    /// What to answer to a `POST /wake` that the core has been told of.
    #[must_use]
    pub fn wake_answer(&self, now: Moment) -> WakeAnswer {
        match &self.phase {
            // It is being woken as it is.
            Phase::Starting | Phase::Between(_) if self.history.ready.is_none() => WakeAnswer::Granted,
            Phase::Starting | Phase::Between(_) | Phase::Awake { .. } => match self.is_protected(now) {
                true => WakeAnswer::Granted,
                false => WakeAnswer::Later,
            },
            Phase::Draining(_) if self.asked.recall.is_some() => WakeAnswer::Later,
            Phase::Draining(_) | Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => WakeAnswer::Refused,
        }
    }

    /// Whether ECS will not stop the task by itself, as far as that is needed.
    pub(super) fn is_protected(&self, now: Moment) -> bool {
        self.asked.protection.as_ref().is_none_or(|protection| protection.holds(now))
    }

    /// When somebody is to be asked.
    pub(super) fn asks_due(&self) -> Option<Moment> {
        let (task, probe, protection) = self.may_ask();
        let task = self.asked.task.as_ref().filter(|_| task).and_then(Retry::due);
        let probe = self.readiness.probe().filter(|_| probe).and_then(|probe| probe.due());
        let protection = self.asked.protection.as_ref().filter(|_| protection).and_then(Protection::due);
        [task, probe, protection].into_iter().flatten().min()
    }

    pub(super) fn ask_what_is_due(&mut self, now: Moment, actions: &mut Vec<Action>) {
        let (task, probe, protection) = self.may_ask();
        let starting = matches!(self.phase, Phase::Starting)
            .then(|| readiness::look_interval(now.since(self.lives.began()), self.watchers.proxy_watches()));
        if let Some(retry) = self.asked.task.as_mut().filter(|_| task)
            && retry.due().is_some_and(|at| at <= now)
        {
            retry.begin(now);
            actions.push(Action::Ask(Ask::Task));
        }
        if let Some(probe) = self.readiness.probe_mut().filter(|_| probe)
            && probe.ask(starting, now)
        {
            actions.push(Action::Ask(Ask::Ready));
        }
        if let Some(protection) = self.asked.protection.as_mut().filter(|_| protection)
            && let Some(on) = protection.ask(now)
        {
            actions.push(Action::Ask(Ask::Protection { on, lasts: protection.lasts() }));
        }
    }

    /// Whether the task, the readiness address and the ECS agent may be asked in this phase. Who drains is not asked
    /// whether it is ready, and who was ordered to stop needs no protection.
    fn may_ask(&self) -> (bool, bool, bool) {
        match &self.phase {
            Phase::Starting | Phase::Awake { .. } => (true, true, true),
            Phase::Between(_) => (true, false, true),
            Phase::Draining(drain) => (true, false, drain.cause.can_be_called_back()),
            Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => (false, false, false),
        }
    }

    pub(super) fn task_answered(&mut self, answer: Result<(), String>, now: Moment, actions: &mut Vec<Action>) {
        let Some(retry) = &mut self.asked.task else { return };
        match answer {
            Ok(()) => self.asked.task = None,
            Err(why) => {
                if retry.is_first() {
                    actions.push(Action::TaskUnknown(why));
                }
                retry.failed(now);
            }
        }
    }

    pub(super) fn probed(&mut self, probed: Probed, now: Moment, actions: &mut Vec<Action>) {
        self.readiness.probed(probed, now);
        self.awake_if_ready(now, actions);
        self.tell_readiness(now, actions);
    }

    pub(super) fn protection_answered(&mut self, said: Said, now: Moment, actions: &mut Vec<Action>) {
        let Some(protection) = &mut self.asked.protection else { return };
        actions.extend(protection.answered(said, now).map(Action::Protection));
        self.awake_if_ready(now, actions);
        if self.is_protected(now)
            && let Some(Recall { cause, why }) = self.asked.recall.take()
        {
            if cause == CALL_BACK {
                // Its 200 is given now.
                self.hold(now);
            }
            self.back_to_awake(cause, why, now, actions);
        }
    }

    /// Nobody uses the task of a service: it may be stopped now, and is not protected any more.
    pub(super) fn leave_to_ecs(&mut self, commit: Commit, now: Moment, actions: &mut Vec<Action>) {
        self.why = format!("{commit}; it waits for ECS to stop its task");
        self.next_look = now + self.policy.look_interval();
        self.want_protection(false, now);
        actions.push(Action::LeftToEcs);
    }

    /// An idle drain is called back: at once where the task is protected, and otherwise once it is.
    pub(super) fn recall(&mut self, cause: &'static str, why: String, now: Moment, actions: &mut Vec<Action>) {
        self.want_protection(true, now);
        if self.is_protected(now) {
            return self.back_to_awake(cause, why, now, actions);
        }
        self.why = format!("{why}; its task has to be protected before proxies may send");
        self.asked.recall.get_or_insert(Recall { cause, why });
    }

    /// A call-back waits for protection. Where that does not come and nobody uses the app any more, the drain begins
    /// anew; its number stays, as nothing was granted since.
    pub(super) fn waits_for_protection(&mut self, now: Moment) {
        if self.idle_at().is_some_and(|at| at <= now)
            && let Phase::Draining(drain) = &mut self.phase
        {
            *drain = Drain::begin(drain.number, drain.cause, self.usage.last(), &self.policy, now);
            self.asked.recall = None;
            self.next_look = now;
        }
    }

    fn want_protection(&mut self, on: bool, now: Moment) {
        if let Some(protection) = &mut self.asked.protection {
            protection.want(on, now);
        }
    }
}
