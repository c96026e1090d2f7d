//! How container instances look in answers.

use serde_json::{Value, json};

use super::{include, present};
use crate::ecs::instance::ContainerInstance;
use crate::ecs::model::Ecs;
use crate::ecs::ports::Protocol;
use crate::ecs::resources::Resources;
use crate::pace::Wall;
use crate::refusal::Refusal;

/// What of an instance is shown only when asked for (`ContainerInstanceField`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    tags: bool,
    health: bool,
}

const FIELDS: [&str; 2] = ["TAGS", "CONTAINER_INSTANCE_HEALTH"];

impl Shown {
    pub(super) fn read(given: &[String]) -> Result<Self, Refusal> {
        Ok(Shown {
            tags: include(given, &FIELDS, "TAGS")?,
            health: include(given, &FIELDS, "CONTAINER_INSTANCE_HEALTH")?,
        })
    }
}

impl Ecs {
    pub(super) fn instance_shape(&self, instance: &ContainerInstance, shown: Shown, wall: &Wall) -> Value {
        let (running, pending) = self.counts(&instance.arn);
        let load = self.tasks.load(&instance.arn);
        let all = instance.given.iter().chain(&instance.attributes);
        let attributes: Vec<Value> =
            all.map(|(name, value)| present(json!({ "name": name, "value": value }))).collect();
        let held = |protocol| load.into_iter().flat_map(move |load| load.ports.held(protocol));
        let tcp: Vec<u16> = instance.reserved_ports.iter().copied().chain(held(Protocol::Tcp)).collect();
        let udp: Vec<u16> = held(Protocol::Udp).collect();
        let health = json!({
            "overallStatus": if instance.agent_connected { "OK" } else { "INSUFFICIENT_DATA" },
            "details": [{
                "type": "CONTAINER_RUNTIME",
                "status": if instance.agent_connected { "OK" } else { "INSUFFICIENT_DATA" },
                "lastUpdated": wall.epoch_seconds(instance.registered_at),
                "lastStatusChange": wall.epoch_seconds(instance.registered_at),
            }],
        });
        present(json!({
            "containerInstanceArn": instance.arn,
            "ec2InstanceId": instance.host,
            "capacityProviderName": instance.provider,
            "version": instance.version,
            "versionInfo": { "agentVersion": instance.agent_version, "dockerVersion": "DockerVersion: 25.0.8" },
            "remainingResources": resources(self.remaining(&instance.arn), &tcp, &udp),
            "registeredResources": resources(instance.registered, &instance.reserved_ports, &[]),
            "status": instance.status.name(),
            "agentConnected": instance.agent_connected,
            "runningTasksCount": running,
            "pendingTasksCount": pending,
            "attributes": attributes,
            "registeredAt": wall.epoch_seconds(instance.registered_at),
            "attachments": [],
            "tags": if shown.tags { json!(instance.tags) } else { json!([]) },
            "healthStatus": Some(health).filter(|_| shown.health),
        }))
    }
}

/// Of ports, those that are taken are said.
fn resources(resources: Resources, tcp: &[u16], udp: &[u16]) -> Value {
    let number = |name: &str, value: u32| json!({ "name": name, "type": "INTEGER", "integerValue": value });
    let ports = |name: &str, taken: &[u16]| {
        let taken: Vec<String> = taken.iter().map(u16::to_string).collect();
        json!({ "name": name, "type": "STRINGSET", "stringSetValue": taken })
    };
    json!([
        number("CPU", resources.cpu),
        number("MEMORY", resources.memory),
        ports("PORTS", tcp),
        ports("PORTS_UDP", udp),
    ])
}
