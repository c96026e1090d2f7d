//! What Docker is asked to make for a container of a task.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};

use super::super::placeholders::Placeholders;
use super::super::{ContainerSpec, DockerSettings, TaskSpec};

/// The label by which a world finds its containers again; its value is the network's name.
pub(super) const MARK: &str = "doze.local-aws";

/// How a container gets its address.
#[derive(Debug)]
pub(super) enum Joins<'a> {
    /// An address of its own in the network.
    Network {
        /// Ports that the task listens on.
        ports: Vec<u16>,
        /// (host, container) ports of the machine that lead to it.
        published: &'a [(u16, u16)],
    },
    /// The address of the task's first container.
    Container(&'a str),
}

/// Every port of the task: they all belong to the one address.
pub(super) fn ports_of(spec: &TaskSpec) -> Vec<u16> {
    let mut ports: Vec<u16> = spec.containers.iter().flat_map(|container| container.ports.iter().copied()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The request's body.
pub(super) fn body(
    spec: &TaskSpec,
    container: &ContainerSpec,
    settings: &DockerSettings,
    joins: &Joins<'_>,
) -> ContainerCreateBody {
    let placeholders = Placeholders {
        task_address: "0.0.0.0".to_owned(),
        task_directory: "/tmp".to_owned(),
        dns_server: settings.dns_server,
        resolver: settings.resolver,
    };
    let environment = placeholders.replace_values(&container.environment);
    let (exposed, host_config) = network(settings, joins);
    ContainerCreateBody {
        image: Some(container.image.clone()),
        entrypoint: some_words(placeholders.replace_all(&container.entry_point)),
        cmd: some_words(placeholders.replace_all(&container.command)),
        env: Some(environment.into_iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels(spec, container, settings)),
        exposed_ports: exposed,
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    }
}

fn network(settings: &DockerSettings, joins: &Joins<'_>) -> (Option<Vec<String>>, HostConfig) {
    match joins {
        Joins::Network { ports, published } => {
            // For the people of this machine: what a task serves is not for its whole network to see.
            let binding =
                |host: u16| PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(host.to_string()) };
            let bindings = published.iter().map(|(host, port)| (format!("{port}/tcp"), Some(vec![binding(*host)])));
            let host_config = HostConfig {
                network_mode: Some(settings.network.clone()),
                port_bindings: Some(bindings.collect()),
                ..HostConfig::default()
            };
            let published = published.iter().map(|(_, port)| *port);
            let mut exposed: Vec<u16> = ports.iter().copied().chain(published).collect();
            exposed.sort_unstable();
            exposed.dedup();
            (Some(exposed.into_iter().map(|port| format!("{port}/tcp")).collect()), host_config)
        }
        Joins::Container(first) => {
            let network_mode = Some(format!("container:{first}"));
            (None, HostConfig { network_mode, ..HostConfig::default() })
        }
    }
}

/// The definition's labels under the ECS agent's own, which win, and the world's mark.
fn labels(spec: &TaskSpec, container: &ContainerSpec, settings: &DockerSettings) -> HashMap<String, String> {
    let mut labels: HashMap<String, String> = container.labels.iter().cloned().collect();
    let own = [
        ("com.amazonaws.ecs.task-arn", &spec.arn),
        ("com.amazonaws.ecs.container-name", &container.name),
        ("com.amazonaws.ecs.task-definition-family", &spec.family),
        (MARK, &settings.network),
    ];
    labels.extend(own.map(|(name, value)| (name.to_owned(), value.clone())));
    labels
}

/// None leaves what the image brings.
fn some_words(words: Vec<String>) -> Option<Vec<String>> {
    Some(words).filter(|words| !words.is_empty())
}
