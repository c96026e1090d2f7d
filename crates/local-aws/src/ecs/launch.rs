//! What RunTask, StartTask and a service's scheduler come down to: tasks of one definition that are to run somewhere.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::cluster::{Cluster, FARGATE};
use super::definition::TaskDefinition;
use super::instance::InstanceStatus;
use super::model::{Ecs, Effect};
use super::ports::Binding;
use super::requests::{StrategyItem, Tag, TaskOverride};
use super::strategy;
use super::task::{Container, ContainerStatus, Desired, LastStatus, LaunchType, Task};
use crate::refusal::Refusal;
use crate::runtime::docker_name;

/// How many tasks of a cluster may wait ("500 PROVISIONING", containers-roadmap #1780).
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
    /// Who asked: `ecs-svc/<deployment>` for a service's.
    pub started_by: Option<String>,
    /// `family:<family>` unless said; `service:<name>` for a service's.
    pub group: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
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

/// Where one task is to run, before it is known on which host.
struct Place {
    launch_type: LaunchType,
    provider: Option<String>,
}

impl Ecs {
    /// Starts tasks.
    ///
    /// # Errors
    /// What AWS refuses: no such definition or provider, an override for no container, too many tasks that wait.
    pub fn launch(&mut self, now: Moment, launch: &Launch) -> Result<Ran, Refusal> {
        let cluster = self.cluster(Some(&launch.cluster))?.clone();
        let definition = self.task_definition(&launch.definition).map_err(no_definition)?.clone();
        if let Some(unknown) = launch
            .overrides
            .container_overrides
            .iter()
            .find(|o| !definition.containers.iter().any(|container| container.name == o.name))
        {
            return Err(invalid(format!(
                "Override for container named {} is not a container in the TaskDefinition.",
                unknown.name
            )));
        }
        let places = self.places(&cluster, launch)?;
        if self.tasks.counted(&cluster.name).provisioning + launch.count > WAITING_AT_MOST {
            return Err(Refusal::new(
                "ClientException",
                "You've reached the limit on the number of tasks that can be in the PROVISIONING state.",
            ));
        }
        let mut ran = Ran::default();
        for place in places {
            let task = self.new_task(now, launch, &cluster, &definition, place);
            let waits = task.launch_type == LaunchType::Fargate || task.provider.is_some();
            if !waits && self.host_for(&task).is_none() {
                ran.failures = self.too_full(&task)?;
                continue;
            }
            self.effects.push(Effect::Provisioning { task: task.id.clone() });
            self.tasks.insert(task.clone());
            ran.tasks.push(task);
        }
        Ok(ran)
    }

    /// Where each of the tasks is to run.
    fn places(&self, cluster: &Cluster, launch: &Launch) -> Result<Vec<Place>, Refusal> {
        let items = match &launch.on {
            On::LaunchType(launch_type) => {
                let place = || Place { launch_type: *launch_type, provider: None };
                return Ok((0..launch.count).map(|_| place()).collect());
            }
            On::Providers(items) => items,
        };
        for item in items {
            let name = &item.capacity_provider;
            if !FARGATE.contains(&name.as_str()) && !cluster.providers.contains(name) {
                return Err(invalid(
                    "The specified capacity provider was not found. Specify a valid name or ARN and try again.",
                ));
            }
        }
        let mut there: BTreeMap<String, usize> = BTreeMap::new();
        if let Some(group) = launch.group.as_deref().filter(|group| group.starts_with("service:")) {
            let theirs =
                |task: &&Task| task.cluster == cluster.name && task.group == group && task.desired == Desired::Running;
            for provider in self.tasks.values().filter(theirs).filter_map(|task| task.provider.clone()) {
                *there.entry(provider).or_default() += 1;
            }
        }
        let mut places = Vec::new();
        for _ in 0..launch.count {
            let none = || invalid("The capacity provider strategy needs a provider with a weight greater than zero.");
            let provider = strategy::next(items, &there).ok_or_else(none)?.to_owned();
            *there.entry(provider.clone()).or_default() += 1;
            let launch_type = if FARGATE.contains(&provider.as_str()) { LaunchType::Fargate } else { LaunchType::Ec2 };
            places.push(Place { launch_type, provider: Some(provider) });
        }
        Ok(places)
    }

    /// Why no host of the cluster takes the task.
    fn too_full(&self, task: &Task) -> Result<Vec<Failure>, Refusal> {
        let full: Vec<Failure> = self
            .instances
            .values()
            .filter(|instance| instance.cluster == task.cluster && instance.status == InstanceStatus::Active)
            .map(|instance| {
                let lacks = if self.remaining(&instance.arn).memory < task.memory { "MEMORY" } else { "CPU" };
                Failure { arn: Some(instance.arn.clone()), reason: format!("RESOURCE:{lacks}"), detail: None }
            })
            .collect();
        if full.is_empty() {
            return Err(invalid("No Container Instances were found in your cluster."));
        }
        Ok(full)
    }

    fn new_task(
        &mut self,
        now: Moment,
        launch: &Launch,
        cluster: &Cluster,
        definition: &TaskDefinition,
        place: Place,
    ) -> Task {
        let id = self.ids.hex(32);
        let number = self.tasks.next_number();
        let (family, revision) = (&definition.family, definition.revision);
        let mut containers = Vec::new();
        for container in &definition.containers {
            let metadata_id = self.ids.hex(64);
            containers.push(Container {
                name: container.name.clone(),
                arn: self.account.arn("ecs", &format!("container/{}/{id}/{}", cluster.name, self.ids.uuid())),
                docker_id: metadata_id.clone(),
                metadata_id,
                docker_name: docker_name(family, revision, &container.name, &self.ids.hex(20)),
                status: ContainerStatus::Pending,
                exit_code: None,
                essential: container.essential,
            });
        }
        let size = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        Task {
            arn: self.account.arn("ecs", &format!("task/{}/{id}", cluster.name)),
            number,
            cluster: cluster.name.clone(),
            cluster_arn: cluster.arn.clone(),
            definition: definition.arn.clone(),
            family: definition.family.clone(),
            revision: definition.revision,
            overrides: launch.overrides.clone(),
            launch_type: place.launch_type,
            provider: place.provider,
            last_status: LastStatus::Provisioning,
            desired: Desired::Running,
            instance: None,
            address: None,
            attachment: self.ids.uuid(),
            interface: format!("eni-{}", self.ids.hex(17)),
            containers,
            network_mode: definition.network_mode(),
            bindings: Binding::of(definition),
            cpu: size(&launch.overrides.cpu).unwrap_or(definition.cpu),
            memory: size(&launch.overrides.memory).unwrap_or(definition.memory),
            started_by: launch.started_by.clone(),
            group: launch.group.clone().unwrap_or_else(|| format!("family:{}", definition.family)),
            tags: launch.tags.clone(),
            created_at: now,
            placed_at: None,
            started_at: None,
            stopping_at: None,
            execution_stopped_at: None,
            stopped_at: None,
            stop_code: None,
            stopped_reason: None,
            version: 1,
            id,
        }
    }
}

fn no_definition(_: Refusal) -> Refusal {
    Refusal::new("ClientException", "TaskDefinition not found.")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
