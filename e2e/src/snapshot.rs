//! What `GET /_world` of local-aws says.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The world at one moment.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Snapshot {
    /// EC2 instances, the terminated ones for a while too.
    pub hosts: Vec<Host>,
    /// ECS tasks, the stopped ones for a while too.
    pub tasks: Vec<Task>,
    /// Cloud Map instances.
    pub registrations: Vec<Registration>,
    /// Auto Scaling groups.
    pub groups: Vec<Group>,
}

/// An EC2 instance.
#[derive(Clone, Debug, Deserialize)]
pub struct Host {
    /// `i-…`.
    pub instance_id: String,
    /// Auto Scaling's lifecycle state.
    pub lifecycle: String,
    /// The container instance's status, once it has one.
    pub ecs_status: Option<String>,
    /// Scale-in protection.
    pub protected: bool,
}

/// An ECS task.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// Its ARN.
    pub arn: String,
    /// Its task definition's family.
    pub family: String,
    /// `SERVICE_NAME` of its override.
    pub service: Option<String>,
    /// PROVISIONING, PENDING, RUNNING … STOPPED.
    pub last_status: String,
    /// RUNNING or STOPPED.
    pub desired_status: String,
    /// The EC2 instance that it runs on, where it is placed on one.
    pub instance_id: Option<String>,
    /// Its own address, once it has one.
    pub address: Option<String>,
    /// The essential container's exit code, once it has ended.
    pub exit_code: Option<i64>,
}

/// A Cloud Map instance.
#[derive(Clone, Debug, Deserialize)]
pub struct Registration {
    /// The Cloud Map service, `demo.service`.
    pub service: String,
    /// The instance's id: the task's.
    pub instance_id: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its desired capacity.
    pub desired: i64,
}

impl Snapshot {
    /// Hosts that exist: booting, in service or about to go.
    pub fn living_hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(|host| host.lifecycle != "Terminated")
    }

    /// Tasks of a family that have not stopped.
    pub fn living_tasks(&self, family: &str) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.family == family && task.last_status != "STOPPED")
    }

    /// All tasks of a family that the world remembers.
    pub fn tasks_of(&self, family: &str) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.family == family)
    }

    /// Registrations of a Cloud Map service, `demo.service`.
    pub fn registered(&self, service: &str) -> impl Iterator<Item = &Registration> {
        self.registrations.iter().filter(move |registration| registration.service == service)
    }

    /// Nothing is left: no task, no registration, no host, and nobody asks for one.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.living_hosts().next().is_none()
            && self.tasks.iter().all(|task| task.last_status == "STOPPED")
            && self.registrations.is_empty()
            && self.groups.iter().all(|group| group.desired == 0)
    }
}
