//! What takes Cloud Map a while: it answers with an operation's id, and HTTP 200 is not success.
//!
//! Guarantees: for one subject (an instance, a service, a namespace, a namespace's name) one operation at a time; the
//! same call with the same request id is the same operation; every operation ends, unless it was made to be lost.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use daemon::moment::Moment;

use super::model::CloudMap;
use super::refusals::{duplicate, not_found};
use super::work::Work;
use crate::account::last_part;
use crate::refusal::Refusal;

mod operation;

use operation::Asked;
pub(super) use operation::Subject;
pub use operation::{ErrorCode, Lost, Operation, OperationStatus};

/// From accepted to begun.
const BEGINS: Duration = Duration::from_millis(20);
/// From accepted to done. The time factor does not shorten it: clients must see it.
const TAKES: Duration = Duration::from_millis(200);
/// How long an operation can be asked for after its end, and how many are kept at most. AWS names no time.
const KEPT: Duration = Duration::from_secs(3600);
const MOST_KEPT: usize = 20_000;

/// What is to happen to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begin,
    End,
}

/// So many operations are to be lost.
#[derive(Debug)]
struct ToLose {
    /// For this fault.
    fault: Option<u64>,
    left: u32,
    how: Lost,
}

/// The operations.
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// By id.
    all: BTreeMap<String, Operation>,
    under_way: BTreeMap<Subject, String>,
    asked: BTreeMap<Asked, String>,
    /// By when; the number keeps the order of two of one moment.
    steps: BTreeMap<(Moment, u64), (Step, String)>,
    count: u64,
    /// Those that have ended, the oldest first.
    ended: VecDeque<String>,
    /// How the next ones are lost.
    to_lose: VecDeque<ToLose>,
}

impl Operations {
    /// Every operation.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.all.values()
    }

    /// The operation that is under way for a subject.
    pub(super) fn under_way(&self, subject: &Subject) -> Option<&str> {
        self.under_way.get(subject).map(String::as_str)
    }

    /// How many namespaces are being made.
    pub(super) fn names_under_way(&self) -> usize {
        self.under_way.keys().filter(|subject| matches!(subject, Subject::Name(..))).count()
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.steps.first_key_value().map(|((at, _), _)| *at)
    }

    fn step(&mut self, at: Moment, step: Step, id: String) {
        self.count += 1;
        self.steps.insert((at, self.count), (step, id));
    }

    /// How the operation is lost that is accepted now.
    fn lose_one(&mut self) -> Option<Lost> {
        let next = self.to_lose.front_mut()?;
        next.left = next.left.saturating_sub(1);
        let how = next.how.clone();
        if next.left == 0 {
            self.to_lose.pop_front();
        }
        Some(how)
    }

    /// Forgets the oldest that have ended.
    fn forget(&mut self, now: Moment) {
        while let Some(oldest) = self.ended.front() {
            let old = self.all.get(oldest).is_none_or(|operation| operation.updated_at + KEPT <= now);
            if !old && self.ended.len() <= MOST_KEPT {
                return;
            }
            let gone = self.ended.pop_front().and_then(|id| self.all.remove(&id));
            if let Some(asked) = gone.and_then(|operation| operation.asked) {
                self.asked.remove(&asked);
            }
        }
    }
}

impl CloudMap {
    /// The next operation that is accepted is lost. Asked for several times, it is so many operations.
    pub fn lose_next(&mut self, lost: Lost) {
        self.operations.to_lose.push_back(ToLose { fault: None, left: 1, how: lost });
    }

    /// So many operations are lost for a fault, after those that are to be lost already.
    pub fn lose_for(&mut self, fault: u64, count: u32, how: Lost) {
        self.operations.to_lose.push_back(ToLose { fault: Some(fault), left: count, how });
    }

    /// Whether operations are still to be lost for a fault.
    #[must_use]
    pub fn loses_for(&self, fault: u64) -> bool {
        self.operations.to_lose.iter().any(|lose| lose.fault == Some(fault))
    }

    /// No operation is lost for this fault any more, but for those that are already.
    pub fn lose_none_for(&mut self, fault: u64) {
        self.operations.to_lose.retain(|lose| lose.fault != Some(fault));
    }

    /// GetOperation.
    ///
    /// # Errors
    /// `OperationNotFound`.
    pub fn operation(&self, id: &str) -> Result<&Operation, Refusal> {
        let none = || not_found("OperationNotFound", format!("Operation {id} not found."));
        self.operations.all.get(last_part(id)).ok_or_else(none)
    }

    /// The operation that this very call was answered with before, if it was.
    pub(super) fn retried(&self, work: &Work, request_id: Option<&String>) -> Option<Result<String, Refusal>> {
        let asked = asked(work, request_id?);
        let before = self.operations.asked.get(&asked).and_then(|id| self.operations.all.get(id))?;
        Some(if before.work.is_same(work) {
            Ok(before.id.clone())
        } else {
            let message = "The request id was used for another request: it must be unique.";
            Err(duplicate(message, &before.id))
        })
    }

    /// Refuses while another operation is under way.
    pub(super) fn alone(&self, subject: &Subject) -> Result<(), Refusal> {
        let message = match subject {
            Subject::Instance(..) => {
                "Another operation of type RegisterInstance or DeregisterInstance is in progress for this instance."
            }
            Subject::Name(..) | Subject::Namespace(_) | Subject::Service(_) => "The operation is already in progress.",
        };
        match self.operations.under_way(subject) {
            Some(id) => Err(duplicate(message, id)),
            None => Ok(()),
        }
    }

    /// Accepts work that was checked; the operation's id.
    pub(super) fn accept(&mut self, now: Moment, work: Work, request_id: Option<String>) -> String {
        let id = format!("{}-{}", self.ids.letters(26), self.ids.letters(8));
        let asked = request_id.map(|request_id| asked(&work, &request_id));
        let operations = &mut self.operations;
        operations.under_way.insert(work.subject(), id.clone());
        if let Some(asked) = &asked {
            operations.asked.insert(asked.clone(), id.clone());
        }
        operations.step(now + BEGINS, Step::Begin, id.clone());
        let lost = operations.lose_one();
        if lost != Some(Lost::NeverEnds) {
            operations.step(now + TAKES, Step::End, id.clone());
        }
        let status = OperationStatus::Submitted;
        let (created_at, updated_at) = (now, now);
        let operation = Operation { id: id.clone(), work, status, error: None, created_at, updated_at, lost, asked };
        operations.all.insert(id.clone(), operation);
        id
    }

    /// When [`CloudMap::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        [self.operations.deadline(), self.spread.deadline(), self.health.deadline()].into_iter().flatten().min()
    }

    /// Lets time pass: operations begin and end, health changes, views come to see what has changed.
    ///
    /// In one step or in many: what is there afterwards is the same.
    pub fn advance(&mut self, now: Moment) {
        while let Some(at) = self.deadline().filter(|at| *at <= now) {
            self.carry_on(at, at);
        }
        self.operations.forget(now);
    }

    /// Ends everything that only takes time, now: a world that is being made does not wait.
    pub fn finish(&mut self, now: Moment) {
        while let Some(at) = self.deadline() {
            self.carry_on(at, now);
        }
    }

    /// Does what is due at `at`, as if it were `then`.
    fn carry_on(&mut self, at: Moment, then: Moment) {
        while let Some(first) = self.operations.steps.first_entry().filter(|first| first.key().0 <= at) {
            let (step, id) = first.remove();
            match step {
                Step::Begin => self.begin(then, &id),
                Step::End => self.end(then, &id),
            }
        }
        self.change_health(at, then);
        while let Some((view, change)) = self.spread.next(at) {
            self.seen(view, change);
        }
    }

    fn begin(&mut self, now: Moment, id: &str) {
        if let Some(operation) = self.operations.all.get_mut(id) {
            operation.status = OperationStatus::Pending;
            operation.updated_at = now;
        }
    }

    fn end(&mut self, now: Moment, id: &str) {
        let Some(operation) = self.operations.all.get_mut(id) else { return };
        operation.updated_at = now;
        let work = operation.work.clone();
        let fails = match operation.lost.take() {
            Some(Lost::Fails { code, message }) => {
                operation.status = OperationStatus::Fail;
                operation.error = Some((code, message));
                true
            }
            Some(Lost::NeverEnds) | None => {
                operation.status = OperationStatus::Success;
                false
            }
        };
        self.operations.under_way.remove(&work.subject());
        self.operations.ended.push_back(id.to_owned());
        if fails { self.give_up(&work) } else { self.carry_out(now, work) }
    }
}

fn asked(work: &Work, request_id: &str) -> Asked {
    (work.kind(), work.scope().to_owned(), request_id.to_owned())
}
