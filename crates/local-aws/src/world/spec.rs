//! What a task's containers are started with: the definition, what RunTask changed of it, and what the ECS agent adds.

use std::net::Ipv4Addr;

use super::state::State;
use crate::call::Caller;
use crate::ecs::definition::ContainerDefinition;
use crate::ecs::requests::ContainerOverride;
use crate::ecs::task::{Container, Task};
use crate::runtime::{ContainerSpec, TaskSpec, ecs_labels};

impl State {
    /// What is to be started for a task; none when there is no such task.
    pub(super) fn spec(&self, id: &str, address: Ipv4Addr) -> Option<TaskSpec> {
        let task = self.ecs.task(id)?;
        let definition = self.ecs.task_definition(&task.definition).ok()?;
        let containers = definition.containers.iter().zip(&task.containers);
        Some(TaskSpec {
            arn: task.arn.clone(),
            id: task.id.clone(),
            family: task.family.clone(),
            address,
            containers: containers.map(|(defined, container)| self.container(task, defined, container)).collect(),
        })
    }

    fn container(&self, task: &Task, defined: &ContainerDefinition, container: &Container) -> ContainerSpec {
        let over = task.overrides.container_overrides.iter().rfind(|over| over.name == defined.name);
        ContainerSpec {
            docker_id: container.metadata_id.clone(),
            docker_name: container.docker_name.clone(),
            name: defined.name.clone(),
            image: defined.image.clone(),
            entry_point: defined.entry_point.clone(),
            command: over.and_then(|over| over.command.clone()).unwrap_or_else(|| defined.command.clone()),
            environment: self.environment(&task.id, defined, over, container),
            essential: defined.essential,
            stop_timeout: defined.stop_grace(),
            ports: defined.port_mappings.iter().map(|port| port.container_port).collect(),
            labels: ecs_labels(&task.arn, &defined.name, &task.family, task.revision, &task.cluster_arn),
        }
    }

    /// Overrides win over the definition; what the agent adds wins over neither, but for the metadata's address and its own.
    fn environment(
        &self,
        task: &str,
        defined: &ContainerDefinition,
        over: Option<&ContainerOverride>,
        container: &Container,
    ) -> Vec<(String, String)> {
        let endpoint = &self.settings.task_endpoint;
        let region = &self.settings.account.region;
        let mut all: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: &str| match all.iter_mut().find(|(there, _)| there == name) {
            Some((_, old)) => value.clone_into(old),
            None => all.push((name.to_owned(), value.to_owned())),
        };
        set("AWS_ENDPOINT_URL", endpoint);
        set("AWS_REGION", region);
        set("AWS_DEFAULT_REGION", region);
        set("AWS_ACCESS_KEY_ID", &Caller::key_of_task(task));
        set("AWS_SECRET_ACCESS_KEY", "local");
        for pair in defined.environment.iter().chain(over.iter().flat_map(|over| &over.environment)) {
            set(&pair.name, &pair.value);
        }
        set("ECS_CONTAINER_METADATA_URI_V4", &format!("{endpoint}/v4/{}", container.metadata_id));
        set("ECS_AGENT_URI", &format!("{endpoint}/api/{}", container.metadata_id));
        all
    }
}
