//! All tasks, with what is counted of them kept beside: what each host has left to give, what waits, what is due.
//!
//! Guarantee: whatever a task becomes, the counts say what a look at every task would (a property test recounts). That
//! is why a task is changed only through `Tasks::change`.

use std::collections::{BTreeMap, BTreeSet};

use daemon::moment::Moment;

use super::placement::Resources;
use super::ports::Ports;
use super::task::{Desired, LastStatus, LaunchType, Task};
use crate::pace::Pace;

/// What stands on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Tasks that run there and are wanted.
    pub running: usize,
    /// Tasks that are about to.
    pub pending: usize,
    /// What its tasks reserve, those that are being stopped too.
    pub used: Resources,
    /// Ports of the host that its tasks hold.
    pub ports: Ports,
    /// Ids of the tasks that hold something of it.
    pub holding: BTreeSet<String>,
    /// Ids of all tasks that were put there and are still known.
    pub tasks: BTreeSet<String>,
}

/// What a cluster has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Tasks on Fargate that run.
    pub running_fargate: usize,
    /// Tasks on hosts that run.
    pub running_ec2: usize,
    /// Tasks on Fargate that do not run yet.
    pub pending_fargate: usize,
    /// Tasks on hosts that do not run yet.
    pub pending_ec2: usize,
    /// Tasks that are not over.
    pub live: usize,
    /// Tasks that wait for a host.
    pub waiting: usize,
}

/// The place of a task in a queue: its moment, and what came first of the same moment.
type Place = (Moment, u64);

/// All tasks.
#[derive(Debug)]
pub struct Tasks {
    pace: Pace,
    by_id: BTreeMap<String, Task>,
    last_number: u64,
    hosts: BTreeMap<String, Load>,
    clusters: BTreeMap<String, Counted>,
    /// By cluster and group, those that are wanted.
    groups: BTreeMap<(String, String), BTreeSet<String>>,
    /// Those that wait for a host.
    waiting: BTreeMap<Place, String>,
    /// Those that move on by themselves.
    due: BTreeMap<Place, String>,
    /// Task ids by the ids of their containers.
    containers: BTreeMap<String, String>,
    /// Whether a host may have more room, or a task more need of it, than when this was last taken.
    stirred: bool,
    /// Whether any task has changed since this was last taken.
    moved: bool,
}

impl Tasks {
    /// None yet.
    #[must_use]
    pub const fn new(pace: Pace) -> Self {
        Tasks {
            pace,
            by_id: BTreeMap::new(),
            last_number: 0,
            hosts: BTreeMap::new(),
            clusters: BTreeMap::new(),
            groups: BTreeMap::new(),
            waiting: BTreeMap::new(),
            due: BTreeMap::new(),
            containers: BTreeMap::new(),
            stirred: false,
            moved: false,
        }
    }

    /// A number for a new task: more than any before.
    pub(super) const fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A task by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Task> {
        self.by_id.get(id)
    }

    /// All of them, in the order of their ids.
    pub fn values(&self) -> impl Iterator<Item = &Task> {
        self.by_id.values()
    }

    /// Those whose ids come after `id`, in their order.
    pub(super) fn after(&self, id: &str) -> impl Iterator<Item = &Task> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range::<str, _>((Excluded(id), Unbounded)).map(|(_, task)| task)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// What stands on a container instance.
    #[must_use]
    pub fn load(&self, instance: &str) -> Option<&Load> {
        self.hosts.get(instance)
    }

    /// What a cluster has.
    #[must_use]
    pub fn counted(&self, cluster: &str) -> Counted {
        self.clusters.get(cluster).copied().unwrap_or_default()
    }

    /// Tasks of a group that are wanted: of a service, `service:<name>`.
    pub fn of_group(&self, cluster: &str, group: &str) -> impl Iterator<Item = &Task> {
        let ids = self.groups.get(&(cluster.to_owned(), group.to_owned()));
        ids.into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    /// Those that wait for a host, the oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Task> {
        self.waiting.values().filter_map(|id| self.by_id.get(id))
    }

    /// The task with a container of this id: its own, or Docker's.
    #[must_use]
    pub fn of_container(&self, id: &str) -> Option<&Task> {
        self.containers.get(id).and_then(|task| self.by_id.get(task))
    }

    /// When the next one moves on by itself.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.due.keys().next().map(|(moment, _)| *moment)
    }

    /// The ids of those that are due.
    pub(super) fn due_by(&self, now: Moment) -> Vec<String> {
        self.due.range(..=(now, u64::MAX)).map(|(_, id)| id.clone()).collect()
    }

    /// Whether placing may find something that it did not find before; and forgets it.
    pub(super) const fn take_stirred(&mut self) -> bool {
        std::mem::replace(&mut self.stirred, false)
    }

    /// Whether a service's scheduler may have to look at its tasks; and forgets it.
    pub(super) const fn take_moved(&mut self) -> bool {
        std::mem::replace(&mut self.moved, false)
    }

    /// A host came, or takes tasks again, or is another one than it was.
    pub(super) const fn stir(&mut self) {
        self.stirred = true;
    }

    /// A new task.
    pub(super) fn insert(&mut self, task: Task) {
        self.enter(&task);
        self.by_id.insert(task.id.clone(), task);
    }

    /// Changes a task; nothing happens where there is none.
    pub(super) fn change<T>(&mut self, id: &str, change: impl FnOnce(&mut Task) -> T) -> Option<T> {
        let (id, mut task) = self.by_id.remove_entry(id)?;
        self.leave(&task);
        let changed = change(&mut task);
        self.enter(&task);
        self.by_id.insert(id, task);
        Some(changed)
    }

    /// Forgets a task.
    pub(super) fn remove(&mut self, id: &str) {
        if let Some(task) = self.by_id.remove(id) {
            self.leave(&task);
        }
    }

    fn enter(&mut self, task: &Task) {
        self.moved = true;
        if let Some(instance) = &task.instance {
            self.hosts.entry(instance.clone()).or_default().add(task);
        }
        self.clusters.entry(task.cluster.clone()).or_default().count(task, |number| *number += 1);
        if task.desired == Desired::Running {
            let group = (task.cluster.clone(), task.group.clone());
            self.groups.entry(group).or_default().insert(task.id.clone());
        }
        if task.waits() {
            self.waiting.insert((task.created_at, task.number), task.id.clone());
            self.stirred = true;
        }
        if let Some(due) = task.due(self.pace) {
            self.due.insert((due, task.number), task.id.clone());
        }
        for container in &task.containers {
            self.containers.insert(container.metadata_id.clone(), task.id.clone());
            self.containers.insert(container.docker_id.clone(), task.id.clone());
        }
    }

    fn leave(&mut self, task: &Task) {
        if let Some(instance) = &task.instance
            && let Some(load) = self.hosts.get_mut(instance)
        {
            load.take(task);
            self.stirred = true;
            if load.tasks.is_empty() {
                self.hosts.remove(instance);
            }
        }
        if let Some(counted) = self.clusters.get_mut(&task.cluster) {
            counted.count(task, |number| *number -= 1);
        }
        let group = (task.cluster.clone(), task.group.clone());
        if let Some(ids) = self.groups.get_mut(&group) {
            ids.remove(&task.id);
            if ids.is_empty() {
                self.groups.remove(&group);
            }
        }
        self.waiting.remove(&(task.created_at, task.number));
        if let Some(due) = task.due(self.pace) {
            self.due.remove(&(due, task.number));
        }
        for container in &task.containers {
            self.containers.remove(&container.metadata_id);
            self.containers.remove(&container.docker_id);
        }
    }
}

impl Load {
    fn add(&mut self, task: &Task) {
        self.tasks.insert(task.id.clone());
        if task.holds_resources() {
            self.holding.insert(task.id.clone());
            self.used = self.used.with(task.wants());
            self.ports.take(&task.bindings);
        }
        if let Some(number) = self.of_status(task) {
            *number += 1;
        }
    }

    fn take(&mut self, task: &Task) {
        self.tasks.remove(&task.id);
        if self.holding.remove(&task.id) {
            self.used = self.used.without(task.wants());
            self.ports.free(&task.bindings);
        }
        if let Some(number) = self.of_status(task) {
            *number -= 1;
        }
    }

    /// ContainerInstance's counts are of tasks "with the desired status RUNNING" (aws-facts, API reference).
    fn of_status(&mut self, task: &Task) -> Option<&mut usize> {
        match (task.desired, task.last_status) {
            (Desired::Stopped, _) => None,
            (Desired::Running, LastStatus::Running) => Some(&mut self.running),
            (Desired::Running, status) => (status < LastStatus::Running).then_some(&mut self.pending),
        }
    }
}

impl Counted {
    fn count(&mut self, task: &Task, change: impl Fn(&mut usize)) {
        if task.last_status < LastStatus::Stopped {
            change(&mut self.live);
        }
        if task.waits() {
            change(&mut self.waiting);
        }
        match (task.last_status.cmp(&LastStatus::Running), task.launch_type) {
            (std::cmp::Ordering::Less, LaunchType::Fargate) => change(&mut self.pending_fargate),
            (std::cmp::Ordering::Less, LaunchType::Ec2) => change(&mut self.pending_ec2),
            (std::cmp::Ordering::Equal, LaunchType::Fargate) => change(&mut self.running_fargate),
            (std::cmp::Ordering::Equal, LaunchType::Ec2) => change(&mut self.running_ec2),
            (std::cmp::Ordering::Greater, _) => {}
        }
    }
}
