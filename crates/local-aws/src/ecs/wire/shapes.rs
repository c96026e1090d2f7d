//! How tasks look in answers, field for field as AWS names them. A field without a value is left out.

use daemon::moment::Moment;
use serde_json::{Map, Value, json};

use crate::ecs::interface;
use crate::ecs::launch::Failure;
use crate::ecs::model::Ecs;
use crate::ecs::task::{Container, ContainerStatus, LastStatus, LaunchType, Task};
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
            "attributes": [{ "name": "ecs.cpu-architecture", "value": "x86_64" }],
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
            "enableExecuteCommand": task.enable_execute_command,
            "executionStoppedAt": time(task.execution_stopped_at),
            "group": task.group,
            "healthStatus": "UNKNOWN",
            "lastStatus": task.last_status.name(),
            "launchType": task.launch_type.name(),
            "memory": task.memory.to_string(),
            "overrides": overrides,
            "platformFamily": Some("Linux").filter(|_| task.launch_type == LaunchType::Fargate),
            "platformVersion": task.platform_version,
            "pullStartedAt": time(task.placed_at),
            "pullStoppedAt": time(task.started_at),
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
            .filter(|_| task.has_interface())
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
            "reason": container.reason,
            "networkBindings": bindings,
            "networkInterfaces": interfaces,
            "healthStatus": "UNKNOWN",
            "cpu": defined.map(|c| c.cpu.to_string()),
            "memory": defined.and_then(|c| c.memory).map(|m| m.to_string()),
            "memoryReservation": defined.and_then(|c| c.memory_reservation).map(|m| m.to_string()),
        }))
    }
}

/// The network interface of a task that has one: its details appear once it is attached.
fn attachments(task: &Task, region: &str) -> Value {
    if !task.has_interface() {
        return json!([]);
    }
    let (status, details) = match (task.last_status, task.address) {
        (LastStatus::Stopped, _) => ("DELETED", vec![]),
        (_, None) if task.instance.is_none() => ("PRECREATED", vec![]),
        (_, None) => ("ATTACHING", vec![]),
        (_, Some(address)) => {
            let detail = |name: &str, value: &str| json!({ "name": name, "value": value });
            let details = vec![
                detail("subnetId", interface::SUBNET),
                detail("networkInterfaceId", &task.interface),
                detail("macAddress", &interface::mac(address)),
                detail("privateDnsName", &interface::dns_name(address, region)),
                detail("privateIPv4Address", &address.to_string()),
            ];
            ("ATTACHED", details)
        }
    };
    json!([{ "id": task.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details }])
}

pub(in crate::ecs) fn failure(failure: &Failure) -> Value {
    present(json!({ "arn": failure.arn, "reason": failure.reason, "detail": failure.detail }))
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
