//! Asks the ECS agent of this host for its tasks: `/v1/metadata` and `/v1/tasks` of the introspection API.
//!
//! Field names as in amazon-ecs-agent v1.105.1, `ecs-agent/introspection/v1/response.go`. Reading is strict where a
//! mistake would remove something: a task without ARN or with an unknown status makes the whole look fail.

use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::time::Duration;

use cloud_map::TaskArn;
use reqwest::Url;
use serde::Deserialize;

use crate::observe::tasks::{APP_PORT, Endpoint, Listed, SUPERVISOR_PORT, Status};

/// How long an answer may take: the ECS agent is on the same host.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The longest answer that is read; a listed task is about 1 KiB.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Why the ECS agent could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, no answer in time, or it broke off.
    #[error("the ECS agent's introspection API does not answer")]
    Exchange(#[source] reqwest::Error),
    /// Not 200. Bodies of errors look like answers, so they are not read.
    #[error("the ECS agent's introspection API answered {0}")]
    Status(reqwest::StatusCode),
    /// Over 4 MiB.
    #[error("the answer of the ECS agent's introspection API is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
    /// Not what it should be.
    #[error("the answer of the ECS agent's introspection API cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// A task with a name that is none.
    #[error("the ECS agent lists a task whose ARN is none")]
    BadTask(#[source] cloud_map::names::BadTaskArn),
    /// The ECS agent has not registered the host yet.
    #[error("the ECS agent has not registered this host yet")]
    NotRegistered,
}

/// What `/v1/metadata` says of a registered host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The cluster, name or ARN.
    pub cluster: String,
    /// The container instance.
    pub container_instance: String,
}

/// The introspection API of one ECS agent.
#[derive(Clone, Debug)]
pub struct Introspection {
    client: reqwest::Client,
    base: Url,
}

impl Introspection {
    /// Of the ECS agent at `base`, which ends in a slash. Nothing is asked yet.
    ///
    /// # Panics
    /// When the HTTP client cannot be built, which has no cause without TLS.
    #[must_use]
    pub fn new(base: Url) -> Self {
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build().expect("a client without TLS");
        Introspection { client, base }
    }

    /// Which host this is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn metadata(&self) -> Result<Metadata, Error> {
        let wire: WireMetadata = self.get("v1/metadata").await?;
        let container_instance = wire.container_instance_arn.filter(|arn| !arn.is_empty());
        Ok(Metadata { cluster: wire.cluster, container_instance: container_instance.ok_or(Error::NotRegistered)? })
    }

    /// Its tasks. `host` is the address of tasks that have none of their own.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tasks(&self, host: Ipv4Addr) -> Result<Vec<Listed>, Error> {
        let wire: WireTasks = self.get("v1/tasks").await?;
        wire.tasks.unwrap_or_default().into_iter().map(|task| task.listed(host)).collect()
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let url = self.base.join(path).expect("a path without surprises");
        let mut answer = self.client.get(url).send().await.map_err(Error::Exchange)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(Error::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(Error::Exchange)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Error::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(Error::Unreadable)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireMetadata {
    cluster: String,
    container_instance_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireTasks {
    /// Written in Go, where an empty list may be `null`; the key itself has to be there.
    #[serde(deserialize_with = "Option::deserialize")]
    tasks: Option<Vec<WireTask>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireTask {
    arn: String,
    desired_status: Option<WireStatus>,
    known_status: WireStatus,
    family: String,
    version: String,
    #[serde(default)]
    containers: Option<Vec<WireContainer>>,
}

/// Introspection folds every other status into these three (`BackendStatus`).
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum WireStatus {
    Pending,
    Running,
    Stopped,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireContainer {
    #[serde(default)]
    ports: Option<Vec<WirePort>>,
    #[serde(default)]
    networks: Option<Vec<WireNetwork>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WirePort {
    #[serde(default)]
    container_port: u16,
    /// Left out while Docker has not chosen it.
    #[serde(default)]
    host_port: u16,
}

#[derive(Deserialize)]
struct WireNetwork {
    #[serde(rename = "IPv4Addresses", default)]
    addresses: Option<Vec<Ipv4Addr>>,
}

impl WireStatus {
    const fn status(self) -> Status {
        match self {
            WireStatus::Pending => Status::Pending,
            WireStatus::Running => Status::Running,
            WireStatus::Stopped => Status::Stopped,
        }
    }
}

impl WireTask {
    fn listed(self, host: Ipv4Addr) -> Result<Listed, Error> {
        let containers = self.containers.unwrap_or_default();
        Ok(Listed {
            arn: self.arn.parse::<TaskArn>().map_err(Error::BadTask)?,
            revision: format!("{}:{}", self.family, self.version),
            desired: self.desired_status.map(WireStatus::status),
            known: self.known_status.status(),
            endpoint: own_endpoint(&containers).or_else(|| endpoint_on(host, &containers)),
        })
    }
}

/// Of a task with an address of its own (awsvpc): all its containers share it, and ports are as in the container.
fn own_endpoint(containers: &[WireContainer]) -> Option<Endpoint> {
    let networks = containers.iter().filter_map(|container| container.networks.as_deref()).flatten();
    let address = networks.filter_map(|network| network.addresses.as_deref()).flatten().next()?;
    Some(Endpoint { address: *address, port: APP_PORT, supervisor_port: SUPERVISOR_PORT })
}

/// Of a task behind the host's address (bridge, host): ports are where they were published.
fn endpoint_on(host: Ipv4Addr, containers: &[WireContainer]) -> Option<Endpoint> {
    let published = |of: NonZeroU16| {
        let ports = containers.iter().filter_map(|container| container.ports.as_deref()).flatten();
        ports.filter(|port| port.container_port == of.get()).find_map(|port| NonZeroU16::new(port.host_port))
    };
    let port = published(APP_PORT)?;
    // A supervisor whose port is not published cannot be asked: its place is then the usual one, where nobody answers.
    Some(Endpoint { address: host, port, supervisor_port: published(SUPERVISOR_PORT).unwrap_or(SUPERVISOR_PORT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);

    fn read(text: &str) -> Result<Vec<Listed>, Box<dyn std::error::Error>> {
        let wire: WireTasks = serde_json::from_str(text)?;
        Ok(wire.tasks.unwrap_or_default().into_iter().map(|task| task.listed(HOST)).collect::<Result<_, _>>()?)
    }

    #[test]
    fn a_task_with_its_own_network_is_found_at_its_own_address() {
        let tasks = read(
            r#"{"Tasks":[{"Arn":"arn:aws:ecs:eu-west-1:111122223333:task/c1/0123456789abcdef0123456789abcdef","DesiredStatus":"RUNNING","KnownStatus":"RUNNING","Family":"myapp","Version":"3","Containers":[{"DockerId":"0","DockerName":"ecs-myapp-3-app","Name":"app","Image":"myapp:1","ImageID":"sha256:0","CreatedAt":"2026-06-01T10:00:00.1Z","Ports":[{"ContainerPort":9050,"Protocol":"tcp","HostPort":9050}],"Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.2.100"]}]}]}]}"#,
        )
        .expect("readable");
        let endpoint = tasks[0].endpoint.expect("an endpoint");
        assert_eq!(
            (endpoint.address, endpoint.port.get(), endpoint.supervisor_port.get()),
            (Ipv4Addr::new(10, 0, 2, 100), 9050, 9051)
        );
        assert_eq!((tasks[0].revision.as_str(), tasks[0].known), ("myapp:3", Status::Running));
    }

    #[test]
    fn a_task_behind_the_host_is_found_where_its_ports_are_published() {
        let task = |ports: &str| {
            read(&format!(
                r#"{{"Tasks":[{{"Arn":"arn:aws:ecs:e:1:task/c/0a","KnownStatus":"PENDING","Family":"f","Version":"1","Containers":[{{"Ports":{ports}}}]}}]}}"#
            ))
            .expect("readable")[0]
                .endpoint
        };
        let both = r#"[{"ContainerPort":9050,"HostPort":32768},{"ContainerPort":9051,"HostPort":32769}]"#;
        let endpoint = task(both).expect("an endpoint");
        assert_eq!((endpoint.address, endpoint.port.get(), endpoint.supervisor_port.get()), (HOST, 32768, 32769));
        assert_eq!(task(r#"[{"ContainerPort":9050,"Protocol":"tcp"}]"#), None, "not published yet");
    }

    #[test]
    fn what_is_no_list_of_tasks_is_an_error_and_not_an_empty_list() {
        for bad in [
            "{}",
            r#"{"Arn":"","KnownStatus":"","Family":"","Version":"","Containers":null}"#,
            r#"{"Tasks":[{"Arn":"","KnownStatus":"RUNNING","Family":"f","Version":"1"}]}"#,
            r#"{"Tasks":[{"Arn":"arn:aws:ecs:e:1:task/c/0a","KnownStatus":"ODD","Family":"f","Version":"1"}]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad} was accepted");
        }
        assert_eq!(read(r#"{"Tasks":null}"#).expect("Go's empty list"), []);
    }
}
