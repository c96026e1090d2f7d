//! ECS's side of the host: whose the tasks are, the container instance's status and mark, and any work on it.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    Attribute, ContainerInstanceStatus, DesiredStatus, Failure as Missed, LaunchType, TargetType, Task,
};
use cloud_map::{Retry, TaskArn};
use task_state::ServiceName;

use super::{Failure, incomplete, refused};
use crate::observe::host::{Identity, InstanceLook, InstanceStatus};
use crate::observe::tasks::Described;
use crate::plan::step::Done;

/// The attribute of a container instance that its agent releases (A4).
const MARK: &str = "doze.released-by";

/// The variable in the overrides that makes a task one of ours.
const SERVICE_NAME: &str = "SERVICE_NAME";

/// `DescribeTasks` takes so many.
const MOST_DESCRIBED: usize = 100;

#[derive(Debug)]
pub(super) struct Ecs {
    client: Client,
    cluster: String,
    container_instance: String,
}

/// Work on the host, or that waits for it; the container instance is read last.
pub(super) struct Work {
    pub(super) instance: InstanceLook,
    pub(super) tasks: u32,
    pub(super) provisioning: u32,
}

/// The container instance, with what only a look for work needs.
pub(super) struct Instance {
    pub(super) look: InstanceLook,
    tasks: u32,
    capacity_provider: Option<String>,
}

impl Ecs {
    pub(super) fn new(aws: &SdkConfig, identity: &Identity) -> Self {
        Ecs {
            client: Client::new(aws),
            cluster: identity.cluster.clone(),
            container_instance: identity.container_instance.clone(),
        }
    }

    pub(super) async fn describe(&self, tasks: &[TaskArn]) -> Result<Vec<(TaskArn, Described)>, Failure> {
        let arns: Vec<String> = tasks.iter().map(ToString::to_string).collect();
        let (found, missed) = self.describe_tasks(&arns).await?;
        let mut described = Vec::new();
        for arn in tasks {
            if let Some(task) = found.iter().find(|task| task.task_arn() == Some(arn.as_str())) {
                let stopped = task.last_status() == Some("STOPPED");
                described.push((arn.clone(), Described::Found { service: service_of(task), stopped }));
            } else if missed.iter().any(|m| m.arn() == Some(arn.as_str()) && m.reason() == Some("MISSING")) {
                described.push((arn.clone(), Described::Missing));
            }
        }
        match described.is_empty() {
            true => Err(incomplete("DescribeTasks", "word on any of the tasks")),
            false => Ok(described),
        }
    }

    async fn describe_tasks(&self, arns: &[String]) -> Result<(Vec<Task>, Vec<Missed>), Failure> {
        let (mut found, mut missed) = (Vec::new(), Vec::new());
        for some in arns.chunks(MOST_DESCRIBED) {
            let asked = self.client.describe_tasks().cluster(&self.cluster).set_tasks(Some(some.to_vec())).send().await;
            let answer = asked.map_err(|error| refused("DescribeTasks", error))?;
            found.extend_from_slice(answer.tasks());
            missed.extend_from_slice(answer.failures());
        }
        Ok((found, missed))
    }

    pub(super) async fn instance(&self) -> Result<Instance, Failure> {
        const CALL: &str = "DescribeContainerInstances";
        let asked = self
            .client
            .describe_container_instances()
            .cluster(&self.cluster)
            .container_instances(&self.container_instance)
            .send()
            .await;
        let answer = asked.map_err(|error| refused(CALL, error))?;
        all_done(CALL, answer.failures())?;
        let found = answer.container_instances().first().ok_or_else(|| incomplete(CALL, "container instance"))?;
        let status = match found.status().ok_or_else(|| incomplete(CALL, "status"))? {
            "ACTIVE" => InstanceStatus::Active,
            "DRAINING" => InstanceStatus::Draining,
            _ => InstanceStatus::Other,
        };
        let tasks = found.running_tasks_count().max(0).saturating_add(found.pending_tasks_count().max(0));
        Ok(Instance {
            look: InstanceLook { status, marked: found.attributes().iter().any(|a| a.name() == MARK) },
            tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
            capacity_provider: found.capacity_provider_name().map(str::to_owned),
        })
    }

    /// All of ECS's views, one after the other: the instance's own counts, the tasks that are to run and those that are
    /// to stop here, and tasks anywhere in the cluster that wait for a host of this capacity provider.
    pub(super) async fn work(&self) -> Result<Work, Failure> {
        let here = Some(self.container_instance.as_str());
        let mut working: BTreeSet<String> = self.list(here, DesiredStatus::Running).await?.into_iter().collect();
        let ending = self.list(here, DesiredStatus::Stopped).await?;
        let (found, _) = self.describe_tasks(&ending).await?;
        // A task that is listed and not described is not known to have stopped.
        let over = |arn: &str| found.iter().any(|t| t.task_arn() == Some(arn) && t.last_status() == Some("STOPPED"));
        working.extend(ending.into_iter().filter(|arn| !over(arn)));
        let (anywhere, _) = self.describe_tasks(&self.list(None, DesiredStatus::Running).await?).await?;
        let instance = self.instance().await?;
        let waits_for_us = |task: &&Task| {
            let provider = task.capacity_provider_name();
            let same = provider.is_none() || instance.capacity_provider.as_deref().is_none_or(|p| provider == Some(p));
            same && task.launch_type() != Some(&LaunchType::Fargate) && task.last_status() == Some("PROVISIONING")
        };
        Ok(Work {
            tasks: instance.tasks.max(u32::try_from(working.len()).unwrap_or(u32::MAX)),
            provisioning: u32::try_from(anywhere.iter().filter(waits_for_us).count()).unwrap_or(u32::MAX),
            instance: instance.look,
        })
    }

    async fn list(&self, on: Option<&str>, desired: DesiredStatus) -> Result<Vec<String>, Failure> {
        let listing = self.client.list_tasks().cluster(&self.cluster).desired_status(desired);
        let mut pages = listing.set_container_instance(on.map(str::to_owned)).into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            arns.extend_from_slice(page.map_err(|error| refused("ListTasks", error))?.task_arns());
        }
        Ok(arns)
    }

    pub(super) async fn mark(&self) -> Result<Done, Failure> {
        let asked = self.client.put_attributes().cluster(&self.cluster).attributes(self.attribute()).send().await;
        asked.map_err(|error| refused("PutAttributes", error))?;
        Ok(Done::Marked)
    }

    pub(super) async fn unmark(&self) -> Result<Done, Failure> {
        let asked = self.client.delete_attributes().cluster(&self.cluster).attributes(self.attribute()).send().await;
        asked.map_err(|error| refused("DeleteAttributes", error))?;
        Ok(Done::Unmarked)
    }

    fn attribute(&self) -> Attribute {
        let attribute = Attribute::builder().name(MARK).value("instance-agent").target_id(&self.container_instance);
        attribute.target_type(TargetType::ContainerInstance).build().expect("the name is set")
    }

    pub(super) async fn drain(&self) -> Result<Done, Failure> {
        self.set_status(ContainerInstanceStatus::Draining).await?;
        Ok(Done::Draining)
    }

    pub(super) async fn activate(&self) -> Result<Done, Failure> {
        self.set_status(ContainerInstanceStatus::Active).await?;
        Ok(Done::Active)
    }

    async fn set_status(&self, status: ContainerInstanceStatus) -> Result<(), Failure> {
        const CALL: &str = "UpdateContainerInstancesState";
        let asked = self
            .client
            .update_container_instances_state()
            .cluster(&self.cluster)
            .container_instances(&self.container_instance)
            .status(status)
            .send()
            .await;
        all_done(CALL, asked.map_err(|error| refused(CALL, error))?.failures())
    }
}

/// ECS answers 200 even where it has not done what was asked.
fn all_done(call: &str, failures: &[Missed]) -> Result<(), Failure> {
    match failures.first() {
        None => Ok(()),
        Some(first) => {
            let text = |text: Option<&str>| text.unwrap_or("no reason").to_owned();
            let (reason, detail) = (text(first.reason()), first.detail().unwrap_or_default());
            Err(Failure { why: format!("{call} failed with {reason} {detail}"), retry: Retry::Allowed })
        }
    }
}

/// `SERVICE_NAME` of the first container whose override has one. Overrides show only what RunTask was given.
fn service_of(task: &Task) -> Option<ServiceName> {
    let containers = task.overrides()?.container_overrides();
    let mut variables = containers.iter().flat_map(|container| container.environment());
    let name = variables.find(|variable| variable.name() == Some(SERVICE_NAME))?.value()?;
    match name.parse() {
        Ok(service) => Some(service),
        Err(error) => {
            tracing::warn!(task = task.task_arn(), error = %error, "task has a SERVICE_NAME that is no name");
            None
        }
    }
}
