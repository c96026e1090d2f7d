//! A task as it is when it has been accepted.

use daemon::moment::Moment;

use super::{Kind, Place};
use crate::ecs::definition::{TaskDefinition, units};
use crate::ecs::model::Ecs;
use crate::ecs::ports::Binding;
use crate::ecs::requests::TaskOverride;
use crate::ecs::resources::Resources;
use crate::ecs::task::{Container, ContainerStatus, Desired, LastStatus, Task};
use crate::refusal::Refusal;
use crate::runtime::docker_name;

/// What a task reserves: what the call says for the whole task, else the definition, else its containers together.
pub(super) fn wants(definition: &TaskDefinition, overrides: &TaskOverride) -> Result<Resources, Refusal> {
    let bad = |what: &str| Refusal::new("ClientException", format!("Invalid '{what}' setting for task."));
    let sum = |of: &dyn Fn(usize) -> i32| {
        let amounts = (0..definition.containers.len()).map(|place| u32::try_from(of(place)).unwrap_or(0));
        amounts.fold(0, u32::saturating_add)
    };
    let over = |place: usize| {
        let name = &definition.containers[place].name;
        overrides.container_overrides.iter().rfind(|over| over.name == *name)
    };
    let cpu = match (&overrides.cpu, &definition.request.cpu) {
        (Some(text), _) => units(text, "vcpu").ok_or_else(|| bad("cpu"))?,
        (None, Some(_)) => definition.cpu,
        (None, None) => sum(&|place| over(place).and_then(|o| o.cpu).unwrap_or(definition.containers[place].cpu)),
    };
    let memory = match (&overrides.memory, &definition.request.memory) {
        (Some(text), _) => units(text, "gb").ok_or_else(|| bad("memory"))?,
        (None, Some(_)) => definition.memory,
        (None, None) => sum(&|place| {
            let container = &definition.containers[place];
            let asked = over(place).and_then(|o| o.memory_reservation.or(o.memory));
            asked.or(container.memory_reservation).or(container.memory).unwrap_or(0)
        }),
    };
    Ok(Resources { cpu, memory })
}

impl Ecs {
    pub(super) fn new_task(&mut self, now: Moment, kind: &Kind<'_>, place: &Place) -> Task {
        let (launch, cluster, definition) = (kind.launch, &kind.cluster, &kind.definition);
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
                reason: None,
                finished_at: None,
                essential: container.essential,
            });
        }
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
            provider: place.provider.clone(),
            platform_version: launch.platform_version.clone(),
            enable_execute_command: launch.enable_execute_command,
            placing: kind.placing.clone(),
            last_status: LastStatus::Provisioning,
            desired: Desired::Running,
            instance: None,
            address: None,
            attachment: self.ids.uuid(),
            interface: format!("eni-{}", self.ids.hex(17)),
            containers,
            network_mode: definition.network_mode(),
            bindings: Binding::of(definition),
            cpu: kind.wants.cpu,
            memory: kind.wants.memory,
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
            orphaned: false,
            version: 1,
            id,
        }
    }
}
