//! What RunTask, StartTask and a service's scheduler come down to: tasks of one definition that are to run somewhere.

use std::sync::Arc;

use daemon::moment::Moment;
use serde_json::Value;

use super::capacity::{FARGATE, valid_strategy, within};
use super::cluster::Cluster;
use super::constraints::Placing;
use super::definition::TaskDefinition;
use super::instance::InstanceStatus;
use super::model::{Ecs, Effect};
use super::requests::{PlacementConstraint, PlacementStrategy, StrategyItem, Tag, TaskOverride};
use super::resources::Resources;
use super::strategy;
use super::task::{LaunchType, Task};
use crate::refusal::Refusal;

mod make;

/// How many tasks of a cluster may wait for hosts ("500 PROVISIONING", containers-roadmap #1780).
const WAITING_AT_MOST: usize = 500;

/// Tasks to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// The name of a cluster that exists.
    pub cluster: String,
    /// Family, `family:revision` or ARN.
    pub definition: String,
    /// How many.
    pub count: usize,
    /// What they are to run on.
    pub on: On,
    /// Changes to what the definition says.
    pub overrides: TaskOverride,
    /// Which hosts they may be on, beside what the definition says.
    pub constraints: Vec<PlacementConstraint>,
    /// Which of those they prefer.
    pub strategies: Vec<PlacementStrategy>,
    /// Who asked: `ecs-svc/<deployment>` for a service's.
    pub started_by: Option<String>,
    /// `family:<family>` unless said; `service:<name>` for a service's.
    pub group: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Fargate's version, where one is named.
    pub platform_version: Option<String>,
    /// Subnets and security groups: kept, not used.
    pub network_configuration: Option<Value>,
    /// Whether commands may be executed in them: told again, not used.
    pub enable_execute_command: bool,
}

impl Launch {
    /// One task, and nothing asked for beyond that.
    #[must_use]
    pub fn one(cluster: &str, definition: &str, on: On) -> Self {
        Launch {
            cluster: cluster.to_owned(),
            definition: definition.to_owned(),
            count: 1,
            on,
            overrides: TaskOverride::default(),
            constraints: Vec::new(),
            strategies: Vec::new(),
            started_by: None,
            group: None,
            tags: Vec::new(),
            platform_version: None,
            network_configuration: None,
            enable_execute_command: false,
        }
    }

    fn is_of_a_service(&self) -> bool {
        self.group.as_ref().is_some_and(|group| group.starts_with("service:"))
    }
}

/// What tasks are to run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// Any host of the cluster, or Fargate. What finds no host fails at once.
    LaunchType(LaunchType),
    /// Capacity providers by base and weight. The tasks that the group has already count for a service's.
    Providers(Vec<StrategyItem>),
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ran {
    /// Tasks accepted, as they were then.
    pub tasks: Vec<Task>,
    /// What was not.
    pub failures: Vec<Failure>,
}

/// Why a task was not accepted, or a thing not described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Of what it is about: a container instance.
    pub arn: Option<String>,
    /// `RESOURCE:MEMORY` and the like.
    pub reason: String,
    /// For people.
    pub detail: Option<String>,
}

impl Failure {
    /// A reason for something.
    #[must_use]
    pub fn of(arn: &str, reason: &str) -> Self {
        Failure { arn: Some(arn.to_owned()), reason: reason.to_owned(), detail: None }
    }

    /// There is nothing of this ARN.
    #[must_use]
    pub fn missing(arn: String) -> Self {
        Failure { arn: Some(arn), reason: "MISSING".to_owned(), detail: None }
    }
}

/// Where one task is to run, before it is known on which host.
#[derive(Clone, Debug)]
struct Place {
    launch_type: LaunchType,
    provider: Option<String>,
    /// Whether it waits for a host when there is none: ECS makes the provider's group grow.
    waits: bool,
}

/// What all tasks of a launch have in common.
struct Kind<'a> {
    launch: &'a Launch,
    cluster: Cluster,
    definition: TaskDefinition,
    placing: Arc<Placing>,
    wants: Resources,
}

impl Ecs {
    /// Starts tasks.
    ///
    /// # Errors
    /// What AWS refuses: no such definition or provider, an override for no container, constraints that are none, too
    /// many tasks that wait, no host at all.
    pub fn launch(&mut self, now: Moment, launch: &Launch) -> Result<Ran, Refusal> {
        let kind = self.kind(launch, true)?;
        match &launch.on {
            On::LaunchType(launch_type) => {
                let place = Place { launch_type: *launch_type, provider: None, waits: false };
                self.launch_at(now, &kind, &vec![place; launch.count])
            }
            On::Providers(items) => {
                let places = self.places(&kind, items)?;
                self.launch_at(now, &kind, &places)
            }
        }
    }

    fn kind<'a>(&self, launch: &'a Launch, constrained: bool) -> Result<Kind<'a>, Refusal> {
        let cluster = self.cluster(Some(&launch.cluster))?.clone();
        // "Existing services that reference an INACTIVE task definition can still scale up" (DeregisterTaskDefinition).
        let definition = match launch.is_of_a_service() {
            true => self.task_definition(&launch.definition)?,
            false => self.runnable_definition(&launch.definition)?,
        };
        for over in &launch.overrides.container_overrides {
            if !definition.containers.iter().any(|container| container.name == over.name) {
                return Err(invalid(format!(
                    "Override for container named {} is not a container in the TaskDefinition.",
                    over.name
                )));
            }
        }
        let defined = if constrained { &definition.request.placement_constraints[..] } else { &[] };
        Ok(Kind {
            launch,
            placing: Arc::new(Placing::read(defined, &launch.constraints, &launch.strategies)?),
            wants: make::wants(definition, &launch.overrides)?,
            definition: definition.clone(),
            cluster,
        })
    }

    fn launch_at(&mut self, now: Moment, kind: &Kind<'_>, places: &[Place]) -> Result<Ran, Refusal> {
        let waits = places.iter().filter(|place| place.waits).count();
        if waits > 0 && self.tasks.counted(&kind.cluster.name).waiting + waits > WAITING_AT_MOST {
            return Err(Refusal::new(
                "ClientException",
                "You've reached the limit on the number of tasks that can be in the PROVISIONING state.",
            ));
        }
        if places.iter().any(|place| place.launch_type == LaunchType::Fargate) && !kind.definition.on_fargate {
            return Err(invalid("Task definition does not support launch_type FARGATE."));
        }
        let mut ran = Ran::default();
        for place in places {
            let task = self.new_task(now, kind, place);
            if place.launch_type == LaunchType::Fargate || place.waits {
                self.accept(now, &mut ran, task, None);
            } else if let Some(host) = self.host_for(&task) {
                self.accept(now, &mut ran, task, Some(host));
            } else {
                ran.failures = self.why_not(&task)?;
            }
        }
        Ok(ran)
    }

    /// Starts one task on each of these container instances, by id or ARN, whatever the definition's constraints and
    /// [`Launch::on`] say.
    ///
    /// # Errors
    /// What AWS refuses: no such definition, an override for no container.
    pub fn launch_on(&mut self, now: Moment, launch: &Launch, ids: &[String]) -> Result<Ran, Refusal> {
        let kind = &self.kind(launch, false)?;
        let mut ran = Ran::default();
        for id in ids {
            let arn = self.instance_arn(&kind.cluster.name, id);
            let place = Place { launch_type: LaunchType::Ec2, provider: None, waits: false };
            let task = self.new_task(now, kind, &place);
            let failure = match self.instances.get(&arn) {
                None => Some(Failure::missing(arn.clone())),
                Some(instance) => match instance.status {
                    InstanceStatus::Inactive => Some(Failure::of(&arn, "INACTIVE")),
                    InstanceStatus::Draining => Some(Failure {
                        detail: Some("The container instance is DRAINING.".to_owned()),
                        ..Failure::of(&arn, "INACTIVE")
                    }),
                    InstanceStatus::Active => self.lacks(instance, &task).map(|l| Failure::of(&arn, l.reason())),
                },
            };
            match failure {
                Some(failure) => ran.failures.push(failure),
                None => self.accept(now, &mut ran, task, Some(arn)),
            }
        }
        Ok(ran)
    }

    /// The task is one from now on, and has its place if there is one.
    fn accept(&mut self, now: Moment, ran: &mut Ran, task: Task, host: Option<String>) {
        let id = task.id.clone();
        self.effects.push(Effect::Provisioning { task: id.clone() });
        self.tasks.insert(task);
        if host.is_some() {
            self.assign(now, &id, host);
        }
        ran.tasks.extend(self.tasks.get(&id).cloned());
    }

    /// Where each of the tasks is to run.
    fn places(&self, kind: &Kind<'_>, items: &[StrategyItem]) -> Result<Vec<Place>, Refusal> {
        valid_strategy(items)?;
        within(items, &kind.cluster.providers)?;
        let mut there = std::collections::BTreeMap::new();
        if let Some(group) = kind.launch.group.as_deref().filter(|_| kind.launch.is_of_a_service()) {
            let theirs = self.tasks.of_group(&kind.cluster.name, group);
            for provider in theirs.filter_map(|task| task.provider.clone()) {
                *there.entry(provider).or_default() += 1;
            }
        }
        let mut places = Vec::new();
        for _ in 0..kind.launch.count {
            let none = || invalid("At least one capacity provider must have a weight value greater than zero.");
            let provider = strategy::next(items, &there).ok_or_else(none)?.to_owned();
            *there.entry(provider.clone()).or_default() += 1;
            let fargate = FARGATE.contains(&provider.as_str());
            places.push(Place {
                launch_type: if fargate { LaunchType::Fargate } else { LaunchType::Ec2 },
                waits: self.providers.get(&provider).is_some_and(|own| own.scales()),
                provider: Some(provider),
            });
        }
        Ok(places)
    }

    /// Why no host takes the task, host by host.
    fn why_not(&self, task: &Task) -> Result<Vec<Failure>, Refusal> {
        let lacks = |instance| self.lacks(instance, task).map(|lack| (instance, lack));
        let failures: Vec<Failure> = self
            .hosts_of(task)
            .filter_map(lacks)
            .map(|(instance, lack)| Failure::of(&instance.arn, lack.reason()))
            .collect();
        if failures.is_empty() {
            let of = if task.provider.is_some() { "capacity provider" } else { "cluster" };
            return Err(invalid(format!("No Container Instances were found in your {of}.")));
        }
        Ok(failures)
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
