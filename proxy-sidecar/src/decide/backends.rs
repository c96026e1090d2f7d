//! What is known of the backends of one service.
//!
//! A backend is known by the address of its app. What is heard of it (its supervisor's state and lease, or a health
//! check's answer) decides alone whether a request may be started there; absence from a DNS answer removes nothing
//! (rule X1). It leaves when it has failed several looks in a row and nobody has named it for a while, or when ECS says
//! that its task is over.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::{Lease, State};

mod backend;

pub use backend::Backend;

/// Failed looks in a row after which a backend that nobody names any more is forgotten.
pub const FAILED_LOOKS: u32 = 5;

/// For how long a backend counts as named after somebody named it.
pub const NAMED: Duration = Duration::from_secs(30);

/// Who named a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--backend`; never forgotten.
    Fixed,
    /// An A record.
    Dns,
    /// A registration.
    CloudMap,
    /// The task that this proxy woke or follows.
    Task,
}

impl Source {
    /// As in logs and status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Fixed => "fixed",
            Source::Dns => "dns",
            Source::CloudMap => "cloud_map",
            Source::Task => "task",
        }
    }
}

/// Whether there is a supervisor (rule X2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervision {
    /// Nobody has said; a refused connection to its status port and an answering app say that there is none.
    Unknown,
    /// It is registered, or has been heard: without it nothing is sent.
    Certain,
    /// The registration says that there is none.
    Absent,
}

/// What is heard of a backend now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Nothing: not yet, or not any more.
    Silent,
    /// Its supervisor speaks.
    Watched {
        /// The state it said last.
        state: State,
        /// The lease that is left.
        lease: Lease,
    },
    /// It has no supervisor, and its health check succeeds.
    Healthy,
    /// The supervisor there runs another service: the address was recycled. Never used (rule X2).
    Foreign,
}

/// All backends of a service, by the address of their apps.
#[derive(Clone, Debug, Default)]
pub struct Backends {
    known: BTreeMap<SocketAddr, Backend>,
}

/// What somebody says about a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The app's address.
    pub at: SocketAddr,
    /// The supervisor's port.
    pub status_port: u16,
    /// Who says it.
    pub source: Source,
    /// Whether there is a supervisor.
    pub supervision: Supervision,
    /// The task, where known.
    pub task: Option<String>,
}

impl Backends {
    /// Takes note of a backend; true where it was not known.
    pub fn name(&mut self, named: Named, now: Moment) -> bool {
        let is_new = !self.known.contains_key(&named.at);
        let backend = self.known.entry(named.at).or_insert_with(|| Backend::new(named.source, named.status_port, now));
        backend.named = now;
        match (named.supervision, backend.supervision) {
            // Once a supervisor was heard, no silence of a record takes that back.
            (Supervision::Unknown, _) | (_, Supervision::Certain) => (),
            (said @ (Supervision::Certain | Supervision::Absent), Supervision::Unknown | Supervision::Absent) => {
                backend.supervision = said;
                backend.status_port = named.status_port;
            }
        }
        if named.task.is_some() {
            // Another task on a recycled address: what was known of the old one is worth nothing.
            if backend.task.is_some() && backend.task != named.task && !backend.is_reachable() {
                backend.failures = 0;
            }
            backend.task = named.task;
        }
        is_new
    }

    /// A backend by its address.
    #[must_use]
    pub fn get(&self, at: SocketAddr) -> Option<&Backend> {
        self.known.get(&at)
    }

    /// A backend by its address.
    pub fn get_mut(&mut self, at: SocketAddr) -> Option<&mut Backend> {
        self.known.get_mut(&at)
    }

    /// All of them, by address.
    pub fn iter(&self) -> impl Iterator<Item = (SocketAddr, &Backend)> {
        self.known.iter().map(|(at, backend)| (*at, backend))
    }

    /// All of them, by address.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (SocketAddr, &mut Backend)> {
        self.known.iter_mut().map(|(at, backend)| (*at, backend))
    }

    /// Whether a request may be given to any of them.
    #[must_use]
    pub fn any_usable(&self, now: Moment) -> bool {
        self.known.values().any(|b| b.is_usable(now))
    }

    /// Whether any of them lives.
    #[must_use]
    pub fn any_reachable(&self) -> bool {
        self.known.values().any(Backend::is_reachable)
    }

    /// What is under way at all of them.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.known.values().map(|b| u64::from(b.in_flight)).sum()
    }

    /// Removes the task's backend: ECS says that the task is over.
    pub fn task_over(&mut self, task: &str) {
        self.known.retain(|_, b| b.task.as_deref() != Some(task) || b.source == Source::Fixed || b.is_busy());
    }

    /// Forgets backends that nobody hears or names any more, and gives their addresses.
    pub fn forget(&mut self, now: Moment) -> Vec<SocketAddr> {
        let lost: Vec<SocketAddr> = self.known.iter().filter(|(_, b)| b.is_forgotten(now)).map(|(at, _)| *at).collect();
        for at in &lost {
            self.known.remove(at);
        }
        lost
    }
}

#[cfg(test)]
mod tests;
