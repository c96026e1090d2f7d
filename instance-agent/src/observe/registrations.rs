//! What this run knows of its tasks' registrations: only what it has done itself, because a listing is no proof (A2).
//! Pure.

use std::collections::BTreeMap;

use cloud_map::{Registration, TaskArn};
use daemon::moment::Moment;

use super::tasks::{Readiness, Task};
use crate::news::News;
use crate::plan::step::{Done, Step};

/// What is known of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing, or not any more: a step on it failed, or an earlier run may have registered it.
    #[default]
    Nothing,
    /// Its registration has succeeded.
    Registered(Registration),
    /// Its deregistration has succeeded.
    Gone {
        /// When.
        at: Moment,
    },
}

/// What is known of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registrations {
    known: BTreeMap<TaskArn, Known>,
    released: BTreeMap<TaskArn, Released>,
}

/// A report that has arrived: the drain's number, and over which watch's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Released {
    number: u64,
    connection: u64,
}

impl Registrations {
    /// What is known of the task's registration.
    #[must_use]
    pub fn of(&self, task: &TaskArn) -> &Known {
        self.known.get(task).unwrap_or(&Known::Nothing)
    }

    /// Known to be out of Cloud Map.
    #[must_use]
    pub fn is_gone(&self, task: &TaskArn) -> bool {
        matches!(self.of(task), Known::Gone { .. })
    }

    /// Whether the release of this drain has been reported to a supervisor that still remembers it.
    #[must_use]
    pub fn is_released(&self, task: &TaskArn, number: u64, connection: u64) -> bool {
        self.released.get(task) == Some(&Released { number, connection })
    }

    /// A registration under way may succeed at any moment: the task is not known to be gone any more (A2).
    pub(super) fn note_started(&mut self, step: &Step) {
        if let Step::Register { registration, .. } = step {
            self.known.insert(registration.task.clone(), Known::Nothing);
        }
    }

    pub(super) fn note(&mut self, step: &Step, done: &Done, tasks: &BTreeMap<TaskArn, Task>, now: Moment) -> Vec<News> {
        match (step, done) {
            (Step::Register { service, registration }, Done::Registered) => {
                let task = registration.task.clone();
                let took = tasks.get(&task).and_then(|task| task.ready_since).map(|ready| now.since(ready));
                self.known.insert(task.clone(), Known::Registered(registration.clone()));
                vec![News::TaskRegistered { task, service: service.clone(), took }]
            }
            (Step::Deregister { service, task }, Done::Deregistered { was_there }) => {
                self.known.insert(task.clone(), Known::Gone { at: now });
                let told = News::TaskDeregistered { task: task.clone(), service: service.clone() };
                was_there.then_some(told).into_iter().collect()
            }
            (Step::Release { task, service, number, connection, .. }, Done::Released) => {
                self.released.insert(task.clone(), Released { number: *number, connection: *connection });
                vec![News::DrainReleased { task: task.clone(), service: service.clone(), number: *number }]
            }
            _ => Vec::new(),
        }
    }

    /// A registration or deregistration that failed may have happened all the same.
    pub(super) fn note_failure(&mut self, step: &Step) {
        match step {
            Step::Register { registration, .. } => {
                self.known.insert(registration.task.clone(), Known::Nothing);
            }
            Step::Deregister { task, .. } => {
                self.known.insert(task.clone(), Known::Nothing);
            }
            Step::Describe { .. }
            | Step::Prove { .. }
            | Step::Release { .. }
            | Step::LookAtGroup
            | Step::Protect { .. }
            | Step::LookAtInstance
            | Step::LookForWork { .. }
            | Step::Mark
            | Step::Unmark
            | Step::Drain
            | Step::Activate { .. }
            | Step::Terminate { .. } => {}
        }
    }

    pub(super) fn forget(&mut self, task: &TaskArn) {
        self.known.remove(task);
        self.released.remove(task);
    }
}

/// The drain a task is in, where its supervisor is there to be told: its number and the watch's.
#[must_use]
pub fn drain_of(task: &Task) -> Option<(u64, u64)> {
    match task.readiness {
        Readiness::Said { state: task_state::State::Draining { number, .. }, connection, live: true } => {
            Some((number, connection))
        }
        Readiness::Said { .. } | Readiness::Unheard { .. } | Readiness::Unsupervised { .. } => None,
    }
}
