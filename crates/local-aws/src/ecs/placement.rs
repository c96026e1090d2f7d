//! Which host a task goes to: the fullest one that it still fits on (binpack by memory).

use super::instance::InstanceStatus;
use super::model::{Ecs, Effect};
use super::task::{LastStatus, LaunchType, Task};

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
        let here = self.tasks.values().filter(|t| t.holds_resources() && t.instance.as_deref() == Some(instance));
        here.fold(registered, |left, task| left.without(task.wants()))
    }

    /// The fullest host that takes the task.
    pub(super) fn host_for(&self, task: &Task) -> Option<String> {
        let takes = self.instances.values().filter(|instance| {
            instance.status == InstanceStatus::Active
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
        let mut waiting: Vec<&Task> = self
            .tasks
            .values()
            .filter(|task| task.last_status == LastStatus::Provisioning && task.launch_type == LaunchType::Ec2)
            .collect();
        waiting.sort_by_key(|task| (task.created_at, task.number));
        waiting
    }

    /// Places what can be placed.
    pub(super) fn place(&mut self) {
        let waiting: Vec<String> = self.waiting().iter().map(|task| task.id.clone()).collect();
        for id in waiting {
            if let Some(host) = self.tasks.get(&id).and_then(|task| self.host_for(task)) {
                self.assign(&id, Some(host));
            }
        }
    }

    /// The task has its place: a host, or Fargate's nowhere.
    pub(super) fn assign(&mut self, id: &str, host: Option<String>) {
        if let Some(task) = self.tasks.get_mut(id) {
            task.instance = host;
            task.last_status = LastStatus::Pending;
            task.version += 1;
            self.effects.push(Effect::Placed { task: id.to_owned() });
        }
    }
}
