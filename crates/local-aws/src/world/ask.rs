//! A call's way through the world: written down, judged by the faults and the token buckets, carried out, answered.

use daemon::moment::Moment;

use super::World;
use super::state::State;
use crate::audit::{By, Outcome};
use crate::call::{Answer, Call, Caller};
use crate::faults::Ending;
use crate::refusal::Refusal;

/// A call that came from outside, and how far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// The call.
    pub call: Call,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    Arrived,
    Admitted {
        /// Its number in the audit log.
        number: u64,
        /// A fault makes it wait until then.
        not_before: Moment,
        /// Who made it wait.
        by: Option<By>,
        /// How it ends without an effect.
        before: Option<(By, Ending)>,
        /// How it ends after its effect.
        after: Option<(By, Ending)>,
    },
    Over,
}

impl Asking {
    /// A call that has just come.
    #[must_use]
    pub const fn new(call: Call) -> Self {
        Asking { call, stage: Stage::Arrived }
    }

    /// Its number in the audit log, once it was asked.
    #[must_use]
    pub const fn number(&self) -> Option<u64> {
        match self.stage {
            Stage::Admitted { number, .. } => Some(number),
            Stage::Arrived | Stage::Over => None,
        }
    }
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// An answer.
    Now(Result<Answer, Refusal>),
    /// A fault ends the call so.
    Struck(Ending),
    /// Nothing yet: it is to be asked again at this moment, or when something changed.
    Later(Moment),
}

impl World {
    /// Asks what becomes of a call that came from outside. While it is [`Asked::Later`], it is to be asked again: at the
    /// moment that this names, or when [`World::follow_answers`] says so.
    pub fn ask(&self, asking: &mut Asking) -> Asked {
        let (asked, moved, last, queues_changed) = {
            let mut state = self.lock();
            let asked = state.ask(self.now(), asking);
            (asked, state.has_moved(), state.events().last(), state.sqs.take_changed())
        };
        if moved {
            self.tell(last);
        }
        // Only what can end a wait: waiting calls must not wake each other for ever.
        if queues_changed {
            self.0.answers.send_modify(|count| *count += 1);
        }
        asked
    }

    /// The caller of a call went before it had an answer.
    pub fn left(&self, number: u64) {
        let now = self.now();
        self.lock().audit.left(number, now);
    }
}

impl State {
    /// See [`World::ask`].
    pub fn ask(&mut self, now: Moment, asking: &mut Asking) -> Asked {
        if asking.stage == Stage::Arrived {
            self.admit(now, asking);
        }
        let Stage::Admitted { number, not_before, by, before, after } = &asking.stage else { return Asked::Later(now) };
        let (number, by) = (*number, *by);
        if now < *not_before {
            return Asked::Later(*not_before);
        }
        if let Some((by, ending)) = before.clone() {
            asking.stage = Stage::Over;
            return self.strike(now, number, by, ending);
        }
        let after = after.clone();
        let answer = match reads(&asking.call.operation) {
            true => {
                self.advance_if_due(now);
                self.serve(now, &mut asking.call)
            }
            false => self.carry_out(now, &mut asking.call),
        };
        if let Ok(Answer::Later(at)) = answer {
            return Asked::Later(at);
        }
        asking.stage = Stage::Over;
        if let Some((by, ending)) = after {
            return self.strike(now, number, by, ending);
        }
        let outcome = match &answer {
            Ok(_) => Outcome::Answered,
            Err(refusal) => Outcome::Refused(refusal.code.to_owned()),
        };
        self.audit.ended(number, now, outcome, by);
        Asked::Now(answer)
    }

    fn admit(&mut self, now: Moment, asking: &mut Asking) {
        let call = &asking.call;
        let number = self.audit.came(call);
        let host = match &call.caller {
            Caller::Task(id) if !self.faults.is_empty() => self.ecs.task(id).and_then(|task| self.host_of(task)),
            Caller::Task(_) | Caller::Host(_) | Caller::Key(_) | Caller::Unknown => None,
        };
        let host = host.map(str::to_owned);
        let verdict = self.faults.verdict(now, call, host.as_deref());
        let fault = |(id, ending)| (By::Fault(id), ending);
        let mut before = verdict.before.map(fault);
        if before.is_none() {
            let throttled = self.throttle.take(now, call.service, &call.operation).err();
            before = throttled.map(|refusal| (By::Throttle, Ending::Refuse(refusal)));
        }
        asking.stage = Stage::Admitted {
            number,
            not_before: now + verdict.delay,
            by: verdict.delayed_by.map(By::Fault),
            before,
            after: verdict.after.map(fault),
        };
    }

    fn strike(&mut self, now: Moment, number: u64, by: By, ending: Ending) -> Asked {
        let outcome = match &ending {
            Ending::Refuse(refusal) => Outcome::Refused(refusal.code.to_owned()),
            Ending::Error { code, .. } => Outcome::Refused(code.clone()),
            Ending::Reset => Outcome::Closed,
            Ending::Hang => Outcome::Unanswered,
        };
        self.audit.ended(number, now, outcome, Some(by));
        match ending {
            Ending::Refuse(refusal) => Asked::Now(Err(refusal)),
            Ending::Error { .. } | Ending::Reset | Ending::Hang => Asked::Struck(ending),
        }
    }
}

/// Whether an operation changes nothing, as all services name those: time needs to pass for it only when it is due.
fn reads(operation: &str) -> bool {
    ["Describe", "List", "Get", "Discover"].iter().any(|verb| operation.starts_with(verb))
}
