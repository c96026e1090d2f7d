//! ECS services as `GET /_world` shows them, and their tasks as they ask their ECS agent.

use serde_json::{Value, json};

use super::state::State;
use crate::ecs::service::Service;
use crate::ecs::task::Task;
use crate::task_protection::Asker;

impl State {
    /// The services, for `GET /_world`.
    pub(super) fn services_json(&self) -> Vec<Value> {
        self.ecs.services().map(|service| self.service_json(service)).collect()
    }

    fn service_json(&self, service: &Service) -> Value {
        let (running, pending) = self.ecs.service_counts(service, None);
        let tasks: Vec<&Task> = service.tasks.keys().filter_map(|id| self.ecs.task(id)).collect();
        let protected = tasks.iter().filter(|task| self.ecs.protected_until(&task.id).is_some());
        json!({
            "name": service.name,
            "arn": service.arn,
            "cluster": service.cluster,
            "status": service.status.name(),
            "scheduling": service.scheduling.name(),
            "desired": service.desired,
            "running": running,
            "pending": pending,
            "task_definition": service.primary().map(|deployment| &deployment.definition),
            "rollout": service.primary().map(|deployment| deployment.rollout.name()),
            "deployments": service.deployments.len(),
            "tasks": tasks.iter().map(|task| &task.arn).collect::<Vec<_>>(),
            "protected": protected.map(|task| &task.arn).collect::<Vec<_>>(),
            "last_event": service.events.front().map(|event| &event.message),
        })
    }

    /// The task of a container, as its ECS agent knows it.
    #[must_use]
    pub fn asker(&self, container: &str) -> Option<Asker> {
        let task = self.ecs.kept().of_container(container)?;
        let definition = self.ecs.task_definition(&task.definition).ok();
        let role = definition.and_then(|definition| definition.request.rest.get("taskRoleArn"));
        Some(Asker {
            id: task.id.clone(),
            arn: task.arn.clone(),
            cluster: task.cluster.clone(),
            has_role: role.and_then(Value::as_str).is_some_and(|role| !role.is_empty()),
        })
    }
}
