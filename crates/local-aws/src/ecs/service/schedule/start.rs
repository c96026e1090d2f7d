//! Starting one task of a service.

use std::time::Duration;

use daemon::moment::Moment;

use crate::account::last_part;
use crate::ecs::launch::Launch;
use crate::ecs::model::Ecs;
use crate::ecs::requests::{PlacementStrategy, Tag};
use crate::ecs::service::{Owned, Propagate, Service, TaskStart};

/// How long at least until a task that found no place is tried again. Not documented.
const PLACED_AGAIN_AFTER: Duration = Duration::from_secs(15);
/// What tasks are spread over unless said.
const ZONE: &str = "attribute:ecs.availability-zone";
/// How AWS ends the events about what is wrong.
pub(super) const SEE: &str = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

impl Ecs {
    /// Starts a task, on `host` where that is said; its id, or why there is none, as an event has it.
    pub(super) fn start_one(
        &mut self,
        now: Moment,
        service: &mut Service,
        host: Option<&str>,
    ) -> Result<String, String> {
        let started = self.try_start(now, service, host);
        if let (Err(_), Some(primary)) = (&started, service.deployments.first_mut()) {
            // "A task is considered a failure if the service scheduler can't launch the task" (API reference). One host
            // that is full for a daemon must not keep the others waiting ever longer.
            primary.failed = primary.failed.saturating_add(u32::from(host.is_none()));
            let wait = primary.wait().unwrap_or_default().max(PLACED_AGAIN_AFTER);
            primary.not_before = Some(now + self.pace.of(wait));
        }
        started
    }

    fn try_start(&mut self, now: Moment, service: &mut Service, host: Option<&str>) -> Result<String, String> {
        let name = &service.name;
        let unable = |why: &str| format!("(service {name}) was unable to place a task. Reason: {why}");
        let deployment = service.deployments.first().ok_or_else(|| unable("There is no deployment."))?;
        let launch = Launch {
            constraints: service.constraints.clone(),
            strategies: match service.strategies.is_empty() {
                // "By default, the service scheduler spreads tasks across Availability Zones" (API reference).
                true => vec![PlacementStrategy { kind: Some("spread".to_owned()), field: Some(ZONE.to_owned()) }],
                false => service.strategies.clone(),
            },
            network_configuration: deployment.network.clone(),
            enable_execute_command: service.execute_command,
            started_by: Some(deployment.id.clone()),
            group: Some(service.group()),
            tags: self.tags_of_tasks(service, &deployment.definition),
            ..Launch::one(&service.cluster, &deployment.definition, deployment.on.clone())
        };
        let nowhere = |reason: &str| {
            format!(
                "(service {name}) was unable to place a task because no container instance met all of its requirements. \
                 {reason} {SEE}"
            )
        };
        let ran = match host {
            Some(host) => self.launch_on(now, &launch, &[host.to_owned()]),
            None => self.launch(now, &launch),
        };
        let ran = ran.map_err(|refusal| match refusal.message.as_str() {
            none @ "No Container Instances were found in your cluster." => nowhere(&format!("Reason: {none}")),
            other => unable(other),
        })?;
        let Some(id) = ran.tasks.first().map(|task| task.id.clone()) else {
            let failure = ran.failures.first();
            let instance = failure.and_then(|failure| failure.arn.as_deref()).unwrap_or_default();
            return Err(nowhere(&closest(
                instance,
                failure.map(|failure| failure.reason.as_str()).unwrap_or_default(),
            )));
        };
        let owned = Owned { deployment: deployment.id.clone(), start: TaskStart::Awaited };
        service.tasks.insert(id.clone(), owned);
        Ok(id)
    }

    fn tags_of_tasks(&self, service: &Service, definition: &str) -> Vec<Tag> {
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        let mut tags = match service.propagate {
            Propagate::None => Vec::new(),
            Propagate::Service => service.tags.clone(),
            Propagate::TaskDefinition => self.task_definition(definition).map(|d| d.tags.clone()).unwrap_or_default(),
        };
        if service.managed_tags {
            tags.push(tag("aws:ecs:clusterName", &service.cluster));
            tags.push(tag("aws:ecs:serviceName", &service.name));
        }
        tags
    }
}

fn closest(instance: &str, reason: &str) -> String {
    let id = last_part(instance);
    match reason {
        "RESOURCE:MEMORY" => {
            format!("The closest matching (container-instance {id}) has insufficient memory available.")
        }
        "RESOURCE:PORTS" => {
            format!("The closest matching (container-instance {id}) is already using a port required by your task.")
        }
        "RESOURCE:CPU" => {
            format!("The closest matching (container-instance {id}) has insufficient CPU units available.")
        }
        other => format!("The closest matching (container-instance {id}) encountered error \"{other}\"."),
    }
}
