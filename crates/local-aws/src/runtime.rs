//! Where tasks really run: as child processes (`process`) or Docker containers (`docker`), behind one set of calls; or
//! where they only seem to (`simulated`), for worlds of more tasks than a machine can run.
//!
//! The calls answer by [`Happened`] events, never by a value: the caller (the world's reconciler) starts and stops, and
//! learns what came of it. Like the ECS agent, the runtime stops the rest of a task when an essential container ends.
//!
//! Guarantees: every task that was started ends in [`Happened::Failed`], or in one [`Happened::Exited`] for each of its
//! containers after one [`Happened::Started`]; with the last of these nothing of the task is left. When [`Runtime::end`] returns, nothing that it started is left.

pub(crate) mod child;
mod cut;
mod docker;
mod lines;
mod orders;
mod placeholders;
mod process;
mod simulated;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use self::docker::Containers;
use self::orders::{Order, UnderWay};
use self::process::Processes;
use self::simulated::Simulated;

/// A container to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSpec {
    /// 64 hex digits made by the caller; the id in the task metadata URI. With Docker the container's real id comes
    /// back in [`Happened::Started`].
    pub docker_id: String,
    /// `ecs-<family>-<revision>-<name>-<hex>`, see [`docker_name`].
    pub docker_name: String,
    /// Its name in the task definition.
    pub name: String,
    /// The image.
    pub image: String,
    /// Replaces what the image starts.
    pub entry_point: Vec<String>,
    /// The words after it.
    pub command: Vec<String>,
    /// Merged and final, but for the placeholders.
    pub environment: Vec<(String, String)>,
    /// Whether the task ends with it.
    pub essential: bool,
    /// From the stop signal to `SIGKILL`.
    pub stop_timeout: Duration,
    /// The ports it listens on (TCP).
    pub ports: Vec<u16>,
    /// Docker labels, see [`ecs_labels`].
    pub labels: Vec<(String, String)>,
}

/// A task to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSpec {
    /// The task's ARN.
    pub arn: String,
    /// The last part of the ARN; events name the task by it.
    pub id: String,
    /// The task definition's family.
    pub family: String,
    /// The task's own address (processes; a Docker network gives its own).
    pub address: Ipv4Addr,
    /// Its containers, at least one.
    pub containers: Vec<ContainerSpec>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Every container of the task runs.
    Started {
        /// The task's id.
        task: String,
        /// The task's own address; 0.0.0.0 where Docker's container ended before it could be asked.
        address: Ipv4Addr,
        /// Docker's own id of each container, by the container's name; empty for processes.
        docker_ids: Vec<(String, String)>,
    },
    /// A container ended.
    Exited {
        /// The task's id.
        task: String,
        /// The container's name.
        container: String,
        /// Its exit code; 128 + n when signal n ended it, so 137 for `SIGKILL`.
        code: i64,
    },
    /// The task could not be started; nothing of it is left.
    Failed {
        /// The task's id.
        task: String,
        /// As ECS words it: `CannotPullContainerError: …`.
        reason: String,
    },
    /// What was to be done to a task (frozen, cut off …) cannot be done here.
    Impossible {
        /// The task's id.
        task: String,
        /// What, and why.
        reason: String,
    },
    /// A line that a task or an agent printed.
    Line {
        /// The task's id, or the instance id of the agent's host.
        subject: String,
        /// Without its end; cut where it is too long.
        line: String,
    },
}

impl Happened {
    /// The task whose state it tells, as its host's ECS agent would tell ECS.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        match self {
            Happened::Started { task, .. } | Happened::Exited { task, .. } | Happened::Failed { task, .. } => {
                Some(task)
            }
            Happened::Impossible { .. } | Happened::Line { .. } => None,
        }
    }
}

/// Where tasks run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimeSettings {
    /// As child processes.
    Process(ProcessSettings),
    /// As Docker containers.
    Docker(DockerSettings),
    /// As nothing: they only seem to start and to end.
    Simulated,
}

/// What child processes need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessSettings {
    /// What each image starts: `--image NAME=PROGRAM WORDS`, split into words.
    pub images: BTreeMap<String, Vec<String>>,
    /// What `{DNS_SERVER}` stands for.
    pub dns_server: Option<SocketAddr>,
    /// What `{RESOLVER}` stands for.
    pub resolver: Option<SocketAddr>,
}

/// What Docker containers need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerSettings {
    /// The network that tasks join. Containers are marked with its name (label `doze.local-aws`), and those that an
    /// earlier life left behind are found by it.
    pub network: String,
    /// Ports of the machine that lead to a task.
    pub publish: Vec<Publish>,
    /// What `{DNS_SERVER}` stands for.
    pub dns_server: Option<SocketAddr>,
    /// What `{RESOLVER}` stands for.
    pub resolver: Option<SocketAddr>,
}

/// `--publish HOSTPORT:CONTAINERPORT=FAMILY`: for the first task of the family, while the port is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The port of the machine.
    pub host_port: u16,
    /// The port in the container.
    pub container_port: u16,
    /// The task definition's family.
    pub family: String,
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory for the tasks' own directories cannot be made.
    #[error("cannot make a directory for tasks in {0}")]
    Directory(std::path::PathBuf, #[source] std::io::Error),
    /// The Docker daemon does not answer.
    #[error("cannot talk to Docker at {0}")]
    Docker(&'static str, #[source] bollard::errors::Error),
    /// The Docker network does not exist.
    #[error("there is no Docker network {0:?}")]
    Network(String, #[source] bollard::errors::Error),
    /// What an earlier life left behind cannot be removed.
    #[error("cannot remove the containers of an earlier life")]
    Leftovers(#[source] bollard::errors::Error),
}

/// The labels that the ECS agent gives every container.
#[must_use]
pub fn ecs_labels(arn: &str, container: &str, family: &str, revision: u32, cluster: &str) -> Vec<(String, String)> {
    let label = |name: &str, value: &str| (format!("com.amazonaws.ecs.{name}"), value.to_owned());
    vec![
        label("task-arn", arn),
        label("container-name", container),
        label("task-definition-family", family),
        label("task-definition-version", &revision.to_string()),
        label("cluster", cluster),
    ]
}

/// The name that the ECS agent gives a container; `hex` tells it from its siblings.
#[must_use]
pub fn docker_name(family: &str, revision: u32, container: &str, hex: &str) -> String {
    format!("ecs-{family}-{revision}-{container}-{hex}")
}

/// What ECS says of an image that is not to be had.
fn cannot_pull(image: &str) -> String {
    format!(
        "CannotPullContainerError: Error response from daemon: pull access denied for {image}, repository does not \
         exist or may require 'docker login': denied: requested access to the resource is denied"
    )
}

/// Runs tasks. Belongs to the thread that made it: its children die with that thread.
#[derive(Debug)]
pub struct Runtime {
    kind: Kind,
    under_way: UnderWay,
}

#[derive(Debug)]
enum Kind {
    Processes(Processes),
    Containers(Containers),
    Simulated(Simulated),
}

impl Runtime {
    /// A runtime that says what happens to `events`.
    ///
    /// # Errors
    /// [`Error`]; with Docker, also when what an earlier life left behind cannot be removed.
    pub async fn new(settings: RuntimeSettings, events: UnboundedSender<Happened>) -> Result<Runtime, Error> {
        let kind = match settings {
            RuntimeSettings::Process(settings) => Kind::Processes(Processes::new(settings, events)?),
            RuntimeSettings::Docker(settings) => Kind::Containers(Containers::new(settings, events).await?),
            RuntimeSettings::Simulated => Kind::Simulated(Simulated::new(events)),
        };
        Ok(Runtime { kind, under_way: UnderWay::default() })
    }

    /// Starts a task: answered by [`Happened::Started`] or [`Happened::Failed`]. Needs a tokio runtime; a task that is
    /// under way already is left as it is.
    pub fn start(&self, spec: TaskSpec) {
        match &self.kind {
            Kind::Processes(processes) => processes.start(spec, &self.under_way),
            Kind::Containers(containers) => containers.start(spec, &self.under_way),
            Kind::Simulated(tasks) => tasks.start(spec, &self.under_way),
        }
    }

    /// Stops a task: the stop signal, the stop timeout, `SIGKILL`. Answered by [`Happened::Exited`] for each container
    /// that still runs; a task that is unknown or stopping already is left as it is.
    pub fn stop(&self, task: &str) {
        self.under_way.tell(task, Order::Stop);
    }

    /// Kills a task at once: its host has gone.
    pub fn kill(&self, task: &str) {
        self.under_way.tell(task, Order::Kill);
    }

    /// Stops a task's processes in their tracks, as a machine that has lost its disk does. A stop's `SIGTERM` waits for
    /// the thaw; `SIGKILL` does not.
    pub fn freeze(&self, task: &str) {
        self.under_way.grip(task, |grip| grip.frozen = true);
    }

    /// Lets them go on.
    pub fn thaw(&self, task: &str) {
        self.under_way.grip(task, |grip| grip.frozen = false);
    }

    /// Cuts a task off the network: silently, nothing reaches its address any more and nothing comes from it. Answered
    /// by [`Happened::Impossible`] where that takes rights which this program has not.
    ///
    /// Processes share the machine's network, so the task is cut off from its own address too, and what it calls from
    /// another address of the machine still goes out; a container loses its network interface.
    pub fn cut(&self, task: &str) {
        self.under_way.grip(task, |grip| grip.cut = true);
    }

    /// Puts the task back on the network, at the address that it had.
    pub fn mend(&self, task: &str) {
        self.under_way.grip(task, |grip| grip.cut = false);
    }

    /// Ends everything it started: the stop signal, a short grace, `SIGKILL`.
    pub async fn end(self) {
        self.under_way.end().await;
        match self.kind {
            Kind::Containers(containers) => containers.end().await,
            // The directory of all tasks goes with its owner.
            Kind::Processes(_) | Kind::Simulated(_) => {}
        }
    }
}
