//! ECS services: so many tasks of a definition kept running, and deployments that replace them.
//!
//! What a scheduler does next is decided in [`plan`] from facts alone; `schedule` gathers the facts, carries the steps
//! out and says in events what was done. Here is what a service is.
//!
//! Left out: load balancers, task sets, Service Connect, the deployment controllers other than ECS, and health checks:
//! a task counts as healthy a while after it runs, as ECS has it for tasks without any.

mod create;
mod deployment;
mod events;
mod list;
pub mod plan;
pub mod requests;
mod schedule;
#[cfg(test)]
pub(super) mod tests;
mod update;
pub mod wire;

use std::collections::{BTreeMap, VecDeque};

use daemon::moment::Moment;
use serde_json::Value;

pub use deployment::{Deployment, Rollout};
pub use events::{ServiceEvent, Standing};
use requests::{Configuration, CreateService};

use super::requests::{PlacementConstraint, PlacementStrategy, Tag};

/// Whether a service keeps tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceStatus {
    /// It does.
    Active,
    /// It was deleted; tasks of it still run.
    Draining,
    /// It was deleted, and its tasks have ended.
    Inactive {
        /// Since when.
        since: Moment,
    },
}

impl ServiceStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ServiceStatus::Active => "ACTIVE",
            ServiceStatus::Draining => "DRAINING",
            ServiceStatus::Inactive { .. } => "INACTIVE",
        }
    }
}

/// How a service's tasks are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheduling {
    /// One on each host. These are the first to start and the last to stop (ECS developer guide, "Daemon").
    Daemon,
    /// As many as desired.
    Replica,
}

impl Scheduling {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Scheduling::Daemon => "DAEMON",
            Scheduling::Replica => "REPLICA",
        }
    }
}

/// Where an ECS service's tasks' tags come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagate {
    /// Nowhere.
    None,
    /// The task definition.
    TaskDefinition,
    /// The service.
    Service,
}

impl Propagate {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Propagate::None => "NONE",
            Propagate::TaskDefinition => "TASK_DEFINITION",
            Propagate::Service => "SERVICE",
        }
    }
}

/// A task of a service, as the service remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Its deployment.
    pub deployment: String,
    /// What is known of its start.
    pub start: TaskStart,
}

/// How a task's start went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStart {
    /// It has not run yet.
    Awaited,
    /// It ran.
    Succeeded,
    /// It ended before it ran.
    Failed,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's ARN.
    pub cluster_arn: String,
    /// Whether it keeps tasks.
    pub status: ServiceStatus,
    /// How its tasks are spread.
    pub scheduling: Scheduling,
    /// How many tasks it keeps; of a daemon, how many hosts there are for it.
    pub desired: usize,
    /// How deployments go.
    pub configuration: Configuration,
    /// Which hosts its tasks may be on.
    pub constraints: Vec<PlacementConstraint>,
    /// Which of those they prefer.
    pub strategies: Vec<PlacementStrategy>,
    /// Cloud Map services that its tasks are registered with.
    pub registries: Vec<Value>,
    /// Kept and shown.
    pub grace_period: Option<u32>,
    /// Kept and shown.
    pub execute_command: bool,
    /// Whether tasks are tagged with the cluster's and the service's name.
    pub managed_tags: bool,
    /// Whose tags its tasks get.
    pub propagate: Propagate,
    /// Tags.
    pub tags: Vec<Tag>,
    /// When it was created.
    pub created_at: Moment,
    /// The newest first: that one is PRIMARY.
    pub deployments: Vec<Deployment>,
    /// The last deployment that completed: where a circuit breaker goes back to.
    pub completed: Option<Deployment>,
    /// Its tasks that have not been seen stopped.
    pub tasks: BTreeMap<String, Owned>,
    /// The newest first.
    pub events: VecDeque<ServiceEvent>,
    /// What is the case and has been said, so that it is not said again at each look.
    standing: BTreeMap<Standing, (String, Moment)>,
    /// As it was asked for, to know the same call again.
    request: CreateService,
    /// When the scheduler has something to do, at the latest.
    next: Option<Moment>,
}

impl Service {
    /// The newest deployment.
    #[must_use]
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// The group that its tasks are in.
    #[must_use]
    pub fn group(&self) -> String {
        format!("service:{}", self.name)
    }

    /// Whether it still keeps tasks or has some.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        matches!(self.status, ServiceStatus::Active | ServiceStatus::Draining)
    }
}
