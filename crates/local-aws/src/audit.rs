//! Every call that came: who, what, when, what was answered and how long it took. Tests count here.
//!
//! The last calls are kept, as many as 16 MiB hold; arguments are shortened and carry no secret.

use std::collections::VecDeque;
use std::time::Duration;

use daemon::moment::Moment;
use serde::Serialize;

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
    totals: Totals,
}

/// How many calls came to what since the start, those that are no longer kept included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Every call that came.
    pub came: u64,
    /// Refused because a bucket was empty, or as if it were.
    pub throttled: u64,
    /// Refused for any other reason.
    pub refused: u64,
    /// Closed or left without an answer.
    pub unanswered: u64,
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
        if let Some(entry) = find(&mut self.entries, number) {
            entry.took = now.since(entry.at);
            entry.outcome = outcome;
            entry.by = by.or(entry.by);
            let total = match &entry.outcome {
                Outcome::Waiting | Outcome::Answered | Outcome::Left => return,
                Outcome::Refused(code) if entry.by == Some(By::Throttle) || is_throttling(code) => {
                    &mut self.totals.throttled
                }
                Outcome::Refused(_) => &mut self.totals.refused,
                Outcome::Closed | Outcome::Unanswered => &mut self.totals.unanswered,
            };
            *total += 1;
        }
    }

    /// The caller of a call went. What had an answer by then keeps it.
    pub fn left(&mut self, number: u64, now: Moment) {
        if let Some(entry) = find(&mut self.entries, number).filter(|entry| entry.outcome == Outcome::Waiting) {
            entry.took = now.since(entry.at);
            entry.outcome = Outcome::Left;
        }
    }

    /// How many calls came to what since the start.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        Totals { came: self.last, ..self.totals }
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

fn find(entries: &mut VecDeque<Entry>, number: u64) -> Option<&mut Entry> {
    let first = entries.front()?.number;
    entries.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
}

/// The codes by which the services say that a caller is too fast; a fault says them too.
fn is_throttling(code: &str) -> bool {
    code.contains("Throttl") || code == "RequestLimitExceeded"
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
    fn what_became_of_calls_is_counted_from_the_start() {
        let mut audit = Audit::default();
        let mut ends = |outcome: Outcome, by: Option<By>| {
            let number = audit.came(&call("RunTask"));
            audit.ended(number, Moment::millis(20), outcome, by);
        };
        let refused = |code: &str| Outcome::Refused(code.to_owned());
        ends(Outcome::Answered, None);
        ends(refused("ThrottlingException"), Some(By::Throttle));
        ends(refused("ThrottlingException"), Some(By::Fault(1)));
        ends(refused("ClientException"), None);
        ends(Outcome::Closed, Some(By::Fault(2)));
        assert_eq!(audit.totals(), Totals { came: 5, throttled: 2, refused: 1, unanswered: 1 });
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
