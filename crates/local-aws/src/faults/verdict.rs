//! What the faults under way mean for a call.

use std::time::Duration;

use daemon::moment::Moment;

use super::fault::{Fault, How, Often, Victim};
use super::{Faults, Known};
use crate::call::{Call, Caller};
use crate::refusal::Refusal;
use crate::throttle;

/// How a call ends that a fault has struck.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The service refuses.
    Refuse(Refusal),
    /// An error of this code and status.
    Error {
        /// Its code.
        code: String,
        /// Its status.
        status: u16,
    },
    /// The connection is reset.
    Reset,
    /// There is no answer, ever.
    Hang,
}

/// What becomes of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// It waits so long first.
    pub delay: Duration,
    /// The last fault that made it wait.
    pub delayed_by: Option<u64>,
    /// It ends so, without an effect.
    pub before: Option<(u64, Ending)>,
    /// It ends so after its effect.
    pub after: Option<(u64, Ending)>,
}

impl Faults {
    /// What becomes of a call. `host` is the host of a task that calls.
    pub fn verdict(&mut self, now: Moment, call: &Call, host: Option<&str>) -> Verdict {
        let mut verdict = Verdict::default();
        if self.is_empty() {
            return verdict;
        }
        let mut spent = Vec::new();
        for (id, known) in self.known.iter_mut().filter(|(_, known)| known.over.is_none()) {
            let struck = match &mut known.fault {
                Fault::CutOffAws { what } | Fault::Cut { what } => {
                    let hit = reaches(what, &call.caller, host);
                    if hit {
                        verdict.before = Some((*id, Ending::Hang));
                    }
                    hit
                }
                Fault::Throttle { calls, often } => {
                    let hit = calls.mean(call) && falls_on(often, &mut self.chance, &mut spent, *id);
                    if hit {
                        verdict.before = Some((*id, Ending::Refuse(throttle::refusal(call.service, &call.operation))));
                    }
                    hit
                }
                Fault::Delay { calls, often, by, up_to } => {
                    let hit = calls.mean(call) && falls_on(often, &mut self.chance, &mut spent, *id);
                    if hit {
                        let most = by.or(*up_to).map_or(Duration::ZERO, |span| span.0);
                        let late = match by {
                            Some(_) => most,
                            None => most.mul_f64(share(self.chance.number())),
                        };
                        verdict.delay = verdict.delay.saturating_add(late);
                        verdict.delayed_by = Some(*id);
                    }
                    hit
                }
                Fault::Fail { calls, often, after, how, code, status } => {
                    let taken = *after && verdict.after.is_some();
                    let hit = !taken && calls.mean(call) && falls_on(often, &mut self.chance, &mut spent, *id);
                    if hit {
                        let ending = match how {
                            How::Error => Ending::Error {
                                code: code.clone().unwrap_or_else(|| call.service.facts().internal.to_owned()),
                                status: status.unwrap_or(500),
                            },
                            How::Reset => Ending::Reset,
                            How::Hang => Ending::Hang,
                        };
                        let place = if *after { &mut verdict.after } else { &mut verdict.before };
                        *place = Some((*id, ending));
                    }
                    hit
                }
                Fault::Freeze { .. }
                | Fault::Kill { .. }
                | Fault::RestartEcsAgent { .. }
                | Fault::SpotNotice { .. }
                | Fault::Rebalance { .. }
                | Fault::ScaleIn { .. }
                | Fault::LoseOperations { .. }
                | Fault::SpreadLate { .. }
                | Fault::DuplicateMessage { .. }
                | Fault::Dns { .. } => false,
            };
            known.struck += u64::from(struck);
            if verdict.before.is_some() {
                break;
            }
        }
        for id in spent {
            self.end(now, id);
        }
        verdict
    }
}

/// Whether a fault strikes this time. One that is to strike no more goes to `spent`.
fn falls_on(often: &mut Often, chance: &mut crate::ids::Ids, spent: &mut Vec<u64>, id: u64) -> bool {
    match often {
        Often::Always => true,
        Often::Next(left) => {
            *left = left.saturating_sub(1);
            if *left == 0 {
                spent.push(id);
            }
            true
        }
        Often::Chance(probability) => share(chance.number()) < *probability,
    }
}

/// A number as a share of one, below it.
#[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds exactly")]
fn share(number: u64) -> f64 {
    (number >> 11) as f64 / (1u64 << 53) as f64
}

/// Whether a caller is cut off when `what` is.
fn reaches(what: &Victim, caller: &Caller, host: Option<&str>) -> bool {
    match (what, caller) {
        (Victim::Task(id), Caller::Task(task)) => id == task,
        (Victim::Host(id), Caller::Task(_)) => host == Some(id.as_str()),
        (Victim::Host(id) | Victim::Agent(id), Caller::Host(host)) => id == host,
        (Victim::Task(_), Caller::Host(_)) | (Victim::Agent(_), Caller::Task(_)) => false,
        (_, Caller::Key(_) | Caller::Unknown) => false,
    }
}

impl Known {
    /// Whether it keeps this host off the network or frozen: ECS has lost its agent then.
    #[must_use]
    pub fn silences(&self, host: &str) -> bool {
        matches!(&self.fault, Fault::Cut { what: Victim::Host(id) } | Fault::Freeze { what: Victim::Host(id) } if id == host)
    }
}
