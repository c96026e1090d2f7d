//! One value of everything that is known: [`Observed`]. Pure: news from outside is folded into it, the plan reads it.
//!
//! What could not be learnt is part of the value. A failed look changes nothing that was known before, and never makes
//! a task look stopped or a host look empty (rule A5).

pub mod host;
pub mod registrations;
pub mod tasks;

use std::collections::BTreeMap;

use cloud_map::TaskArn;
use daemon::moment::Moment;

use crate::news::News;
use crate::plan::pace::Pace;
use crate::plan::step::{Done, Outcome, Step};
use host::Host;
use registrations::Registrations;
use tasks::{Listed, Ownership, Presence, Status, Task, Word};

/// What the last look at introspection's task list gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// None was made yet.
    NotYet,
    /// The tasks are known.
    Known {
        /// When it was asked for.
        at: Moment,
    },
    /// The last look failed; the tasks are those of the last good one.
    Failed {
        /// Since when no look has succeeded.
        since: Moment,
        /// Why.
        why: String,
    },
}

/// Everything that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// How the last look at the tasks went.
    pub listing: Listing,
    /// The tasks of this host.
    pub tasks: BTreeMap<TaskArn, Task>,
    /// What this run knows of their registrations.
    pub registrations: Registrations,
    /// The host itself.
    pub host: Host,
    /// Steps under way, and steps that failed.
    pub pace: Pace,
}

impl Observed {
    /// At the start of a run, when nothing but the host's own name is known.
    #[must_use]
    pub fn new(host: Host, pace: Pace) -> Self {
        Observed {
            listing: Listing::NotYet,
            tasks: BTreeMap::new(),
            registrations: Registrations::default(),
            host,
            pace,
        }
    }

    /// Takes a look at introspection: the list, asked for at `asked`, or why there is none.
    pub fn note_listing(&mut self, asked: Moment, look: Result<Vec<Listed>, String>, now: Moment) -> Vec<News> {
        let mut news = Vec::new();
        match look {
            Err(why) => {
                if !matches!(self.listing, Listing::Failed { .. }) {
                    news.push(News::TasksUnknown { why: why.clone() });
                    self.listing = Listing::Failed { since: now, why };
                }
            }
            Ok(listed) => {
                if matches!(self.listing, Listing::Failed { .. }) {
                    news.push(News::TasksKnownAgain);
                }
                self.listing = Listing::Known { at: asked };
                let mut vanished: Vec<TaskArn> = self.tasks.keys().cloned().collect();
                for task in listed {
                    vanished.retain(|arn| *arn != task.arn);
                    match self.tasks.get_mut(&task.arn) {
                        Some(known) => known.list(task),
                        None => {
                            self.tasks.insert(task.arn.clone(), Task::new(task));
                        }
                    }
                }
                for arn in vanished {
                    if let Some(task) = self.tasks.get_mut(&arn) {
                        task.vanish();
                    }
                }
            }
        }
        self.forget_the_past();
        news.extend(self.look_for_emptiness(now));
        news
    }

    /// Takes a word of a task's supervisor, or of its port where there is none.
    pub fn note_word(&mut self, arn: &TaskArn, word: Word, now: Moment) -> Vec<News> {
        let Some(task) = self.tasks.get_mut(arn) else { return Vec::new() };
        let was_ready = task.is_ready();
        let mut news: Vec<News> = task.hear(word).into_iter().collect();
        match (was_ready, task.is_ready()) {
            (false, true) => {
                task.ready_since = Some(now);
                news.push(News::TaskReady { task: arn.clone(), service: task.service().cloned() });
            }
            (true, false) => task.ready_since = None,
            (true, true) | (false, false) => {}
        }
        news
    }

    /// Notes that a step is under way from `now`.
    pub fn note_started(&mut self, step: &Step, now: Moment) {
        self.pace.started(step, now);
        self.registrations.note_started(step);
    }

    /// Takes what came of a step.
    pub fn note_outcome(&mut self, step: &Step, outcome: &Outcome, now: Moment) -> Vec<News> {
        let started = self.pace.ended(step).unwrap_or(now);
        let done = match outcome {
            Outcome::Failed { why, retry } => {
                let failures = self.pace.failed(step, *retry, now);
                self.registrations.note_failure(step);
                self.host.note_failure(step);
                return vec![News::StepFailed { step: step.clone(), why: why.clone(), retry: *retry, failures }];
            }
            Outcome::Done(done) => done,
        };
        let mut news = self.registrations.note(step, done, &self.tasks, now);
        news.extend(self.host.note(step, done, started, now));
        let mut unanswered = false;
        if let (Step::Describe { .. } | Step::Prove { .. }, Done::Described(described)) = (step, done) {
            for (arn, found) in described {
                if let Some(task) = self.tasks.get_mut(arn) {
                    unanswered |= !task.describe(found);
                    news.extend(matches!(task.ownership, Ownership::NotOurs).then(|| News::NotOurs(arn.clone())));
                }
            }
        }
        // A new task that ECS does not show yet is asked for again soon; one that is lost, later each time.
        if !(unanswered && matches!(step, Step::Prove { .. })) {
            self.pace.succeeded(step);
        }
        if unanswered {
            self.pace.failed(step, cloud_map::Retry::Allowed, now);
        }
        self.forget_the_past();
        news.extend(self.look_for_emptiness(now));
        news
    }

    /// Whether introspection says now that nothing but stopped tasks is here. None: it is not known.
    #[must_use]
    pub fn is_empty(&self) -> Option<bool> {
        match self.listing {
            Listing::Known { .. } => Some(self.tasks.values().all(Task::is_over)),
            Listing::NotYet | Listing::Failed { .. } => None,
        }
    }

    fn look_for_emptiness(&mut self, now: Moment) -> Vec<News> {
        let empty = self.is_empty() == Some(true);
        match (empty, self.host.empty_since) {
            (true, None) => {
                self.host.empty_since = Some(now);
                vec![News::HostEmpty]
            }
            (false, Some(_)) => {
                self.host.empty_since = None;
                if self.is_empty() == Some(false) {
                    // Somebody uses this host: what waited for it has been placed.
                    self.host.gave_way = 0;
                }
                Vec::new()
            }
            (true, Some(_)) | (false, None) => Vec::new(),
        }
    }

    /// Drops tasks that introspection no longer lists and for which nothing is left to do.
    fn forget_the_past(&mut self) {
        let done = |arn: &TaskArn, task: &Task| match task.ownership {
            Ownership::Unknown { .. } | Ownership::NotOurs => true,
            Ownership::Ours(_) => task.is_over() && self.registrations.is_gone(arn),
        };
        let past: Vec<TaskArn> = self
            .tasks
            .iter()
            .filter(|(arn, task)| task.presence == Presence::Vanished && done(arn, task))
            .map(|(arn, _)| arn.clone())
            .collect();
        for arn in past {
            self.tasks.remove(&arn);
            self.registrations.forget(&arn);
            self.pace.forget(&arn);
        }
    }

    /// The tasks of ours that are to be followed: they have an address and are not known to be over.
    pub fn followed(&self) -> impl Iterator<Item = (&TaskArn, &Task)> {
        self.tasks.iter().filter(|(_, task)| {
            task.service().is_some() && task.listed.known != Status::Stopped && task.listed.endpoint.is_some()
        })
    }
}
