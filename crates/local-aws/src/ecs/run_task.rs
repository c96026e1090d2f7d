//! RunTask: accepts tasks. They wait in PROVISIONING; placement comes with time.

use daemon::moment::Moment;

use super::cluster::FARGATE;
use super::definition::TaskDefinition;
use super::instance::InstanceStatus;
use super::model::{Ecs, Effect};
use super::requests::RunTask;
use super::task::{Container, ContainerStatus, Desired, LastStatus, LaunchType, Task};
use crate::refusal::Refusal;
use crate::runtime::docker_name;

/// How many tasks of a cluster may wait ("500 PROVISIONING", containers-roadmap #1780).
const WAITING_AT_MOST: usize = 500;

/// A call that was answered under a `clientToken`.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// What was asked.
    request: RunTask,
    /// What was answered: the tasks as they were then.
    answer: Vec<Task>,
    /// When.
    pub(super) at: Moment,
}

/// What RunTask answers.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// Tasks accepted.
    pub tasks: Vec<Task>,
    /// What was not: the ARN of a container instance, and why.
    pub failures: Vec<(String, &'static str)>,
}

/// Where a task is to run, before it is known on which host.
struct Place {
    launch_type: LaunchType,
    provider: Option<String>,
}

impl Ecs {
    /// RunTask.
    ///
    /// # Errors
    /// What AWS refuses; `ConflictException` for a token that was used for another call.
    pub fn run_task(&mut self, now: Moment, request: &RunTask) -> Result<Ran, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.clone();
        valid(request)?;
        let key = request.client_token.clone().map(|token| (cluster.name.clone(), token));
        if let Some(remembered) = key.as_ref().and_then(|key| self.tokens.get(key)) {
            return again(request, remembered);
        }
        let definition = self.task_definition(&request.task_definition).map_err(no_definition)?.clone();
        if let Some(unknown) = request
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
        let place = self.place_of(&cluster.name, request)?;
        let count = request.count.unwrap_or(1);
        if self.waiting().iter().filter(|task| task.cluster == cluster.name).count() + count as usize > WAITING_AT_MOST
        {
            return Err(Refusal::new(
                "ClientException",
                "You've reached the limit on the number of tasks that can be in the PROVISIONING state.",
            ));
        }
        let mut ran = Ran::default();
        for _ in 0..count {
            let task = self.new_task(now, request, &cluster, &definition, &place);
            if place.launch_type == LaunchType::Ec2 && place.provider.is_none() && self.host_for(&task).is_none() {
                ran.failures = self.too_full(&task)?;
                continue;
            }
            self.effects.push(Effect::Provisioning { task: task.id.clone() });
            self.tasks.insert(task.id.clone(), task.clone());
            ran.tasks.push(task);
        }
        if let Some(key) = key.filter(|_| ran.failures.is_empty()) {
            self.tokens.insert(key, Remembered { request: request.clone(), answer: ran.tasks.clone(), at: now });
        }
        Ok(ran)
    }

    fn place_of(&self, cluster: &str, request: &RunTask) -> Result<Place, Refusal> {
        let cluster = self.cluster(Some(cluster))?;
        if !request.capacity_provider_strategy.is_empty() && request.launch_type.is_some() {
            return Err(invalid(
                "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
            ));
        }
        let strategy = match (&request.capacity_provider_strategy, &request.launch_type) {
            (given, _) if !given.is_empty() => given,
            (_, None) => &cluster.default_strategy,
            (_, Some(launch_type)) => {
                return match launch_type.as_str() {
                    "EC2" => Ok(Place { launch_type: LaunchType::Ec2, provider: None }),
                    "FARGATE" => Ok(Place { launch_type: LaunchType::Fargate, provider: None }),
                    other => Err(invalid(format!("Launch type {other} is not supported here."))),
                };
            }
        };
        // The heaviest takes all: with counts of one, which is what is run here, that is what the weights come to.
        let Some(first) = strategy.iter().rev().max_by_key(|item| (item.base, item.weight)) else {
            return Ok(Place { launch_type: LaunchType::Ec2, provider: None });
        };
        let provider = first.capacity_provider.clone();
        if FARGATE.contains(&provider.as_str()) {
            return Ok(Place { launch_type: LaunchType::Fargate, provider: Some(provider) });
        }
        if !cluster.providers.contains(&provider) {
            return Err(invalid(
                "The specified capacity provider was not found. Specify a valid name or ARN and try again.",
            ));
        }
        Ok(Place { launch_type: LaunchType::Ec2, provider: Some(provider) })
    }

    /// Why launch type EC2 found no host.
    fn too_full(&self, task: &Task) -> Result<Vec<(String, &'static str)>, Refusal> {
        let full: Vec<(String, &'static str)> = self
            .instances
            .values()
            .filter(|instance| instance.cluster == task.cluster && instance.status == InstanceStatus::Active)
            .map(|instance| match self.remaining(&instance.arn).memory < task.memory {
                true => (instance.arn.clone(), "RESOURCE:MEMORY"),
                false => (instance.arn.clone(), "RESOURCE:CPU"),
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
        request: &RunTask,
        cluster: &super::cluster::Cluster,
        definition: &TaskDefinition,
        place: &Place,
    ) -> Task {
        let id = self.ids.hex(32);
        let number = self.tasks.values().map(|task| task.number).max().unwrap_or(0) + 1;
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
            overrides: request.overrides.clone(),
            launch_type: place.launch_type,
            provider: place.provider.clone(),
            last_status: LastStatus::Provisioning,
            desired: Desired::Running,
            instance: None,
            address: None,
            attachment: self.ids.uuid(),
            interface: format!("eni-{}", self.ids.hex(17)),
            containers,
            cpu: size(&request.overrides.cpu).unwrap_or(definition.cpu),
            memory: size(&request.overrides.memory).unwrap_or(definition.memory),
            started_by: request.started_by.clone(),
            group: request.group.clone().unwrap_or_else(|| format!("family:{}", definition.family)),
            tags: request.tags.clone(),
            created_at: now,
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

fn valid(request: &RunTask) -> Result<(), Refusal> {
    if !(1..=10).contains(&request.count.unwrap_or(1)) {
        return Err(invalid("Count must be between 1 and 10."));
    }
    let token = request.client_token.as_deref().unwrap_or("-");
    if token.is_empty() || token.len() > 64 || !token.bytes().all(|byte| (33..=126).contains(&byte)) {
        return Err(invalid("clientToken must be at most 64 characters of ASCII 33 to 126."));
    }
    let who = request.started_by.as_deref().unwrap_or_default();
    if who.len() > 128 || !who.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte)) {
        return Err(invalid("startedBy must be at most 128 letters, digits, hyphens, underscores and slashes."));
    }
    let overrides = serde_json::to_string(&request.overrides).unwrap_or_default();
    if overrides.chars().count() > 8192 {
        return Err(invalid("Container Overrides length must be at most 8192."));
    }
    Ok(())
}

/// The same token again: the first answer as it was, or a conflict.
fn again(request: &RunTask, remembered: &Remembered) -> Result<Ran, Refusal> {
    if *request == remembered.request {
        return Ok(Ran { tasks: remembered.answer.clone(), failures: Vec::new() });
    }
    let tasks: Vec<serde_json::Value> = remembered.answer.iter().map(|task| task.arn.clone().into()).collect();
    Err(Refusal::new("ConflictException", "The request conflicts with an earlier one that used the same client token.")
        .with("resourceIds", tasks))
}

fn no_definition(_: Refusal) -> Refusal {
    Refusal::new("ClientException", "TaskDefinition not found.")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
