//! Every call that came: who, what, when, what was answered and how long it took. Tests count here.
//!
//! The last calls are kept, as many as 16 MiB hold; arguments are shortened and carry no secret.

use std::collections::VecDeque;
use std::time::Duration;

use daemon::moment::Moment;

use crate::call::{Call, Caller, Service};

pub mod arguments;
pub mod asked;
pub mod summary;

/// How much memory the kept calls may take, roughly.
const KEPT: usize = 16 * 1024 * 1024;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is still waited for.
    Waiting,
    /// It was answered.
    Answered,
    /// It was refused with this code.
    Refused(String),
    /// The connection was closed instead of an answer.
    Closed,
    /// It is never answered.
    Unanswered,
    /// The caller went before there was an answer.
    Left,
}

/// Who meddled with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A token bucket was empty.
    Throttle,
    /// A fault, by its id.
    Fault(u64),
}

/// A call that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts the calls, from 1.
    pub number: u64,
    /// When it came.
    pub at: Moment,
    /// How long it took, so far.
    pub took: Duration,
    /// Who called.
    pub caller: Caller,
    /// Of which service.
    pub service: Service,
    /// `RunTask`.
    pub operation: String,
    /// The arguments, shortened.
    pub arguments: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Who meddled with it.
    pub by: Option<By>,
}

impl Entry {
    fn weight(&self) -> usize {
        size_of::<Entry>() + self.caller.id().len() + self.operation.len() + self.arguments.len()
    }
}

/// The last calls.
#[derive(Debug, Default)]
pub struct Audit {
    entries: VecDeque<Entry>,
    last: u64,
    weight: usize,
}

impl Audit {
    /// Writes down that a call came; its number.
    pub fn came(&mut self, call: &Call) -> u64 {
        self.last += 1;
        let entry = Entry {
            number: self.last,
            at: call.arrived,
            took: Duration::ZERO,
            caller: call.caller.clone(),
            service: call.service,
            operation: call.operation.clone(),
            arguments: arguments::shortened(&call.body),
            outcome: Outcome::Waiting,
            by: None,
        };
        self.weight += entry.weight();
        self.entries.push_back(entry);
        while self.weight > KEPT {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.weight -= oldest.weight();
        }
        self.last
    }

    /// Writes down what came of a call, and who meddled with it.
    pub fn ended(&mut self, number: u64, now: Moment, outcome: Outcome, by: Option<By>) {
        if let Some(entry) = self.find(number) {
            entry.took = now.since(entry.at);
            entry.outcome = outcome;
            entry.by = by.or(entry.by);
        }
    }

    /// The caller of a call went. What had an answer by then keeps it.
    pub fn left(&mut self, number: u64, now: Moment) {
        if let Some(entry) = self.find(number).filter(|entry| entry.outcome == Outcome::Waiting) {
            entry.took = now.since(entry.at);
            entry.outcome = Outcome::Left;
        }
    }

    fn find(&mut self, number: u64) -> Option<&mut Entry> {
        let first = self.entries.front()?.number;
        self.entries.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// The calls after the one of this number, as far as they are kept.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Entry> {
        let first = self.first();
        let skip = usize::try_from(number.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip)
    }

    /// The number of the first call that is kept.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.entries.front().map_or(self.last + 1, |entry| entry.number)
    }

    /// The number of the last call; 0 before the first.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(operation: &str) -> Call {
        Call::new(Service::Ecs, operation, json!({ "cluster": "doze" }), Moment::millis(10))
    }

    #[test]
    fn a_call_is_there_from_its_arrival_and_then_with_its_answer() {
        let mut audit = Audit::default();
        let (one, two) = (audit.came(&call("RunTask")), audit.came(&call("ListTasks")));
        audit.ended(one, Moment::millis(35), Outcome::Refused("ClientException".to_owned()), Some(By::Fault(7)));
        audit.left(one, Moment::millis(99));
        audit.left(two, Moment::millis(40));
        let seen: Vec<_> = audit.after(0).map(|e| (e.number, e.took.as_millis(), e.outcome.clone(), e.by)).collect();
        let refused = Outcome::Refused("ClientException".to_owned());
        assert_eq!(seen, [(1, 25, refused, Some(By::Fault(7))), (2, 30, Outcome::Left, None)]);
        assert_eq!(audit.after(1).map(|entry| entry.operation.as_str()).collect::<Vec<_>>(), ["ListTasks"]);
        assert_eq!(audit.after(2).count(), 0);
    }

    #[test]
    fn the_oldest_calls_make_room_for_new_ones() {
        let mut audit = Audit::default();
        let long = Call::new(Service::Ecs, "x".repeat(300_000), json!({}), Moment::START);
        for _ in 0..100 {
            audit.came(&long);
        }
        assert!(audit.weight <= KEPT && audit.entries.len() < 60);
        assert_eq!((audit.last(), audit.first()), (100, 101 - audit.entries.len() as u64));
        audit.ended(1, Moment::START, Outcome::Answered, None);
        assert_eq!(audit.after(0).count(), audit.entries.len());
    }
}
