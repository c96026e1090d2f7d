//! Faults in the world: how they begin, are taken back and end by themselves. What each does is [`harm`]'s, what they
//! hold is [`grips`]'.

use daemon::moment::Moment;
use serde_json::Value;

mod grips;
mod harm;
mod victim;

pub(super) use grips::Gripped;

use super::World;
use super::state::State;
use crate::faults::{Fault, Injection};

impl World {
    /// Lets something go wrong; the fault's id.
    ///
    /// # Errors
    /// Whom it is to happen to does not exist, or does not run.
    pub fn inject(&self, injection: Injection) -> Result<u64, String> {
        self.change(|state, now| state.inject(now, injection))
    }

    /// Takes a fault back; whether it was under way.
    pub fn lift(&self, id: u64) -> bool {
        self.change(|state, now| state.lift(now, id))
    }

    /// Takes every fault back; how many were under way.
    pub fn lift_all(&self) -> usize {
        self.change(|state, now| state.lift_all(now))
    }

    /// What `GET /_faults` says: every fault that is known.
    #[must_use]
    pub fn faults(&self) -> Value {
        self.lock().faults.list()
    }

    /// One fault of those.
    #[must_use]
    pub fn fault(&self, id: u64) -> Option<Value> {
        self.lock().faults.one(id)
    }
}

impl State {
    /// See [`World::inject`].
    ///
    /// # Errors
    /// Whom it is to happen to does not exist, or does not run.
    pub fn inject(&mut self, now: Moment, injection: Injection) -> Result<u64, String> {
        self.advance(now);
        let Injection { mut fault, lasts } = injection;
        self.name_victim(&mut fault)?;
        let id = self.faults.begin(now, fault.clone(), lasts)?;
        // One that cannot happen is no fault; one that happens is one even if it is over at once.
        self.do_harm(now, id, &fault).inspect_err(|_| self.faults.forget(id))?;
        let text = serde_json::to_string(&fault).unwrap_or_default();
        self.events.tell(now, "fault.injected", &id.to_string(), format!("fault {id}: {text}"));
        self.advance(now);
        Ok(id)
    }

    /// See [`World::lift`].
    pub fn lift(&mut self, now: Moment, id: u64) -> bool {
        let was_under_way = self.take_back(now, id);
        self.advance(now);
        was_under_way
    }

    /// See [`World::lift_all`].
    pub fn lift_all(&mut self, now: Moment) -> usize {
        let ids: Vec<u64> = self.faults.active().map(|(id, _)| id).collect();
        ids.into_iter().filter(|id| self.lift(now, *id)).count()
    }

    /// Ends the faults whose time is over.
    pub(super) fn end_due_faults(&mut self, now: Moment) {
        if self.faults.is_empty() {
            return;
        }
        for id in self.faults.due(now) {
            self.take_back(now, id);
        }
    }

    /// Ends the faults whose victim has gone: its address may soon be somebody else's.
    pub(super) fn end_pointless_faults(&mut self, now: Moment) {
        if self.faults.is_empty() {
            return;
        }
        let gone: Vec<u64> =
            self.faults.active().filter(|(id, known)| self.has_gone(*id, &known.fault)).map(|(id, _)| id).collect();
        for id in gone {
            self.take_back(now, id);
        }
    }

    fn take_back(&mut self, now: Moment, id: u64) -> bool {
        let Some(fault) = self.faults.end(now, id) else { return false };
        self.undo(now, id, &fault);
        self.events.tell(now, "fault.lifted", &id.to_string(), format!("fault {id} is over"));
        true
    }

    fn has_gone(&self, id: u64, fault: &Fault) -> bool {
        match fault {
            Fault::CutOffAws { what } | Fault::Cut { what } | Fault::Freeze { what } => self.check(what).is_err(),
            // The operations that were to be lost are.
            Fault::LoseOperations { .. } => !self.cloud_map.loses_for(id),
            Fault::SpreadLate { .. }
            | Fault::Throttle { .. }
            | Fault::Delay { .. }
            | Fault::Fail { .. }
            | Fault::Dns { .. }
            | Fault::Kill { .. }
            | Fault::RestartEcsAgent { .. }
            | Fault::SpotNotice { .. }
            | Fault::Rebalance { .. }
            | Fault::ScaleIn { .. }
            | Fault::DuplicateMessage { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
