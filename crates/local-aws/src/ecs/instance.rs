//! Container instances: hosts as ECS knows them.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::interface::{SUBNET, VPC};
use super::model::{Ecs, Effect};
use super::placement::{Resources, TASK_ENI};
use super::ports::RESERVED;
use super::requests::Tag;
use super::task::StopCode;
use crate::account::last_part;

/// The version that the agents of this world's hosts have.
pub const AGENT_VERSION: &str = "1.105.1";

/// Whether a host takes tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceStatus {
    /// It does.
    Active,
    /// No new ones; standalone tasks run on.
    Draining,
    /// It has been deregistered.
    Inactive,
}

impl InstanceStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            InstanceStatus::Active => "ACTIVE",
            InstanceStatus::Draining => "DRAINING",
            InstanceStatus::Inactive => "INACTIVE",
        }
    }
}

/// A container instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerInstance {
    /// Its ARN.
    pub arn: String,
    /// The cluster's name.
    pub cluster: String,
    /// The EC2 instance.
    pub host: String,
    /// Its availability zone.
    pub zone: String,
    /// The capacity provider whose group it is in.
    pub provider: Option<String>,
    /// Whether it takes tasks.
    pub status: InstanceStatus,
    /// Whether its ECS agent is connected.
    pub agent_connected: bool,
    /// Its ECS agent's version: `1.105.1`.
    pub agent_version: String,
    /// What it has.
    pub registered: Resources,
    /// Ports that it registered as taken.
    pub reserved_ports: Vec<u16>,
    /// Attributes that its agent and ECS gave it.
    pub given: BTreeMap<String, Option<String>>,
    /// Custom attributes.
    pub attributes: BTreeMap<String, Option<String>>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// When it registered.
    pub registered_at: Moment,
    /// When it was deregistered.
    pub gone_at: Option<Moment>,
    /// Grows with every change.
    pub version: u64,
}

impl ContainerInstance {
    /// The value of an attribute that it has; empty where that has none.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let value = self.attributes.get(name).or_else(|| self.given.get(name))?;
        Some(value.as_deref().unwrap_or_default())
    }

    /// Whether it has an attribute.
    #[must_use]
    pub fn has_attribute(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }
}

/// What the agent of a host of this world, and ECS, say of it ("Amazon ECS container instance attributes").
fn given_to(zone: &str) -> BTreeMap<String, Option<String>> {
    let named = [
        ("ecs.availability-zone", zone),
        ("ecs.instance-type", "t3.micro"),
        ("ecs.ami-id", "ami-00000000000000001"),
        ("ecs.cpu-architecture", "x86_64"),
        ("ecs.os-type", "linux"),
        ("ecs.os-family", "LINUX"),
        ("ecs.vpc-id", VPC),
        ("ecs.subnet-id", SUBNET),
    ];
    let able = [
        TASK_ENI,
        "ecs.capability.execution-role-awslogs",
        "ecs.capability.container-ordering",
        "com.amazonaws.ecs.capability.docker-remote-api.1.21",
        "com.amazonaws.ecs.capability.task-iam-role",
    ];
    let named = named.into_iter().map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    named.chain(able.into_iter().map(|name| (name.to_owned(), None))).collect()
}

impl Ecs {
    /// A booted host joins a cluster.
    pub fn register_host(
        &mut self,
        now: Moment,
        (host, zone): (&str, &str),
        cluster: &str,
        provider: Option<String>,
        registered: Resources,
    ) -> String {
        let arn = self.account.arn("ecs", &format!("container-instance/{cluster}/{}", self.ids.hex(32)));
        let instance = ContainerInstance {
            arn: arn.clone(),
            cluster: cluster.to_owned(),
            host: host.to_owned(),
            zone: zone.to_owned(),
            provider,
            status: InstanceStatus::Active,
            agent_connected: true,
            agent_version: AGENT_VERSION.to_owned(),
            registered,
            reserved_ports: RESERVED.to_vec(),
            given: given_to(zone),
            attributes: BTreeMap::new(),
            tags: Vec::new(),
            registered_at: now,
            gone_at: None,
            version: 1,
        };
        self.instances.insert(arn.clone(), instance);
        self.tasks.stir();
        arn
    }

    /// The connection of a host's ECS agent came or went. That deregisters nothing: tasks and container instance stay
    /// as ECS knew them.
    pub fn agent_connection(&mut self, host: &str, connected: bool) {
        for instance in self.instances.values_mut().filter(|i| i.host == host && i.gone_at.is_none()) {
            if instance.agent_connected != connected {
                instance.agent_connected = connected;
                instance.version += 1;
            }
        }
        self.tasks.stir();
    }

    /// ECS drains a host itself.
    pub fn drain_host(&mut self, host: &str) {
        let there = self.instances.values_mut().filter(|i| i.host == host && i.gone_at.is_none());
        for instance in there.filter(|instance| instance.status == InstanceStatus::Active) {
            instance.status = InstanceStatus::Draining;
            instance.version += 1;
            self.effects.push(Effect::Draining { host: host.to_owned() });
            self.tasks.stir();
        }
    }

    /// A host has gone, and its tasks with it.
    pub fn host_gone(&mut self, now: Moment, host: &str) {
        self.host_lost(now, host, StopCode::TerminationNotice);
    }

    /// A spot interruption took a host, and its tasks with it.
    pub fn host_reclaimed(&mut self, now: Moment, host: &str) {
        self.host_lost(now, host, StopCode::SpotInterruption);
    }

    fn host_lost(&mut self, now: Moment, host: &str, code: StopCode) {
        let here = self.instances.values().filter(|i| i.host == host && i.gone_at.is_none());
        let arns: Vec<String> = here.map(|instance| instance.arn.clone()).collect();
        for arn in arns {
            if let Some(instance) = self.instances.get_mut(&arn) {
                instance.status = InstanceStatus::Inactive;
                instance.agent_connected = false;
                instance.gone_at = Some(now);
                instance.version += 1;
            }
            self.forget_later(now, &arn);
            let lost = self.tasks.load(&arn).map(|load| load.holding.clone()).unwrap_or_default();
            for id in lost {
                self.over(now, &id, code, &format!("Host EC2 (instance {host}) terminated."));
            }
        }
    }

    /// The container instance of a host.
    #[must_use]
    pub fn instance_of(&self, host: &str) -> Option<&ContainerInstance> {
        self.instances.values().filter(|instance| instance.host == host).max_by_key(|i| i.registered_at)
    }

    /// A container instance by its ARN.
    #[must_use]
    pub fn instance(&self, arn: &str) -> Option<&ContainerInstance> {
        self.instances.get(arn)
    }

    /// Tasks that run on it, and tasks that are about to.
    #[must_use]
    pub fn counts(&self, arn: &str) -> (usize, usize) {
        self.tasks.load(arn).map_or((0, 0), |load| (load.running, load.pending))
    }

    /// A container instance of a cluster, by id or ARN.
    pub(super) fn find_instance(&self, cluster: &str, id: &str) -> Option<&ContainerInstance> {
        let arn = self.account.arn("ecs", &format!("container-instance/{cluster}/{}", last_part(id)));
        self.instances.get(&arn)
    }
}
