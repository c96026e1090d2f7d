//! The state of ECS, and how it moves when time passes. What single calls do is in the files beside this one.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;

use super::cluster::{CapacityProvider, Cluster};
use super::definition::TaskDefinition;
use super::instance::{ContainerInstance, InstanceStatus};
use super::run_task::Remembered;
use super::task::{LastStatus, LaunchType, StopCode, Task};
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::Pace;

/// How long a stopped task can be described ("at least one hour", API reference of DescribeTasks).
const STOPPED_IS_KEPT: Duration = Duration::from_secs(3600);
/// How long a `clientToken` is remembered ("up to 24 hours", ECS developer guide, idempotency).
const TOKEN_IS_KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long a task waits for a host before it is given up (10 to 30 minutes are reported).
const WAITS_FOR_A_HOST: Duration = Duration::from_secs(15 * 60);
/// From RunTask to PENDING on Fargate: the network interface and the micro machine.
pub(super) const FARGATE_PROVISIONS: Duration = Duration::from_secs(10);
/// From the last container's end to STOPPED: the network interface goes.
pub(super) const DEPROVISIONS: Duration = Duration::from_secs(2);

/// What came of a change: something to do outside, or something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A task was accepted and has no place yet.
    Provisioning {
        /// Its id.
        task: String,
    },
    /// A task has a place: it needs an address, and is to be started.
    Placed {
        /// Its id.
        task: String,
    },
    /// Every container of the task runs.
    Running {
        /// Its id.
        task: String,
    },
    /// The task's containers are to be stopped. May be said more than once.
    Stopping {
        /// Its id.
        task: String,
    },
    /// The task is over; its address is free.
    Stopped {
        /// Its id.
        task: String,
    },
    /// A host takes no new tasks.
    Draining {
        /// Its EC2 instance id.
        host: String,
    },
    /// A host takes tasks (again).
    Active {
        /// Its EC2 instance id.
        host: String,
    },
}

/// ECS.
#[derive(Debug)]
pub struct Ecs {
    pub(super) account: Account,
    pub(super) pace: Pace,
    pub(super) ids: Ids,
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) definitions: BTreeMap<String, Vec<TaskDefinition>>,
    pub(super) providers: BTreeMap<String, CapacityProvider>,
    /// By ARN.
    pub(super) instances: BTreeMap<String, ContainerInstance>,
    /// By id.
    pub(super) tasks: BTreeMap<String, Task>,
    /// By cluster and token.
    pub(super) tokens: BTreeMap<(String, String), Remembered>,
    pub(super) effects: Vec<Effect>,
}

impl Ecs {
    /// An account without anything in it.
    #[must_use]
    pub fn new(account: Account, pace: Pace, ids: Ids) -> Self {
        Ecs {
            account,
            pace,
            ids,
            clusters: BTreeMap::new(),
            definitions: BTreeMap::new(),
            providers: BTreeMap::new(),
            instances: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tokens: BTreeMap::new(),
            effects: Vec::new(),
        }
    }

    /// What has come of changes since the last time this was asked.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Every task that is known, the oldest first.
    pub fn tasks(&self) -> Vec<&Task> {
        let mut tasks: Vec<&Task> = self.tasks.values().collect();
        tasks.sort_by_key(|task| (task.created_at, task.number));
        tasks
    }

    /// A task by its id.
    #[must_use]
    pub fn task(&self, id: &str) -> Option<&Task> {
        self.tasks.get(id)
    }

    /// Every container instance that is known.
    pub fn container_instances(&self) -> impl Iterator<Item = &ContainerInstance> {
        self.instances.values()
    }

    /// Every capacity provider.
    pub fn capacity_providers(&self) -> impl Iterator<Item = &CapacityProvider> {
        self.providers.values()
    }

    /// When [`Ecs::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let tasks = self.tasks.values().filter_map(|task| self.due(task));
        let gone = self.instances.values().filter_map(|i| i.gone_at).map(|gone| gone + self.pace.of(STOPPED_IS_KEPT));
        tasks.chain(gone).min()
    }

    /// When a task moves on by itself.
    fn due(&self, task: &Task) -> Option<Moment> {
        match (task.last_status, task.launch_type) {
            (LastStatus::Provisioning, LaunchType::Ec2) => Some(task.created_at + self.pace.of(WAITS_FOR_A_HOST)),
            (LastStatus::Provisioning, LaunchType::Fargate) => Some(task.created_at + self.pace.of(FARGATE_PROVISIONS)),
            (LastStatus::Pending | LastStatus::Running | LastStatus::Stopping, _) => None,
            (LastStatus::Deactivating, _) => task.stopping_at,
            (LastStatus::Deprovisioning, _) => task.execution_stopped_at.map(|at| at + self.pace.of(DEPROVISIONS)),
            (LastStatus::Stopped, _) => task.stopped_at.map(|at| at + self.pace.of(STOPPED_IS_KEPT)),
        }
    }

    /// Lets time pass: moves what moves by itself, places what can be placed, forgets what is old.
    pub fn advance(&mut self, now: Moment) {
        let due: Vec<(String, LastStatus, LaunchType)> = self
            .tasks
            .values()
            .filter(|task| self.due(task).is_some_and(|due| due <= now))
            .map(|task| (task.id.clone(), task.last_status, task.launch_type))
            .collect();
        for (id, status, launch_type) in due {
            match (status, launch_type) {
                (LastStatus::Provisioning, LaunchType::Fargate) => self.assign(&id, None),
                (LastStatus::Provisioning, LaunchType::Ec2) => self.over(
                    now,
                    &id,
                    StopCode::TaskFailedToStart,
                    "Timed out while waiting for capacity to become available.",
                ),
                (LastStatus::Deactivating, _) => {
                    self.move_to(&id, LastStatus::Stopping);
                    self.effects.push(Effect::Stopping { task: id });
                }
                (LastStatus::Deprovisioning, _) => self.stopped(now, &id),
                (LastStatus::Stopped, _) => {
                    self.tasks.remove(&id);
                }
                (LastStatus::Pending | LastStatus::Running | LastStatus::Stopping, _) => {}
            }
        }
        self.place();
        let kept = self.pace.of(TOKEN_IS_KEPT);
        self.tokens.retain(|_, remembered| remembered.at + kept > now);
        let kept = self.pace.of(STOPPED_IS_KEPT);
        self.instances.retain(|_, instance| match (instance.status, instance.gone_at) {
            (InstanceStatus::Inactive, Some(gone)) => gone + kept > now,
            _ => true,
        });
    }
}
