//! A task's life: PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING,
//! DEPROVISIONING, STOPPED, in this order and never back.

use std::net::Ipv4Addr;
use std::sync::Arc;

use daemon::moment::Moment;

use super::constraints::Placing;
use super::definition::NetworkMode;
use super::ports::Binding;
use super::requests::{Tag, TaskOverride};

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastStatus {
    /// Accepted; without a place, or its network interface is being made.
    Provisioning,
    /// It has a place; its containers are being started.
    Pending,
    /// All its containers were started; load balancers and the like are told.
    Activating,
    /// It runs.
    Running,
    /// It is to be stopped; load balancers and the like are told first.
    Deactivating,
    /// Its containers are being stopped.
    Stopping,
    /// Its containers have stopped; its network interface goes.
    Deprovisioning,
    /// Over.
    Stopped,
}

impl LastStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LastStatus::Provisioning => "PROVISIONING",
            LastStatus::Pending => "PENDING",
            LastStatus::Activating => "ACTIVATING",
            LastStatus::Running => "RUNNING",
            LastStatus::Deactivating => "DEACTIVATING",
            LastStatus::Stopping => "STOPPING",
            LastStatus::Deprovisioning => "DEPROVISIONING",
            LastStatus::Stopped => "STOPPED",
        }
    }
}

/// What ECS wants of a task or container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desired {
    /// To run.
    Running,
    /// To end.
    Stopped,
}

impl Desired {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Desired::Running => "RUNNING",
            Desired::Stopped => "STOPPED",
        }
    }
}

/// What a task runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchType {
    /// A container instance.
    Ec2,
    /// No host of ours.
    Fargate,
}

impl LaunchType {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LaunchType::Ec2 => "EC2",
            LaunchType::Fargate => "FARGATE",
        }
    }
}

/// Why a task stopped (`TaskStopCode` of the API).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCode {
    /// It never ran.
    TaskFailedToStart,
    /// A container that it cannot do without ended.
    EssentialContainerExited,
    /// StopTask.
    UserInitiated,
    /// A service has too many, or replaces it.
    ServiceSchedulerInitiated,
    /// Its Spot host is taken back.
    SpotInterruption,
    /// Its host went.
    TerminationNotice,
}

impl StopCode {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            StopCode::TaskFailedToStart => "TaskFailedToStart",
            StopCode::EssentialContainerExited => "EssentialContainerExited",
            StopCode::UserInitiated => "UserInitiated",
            StopCode::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            StopCode::SpotInterruption => "SpotInterruption",
            StopCode::TerminationNotice => "TerminationNotice",
        }
    }
}

/// What is known of a container: the words of the ECS agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerStatus {
    /// Not started yet.
    Pending,
    /// It runs.
    Running,
    /// It ended.
    Stopped,
}

impl ContainerStatus {
    /// As the API and the agent write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ContainerStatus::Pending => "PENDING",
            ContainerStatus::Running => "RUNNING",
            ContainerStatus::Stopped => "STOPPED",
        }
    }
}

/// A container of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name in the task definition.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The id in its `ECS_CONTAINER_METADATA_URI_V4`: 64 hex digits.
    pub metadata_id: String,
    /// Docker's id: the same, until Docker has given one.
    pub docker_id: String,
    /// Docker's name, as the ECS agent makes it.
    pub docker_name: String,
    /// What is known of it.
    pub status: ContainerStatus,
    /// How it ended; none when it was killed with its host.
    pub exit_code: Option<i64>,
    /// Why it could not be started.
    pub reason: Option<String>,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Whether the task ends with it.
    pub essential: bool,
}

/// A task.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// 32 hex digits.
    pub id: String,
    /// Counts the tasks: what came first.
    pub number: u64,
    /// Its ARN.
    pub arn: String,
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's ARN.
    pub cluster_arn: String,
    /// The ARN of its definition.
    pub definition: String,
    /// The definition's family.
    pub family: String,
    /// The definition's revision.
    pub revision: u32,
    /// What RunTask changed.
    pub overrides: TaskOverride,
    /// What it runs on.
    pub launch_type: LaunchType,
    /// The capacity provider it was asked of.
    pub provider: Option<String>,
    /// Fargate's version.
    pub platform_version: Option<String>,
    /// Whether commands may be executed in it: told again, not used.
    pub enable_execute_command: bool,
    /// What it asks of its place.
    pub placing: Arc<Placing>,
    /// Where it is in its life.
    pub last_status: LastStatus,
    /// What is wanted of it.
    pub desired: Desired,
    /// Its host, as the ARN of the container instance.
    pub instance: Option<String>,
    /// Its own address.
    pub address: Option<Ipv4Addr>,
    /// The id of its network interface's attachment.
    pub attachment: String,
    /// Its network interface.
    pub interface: String,
    /// Its containers.
    pub containers: Vec<Container>,
    /// How it is connected.
    pub network_mode: NetworkMode,
    /// The ports of its host that it holds.
    pub bindings: Vec<Binding>,
    /// CPU units it reserves.
    pub cpu: u32,
    /// MiB it reserves.
    pub memory: u32,
    /// Who asked for it.
    pub started_by: Option<String>,
    /// `family:<family>` unless said.
    pub group: String,
    /// Tags.
    pub tags: Vec<Tag>,
    /// When RunTask was called.
    pub created_at: Moment,
    /// When it got its place, and its images were asked for.
    pub placed_at: Option<Moment>,
    /// When it had all its containers.
    pub started_at: Option<Moment>,
    /// When it was first to be stopped.
    pub stopping_at: Option<Moment>,
    /// When its last container ended.
    pub execution_stopped_at: Option<Moment>,
    /// When it was over.
    pub stopped_at: Option<Moment>,
    /// Why it stopped.
    pub stop_code: Option<StopCode>,
    /// Why it stopped, for people.
    pub stopped_reason: Option<String>,
    /// Whether it runs on although ECS knows no more of it.
    pub orphaned: bool,
    /// Grows with every change.
    pub version: u64,
}

impl Task {
    /// What the ECS agent on its host knows of it.
    #[must_use]
    pub fn known_status(&self) -> ContainerStatus {
        if self.containers.iter().all(|container| container.status == ContainerStatus::Stopped) {
            ContainerStatus::Stopped
        } else if self.started_at.is_some() {
            ContainerStatus::Running
        } else {
            ContainerStatus::Pending
        }
    }

    /// A variable that RunTask set, in any container.
    #[must_use]
    pub fn overridden(&self, name: &str) -> Option<&str> {
        let set = self.overrides.container_overrides.iter().flat_map(|container| &container.environment);
        set.filter(|pair| pair.name == name).map(|pair| pair.value.as_str()).next_back()
    }

    /// Whether it has a network interface of its own.
    #[must_use]
    pub fn has_interface(&self) -> bool {
        self.network_mode == NetworkMode::Awsvpc
    }

    /// Whether it waits for a host.
    pub(super) fn waits(&self) -> bool {
        self.last_status == LastStatus::Provisioning && self.launch_type == LaunchType::Ec2
    }

    /// Whether it holds a share of its host.
    pub(super) fn holds_resources(&self) -> bool {
        self.instance.is_some() && self.last_status < LastStatus::Stopped
    }
}
