//! What is known of one task: introspection's view, ECS's view of whose it is, and its supervisor's words. Pure.

use std::net::Ipv4Addr;
use std::num::NonZeroU16;

use cloud_map::TaskArn;
use daemon::moment::Moment;
use task_state::{ServiceName, State};

use crate::news::News;

/// The port of the app, in its container.
pub const APP_PORT: NonZeroU16 = NonZeroU16::new(9050).expect("not zero");

/// The port of the supervisor, in its container.
pub const SUPERVISOR_PORT: NonZeroU16 = NonZeroU16::new(9051).expect("not zero");

/// So often in a row must 9051 of a running task be refused before it counts as a task without a supervisor.
pub const REFUSALS: u32 = 5;

/// A task's status in introspection, which folds all others into these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not running yet.
    Pending,
    /// Running.
    Running,
    /// Ended.
    Stopped,
}

/// Where a task answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its own address (awsvpc) or the host's.
    pub address: Ipv4Addr,
    /// Where the app's port is found.
    pub port: NonZeroU16,
    /// Where the supervisor's port would be found.
    pub supervisor_port: NonZeroU16,
}

/// A task as introspection lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub arn: TaskArn,
    /// Its task definition, `family:revision`.
    pub revision: String,
    /// What ECS wants; introspection leaves it out where it contradicts what is known.
    pub desired: Option<Status>,
    /// What the ECS agent knows.
    pub known: Status,
    /// None while it has no address.
    pub endpoint: Option<Endpoint>,
}

/// Whether the last good listing had the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It had.
    Listed,
    /// It had not, though an earlier one had. By itself no proof of an end: an ECS agent that lost its state forgets
    /// tasks that run.
    Vanished,
    /// It had not, and ECS says that the task has stopped.
    ProvedStopped,
}

/// Whose task it is, by its `SERVICE_NAME` in ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// ECS was not asked, or so often did not know the task yet.
    Unknown {
        /// How often it did not know.
        misses: u32,
    },
    /// One of ours.
    Ours(ServiceName),
    /// A task without `SERVICE_NAME`, or one that ECS has forgotten: left alone.
    NotOurs,
}

/// What ECS says of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Described {
    /// It is there.
    Found {
        /// `SERVICE_NAME` of its overrides.
        service: Option<ServiceName>,
        /// Its last status is STOPPED.
        stopped: bool,
    },
    /// ECS does not know it (yet, or any more).
    Missing,
}

/// What is known of whether the task may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// No word yet; 9051 was refused so often in a row.
    Unheard {
        /// While the task was running.
        refusals: u32,
    },
    /// Its supervisor speaks, or has spoken.
    Said {
        /// The last word.
        state: State,
        /// Counts the watches of this run: after a new one, reports are made again.
        connection: u64,
        /// The watch still stands.
        live: bool,
    },
    /// It has no supervisor.
    Unsupervised {
        /// A connection to the app's port has been accepted.
        accepts: bool,
    },
}

/// News from 9051, or from the app's port where 9051 is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A supervisor's state, in the hello or later.
    Said {
        /// Which service it says it runs.
        service: ServiceName,
        /// Which task it says it is, where it knows.
        task: Option<String>,
        /// The state.
        state: State,
        /// The watch's number.
        connection: u64,
    },
    /// 9051 was refused.
    Refused {
        /// Whether the app's port took a connection; none where it was not tried.
        accepts: Option<bool>,
    },
    /// The watch ended, or could not be opened in another way than being refused.
    Broken,
}

/// One task of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Introspection's last word.
    pub listed: Listed,
    /// Whether it is still listed.
    pub presence: Presence,
    /// Whose it is.
    pub ownership: Ownership,
    /// Whether it may be used.
    pub readiness: Readiness,
    /// Since when it is ready.
    pub ready_since: Option<Moment>,
}

impl Task {
    /// A task seen for the first time.
    #[must_use]
    pub fn new(listed: Listed) -> Self {
        Task {
            listed,
            presence: Presence::Listed,
            ownership: Ownership::Unknown { misses: 0 },
            readiness: Readiness::Unheard { refusals: 0 },
            ready_since: None,
        }
    }

    /// Its service, where it is one of ours.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        match &self.ownership {
            Ownership::Ours(service) => Some(service),
            Ownership::Unknown { .. } | Ownership::NotOurs => None,
        }
    }

    /// Known to have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.listed.known == Status::Stopped || self.presence == Presence::ProvedStopped
    }

    /// The supervisor says so now, or, without one, the app's port has answered. Not for a task that is to stop.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let says_so = match self.readiness {
            Readiness::Said { state, live, .. } => live && state.is_ready(),
            Readiness::Unsupervised { accepts } => accepts,
            Readiness::Unheard { .. } => false,
        };
        says_so && !self.is_over() && self.listed.desired != Some(Status::Stopped)
    }

    /// On its way out: draining, stopping, gone, or stopped by ECS. What a broken watch said last still counts.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        let says_so = match self.readiness {
            Readiness::Said { state: State::Draining { .. } | State::Stopping | State::Gone, .. } => true,
            Readiness::Said { state: State::Starting | State::Awake { .. }, .. }
            | Readiness::Unsupervised { .. }
            | Readiness::Unheard { .. } => false,
        };
        says_so || self.is_over() || self.listed.desired == Some(Status::Stopped)
    }

    /// Vanished, and neither ECS nor its supervisor has said that it ended.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.presence == Presence::Vanished && self.listed.known != Status::Stopped
    }

    pub(super) fn list(&mut self, listed: Listed) {
        self.presence = Presence::Listed;
        self.listed = listed;
    }

    pub(super) fn vanish(&mut self) {
        if self.presence == Presence::Listed {
            self.presence = Presence::Vanished;
        }
    }

    /// Takes ECS's answer; false: it does not settle what was asked.
    pub(super) fn describe(&mut self, described: &Described) -> bool {
        match described {
            Described::Found { service, stopped } => {
                self.ownership = match service {
                    Some(name) => Ownership::Ours(name.clone()),
                    None => Ownership::NotOurs,
                };
                if self.presence == Presence::Vanished && *stopped {
                    self.presence = Presence::ProvedStopped;
                }
                !self.is_missed()
            }
            Described::Missing => match self.ownership {
                // ECS shows stopped tasks for an hour; of one that had stopped before nothing more can be learnt.
                Ownership::Unknown { .. } if self.listed.known == Status::Stopped => {
                    self.ownership = Ownership::NotOurs;
                    true
                }
                Ownership::Unknown { misses } => {
                    self.ownership = Ownership::Unknown { misses: misses.saturating_add(1) };
                    false
                }
                Ownership::Ours(_) | Ownership::NotOurs => false,
            },
        }
    }

    pub(super) fn hear(&mut self, word: Word) -> Option<News> {
        match word {
            Word::Said { service, task, state, connection } => {
                let other_task = task.as_deref().is_some_and(|arn| arn != self.listed.arn.as_str());
                if other_task || Some(&service) != self.service() {
                    // An address is used again within minutes: this is not the task it was taken for.
                    return Some(News::Stranger { task: self.listed.arn.clone(), says: service });
                }
                self.readiness = Readiness::Said { state, connection, live: true };
            }
            Word::Broken => {
                if let Readiness::Said { live, .. } = &mut self.readiness {
                    *live = false;
                }
            }
            Word::Refused { accepts } => self.refuse(accepts),
        }
        None
    }

    fn refuse(&mut self, accepts: Option<bool>) {
        let running = self.listed.known == Status::Running;
        self.readiness = match self.readiness {
            Readiness::Said { state, connection, .. } => Readiness::Said { state, connection, live: false },
            Readiness::Unsupervised { accepts: before } => {
                Readiness::Unsupervised { accepts: before || accepts == Some(true) }
            }
            Readiness::Unheard { refusals } if running && refusals + 1 >= REFUSALS => {
                Readiness::Unsupervised { accepts: accepts == Some(true) }
            }
            Readiness::Unheard { refusals } => Readiness::Unheard { refusals: refusals + u32::from(running) },
        };
    }
}
