//! The state of ECS, and how it moves when time passes. What single calls do is in the files beside this one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use daemon::moment::Moment;

use super::capacity::CapacityProvider;
use super::cluster::Cluster;
use super::definition::Family;
use super::instance::ContainerInstance;
use super::run_task::Tokens;
use super::service::Service;
use super::task::{LastStatus, LaunchType, StopCode, Task};
use super::tasks::Tasks;
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::Pace;

/// How long a stopped task can be described ("at least one hour", API reference of DescribeTasks).
const STOPPED_IS_KEPT: Duration = Duration::from_secs(3600);
/// How long a deregistered container instance can be described. AWS only says "for a period of time".
const INACTIVE_IS_KEPT: Duration = Duration::from_secs(3600);
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
    /// ECS knows no more of a task: its host was deregistered under it. What runs of it runs on.
    Orphaned {
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
    /// A task is protected from scale-in.
    Protected {
        /// Its id.
        task: String,
    },
    /// A task is protected no longer.
    Unprotected {
        /// Its id.
        task: String,
    },
    /// A service's scheduler did something.
    Service {
        /// The service's ARN.
        service: String,
        /// The kind of the event: `service.started` …
        kind: &'static str,
        /// For people.
        text: String,
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
    pub(super) definitions: BTreeMap<String, Family>,
    pub(super) providers: BTreeMap<String, CapacityProvider>,
    /// By ARN.
    pub(super) instances: BTreeMap<String, ContainerInstance>,
    pub(super) tasks: Tasks,
    pub(super) tokens: Tokens,
    /// ARNs of deregistered instances, and when they may be forgotten.
    pub(super) forgettable: VecDeque<(Moment, String)>,
    /// By cluster and name.
    pub(super) services: BTreeMap<(String, String), Service>,
    /// Until when, by the task's id.
    pub(super) protections: BTreeMap<String, Moment>,
    pub(super) effects: Vec<Effect>,
    /// How long the world's start is after 1970: what `registeredAt` in an expression is compared by.
    pub(super) epoch: Duration,
    pub(super) read_delay: Duration,
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
            tasks: Tasks::new(pace),
            tokens: Tokens::default(),
            forgettable: VecDeque::new(),
            services: BTreeMap::new(),
            protections: BTreeMap::new(),
            effects: Vec::new(),
            epoch: Duration::ZERO,
            read_delay: Duration::ZERO,
        }
    }

    /// How long the world's start is after 1970.
    pub const fn set_epoch(&mut self, epoch: Duration) {
        self.epoch = epoch;
    }

    /// ListTasks and DescribeTasks do not show a task that is younger. ("The Amazon ECS API follows an eventual
    /// consistency model", RunTask.)
    pub const fn set_read_delay(&mut self, delay: Duration) {
        self.read_delay = delay;
    }

    /// What has come of changes since the last time this was asked.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Every task that is known, the oldest first.
    #[must_use]
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

    /// What is counted of the tasks.
    #[must_use]
    pub const fn kept(&self) -> &Tasks {
        &self.tasks
    }

    /// When [`Ecs::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let gone = self.forgettable.front().map(|(at, _)| *at);
        let services = self.schedule_deadline().into_iter().chain(self.protections_deadline());
        self.tasks.next_due().into_iter().chain(gone).chain(services).min()
    }

    /// Lets time pass: moves what moves by itself, places what can be placed, forgets what is old.
    pub fn advance(&mut self, now: Moment) {
        // Again and again: what moves on may be due at once for its next move.
        while self.tasks.next_due().is_some_and(|due| due <= now) {
            for id in self.tasks.due_by(now) {
                self.move_on(now, &id);
            }
        }
        self.expire_protections(now);
        let stirred = self.tasks.take_stirred();
        let moved = self.tasks.take_moved();
        if stirred || moved || self.schedule_deadline().is_some_and(|due| due <= now) {
            self.schedule(now);
        }
        if self.tasks.take_stirred() || stirred {
            self.place(now);
        }
        self.tokens.forget(now, self.pace);
        while let Some((_, arn)) = self.forgettable.pop_front_if(|(at, _)| *at <= now) {
            self.instances.remove(&arn);
        }
    }

    /// A task's time has come.
    fn move_on(&mut self, now: Moment, id: &str) {
        let Some((status, launch_type)) = self.tasks.get(id).map(|task| (task.last_status, task.launch_type)) else {
            return;
        };
        match (status, launch_type) {
            (LastStatus::Provisioning, LaunchType::Fargate) => self.assign(now, id, None),
            (LastStatus::Provisioning, LaunchType::Ec2) => self.over(
                now,
                id,
                StopCode::TaskFailedToStart,
                "Timed out while waiting for capacity to become available.",
            ),
            (LastStatus::Activating, _) => {
                self.move_to(id, LastStatus::Running);
                self.effects.push(Effect::Running { task: id.to_owned() });
            }
            (LastStatus::Deactivating, _) => {
                self.move_to(id, LastStatus::Stopping);
                self.effects.push(Effect::Stopping { task: id.to_owned() });
            }
            (LastStatus::Deprovisioning, _) => self.stopped(now, id),
            (LastStatus::Stopped, _) => self.tasks.remove(id),
            (LastStatus::Pending | LastStatus::Running | LastStatus::Stopping, _) => {}
        }
    }

    /// An instance is no longer one: it can be described for a while.
    pub(super) fn forget_later(&mut self, now: Moment, instance: &str) {
        self.forgettable.push_back((now + self.pace.of(INACTIVE_IS_KEPT), instance.to_owned()));
    }
}

impl Task {
    /// When it moves on by itself.
    pub(super) fn due(&self, pace: Pace) -> Option<Moment> {
        match (self.last_status, self.launch_type) {
            (LastStatus::Provisioning, LaunchType::Ec2) => Some(self.created_at + pace.of(WAITS_FOR_A_HOST)),
            (LastStatus::Provisioning, LaunchType::Fargate) => Some(self.created_at + pace.of(FARGATE_PROVISIONS)),
            (LastStatus::Pending | LastStatus::Running | LastStatus::Stopping, _) => None,
            (LastStatus::Activating, _) => self.started_at,
            (LastStatus::Deactivating, _) => self.stopping_at,
            (LastStatus::Deprovisioning, _) => self.execution_stopped_at.map(|at| at + pace.of(DEPROVISIONS)),
            (LastStatus::Stopped, _) => self.stopped_at.map(|at| at + pace.of(STOPPED_IS_KEPT)),
        }
    }
}
