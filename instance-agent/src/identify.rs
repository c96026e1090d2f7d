//! Learns who this host is: from IMDSv2, the ECS agent and the kernel. Asked once, until all have answered.

use std::net::Ipv4Addr;

use aws_config::imds::client::Client;
use cloud_map::HostIdentity;

use crate::introspect::{self, Introspection};
use crate::observe::host::Identity;

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Why this host does not know itself yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ECS agent does not say.
    #[error("the ECS agent does not say which host this is")]
    Introspection(#[source] introspect::Error),
    /// The instance metadata does not say.
    #[error("the instance metadata does not give {path}")]
    Metadata {
        /// What was asked for.
        path: &'static str,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The kernel's boot id cannot be read.
    #[error("{BOOT_ID} cannot be read")]
    Boot(#[source] std::io::Error),
}

/// Asks everybody once.
///
/// # Errors
/// [`Error`]: the first who did not answer. It may answer later.
pub async fn identify(introspection: &Introspection, metadata: &Client) -> Result<Identity, Error> {
    let instance = get(metadata, "/latest/meta-data/instance-id").await?;
    let path = "/latest/meta-data/local-ipv4";
    let address = get(metadata, path).await?;
    let address: Ipv4Addr =
        address.parse().map_err(|error: std::net::AddrParseError| Error::Metadata { path, cause: error.into() })?;
    let boot = tokio::fs::read_to_string(BOOT_ID).await.map_err(Error::Boot)?.trim().to_owned();
    let ecs = introspection.metadata().await.map_err(Error::Introspection)?;
    Ok(Identity {
        host: HostIdentity { instance, boot },
        address,
        cluster: ecs.cluster,
        container_instance: ecs.container_instance,
    })
}

async fn get(metadata: &Client, path: &'static str) -> Result<String, Error> {
    let answer = metadata.get(path).await.map_err(|error| Error::Metadata { path, cause: error.into() })?;
    Ok(answer.as_ref().trim().to_owned())
}
