//! What goes wrong on request: one list of faults, the same over HTTP, in a scenario file and in Rust.
//!
//! [`fault`] says which there are, [`read`] reads them; here is which of them are under way, for how long, and what they do to
//! a call. What they do to hosts, tasks and the DNS, the world does. Chances come from a seed: the same calls in the same
//! order meet the same fate.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;
use serde_json::{Value, json};

pub mod fault;
pub mod read;
pub mod verdict;

pub use fault::{Fault, Victim};
pub use read::Injection;
pub use verdict::{Ending, Verdict};

use crate::ids::Ids;

/// How many faults that are over are remembered.
const REMEMBERED: usize = 200;
/// How many may be under way at once.
const MOST: usize = 1000;

/// A fault that was injected.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// What it does.
    pub fault: Fault,
    /// Since when.
    pub since: Moment,
    /// Until when, unless it is lifted before.
    pub until: Option<Moment>,
    /// When it was over.
    pub over: Option<Moment>,
    /// How many calls it struck.
    pub struck: u64,
}

/// The faults that were injected.
#[derive(Debug)]
pub struct Faults {
    chance: Ids,
    last: u64,
    known: BTreeMap<u64, Known>,
    /// How many of them are under way.
    active: usize,
}

impl Faults {
    /// No faults; chances come from the seed.
    #[must_use]
    pub const fn new(chance: Ids) -> Self {
        Faults { chance, last: 0, known: BTreeMap::new(), active: 0 }
    }

    /// Takes a fault in; its id. One that is over as soon as it is done is not under way.
    ///
    /// # Errors
    /// There are too many.
    pub fn begin(&mut self, now: Moment, fault: Fault, lasts: Option<Duration>) -> Result<u64, String> {
        if self.active >= MOST {
            return Err(format!("{MOST} faults are under way; lift some first"));
        }
        self.last += 1;
        let over = (!fault.lasts()).then_some(now);
        self.active += usize::from(over.is_none());
        let until = lasts.map(|lasts| now + lasts);
        self.known.insert(self.last, Known { fault, since: now, until, over, struck: 0 });
        while self.known.len() - self.active > REMEMBERED {
            let Some(oldest) = self.known.iter().find(|(_, known)| known.over.is_some()).map(|(id, _)| *id) else {
                break;
            };
            self.known.remove(&oldest);
        }
        Ok(self.last)
    }

    /// The fault is over; what it did, if it was under way.
    pub fn end(&mut self, now: Moment, id: u64) -> Option<Fault> {
        let known = self.known.get_mut(&id).filter(|known| known.over.is_none())?;
        known.over = Some(now);
        self.active -= 1;
        Some(known.fault.clone())
    }

    /// The fault was none: what it was to do cannot happen.
    pub fn forget(&mut self, id: u64) {
        if let Some(known) = self.known.remove(&id) {
            self.active -= usize::from(known.over.is_none());
        }
    }

    /// The faults under way, the oldest first.
    pub fn active(&self) -> impl Iterator<Item = (u64, &Known)> {
        self.known.iter().filter(|(_, known)| known.over.is_none()).map(|(id, known)| (*id, known))
    }

    /// Whether none is under way.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.active == 0
    }

    /// The faults whose time is over.
    #[must_use]
    pub fn due(&self, now: Moment) -> Vec<u64> {
        self.active().filter(|(_, known)| known.until.is_some_and(|until| until <= now)).map(|(id, _)| id).collect()
    }

    /// When the next of them is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        if self.is_empty() {
            return None;
        }
        self.active().filter_map(|(_, known)| known.until).min()
    }

    /// A number below `count`, from the seed.
    pub fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.chance.number() % u64::try_from(count.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Every fault that is known, as `GET /_faults` has it.
    #[must_use]
    pub fn list(&self) -> Value {
        self.known.iter().map(|(id, known)| shape(*id, known)).collect()
    }

    /// One of them.
    #[must_use]
    pub fn one(&self, id: u64) -> Option<Value> {
        self.known.get(&id).map(|known| shape(id, known))
    }
}

fn shape(id: u64, known: &Known) -> Value {
    let ms = |moment: Moment| u64::try_from(moment.since_start().as_millis()).unwrap_or(u64::MAX);
    json!({
        "id": id,
        "fault": known.fault,
        "since_ms": ms(known.since),
        "until_ms": known.until.map(ms),
        "over_ms": known.over.map(ms),
        "active": known.over.is_none(),
        "struck": known.struck,
    })
}

#[cfg(test)]
mod tests;
