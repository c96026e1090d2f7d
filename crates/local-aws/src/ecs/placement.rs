//! Which host a task goes to: what each host lacks for it, and which of those that lack nothing is chosen.
//!
//! As the ECS developer guide orders it ("How Amazon ECS places tasks on container instances"): CPU, memory and ports
//! first, then the constraints, then the strategies, each narrowing down what the one before it left.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::constraints::{Placing, Rule, Strategy};
use super::instance::{ContainerInstance, InstanceStatus};
use super::model::{Ecs, Effect};
use super::ports::Ports;
pub use super::resources::Resources;
use super::task::{LastStatus, Task};

/// Why a host does not take a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Its agent is disconnected.
    Agent,
    /// It has not the attribute that the definition needs.
    Attribute,
    /// A port that the task holds is held.
    Ports,
    /// Memory.
    Memory,
    /// CPU units.
    Cpu,
    /// A task of the group is there.
    DistinctInstance,
    /// An expression does not mean it.
    MemberOf,
}

impl Lack {
    /// As `failures[].reason` says it ("API failure reasons" of the ECS developer guide; the constraints' texts as
    /// amazon-ecs-agent #3044 and containers-roadmap #1201 quote them).
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Lack::Agent => "AGENT",
            Lack::Attribute => "ATTRIBUTE",
            Lack::Ports => "RESOURCE:PORTS",
            Lack::Memory => "RESOURCE:MEMORY",
            Lack::Cpu => "RESOURCE:CPU",
            Lack::DistinctInstance => "DistinctInstance placement constraint unsatisfied.",
            Lack::MemberOf => "MemberOf placement constraint unsatisfied.",
        }
    }
}

/// What a host must have for tasks with a network interface of their own.
pub const TASK_ENI: &str = "ecs.capability.task-eni";

impl Task {
    /// What it reserves.
    #[must_use]
    pub const fn wants(&self) -> Resources {
        Resources { cpu: self.cpu, memory: self.memory }
    }
}

/// What tells tasks apart for a host: two that are the same here find the same hosts.
#[derive(PartialEq)]
struct Need<'a> {
    cluster: &'a str,
    provider: Option<&'a str>,
    group: &'a str,
    wants: Resources,
    definition: &'a str,
    placing: &'a Placing,
}

impl Task {
    fn need(&self) -> Need<'_> {
        Need {
            cluster: &self.cluster,
            provider: self.provider.as_deref(),
            group: &self.group,
            wants: self.wants(),
            definition: &self.definition,
            placing: &self.placing,
        }
    }
}

impl Ecs {
    /// What a container instance has left.
    #[must_use]
    pub fn remaining(&self, instance: &str) -> Resources {
        let registered = self.instances.get(instance).map(|i| i.registered).unwrap_or_default();
        registered.without(self.tasks.load(instance).map(|load| load.used).unwrap_or_default())
    }

    /// The hosts that a task may be put on: of its cluster and of its capacity provider, and ACTIVE.
    pub(super) fn hosts_of<'a>(&'a self, task: &'a Task) -> impl Iterator<Item = &'a ContainerInstance> {
        self.instances.values().filter(|instance| {
            instance.status == InstanceStatus::Active
                && instance.cluster == task.cluster
                && (task.provider.is_none() || instance.provider == task.provider)
        })
    }

    /// Why a host does not take a task; none when it does.
    #[must_use]
    pub fn lacks(&self, instance: &ContainerInstance, task: &Task) -> Option<Lack> {
        self.lacks_room(instance, task).or_else(|| self.unmet(instance, task))
    }

    fn lacks_room(&self, instance: &ContainerInstance, task: &Task) -> Option<Lack> {
        let free = Ports::default();
        let load = self.tasks.load(&instance.arn);
        let left = self.remaining(&instance.arn);
        let ports = load.map_or(&free, |load| &load.ports);
        let checks = [
            (Lack::Agent, !instance.agent_connected),
            (Lack::Attribute, task.has_interface() && !instance.has_attribute(TASK_ENI)),
            (Lack::Memory, left.memory < task.memory),
            (Lack::Cpu, left.cpu < task.cpu),
            (Lack::Ports, !ports.hold(&task.bindings) || !ports.choose(&mut task.bindings.clone())),
        ];
        checks.into_iter().find(|(_, lacks)| *lacks).map(|(lack, _)| lack)
    }

    fn unmet(&self, instance: &ContainerInstance, task: &Task) -> Option<Lack> {
        task.placing.rules.iter().find_map(|rule| match rule {
            Rule::DistinctInstance => {
                let holding = self.tasks.load(&instance.arn).map(|load| &load.holding);
                let group = |id: &String| self.tasks.get(id).is_some_and(|other| other.group == task.group);
                holding.is_some_and(|ids| ids.iter().any(group)).then_some(Lack::DistinctInstance)
            }
            Rule::MemberOf(query) => (!self.means(query, instance)).then_some(Lack::MemberOf),
        })
    }

    /// Whether a task that waits is a reason for its capacity provider to grow: no host has the room for it. One that
    /// only an expression keeps from a host with room is none: a new host does not count for managed scaling then
    /// (inferred from the CAS guide's advice to use `distinctInstance` only).
    #[must_use]
    pub fn wants_a_host(&self, task: &Task) -> bool {
        task.waits()
            && !self.hosts_of(task).any(|instance| match self.lacks(instance, task) {
                None | Some(Lack::MemberOf) => true,
                Some(
                    Lack::Agent | Lack::Attribute | Lack::Ports | Lack::Memory | Lack::Cpu | Lack::DistinctInstance,
                ) => false,
            })
    }

    /// The host that is chosen for a task.
    pub(super) fn host_for(&mut self, task: &Task) -> Option<String> {
        let random = self.ids.number();
        let mut left: Vec<&ContainerInstance> =
            self.hosts_of(task).filter(|instance| self.lacks(instance, task).is_none()).collect();
        for strategy in &task.placing.strategies {
            match strategy {
                Strategy::Binpack(of) => keep_least(&mut left, |i| of.of(self.remaining(&i.arn)) as usize),
                Strategy::Spread(field) => {
                    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
                    for other in self.tasks.of_group(&task.cluster, &task.group) {
                        let on = other.instance.as_deref().and_then(|arn| self.instances.get(arn));
                        if let Some(value) = on.and_then(|on| field.of(on)) {
                            *there.entry(value).or_default() += 1;
                        }
                    }
                    // A host without the attribute is a place of its own, which is always empty.
                    keep_least(&mut left, |i| field.of(i).and_then(|value| there.get(value).copied()).unwrap_or(0));
                }
                Strategy::Random => pick(&mut left, random),
            }
        }
        // "By default, tasks are randomly placed with RunTask" (task placement strategies, ECS developer guide).
        pick(&mut left, random);
        left.first().map(|instance| instance.arn.clone())
    }

    /// Tasks that wait for a host, the oldest first.
    #[must_use]
    pub fn waiting(&self) -> Vec<&Task> {
        self.tasks.waiting().collect()
    }

    /// Places what can be placed.
    pub(super) fn place(&mut self, now: Moment) {
        let waiting: Vec<String> = self.waiting().iter().map(|task| task.id.clone()).collect();
        let mut in_vain: Vec<Task> = Vec::new();
        for id in waiting {
            let Some(task) = self.tasks.get(&id) else { continue };
            if in_vain.iter().any(|other| other.need() == task.need()) {
                continue;
            }
            let task = task.clone();
            match self.host_for(&task) {
                Some(host) => self.assign(now, &id, Some(host)),
                None => in_vain.push(task),
            }
        }
    }

    /// The task has its place: a host, or Fargate's nowhere.
    pub(super) fn assign(&mut self, now: Moment, id: &str, host: Option<String>) {
        let free = Ports::default();
        let mut bindings = self.tasks.get(id).map(|task| task.bindings.clone()).unwrap_or_default();
        let held = host.as_ref().and_then(|host| self.tasks.load(host)).map_or(&free, |load| &load.ports);
        // A host without a port left for it is not chosen: `lacks_room`.
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

/// Keeps those of which something is least.
fn keep_least(left: &mut Vec<&ContainerInstance>, of: impl Fn(&ContainerInstance) -> usize) {
    if let Some(least) = left.iter().map(|instance| of(instance)).min() {
        left.retain(|instance| of(instance) == least);
    }
}

fn pick(left: &mut Vec<&ContainerInstance>, random: u64) {
    if !left.is_empty() {
        let place = usize::try_from(random % left.len() as u64).unwrap_or(0);
        *left = vec![left[place]];
    }
}
