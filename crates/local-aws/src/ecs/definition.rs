//! Task definitions: families and their revisions.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::requests::{RegisterTaskDefinition, Tag};

mod calls;
mod register;
#[cfg(test)]
mod tests;
mod valid;

pub(super) use valid::units;

/// A name and its value, as environments are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NameValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// How a task is connected (`networkMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkMode {
    /// Docker's bridge on the host; what a definition has that names none.
    Bridge,
    /// The host's own network.
    Host,
    /// An address of its own.
    Awsvpc,
    /// Not at all.
    None,
}

impl NetworkMode {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            NetworkMode::Bridge => "bridge",
            NetworkMode::Host => "host",
            NetworkMode::Awsvpc => "awsvpc",
            NetworkMode::None => "none",
        }
    }
}

/// A port of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PortMapping {
    /// The port inside.
    pub container_port: u16,
    /// The port outside; the same with `awsvpc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    /// `tcp` unless said.
    #[serde(default = "tcp")]
    pub protocol: String,
    /// Everything else that was registered.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn tcp() -> String {
    "tcp".to_owned()
}

/// One container of a task definition. What is not used here is kept and told again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerDefinition {
    /// Its name, unique in the task.
    pub name: String,
    /// Its image.
    pub image: String,
    /// CPU units it reserves.
    pub cpu: i32,
    /// MiB it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// MiB it reserves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i32>,
    /// Whether the task ends with it.
    #[serde(default = "yes")]
    pub essential: bool,
    /// Replaces the image's entry point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entry_point: Vec<String>,
    /// Replaces the image's command.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Its environment.
    pub environment: Vec<NameValue>,
    /// Its ports.
    pub port_mappings: Vec<PortMapping>,
    /// Kept, and mounted nowhere.
    pub mount_points: Vec<Value>,
    /// Kept, not used.
    pub volumes_from: Vec<Value>,
    /// Seconds from the stop signal to `SIGKILL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u64>,
    /// Everything else that was registered.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

const fn yes() -> bool {
    true
}

impl ContainerDefinition {
    /// From the stop signal to `SIGKILL`: 30 s unless said (`ECS_CONTAINER_STOP_TIMEOUT`'s default).
    #[must_use]
    pub fn stop_grace(&self) -> Duration {
        Duration::from_secs(self.stop_timeout.unwrap_or(30))
    }
}

/// Where a revision is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinitionStatus {
    /// It can be run.
    Active,
    /// Deregistered: what runs of it runs on.
    Inactive,
    /// Deleted; it goes when nothing runs of it.
    DeleteInProgress,
}

impl DefinitionStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DefinitionStatus::Active => "ACTIVE",
            DefinitionStatus::Inactive => "INACTIVE",
            DefinitionStatus::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}

/// One revision of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDefinition {
    /// `arn:aws:ecs:…:task-definition/<family>:<revision>`.
    pub arn: String,
    /// The family.
    pub family: String,
    /// From 1.
    pub revision: u32,
    /// Where it is in its life.
    pub status: DefinitionStatus,
    /// At least one.
    pub containers: Vec<ContainerDefinition>,
    /// CPU units that a task of it reserves.
    pub cpu: u32,
    /// MiB that a task of it reserves.
    pub memory: u32,
    /// Whether Fargate can run it.
    pub on_fargate: bool,
    /// When it was registered.
    pub registered_at: Moment,
    /// When it was deregistered.
    pub deregistered_at: Option<Moment>,
    /// When it was deleted.
    pub delete_requested_at: Option<Moment>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// As it was registered, for what is not used here.
    pub request: RegisterTaskDefinition,
}

impl TaskDefinition {
    /// How its tasks are connected.
    #[must_use]
    pub fn network_mode(&self) -> NetworkMode {
        valid::network_mode(&self.request)
    }
}

/// A family: its revisions, and the number of its last one, which is never given again.
#[derive(Clone, Debug, Default)]
pub struct Family {
    pub(super) last: u32,
    pub(super) revisions: BTreeMap<u32, TaskDefinition>,
}

impl Family {
    /// The latest ACTIVE revision.
    #[must_use]
    pub fn latest(&self) -> Option<&TaskDefinition> {
        self.revisions.values().rev().find(|definition| definition.status == DefinitionStatus::Active)
    }
}
