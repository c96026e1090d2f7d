//! How ECS's things look in answers, field for field as AWS names them. A field without a value is left out.

use daemon::moment::Moment;
use serde_json::{Map, Value, json};

use crate::ecs::cluster::{CapacityProvider, Cluster};
use crate::ecs::definition::{NetworkMode, TaskDefinition};
use crate::ecs::instance::ContainerInstance;
use crate::ecs::launch::Failure;
use crate::ecs::model::Ecs;
use crate::ecs::placement::Resources;
use crate::ecs::task::{Container, ContainerStatus, LastStatus, Task};
use crate::pace::Wall;

impl Ecs {
    pub(super) fn task_shape(&self, task: &Task, tags: bool, wall: &Wall) -> Value {
        let time = |moment: Option<Moment>| moment.map(|moment| wall.epoch_seconds(moment));
        let containers: Vec<Value> = task.containers.iter().map(|c| self.container_shape(task, c)).collect();
        let host = task.instance.as_deref().and_then(|arn| self.instance(arn));
        let zone = host.map_or_else(|| self.account.zone(0), |host| host.zone.clone());
        let mut overrides = json!(task.overrides);
        overrides["inferenceAcceleratorOverrides"] = json!([]);
        present(json!({
            "attachments": attachments(task, &self.account.region),
            "attributes": [],
            "availabilityZone": zone,
            "capacityProviderName": task.provider,
            "clusterArn": task.cluster_arn,
            "connectivity": task.started_at.map(|_| "CONNECTED"),
            "connectivityAt": time(task.started_at),
            "containerInstanceArn": task.instance,
            "containers": containers,
            "cpu": task.cpu.to_string(),
            "createdAt": wall.epoch_seconds(task.created_at),
            "desiredStatus": task.desired.name(),
            "enableExecuteCommand": false,
            "executionStoppedAt": time(task.execution_stopped_at),
            "group": task.group,
            "healthStatus": "UNKNOWN",
            "lastStatus": task.last_status.name(),
            "launchType": task.launch_type.name(),
            "memory": task.memory.to_string(),
            "overrides": overrides,
            "startedAt": time(task.started_at),
            "startedBy": task.started_by,
            "stopCode": task.stop_code.map(|code| code.name()),
            "stoppedAt": time(task.stopped_at),
            "stoppedReason": task.stopped_reason,
            "stoppingAt": time(task.stopping_at),
            "tags": if tags { json!(task.tags) } else { json!([]) },
            "taskArn": task.arn,
            "taskDefinitionArn": task.definition,
            "version": task.version,
        }))
    }

    fn container_shape(&self, task: &Task, container: &Container) -> Value {
        let definition = self.task_definition(&task.definition).ok();
        let defined = definition.and_then(|d| d.containers.iter().find(|c| c.name == container.name));
        let status = match (task.last_status, container.status) {
            (LastStatus::Provisioning, ContainerStatus::Pending) => "PENDING",
            (_, status) => status.name(),
        };
        // The attachment's detail is `privateIPv4Address`, the container's field `privateIpv4Address`.
        let interfaces: Vec<Value> = task
            .address
            .iter()
            .filter(|_| task.network_mode == NetworkMode::Awsvpc)
            .map(|address| json!({ "attachmentId": task.attachment, "privateIpv4Address": address.to_string() }))
            .collect();
        // Bindings appear once the container runs.
        let bound = task.bindings.iter().filter(|b| b.container == container.name && task.started_at.is_some());
        let bindings: Vec<Value> = bound
            .map(|b| {
                json!({ "bindIP": "0.0.0.0", "containerPort": b.container_port, "hostPort": b.host_port,
                    "protocol": b.protocol.name() })
            })
            .collect();
        present(json!({
            "containerArn": container.arn,
            "taskArn": task.arn,
            "name": container.name,
            "image": defined.map(|c| c.image.clone()),
            "runtimeId": task.started_at.map(|_| container.docker_id.clone()),
            "lastStatus": status,
            "exitCode": container.exit_code,
            "networkBindings": bindings,
            "networkInterfaces": interfaces,
            "healthStatus": "UNKNOWN",
            "cpu": defined.map(|c| c.cpu.to_string()),
            "memory": defined.and_then(|c| c.memory).map(|m| m.to_string()),
        }))
    }

    pub(super) fn instance_shape(&self, instance: &ContainerInstance, wall: &Wall) -> Value {
        let (running, pending) = self.counts(&instance.arn);
        let attributes: Vec<Value> =
            instance.attributes.iter().map(|(name, value)| present(json!({ "name": name, "value": value }))).collect();
        present(json!({
            "containerInstanceArn": instance.arn,
            "ec2InstanceId": instance.host,
            "capacityProviderName": instance.provider,
            "version": instance.version,
            "versionInfo": { "agentVersion": "1.105.1", "dockerVersion": "DockerVersion: 25.0.8" },
            "remainingResources": resources(self.remaining(&instance.arn)),
            "registeredResources": resources(instance.registered),
            "status": instance.status.name(),
            "agentConnected": instance.agent_connected,
            "runningTasksCount": running,
            "pendingTasksCount": pending,
            "attributes": attributes,
            "registeredAt": wall.epoch_seconds(instance.registered_at),
            "attachments": [],
            "tags": [],
        }))
    }

    pub(super) fn cluster_shape(&self, cluster: &Cluster) -> Value {
        let counted = self.tasks.counted(&cluster.name);
        json!({
            "clusterArn": cluster.arn,
            "clusterName": cluster.name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount":
                self.instances.values().filter(|i| i.cluster == cluster.name && i.gone_at.is_none()).count(),
            "runningTasksCount": counted.running_ec2 + counted.running_fargate,
            "pendingTasksCount": counted.pending_ec2 + counted.pending_fargate,
            "activeServicesCount": self.active_services(&cluster.name),
            "statistics": [],
            "tags": [],
            "settings": [],
            "capacityProviders": cluster.providers,
            "defaultCapacityProviderStrategy": cluster.default_strategy,
        })
    }
}

/// The network interface of a task that has one: its details appear once it is attached.
fn attachments(task: &Task, region: &str) -> Value {
    if task.network_mode != NetworkMode::Awsvpc {
        return json!([]);
    }
    let (status, details) = match (task.last_status, task.address) {
        (LastStatus::Stopped, _) => ("DELETED", vec![]),
        (_, None) if task.instance.is_none() => ("PRECREATED", vec![]),
        (_, None) => ("ATTACHING", vec![]),
        (_, Some(address)) => {
            let octets = address.octets();
            let mac = format!("0a:00:{:02x}:{:02x}:{:02x}:{:02x}", octets[0], octets[1], octets[2], octets[3]);
            let name = format!("ip-{}.{region}.compute.internal", address.to_string().replace('.', "-"));
            let detail = |name: &str, value: &str| json!({ "name": name, "value": value });
            let details = vec![
                detail("subnetId", "subnet-00000000000000001"),
                detail("networkInterfaceId", &task.interface),
                detail("macAddress", &mac),
                detail("privateDnsName", &name),
                detail("privateIPv4Address", &address.to_string()),
            ];
            ("ATTACHED", details)
        }
    };
    json!([{ "id": task.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details }])
}

pub(super) fn provider(provider: &CapacityProvider) -> Value {
    json!({
        "capacityProviderArn": provider.arn,
        "name": provider.name,
        "status": "ACTIVE",
        "autoScalingGroupProvider": provider.group,
        "tags": [],
    })
}

pub(super) fn definition(definition: &TaskDefinition, wall: &Wall) -> Value {
    let mut shape = json!(definition.request);
    shape["taskDefinitionArn"] = json!(definition.arn);
    shape["revision"] = json!(definition.revision);
    shape["status"] = json!("ACTIVE");
    shape["containerDefinitions"] = json!(definition.containers);
    shape["registeredAt"] = json!(wall.epoch_seconds(definition.registered_at));
    if shape.get("compatibilities").is_none() {
        shape["compatibilities"] = json!(["EC2", "FARGATE"]);
    }
    shape
}

pub(in crate::ecs) fn failure(failure: &Failure) -> Value {
    present(json!({ "arn": failure.arn, "reason": failure.reason, "detail": failure.detail }))
}

fn resources(resources: Resources) -> Value {
    let of = |name: &str, value: u32| json!({ "name": name, "type": "INTEGER", "integerValue": value });
    json!([of("CPU", resources.cpu), of("MEMORY", resources.memory)])
}

/// Without the fields that have no value.
pub(in crate::ecs) fn present(shape: Value) -> Value {
    match shape {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => shape,
    }
}
