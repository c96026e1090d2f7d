//! The calls of Docker's API, each one thing. Docker 20.10 (API 1.41) and later.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, NetworkConnectRequest, NetworkDisconnectRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use bollard::{ClientVersion, Docker};
use futures_util::StreamExt as _;

/// The oldest API that is spoken.
const API: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };

/// How long one call may take. A stop takes as long as the container does.
const LONGEST_CALL: u64 = 600;

pub(super) async fn connect(socket: &str) -> Result<Docker, Error> {
    let docker = Docker::connect_with_unix(socket, LONGEST_CALL, &API)?;
    docker.ping().await?;
    Ok(docker)
}

/// Makes a container and gives its id.
pub(super) async fn create(docker: &Docker, name: &str, body: ContainerCreateBody) -> Result<String, Error> {
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    Ok(docker.create_container(Some(options), body).await?.id)
}

/// The container's address in the network; none once it has ended.
pub(super) async fn address(docker: &Docker, id: &str, network: &str) -> Result<Option<Ipv4Addr>, Error> {
    let seen = docker.inspect_container(id, None).await?;
    let networks = seen.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    Ok(networks.get(network).and_then(|endpoint| endpoint.ip_address.as_deref()?.parse().ok()))
}

/// The image's stop signal, then `SIGKILL` after `grace`. Returns when the container has ended.
pub(super) async fn stop(docker: &Docker, id: &str, grace: Duration) -> Result<(), Error> {
    let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
    docker.stop_container(id, Some(StopContainerOptionsBuilder::new().t(seconds).build())).await
}

/// Stops a container in its tracks, or lets it go on. One that has ended is left alone.
pub(super) async fn freeze(docker: &Docker, id: &str, frozen: bool) -> Result<(), Error> {
    let done = match frozen {
        true => docker.pause_container(id).await,
        false => docker.unpause_container(id).await,
    };
    match done {
        // 409: it does not run, or is so already.
        Err(error) if !is_missing(&error) && status(&error) != Some(409) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes a container off the network, or puts it back on with the address that it had.
pub(super) async fn cut(docker: &Docker, id: &str, network: &str, address: Ipv4Addr, cut: bool) -> Result<(), Error> {
    if cut {
        let request = NetworkDisconnectRequest { container: id.to_owned(), force: Some(true) };
        return docker.disconnect_network(network, request).await;
    }
    let ipam = EndpointIpamConfig { ipv4_address: Some(address.to_string()), ..EndpointIpamConfig::default() };
    let endpoint = EndpointSettings { ipam_config: Some(ipam), ..EndpointSettings::default() };
    let request = NetworkConnectRequest { container: id.to_owned(), endpoint_config: Some(endpoint) };
    docker.connect_network(network, request).await
}

/// Waits for the container's end.
pub(super) async fn exit_code(docker: &Docker, id: &str) -> Result<i64, Error> {
    let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
    let mut answers = Box::pin(docker.wait_container(id, Some(options)));
    match answers.next().await {
        Some(Ok(answer)) => Ok(answer.status_code),
        Some(Err(Error::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(error)) => Err(error),
        None => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
    }
}

/// Removes a container, running or not, with its volumes. One that is gone already is fine.
pub(super) async fn remove(docker: &Docker, id: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        Err(error) if !is_missing(&error) && !is_being_removed(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes every container with the label (`name=value`).
pub(super) async fn remove_marked(docker: &Docker, label: &str) -> Result<(), Error> {
    let filters = HashMap::from([("label".to_owned(), vec![label.to_owned()])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    for found in docker.list_containers(Some(options)).await? {
        if let Some(id) = found.id {
            remove(docker, &id).await?;
        }
    }
    Ok(())
}

/// Whether Docker knows no such thing.
pub(super) fn is_missing(error: &Error) -> bool {
    status(error) == Some(404)
}

fn is_being_removed(error: &Error) -> bool {
    status(error) == Some(409) && words(error).contains("already in progress")
}

fn status(error: &Error) -> Option<u16> {
    if let Error::DockerResponseServerError { status_code, .. } = error { Some(*status_code) } else { None }
}

/// What the daemon said.
pub(super) fn words(error: &Error) -> String {
    if let Error::DockerResponseServerError { message, .. } = error {
        message.clone()
    } else {
        daemon::exit::chain(error)
    }
}
