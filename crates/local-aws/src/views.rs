//! What the edges may ask of the world: the ECS agent's introspection, instance metadata, task metadata and DNS render
//! these views and keep nothing themselves. The world implements [`Views`]; tests use a small one of their own.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::dns::faults::{Fault, Side};

/// A host as its own local endpoints describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostView {
    /// The EC2 instance id.
    pub instance_id: String,
    /// The ARN of its container instance; none before the host has registered with ECS.
    pub container_instance_arn: Option<String>,
    /// The cluster's name or ARN, as the ECS agent is configured with it.
    pub cluster: String,
    /// `eu-west-1`.
    pub region: String,
    /// `eu-west-1a`.
    pub availability_zone: String,
    /// Its address, where its local endpoints listen.
    pub address: Ipv4Addr,
    /// What the instance is on its way to be: `InService`, `Terminated` … None before the first transition, and for an
    /// instance that is in no Auto Scaling group.
    pub target_lifecycle_state: Option<String>,
    /// The account's twelve digits.
    pub account: String,
    /// When the instance was launched.
    pub launched_at: SystemTime,
    /// Whether it is a spot instance.
    pub spot: bool,
    /// The notice of its interruption: `terminate`, `stop` or `hibernate`, and when.
    pub spot_notice: Option<(&'static str, SystemTime)>,
    /// When it was recommended to rebalance.
    pub rebalance_notice: Option<SystemTime>,
}

/// A container of a task, as the ECS agent knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerView {
    /// 64 hex digits; also the id in `ECS_CONTAINER_METADATA_URI_V4`.
    pub docker_id: String,
    /// `ecs-<family>-<revision>-<name>-<hex>`.
    pub docker_name: String,
    /// Its name in the task definition.
    pub name: String,
    /// The image.
    pub image: String,
    /// Container ports and their protocols.
    pub ports: Vec<(u16, String)>,
    /// When the container was made.
    pub created_at: Option<SystemTime>,
    /// When it started to run.
    pub started_at: Option<SystemTime>,
    /// How it ended.
    pub exit_code: Option<i64>,
    /// `PENDING`, `RUNNING` or `STOPPED`.
    pub known_status: String,
    /// Its ARN.
    pub arn: String,
    /// CPU units that it reserves.
    pub cpu: u32,
    /// MiB that it may use.
    pub memory: u32,
    /// When it ended.
    pub finished_at: Option<SystemTime>,
    /// Where its lines go: `awslogs`.
    pub log_driver: Option<String>,
    /// How.
    pub log_options: Map<String, Value>,
}

/// A task, as the ECS agent of its host knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// The task's ARN.
    pub arn: String,
    /// Its cluster's name or ARN.
    pub cluster: String,
    /// The task definition's family.
    pub family: String,
    /// The task definition's revision.
    pub revision: u32,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// `PENDING`, `RUNNING` or `STOPPED`: the agent's words, fewer than the API's.
    pub known_status: String,
    /// `EC2` or `FARGATE`.
    pub launch_type: String,
    /// The ECS service that it is of.
    pub service: Option<String>,
    /// `eu-west-1a`.
    pub availability_zone: String,
    /// The task's own address; none before it has one.
    pub address: Option<Ipv4Addr>,
    /// Its containers.
    pub containers: Vec<ContainerView>,
    /// `awsvpc`, `bridge`, `host` or `none`.
    pub network_mode: &'static str,
    /// `eu-west-1`.
    pub region: String,
    /// When its images were asked for.
    pub pull_started_at: Option<SystemTime>,
    /// When they were there.
    pub pull_stopped_at: Option<SystemTime>,
    /// When its last container ended.
    pub execution_stopped_at: Option<SystemTime>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Whether its definition allows faults to be injected.
    pub fault_injection: bool,
    /// CPU units: 1024 are one virtual CPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
}

/// A kind of record that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Hosts and ports.
    Srv,
    /// Another name.
    Cname,
    /// Whatever there is: one kind of it is enough (RFC 8482).
    Any,
    /// A kind that Cloud Map makes no records of.
    Other,
}

/// One record's data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A host's name (no final dot) and port; priority and weight are always 1.
    Srv {
        /// The port.
        port: u16,
        /// `t1.demo.service.local`.
        target: String,
    },
    /// Another name, no final dot.
    Cname(String),
}

/// How many of a name's records an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// Up to eight, in random order.
    Multivalue,
    /// One, drawn at random.
    Weighted,
}

/// The zone that a name is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneView {
    /// Lower case, no final dot.
    pub name: String,
    /// Seconds that "there is no such name" may be remembered: the zone's `SOA.TTL`.
    pub soa_ttl: u32,
}

/// What a name of the DNS has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// The name has records of the kind. A name with a CNAME has that, whatever kind was asked for.
    Found {
        /// Its zone.
        zone: ZoneView,
        /// Seconds that an answer may be kept.
        ttl: u32,
        /// At least one; all there are, whoever answers chooses by `routing`.
        data: Vec<RecordData>,
        /// How to choose.
        routing: Routing,
    },
    /// The name exists, but has no such record.
    NoData(ZoneView),
    /// The name does not exist in a zone of ours.
    NoSuchName(ZoneView),
    /// The name is in no zone of ours.
    NotOurs,
}

/// What the DNS servers ask.
pub trait Zones: Send + Sync + 'static {
    /// What there is of `name` (lower case, no final dot).
    fn records(&self, name: &str, kind: RecordKind) -> Records;

    /// What is to go wrong with a query for `name`.
    fn dns_fault(&self, side: Side, name: &str) -> Option<Fault> {
        let _ = (side, name);
        None
    }
}

/// What may be asked. Every call answers at once, from what is known.
pub trait Views: Zones {
    /// The host at this address.
    fn host(&self, address: Ipv4Addr) -> Option<HostView>;

    /// The tasks that the host's ECS agent lists: those assigned to it, the stopped ones for a while.
    fn tasks_of(&self, instance_id: &str) -> Vec<TaskView>;

    /// The task with the container of this id, and the container's place in it.
    fn task_of_container(&self, docker_id: &str) -> Option<(TaskView, usize)>;
}

#[cfg(test)]
pub(crate) mod sample;
