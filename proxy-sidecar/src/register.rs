//! Makes the proxy itself known as `<name>.proxy.<namespace>`, where it runs as an ECS task and may (rule X9).

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cloud_map::{RecordName, Registrar, Registration, Removed};
use daemon::backoff::Backoff;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use task_state::ServiceName;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Where a task asks about itself.
pub const METADATA_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

const ASK_TIMEOUT: Duration = Duration::from_secs(2);
const LONGEST_ANSWER: usize = 1024 * 1024;
const AGAIN: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// What is registered, for taking it down again.
#[derive(Debug)]
pub struct Registered {
    registrar: Arc<Registrar>,
    name: RecordName,
    registration: Registration,
}

/// The part of `$ECS_CONTAINER_METADATA_URI_V4/task` that is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaskMetadata {
    cluster: String,
    #[serde(rename = "TaskARN")]
    task_arn: String,
    family: String,
    revision: String,
    #[serde(default)]
    containers: Vec<ContainerMetadata>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerMetadata {
    #[serde(default)]
    networks: Vec<NetworkMetadata>,
}

#[derive(Debug, Deserialize)]
struct NetworkMetadata {
    #[serde(rename = "IPv4Addresses", default)]
    addresses: Vec<Ipv4Addr>,
}

/// Registers and keeps trying until it is done. `own` is the address it listens on, where that is a certain one.
pub async fn register(
    registrar: Arc<Registrar>,
    metadata: Uri,
    service: ServiceName,
    own: IpAddr,
    port: NonZeroU16,
) -> Registered {
    let name = RecordName::proxy(&service);
    let mut failures = 0;
    loop {
        let outcome = async {
            let registration = registration(&metadata, own, port).await?;
            registrar.register(&name, &registration).await.map_err(|error| daemon::exit::chain(&error))?;
            Ok::<_, String>(registration)
        };
        match outcome.await {
            Ok(registration) => {
                tracing::info!(%service, task = %registration.task, address = %registration.address, "proxy registered");
                return Registered { registrar, name, registration };
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%service, error, "cannot register the proxy");
                sleep(AGAIN.after(failures)).await;
            }
        }
    }
}

impl Registered {
    /// Takes it down, and waits until nobody remembers the record.
    pub async fn deregister(self) {
        match self.registrar.deregister(&self.name, self.registration.instance_id()).await {
            Ok(Removed::Now) => {
                tracing::info!(record = %self.name, "proxy deregistered");
                sleep(cloud_map::RECORD_TTL).await;
            }
            Ok(Removed::WasNotThere) => (),
            Err(error) => {
                tracing::warn!(record = %self.name, error = %daemon::exit::chain(&error), "cannot deregister the proxy");
            }
        }
    }
}

async fn registration(metadata: &Uri, own: IpAddr, port: NonZeroU16) -> Result<Registration, String> {
    let task = timeout(ASK_TIMEOUT, ask(metadata)).await.map_err(|_| "no task metadata in time".to_owned())??;
    let of_task = task.containers.iter().flat_map(|c| &c.networks).flat_map(|n| &n.addresses).next().copied();
    let listening = match own {
        IpAddr::V4(own) if !own.is_unspecified() => Some(own),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    };
    Ok(Registration {
        task: task.task_arn.parse().map_err(|error: cloud_map::names::BadTaskArn| error.to_string())?,
        address: of_task.or(listening).ok_or("the task's metadata has no address")?,
        port,
        supervisor_port: None,
        revision: format!("{}:{}", task.family, task.revision),
        host: None,
        cluster: task.cluster,
    })
}

async fn ask(metadata: &Uri) -> Result<TaskMetadata, String> {
    let authority = metadata.authority().ok_or("the metadata address has no host")?;
    let target = (authority.host(), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(target).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| daemon::exit::chain(&error))?;
    let driven = tokio::spawn(connection);
    let request = Request::get(format!("{}/task", metadata.path().trim_end_matches('/')))
        .header(http::header::HOST, authority.as_str())
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| daemon::exit::chain(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await.map_err(|error| error.to_string());
    driven.abort();
    match status.is_success() {
        true => serde_json::from_slice(&body?.to_bytes()).map_err(|error| format!("task metadata: {error}")),
        false => Err(format!("task metadata: {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_task_metadata_of_fargate_is_read() {
        let text = r#"{"Cluster":"arn:aws:ecs:eu-west-1:1:cluster/c","TaskARN":"arn:aws:ecs:eu-west-1:1:task/c/0a","Family":"proxy","Revision":"3",
            "DesiredStatus":"RUNNING","Containers":[{"Name":"proxy","Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.2.106"]}]}]}"#;
        let task: TaskMetadata = serde_json::from_str(text).expect("task metadata");
        assert_eq!((task.family.as_str(), task.revision.as_str()), ("proxy", "3"));
        assert_eq!(task.containers[0].networks[0].addresses, [Ipv4Addr::new(10, 0, 2, 106)]);
    }
}
