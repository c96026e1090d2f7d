//! The task metadata endpoint, version 4: what a container reads about itself at `$ECS_CONTAINER_METADATA_URI_V4`, and
//! about its task at `$ECS_CONTAINER_METADATA_URI_V4/task`.
//!
//! Pure rendering; the server of local-aws routes `/v4/…` here. Field names as in `ecs-agent/tmds`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ecs::interface;
use crate::render;
use crate::runtime::ecs_labels;
use crate::views::{ContainerView, TaskView, Views};

/// Answers a `GET` of `path`: `/v4/<container id>` or `/v4/<container id>/task`.
#[must_use]
pub fn answer(path: &str, views: &dyn Views) -> Response<Full<Bytes>> {
    let Some((id, what)) = asked(path) else {
        return render::text(StatusCode::NOT_FOUND, "404 page not found\n");
    };
    match (views.task_of_container(id), what) {
        (Some((task, _)), What::Task { tags }) => render::answer(StatusCode::OK, &Task::of(&task, tags)),
        (Some((task, place)), What::Container) => match task.containers.get(place) {
            Some(container) => render::answer(StatusCode::OK, &Container::of(container, &task)),
            None => unknown("container metadata", id),
        },
        (None, What::Task { .. }) => unknown("task metadata", id),
        (None, What::Container) => unknown("container metadata", id),
    }
}

enum What {
    Container,
    Task { tags: bool },
}

fn asked(path: &str) -> Option<(&str, What)> {
    let path = path.strip_prefix("/v4/")?;
    let (id, rest) = path.split_once('/').unwrap_or((path, ""));
    match (id, rest) {
        ("", _) => None,
        (id, "") => Some((id, What::Container)),
        (id, "task") => Some((id, What::Task { tags: false })),
        (id, "taskWithTags") => Some((id, What::Task { tags: true })),
        _ => None,
    }
}

fn unknown(handler: &str, id: &str) -> Response<Full<Bytes>> {
    let text = format!(
        "V4 {handler} handler: unable to get task arn from request: unable to get task Arn from v3 endpoint ID: {id}"
    );
    render::answer(StatusCode::NOT_FOUND, &text)
}

#[derive(Serialize)]
struct Task {
    #[serde(rename = "Cluster")]
    cluster: String,
    #[serde(rename = "TaskARN")]
    task_arn: String,
    #[serde(rename = "Family")]
    family: String,
    #[serde(rename = "Revision")]
    revision: String,
    #[serde(rename = "DesiredStatus")]
    desired_status: String,
    #[serde(rename = "KnownStatus")]
    known_status: String,
    #[serde(rename = "Limits")]
    limits: TaskLimits,
    #[serde(rename = "PullStartedAt", skip_serializing_if = "Option::is_none")]
    pull_started_at: Option<String>,
    #[serde(rename = "PullStoppedAt", skip_serializing_if = "Option::is_none")]
    pull_stopped_at: Option<String>,
    #[serde(rename = "ExecutionStoppedAt", skip_serializing_if = "Option::is_none")]
    execution_stopped_at: Option<String>,
    #[serde(rename = "AvailabilityZone")]
    availability_zone: String,
    #[serde(rename = "LaunchType")]
    launch_type: String,
    #[serde(rename = "ServiceName", skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(rename = "Containers")]
    containers: Vec<Container>,
    #[serde(rename = "VPCID")]
    vpc: &'static str,
    #[serde(rename = "FaultInjectionEnabled")]
    fault_injection: bool,
    #[serde(rename = "TaskTags", skip_serializing_if = "Option::is_none")]
    tags: Option<BTreeMap<String, String>>,
    #[serde(rename = "EphemeralStorageMetrics", skip_serializing_if = "Option::is_none")]
    storage: Option<Storage>,
}

/// Of a task on Fargate, in MiB.
#[derive(Serialize)]
struct Storage {
    #[serde(rename = "Utilized")]
    utilized: u32,
    #[serde(rename = "Reserved")]
    reserved: u32,
}

/// In virtual CPUs and MiB.
#[derive(Serialize)]
struct TaskLimits {
    #[serde(rename = "CPU")]
    cpu: f64,
    #[serde(rename = "Memory")]
    memory: u32,
}

impl Task {
    fn of(view: &TaskView, tags: bool) -> Task {
        let time = |at: Option<SystemTime>| at.and_then(render::timestamp);
        // 20 GiB unless said, as the ECS developer guide shows them.
        let storage = (view.launch_type == "FARGATE").then_some(Storage { utilized: 261, reserved: 20_496 });
        Task {
            cluster: view.cluster.clone(),
            task_arn: view.arn.clone(),
            family: view.family.clone(),
            revision: view.revision.to_string(),
            desired_status: view.desired_status.clone(),
            known_status: view.known_status.clone(),
            limits: TaskLimits { cpu: f64::from(view.cpu) / 1024.0, memory: view.memory },
            pull_started_at: time(view.pull_started_at),
            pull_stopped_at: time(view.pull_stopped_at),
            execution_stopped_at: time(view.execution_stopped_at),
            availability_zone: view.availability_zone.clone(),
            launch_type: view.launch_type.clone(),
            service: view.service.clone(),
            containers: view.containers.iter().map(|container| Container::of(container, view)).collect(),
            vpc: interface::VPC,
            fault_injection: view.fault_injection,
            tags: tags.then(|| view.tags.iter().cloned().collect()),
            storage,
        }
    }
}

#[derive(Serialize)]
struct Container {
    #[serde(rename = "DockerId")]
    docker_id: String,
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "DockerName")]
    docker_name: String,
    #[serde(rename = "Image")]
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    #[serde(rename = "Ports", skip_serializing_if = "Vec::is_empty")]
    ports: Vec<Port>,
    #[serde(rename = "Labels")]
    labels: Map<String, Value>,
    #[serde(rename = "DesiredStatus")]
    desired_status: String,
    #[serde(rename = "KnownStatus")]
    known_status: String,
    #[serde(rename = "ExitCode", skip_serializing_if = "Option::is_none")]
    exit_code: Option<i64>,
    #[serde(rename = "Limits")]
    limits: ContainerLimits,
    #[serde(rename = "CreatedAt", skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(rename = "StartedAt", skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(rename = "FinishedAt", skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(rename = "LogDriver", skip_serializing_if = "Option::is_none")]
    log_driver: Option<String>,
    #[serde(rename = "LogOptions", skip_serializing_if = "Map::is_empty")]
    log_options: Map<String, Value>,
    #[serde(rename = "Snapshotter")]
    snapshotter: &'static str,
    #[serde(rename = "ContainerARN")]
    container_arn: String,
    #[serde(rename = "Networks", skip_serializing_if = "Vec::is_empty")]
    networks: Vec<Network>,
}

/// In CPU units and MiB.
#[derive(Serialize)]
struct ContainerLimits {
    #[serde(rename = "CPU")]
    cpu: u32,
    #[serde(rename = "Memory")]
    memory: u32,
}

#[derive(Serialize)]
struct Port {
    #[serde(rename = "ContainerPort")]
    container_port: u16,
    #[serde(rename = "Protocol")]
    protocol: String,
    #[serde(rename = "HostPort")]
    host_port: u16,
}

#[derive(Serialize)]
struct Network {
    #[serde(rename = "NetworkMode")]
    network_mode: &'static str,
    #[serde(rename = "IPv4Addresses")]
    ipv4_addresses: [Ipv4Addr; 1],
    #[serde(flatten)]
    interface: Option<Interface>,
}

/// Of a task with an interface of its own. The resolver's address is not known here, so `DomainNameServers` is not said.
#[derive(Serialize)]
struct Interface {
    #[serde(rename = "AttachmentIndex")]
    attachment_index: u8,
    #[serde(rename = "MACAddress")]
    mac: String,
    #[serde(rename = "IPv4SubnetCIDRBlock")]
    cidr: String,
    #[serde(rename = "PrivateDNSName")]
    dns_name: String,
    #[serde(rename = "SubnetGatewayIpv4Address")]
    gateway: String,
}

impl Network {
    fn of(address: Ipv4Addr, task: &TaskView) -> Network {
        let interface = || Interface {
            attachment_index: 0,
            mac: interface::mac(address),
            cidr: interface::cidr(address),
            dns_name: interface::dns_name(address, &task.region),
            gateway: interface::gateway(address),
        };
        Network {
            network_mode: task.network_mode,
            ipv4_addresses: [address],
            interface: (task.network_mode == "awsvpc").then(interface),
        }
    }
}

impl Container {
    fn of(view: &ContainerView, task: &TaskView) -> Container {
        let labels = ecs_labels(&task.arn, &view.name, &task.family, task.revision, &task.cluster);
        let port = |(port, protocol): &(u16, String)| Port {
            container_port: *port,
            protocol: protocol.clone(),
            host_port: *port,
        };
        Container {
            docker_id: view.docker_id.clone(),
            name: view.name.clone(),
            docker_name: view.docker_name.clone(),
            image: view.image.clone(),
            image_id: String::new(),
            ports: view.ports.iter().map(port).collect(),
            labels: labels.into_iter().map(|(name, value)| (name, Value::String(value))).collect(),
            desired_status: task.desired_status.clone(),
            known_status: view.known_status.clone(),
            exit_code: view.exit_code,
            limits: ContainerLimits { cpu: view.cpu, memory: view.memory },
            created_at: view.created_at.and_then(render::timestamp),
            started_at: view.started_at.and_then(render::timestamp),
            finished_at: view.finished_at.and_then(render::timestamp),
            kind: "NORMAL",
            log_driver: view.log_driver.clone(),
            log_options: view.log_options.clone(),
            snapshotter: "overlayfs",
            container_arn: view.arn.clone(),
            networks: task.address.into_iter().map(|address| Network::of(address, task)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::*;
    use crate::views::sample::{Sample, arn, docker_id};

    async fn get(path: &str) -> (StatusCode, Value) {
        let response = answer(path, &Sample::new());
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        (head.status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    #[tokio::test]
    async fn a_container_finds_its_own_address_and_labels() {
        let (status, container) = get(&format!("/v4/{}", docker_id('a'))).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(container["Name"], "app");
        assert_eq!(container["Networks"][0]["IPv4Addresses"], json!(["127.42.1.10"]));
        let network = &container["Networks"][0];
        assert_eq!(
            (&network["MACAddress"], &network["IPv4SubnetCIDRBlock"]),
            (&json!("0a:00:7f:2a:01:0a"), &json!("127.42.0.0/16"))
        );
        assert_eq!(network["PrivateDNSName"], "ip-127-42-1-10.eu-west-1.compute.internal");
        assert_eq!(network["SubnetGatewayIpv4Address"], "127.42.0.1/16");
        assert_eq!((&container["Limits"]["Memory"], &container["LogDriver"]), (&json!(512), &json!("awslogs")));
        assert_eq!(container["Labels"]["com.amazonaws.ecs.task-arn"], json!(arn('a')));
        assert_eq!(container["Labels"]["com.amazonaws.ecs.task-definition-version"], "3");
        assert_eq!(container["StartedAt"], "2026-06-01T10:00:01.2Z");
        assert_eq!(container.get("ExitCode"), None);
        assert_eq!(get(&format!("/v4/{}", docker_id('b'))).await.1["ExitCode"], 137);
    }

    #[tokio::test]
    async fn a_container_finds_its_task_and_itself_in_it() {
        for what in ["task", "taskWithTags"] {
            let (status, task) = get(&format!("/v4/{}/{what}", docker_id('a'))).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(task["TaskARN"], json!(arn('a')));
            assert_eq!(
                (&task["Cluster"], &task["Family"], &task["Revision"]),
                (&json!("c1"), &json!("demo"), &json!("3"))
            );
            assert_eq!(task["Limits"], json!({"CPU": 0.25, "Memory": 512}));
            assert_eq!((&task["LaunchType"], &task["ServiceName"]), (&json!("EC2"), &json!("web")));
            assert_eq!(task["Containers"][0]["DockerId"], json!(docker_id('a')));
            assert_eq!(
                (&task["PullStartedAt"], &task["VPCID"]),
                (&json!("2026-06-01T10:00:00.1Z"), &json!("vpc-00000000000000001"))
            );
            let tags = if what == "task" { Value::Null } else { json!({ "team": "a" }) };
            assert_eq!(task["TaskTags"], tags);
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_404() {
        for path in ["/v4/", "/v4", "/v3/abc", "/v4/abc", "/v4/abc/task", "/v4/abc/other", "/"] {
            assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
