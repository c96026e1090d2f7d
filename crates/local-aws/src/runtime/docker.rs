//! Tasks as Docker containers, named and labelled as the ECS agent does it. The first container of a task joins the
//! network and the others share its address, as the containers of an `awsvpc` task do.
//!
//! Containers of this world carry the label [`container::MARK`] with the network's name: that is how those that an
//! earlier life left behind are found.

mod calls;
mod container;
mod published;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use self::container::{Joins, MARK};
use self::published::Published;
use super::orders::{Grip, Order, Orders, UnderWay};
use super::{ContainerSpec, DockerSettings, Error, Happened, TaskSpec};

const SOCKET: &str = "/var/run/docker.sock";

/// How long Docker may take to answer again before it is asked again how a container ended.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs tasks as containers.
#[derive(Debug)]
pub(crate) struct Containers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    docker: Docker,
    settings: DockerSettings,
    published: Published,
    events: UnboundedSender<Happened>,
}

impl Containers {
    /// Reaches Docker, sees that the network exists, and removes what an earlier life left behind.
    pub(crate) async fn new(settings: DockerSettings, events: UnboundedSender<Happened>) -> Result<Self, Error> {
        let docker = calls::connect(SOCKET).await.map_err(|error| Error::Docker(SOCKET, error))?;
        docker
            .inspect_network(&settings.network, None)
            .await
            .map_err(|error| Error::Network(settings.network.clone(), error))?;
        calls::remove_marked(&docker, &mark(&settings)).await.map_err(Error::Leftovers)?;
        let published = Published::new(&settings.publish);
        let shared = Arc::new(Shared { docker, settings, published, events });
        Ok(Containers { shared })
    }

    pub(crate) fn start(&self, spec: TaskSpec, under_way: &UnderWay) {
        let shared = Arc::clone(&self.shared);
        let id = spec.id.clone();
        under_way.start(&id, |orders| async move { shared.run(&spec, &orders).await });
    }

    /// All tasks have ended: what is left of them goes.
    pub(crate) async fn end(self) {
        if let Err(error) = calls::remove_marked(&self.shared.docker, &mark(&self.shared.settings)).await {
            tracing::warn!(error = %calls::words(&error), "containers may be left behind");
        }
    }
}

fn mark(settings: &DockerSettings) -> String {
    format!("{MARK}={}", settings.network)
}

/// The containers of a task, by Docker's ids in the order of the task's containers.
#[derive(Debug, Default)]
struct Made {
    ids: Vec<String>,
}

impl Shared {
    /// A task from its start to its end; nothing of it is left then.
    async fn run(&self, spec: &TaskSpec, orders: &Orders) {
        let ports = self.published.claim(&spec.family, &spec.id);
        let started = match self.start_all(spec, &ports).await {
            Err(Refused { port_taken: true, .. }) => {
                tracing::warn!(task = spec.id, "a published port is taken; the task is started without");
                self.published.release(&spec.id);
                self.start_all(spec, &[]).await
            }
            other => other,
        };
        match started {
            Ok((made, address)) => {
                let names = spec.containers.iter().map(|container| container.name.clone());
                let docker_ids = names.zip(made.ids.iter().cloned()).collect();
                let _ = self.events.send(Happened::Started { task: spec.id.clone(), address, docker_ids });
                tokio::select! {
                    () = self.until_all_have_ended(spec, &made, orders) => {}
                    () = self.grip(spec, &made, address, orders) => {}
                }
            }
            Err(Refused { reason, .. }) => {
                self.published.release(&spec.id);
                let _ = self.events.send(Happened::Failed { task: spec.id.clone(), reason });
            }
        }
    }

    async fn start_all(&self, spec: &TaskSpec, ports: &[(u16, u16)]) -> Result<(Made, Ipv4Addr), Refused> {
        let mut made = Made::default();
        match self.try_start_all(spec, ports, &mut made).await {
            Ok(address) => Ok((made, address)),
            Err(refused) => {
                self.remove_all(&made).await;
                Err(refused)
            }
        }
    }

    async fn try_start_all(&self, spec: &TaskSpec, ports: &[(u16, u16)], made: &mut Made) -> Result<Ipv4Addr, Refused> {
        for container in &spec.containers {
            let joins = match made.ids.first() {
                None => Joins::Network { ports: container::ports_of(spec), published: ports },
                Some(first) => Joins::Container(first),
            };
            let body = container::body(spec, container, &self.settings, &joins);
            let id = calls::create(&self.docker, &container.docker_name, body)
                .await
                .map_err(|error| Refused::create(&container.image, &error))?;
            made.ids.push(id.clone());
            self.docker.start_container(&id, None).await.map_err(|error| Refused::start(&error))?;
        }
        let first = made.ids.first().ok_or_else(|| Refused::other("the task has no container"))?;
        let address = calls::address(&self.docker, first, &self.settings.network).await;
        // One that has ended already has no address any more; what it did is told by its exit code.
        address.map_err(|error| Refused::start(&error)).map(|address| address.unwrap_or(Ipv4Addr::UNSPECIFIED))
    }

    /// Waits for every container. The end of an essential one stops the others.
    async fn until_all_have_ended(&self, spec: &TaskSpec, made: &Made, orders: &Orders) {
        let mut running: FuturesUnordered<_> = spec
            .containers
            .iter()
            .zip(&made.ids)
            .map(|(container, id)| async move { (container, self.until_ended(container, id, orders).await) })
            .collect();
        while let Some((container, code)) = running.next().await {
            if container.essential {
                orders.raise(Order::Stop);
            }
            if running.is_empty() {
                self.remove_all(made).await;
                self.published.release(&spec.id);
            }
            let exited = Happened::Exited { task: spec.id.clone(), container: container.name.clone(), code };
            let _ = self.events.send(exited);
        }
    }

    /// Freezes, thaws, cuts off and mends the task, as it is told; never returns.
    async fn grip(&self, spec: &TaskSpec, made: &Made, address: Ipv4Addr, orders: &Orders) {
        let mut grip = Grip::default();
        loop {
            let now = orders.gripped(grip).await;
            if now.frozen != grip.frozen {
                for id in &made.ids {
                    let done = calls::freeze(&self.docker, id, now.frozen).await;
                    self.say_if_impossible(spec, done, if now.frozen { "freeze" } else { "thaw" });
                }
            }
            // The other containers of the task share the first one's network.
            if now.cut != grip.cut
                && let Some(first) = made.ids.first()
            {
                let done = calls::cut(&self.docker, first, &self.settings.network, address, now.cut).await;
                self.say_if_impossible(spec, done, if now.cut { "cut off" } else { "mend" });
            }
            grip = now;
        }
    }

    fn say_if_impossible(&self, spec: &TaskSpec, done: Result<(), bollard::errors::Error>, what: &str) {
        if let Err(error) = done {
            let reason = format!("Docker cannot {what} the task: {}", calls::words(&error));
            let _ = self.events.send(Happened::Impossible { task: spec.id.clone(), reason });
        }
    }

    /// One container from its start to its end.
    async fn until_ended(&self, container: &ContainerSpec, id: &str, orders: &Orders) -> i64 {
        let mut heard = Order::Run;
        let exit = self.exit_code(id);
        tokio::pin!(exit);
        loop {
            tokio::select! {
                code = &mut exit => return code,
                order = orders.above(heard) => {
                    heard = order;
                    self.obey(order, container, id);
                }
            }
        }
    }

    /// Passes the order on to Docker; that it was carried out shows as the container's end.
    fn obey(&self, order: Order, container: &ContainerSpec, id: &str) {
        let (docker, id, grace) = (self.docker.clone(), id.to_owned(), order.grace(container.stop_timeout));
        tokio::spawn(async move {
            let done = match (order, grace) {
                (Order::Run, _) | (_, None) => Ok(()),
                (Order::Stop | Order::End, Some(grace)) => calls::stop(&docker, &id, grace).await,
                (Order::Kill, Some(_)) => docker.kill_container(&id, None).await,
            };
            if let Err(error) = done {
                tracing::debug!(container = id, error = %calls::words(&error), "Docker did not stop the container");
            }
        });
    }

    /// Waits for the container's end; a Docker daemon that goes away for a while is waited for.
    async fn exit_code(&self, id: &str) -> i64 {
        loop {
            match calls::exit_code(&self.docker, id).await {
                Ok(code) => return code,
                Err(error) if calls::is_missing(&error) => return 137,
                Err(error) => {
                    tracing::warn!(container = id, error = %calls::words(&error), "cannot wait for the container");
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Removes the containers, those that share an address first.
    async fn remove_all(&self, made: &Made) {
        for id in made.ids.iter().rev() {
            if let Err(error) = calls::remove(&self.docker, id).await {
                tracing::warn!(container = id, error = %calls::words(&error), "cannot remove the container");
            }
        }
    }
}

/// Why a task could not be started.
#[derive(Debug)]
struct Refused {
    reason: String,
    port_taken: bool,
}

impl Refused {
    fn create(image: &str, error: &bollard::errors::Error) -> Self {
        match calls::is_missing(error) {
            true => Refused::other(super::cannot_pull(image)),
            false => Refused::other(format!(
                "CannotCreateContainerError: Error response from daemon: {}",
                calls::words(error)
            )),
        }
    }

    fn start(error: &bollard::errors::Error) -> Self {
        let words = calls::words(error);
        let taken = ["port is already allocated", "address already in use", "ports are not available"];
        let port_taken = taken.iter().any(|text| words.contains(text));
        Refused { reason: format!("CannotStartContainerError: Error response from daemon: {words}"), port_taken }
    }

    fn other(reason: impl Into<String>) -> Self {
        Refused { reason: reason.into(), port_taken: false }
    }
}
