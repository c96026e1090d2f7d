//! Which host a task goes to: the fullest one that it still fits on (binpack by memory).

use daemon::moment::Moment;

use super::instance::InstanceStatus;
use super::model::{Ecs, Effect};
use super::ports::Ports;
use super::task::{LastStatus, Task};

/// CPU units and MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// 1024 are one virtual CPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
}

impl Resources {
    /// Whether `wanted` fits into this.
    #[must_use]
    pub const fn holds(self, wanted: Resources) -> bool {
        wanted.cpu <= self.cpu && wanted.memory <= self.memory
    }

    /// This and `more`.
    #[must_use]
    pub const fn with(self, more: Resources) -> Resources {
        Resources { cpu: self.cpu.saturating_add(more.cpu), memory: self.memory.saturating_add(more.memory) }
    }

    /// What is left without `used`.
    #[must_use]
    pub const fn without(self, used: Resources) -> Resources {
        Resources { cpu: self.cpu.saturating_sub(used.cpu), memory: self.memory.saturating_sub(used.memory) }
    }
}

impl Task {
    /// What it reserves.
    #[must_use]
    pub const fn wants(&self) -> Resources {
        Resources { cpu: self.cpu, memory: self.memory }
    }
}

impl Ecs {
    /// What a container instance has left.
    #[must_use]
    pub fn remaining(&self, instance: &str) -> Resources {
        let registered = self.instances.get(instance).map(|i| i.registered).unwrap_or_default();
        registered.without(self.tasks.load(instance).map(|load| load.used).unwrap_or_default())
    }

    /// The fullest host that takes the task.
    pub(super) fn host_for(&self, task: &Task) -> Option<String> {
        let takes = self.instances.values().filter(|instance| {
            instance.status == InstanceStatus::Active
                && instance.agent_connected
                && instance.cluster == task.cluster
                && (task.provider.is_none() || instance.provider == task.provider)
        });
        takes
            .map(|instance| (self.remaining(&instance.arn), instance))
            .filter(|(left, _)| left.holds(task.wants()))
            .min_by_key(|(left, instance)| (left.memory, left.cpu, instance.registered_at, instance.arn.clone()))
            .map(|(_, instance)| instance.arn.clone())
    }

    /// Tasks that wait for a host, the oldest first.
    pub fn waiting(&self) -> Vec<&Task> {
        self.tasks.waiting().collect()
    }

    /// Places what can be placed.
    pub(super) fn place(&mut self, now: Moment) {
        let waiting: Vec<String> = self.waiting().iter().map(|task| task.id.clone()).collect();
        for id in waiting {
            if let Some(host) = self.tasks.get(&id).and_then(|task| self.host_for(task)) {
                self.assign(now, &id, Some(host));
            }
        }
    }

    /// The task has its place: a host, or Fargate's nowhere.
    pub(super) fn assign(&mut self, now: Moment, id: &str, host: Option<String>) {
        let free = Ports::default();
        let mut bindings = self.tasks.get(id).map(|task| task.bindings.clone()).unwrap_or_default();
        let held = host.as_ref().and_then(|host| self.tasks.load(host)).map_or(&free, |load| &load.ports);
        // A host without a port left for it was not chosen; see `lacks`.
        let _ = held.choose(&mut bindings);
        let assigned = self.tasks.change(id, |task| {
            task.instance = host;
            task.bindings = bindings;
            task.last_status = LastStatus::Pending;
            task.placed_at = Some(now);
            task.version += 1;
        });
        if assigned.is_some() {
            self.effects.push(Effect::Placed { task: id.to_owned() });
        }
    }
}
