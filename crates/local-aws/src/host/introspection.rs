//! The ECS agent's introspection API, version 1: what the agent of a host says of itself and of its tasks.
//!
//! Field names, omissions and error bodies are those of `ecs-agent/introspection` (aws/amazon-ecs-agent 1.105.1); the
//! body of an error is a task without content, so a client has to look at the status.

use std::net::Ipv4Addr;

use bytes::Bytes;
use http::{Response, StatusCode, Uri};
use http_body_util::Full;
use serde::Serialize;

use crate::render;
use crate::views::{ContainerView, TaskView, Views};

const VERSION: &str = "Amazon ECS Agent - v1.105.1 (8dfceca)";

/// Up to here an id is the beginning of one.
const SHORT_ID: usize = 12;

/// Answers a request at the host's address.
pub(super) fn answer(uri: &Uri, address: Ipv4Addr, views: &dyn Views) -> Response<Full<Bytes>> {
    let Some(host) = views.host(address) else {
        return render::answer(StatusCode::INTERNAL_SERVER_ERROR, &Task::default());
    };
    match uri.path() {
        "/v1/metadata" => {
            let metadata = Metadata {
                cluster: host.cluster,
                container_instance_arn: host.container_instance_arn,
                version: VERSION,
            };
            render::answer(StatusCode::OK, &metadata)
        }
        "/v1/tasks" => {
            let asked = Asked::of(uri.query().unwrap_or_default());
            match asked.find(views.tasks_of(&host.instance_id)) {
                Ok(Found::All(tasks)) => {
                    render::answer(StatusCode::OK, &Tasks { tasks: tasks.iter().map(Task::of).collect() })
                }
                Ok(Found::One(task)) => render::answer(StatusCode::OK, &Task::of(&task)),
                Err(status) => render::answer(status, &Task::default()),
            }
        }
        _ => {
            render::answer(StatusCode::OK, &Commands { available_commands: ["/v1/metadata", "/v1/tasks", "/license"] })
        }
    }
}

/// What `/v1/tasks` was asked for.
#[derive(Debug, Default)]
struct Asked {
    task_arn: Option<String>,
    docker_id: Option<String>,
}

#[derive(Debug)]
enum Found {
    All(Vec<TaskView>),
    One(Box<TaskView>),
}

impl Asked {
    fn of(query: &str) -> Asked {
        let mut asked = Asked::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "taskarn" => drop(asked.task_arn.get_or_insert_with(|| value.into_owned())),
                "dockerid" => drop(asked.docker_id.get_or_insert_with(|| value.into_owned())),
                _ => {}
            }
        }
        asked
    }

    fn find(self, tasks: Vec<TaskView>) -> Result<Found, StatusCode> {
        let has = |task: &TaskView| match (&self.task_arn, &self.docker_id) {
            (Some(arn), None) => task.arn == *arn,
            (None, Some(id)) => task.containers.iter().any(|container| is_meant(id, &container.docker_id)),
            (None, None) | (Some(_), Some(_)) => false,
        };
        match (&self.task_arn, &self.docker_id) {
            (None, None) => Ok(Found::All(tasks)),
            (Some(_), Some(_)) => Err(StatusCode::BAD_REQUEST),
            (Some(_), None) | (None, Some(_)) => {
                let mut found: Vec<TaskView> = tasks.into_iter().filter(has).collect();
                match (found.pop(), found.is_empty()) {
                    (Some(task), true) => Ok(Found::One(Box::new(task))),
                    (Some(_), false) => Err(StatusCode::BAD_REQUEST),
                    (None, _) => Err(StatusCode::NOT_FOUND),
                }
            }
        }
    }
}

fn is_meant(asked: &str, id: &str) -> bool {
    if asked.len() > SHORT_ID { asked == id } else { !asked.is_empty() && id.starts_with(asked) }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Commands {
    available_commands: [&'static str; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    cluster: String,
    container_instance_arn: Option<String>,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tasks {
    tasks: Vec<Task>,
}

/// A task; its default is the body of an error.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    desired_status: Option<String>,
    known_status: String,
    family: String,
    version: String,
    containers: Option<Vec<Container>>,
}

impl Task {
    fn of(view: &TaskView) -> Task {
        let made = view.containers.iter().filter(|container| !container.docker_id.is_empty());
        Task {
            arn: view.arn.clone(),
            desired_status: consistent_desired_status(view),
            known_status: view.known_status.clone(),
            family: view.family.clone(),
            version: view.revision.to_string(),
            containers: Some(made.map(|container| Container::of(container, view)).collect()),
        }
    }
}

/// The agent leaves out a desired status that lies behind the known one.
fn consistent_desired_status(view: &TaskView) -> Option<String> {
    let behind = match (view.known_status.as_str(), view.desired_status.as_str()) {
        ("STOPPED", desired) => desired != "STOPPED",
        ("RUNNING", desired) => desired == "PENDING",
        _ => false,
    };
    (!behind).then(|| view.desired_status.clone())
}

#[derive(Serialize)]
struct Container {
    #[serde(rename = "DockerId")]
    docker_id: String,
    #[serde(rename = "DockerName")]
    docker_name: String,
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Image")]
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    #[serde(rename = "CreatedAt", skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(rename = "StartedAt", skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(rename = "Ports", skip_serializing_if = "Vec::is_empty")]
    ports: Vec<Port>,
    #[serde(rename = "Networks", skip_serializing_if = "Vec::is_empty")]
    networks: Vec<Network>,
}

impl Container {
    fn of(view: &ContainerView, task: &TaskView) -> Container {
        Container {
            docker_id: view.docker_id.clone(),
            docker_name: view.docker_name.clone(),
            name: view.name.clone(),
            image: view.image.clone(),
            image_id: String::new(),
            created_at: view.created_at.and_then(render::timestamp),
            started_at: view.started_at.and_then(render::timestamp),
            ports: view
                .ports
                .iter()
                .map(|(port, protocol)| Port { container_port: *port, protocol: protocol.clone(), host_port: *port })
                .collect(),
            networks: task.address.into_iter().map(Network::awsvpc).collect(),
        }
    }
}

/// In `awsvpc` mode the host port is the container's.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Port {
    container_port: u16,
    protocol: String,
    host_port: u16,
}

#[derive(Serialize)]
struct Network {
    #[serde(rename = "NetworkMode")]
    network_mode: &'static str,
    #[serde(rename = "IPv4Addresses")]
    ipv4_addresses: [Ipv4Addr; 1],
}

impl Network {
    fn awsvpc(address: Ipv4Addr) -> Network {
        Network { network_mode: "awsvpc", ipv4_addresses: [address] }
    }
}
