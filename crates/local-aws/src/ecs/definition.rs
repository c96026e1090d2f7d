//! Task definitions: families and their revisions.

use std::time::Duration;

use daemon::moment::Moment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model::Ecs;
use super::requests::RegisterTaskDefinition;
use crate::account::last_part;
use crate::refusal::Refusal;

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

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortMapping {
    /// The port inside.
    pub container_port: u16,
    /// The port outside; the same with `awsvpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    /// `tcp` unless said.
    #[serde(default = "tcp")]
    pub protocol: String,
}

fn tcp() -> String {
    "tcp".to_owned()
}

/// One container of a task definition. What is not used here is kept and told again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerDefinition {
    /// Its name, unique in the task.
    pub name: String,
    /// Its image.
    pub image: String,
    /// CPU units it reserves.
    #[serde(default)]
    pub cpu: u32,
    /// MiB it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    /// MiB it reserves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<u32>,
    /// Whether the task ends with it.
    #[serde(default = "yes")]
    pub essential: bool,
    /// Replaces the image's entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entry_point: Vec<String>,
    /// Replaces the image's command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Its environment.
    #[serde(default)]
    pub environment: Vec<NameValue>,
    /// Its ports.
    #[serde(default)]
    pub port_mappings: Vec<PortMapping>,
    /// Seconds from the stop signal to `SIGKILL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u64>,
    /// Everything else that was registered.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl ContainerDefinition {
    /// From the stop signal to `SIGKILL`: 30 s unless said (`ECS_CONTAINER_STOP_TIMEOUT`'s default).
    #[must_use]
    pub fn stop_grace(&self) -> Duration {
        Duration::from_secs(self.stop_timeout.unwrap_or(30))
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
    /// At least one.
    pub containers: Vec<ContainerDefinition>,
    /// CPU units that a task of it reserves.
    pub cpu: u32,
    /// MiB that a task of it reserves.
    pub memory: u32,
    /// When it was registered.
    pub registered_at: Moment,
    /// As it was registered, for what is not used here.
    pub request: RegisterTaskDefinition,
}

impl TaskDefinition {
    /// How its tasks are connected.
    #[must_use]
    pub fn network_mode(&self) -> NetworkMode {
        match self.request.network_mode.as_deref() {
            Some("awsvpc") => NetworkMode::Awsvpc,
            Some("host") => NetworkMode::Host,
            Some("none") => NetworkMode::None,
            Some(_) | None => NetworkMode::Bridge,
        }
    }
}

impl Ecs {
    /// Adds a revision to a family.
    ///
    /// # Errors
    /// No container, two of one name, or sizes that are no numbers.
    pub fn register_task_definition(
        &mut self,
        now: Moment,
        request: RegisterTaskDefinition,
    ) -> Result<&TaskDefinition, Refusal> {
        let client = |message: &str| Refusal::new("ClientException", message);
        if request.family.is_empty() {
            return Err(client("Family should not be null or blank."));
        }
        let containers = request.container_definitions.clone();
        if containers.is_empty() {
            return Err(client("Container definitions should not be null or empty."));
        }
        for (number, container) in containers.iter().enumerate() {
            if containers[..number].iter().any(|earlier| earlier.name == container.name) {
                return Err(client(&format!("Container name '{}' is used more than once.", container.name)));
            }
        }
        if !containers.iter().any(|container| container.essential) {
            return Err(client("A task definition must have at least one essential container."));
        }
        let cpu = match &request.cpu {
            Some(text) => units(text, "vcpu").ok_or_else(|| client("Invalid 'cpu' setting for task."))?,
            None => containers.iter().map(|c| c.cpu).sum(),
        };
        let memory = match &request.memory {
            Some(text) => units(text, "gb").ok_or_else(|| client("Invalid 'memory' setting for task."))?,
            None => containers.iter().filter_map(|c| c.memory_reservation.or(c.memory)).sum(),
        };
        let revisions = self.definitions.entry(request.family.clone()).or_default();
        let revision = u32::try_from(revisions.len()).unwrap_or(u32::MAX).saturating_add(1);
        let family = request.family.clone();
        let arn = self.account.arn("ecs", &format!("task-definition/{family}:{revision}"));
        let definition = TaskDefinition { arn, family, revision, containers, cpu, memory, registered_at: now, request };
        revisions.push(definition);
        Ok(&revisions[revisions.len() - 1])
    }

    /// A definition by family (the latest), `family:revision` or ARN.
    ///
    /// # Errors
    /// There is none.
    pub fn task_definition(&self, name: &str) -> Result<&TaskDefinition, Refusal> {
        let short = last_part(name);
        let found = match short.rsplit_once(':') {
            Some((family, revision)) => revision.parse::<usize>().ok().and_then(|revision| {
                self.definitions.get(family).and_then(|revisions| revisions.get(revision.checked_sub(1)?))
            }),
            None => self.definitions.get(short).and_then(|revisions| revisions.last()),
        };
        found.ok_or_else(|| Refusal::new("ClientException", "Unable to describe task definition."))
    }
}

/// `256`, or with the unit that means 1024 of it: `.25 vCPU`, `1 GB`.
fn units(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    match text.strip_suffix(unit) {
        None => text.parse().ok(),
        Some(number) => {
            let whole = number.trim().parse::<f64>().ok()? * 1024.0;
            (0.0..=f64::from(u32::MAX)).contains(&whole).then_some(whole as u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_both_of_their_spellings() {
        assert_eq!(units("256", "vcpu"), Some(256));
        assert_eq!(units(".25 vCPU", "vcpu"), Some(256));
        assert_eq!(units("1 GB", "gb"), Some(1024));
        assert_eq!(units("much", "gb"), None);
    }
}
