//! Container instances: hosts as ECS knows them.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::model::{Ecs, Effect};
use super::placement::Resources;
use super::requests::{Attribute, Attributes, ListAttributes, Named};
use super::task::StopCode;
use crate::account::last_part;
use crate::refusal::Refusal;

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
    /// What it has.
    pub registered: Resources,
    /// Custom attributes.
    pub attributes: BTreeMap<String, Option<String>>,
    /// When it registered.
    pub registered_at: Moment,
    /// When it was deregistered.
    pub gone_at: Option<Moment>,
    /// Grows with every change.
    pub version: u64,
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
            registered,
            attributes: BTreeMap::new(),
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

    /// Container instances by id or ARN, and those that are none.
    ///
    /// # Errors
    /// No such cluster; nothing asked for.
    pub fn describe_instances(&self, request: &Named) -> Result<(Vec<&ContainerInstance>, Vec<String>), Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.name.clone();
        if request.container_instances.is_empty() || request.container_instances.len() > 100 {
            return Err(Refusal::new(
                "InvalidParameterException",
                "Container Instances must contain between 1 and 100 items.",
            ));
        }
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for id in &request.container_instances {
            match self.find_instance(&cluster, id) {
                Some(instance) => found.push(instance),
                None => {
                    let resource = format!("container-instance/{cluster}/{}", last_part(id));
                    missing.push(self.account.arn("ecs", &resource));
                }
            }
        }
        Ok((found, missing))
    }

    /// The ARNs of a cluster's container instances, of one status where that is asked for.
    ///
    /// # Errors
    /// No such cluster.
    pub fn list_instances(&self, request: &Named) -> Result<Vec<&str>, Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        let listed = self.instances.values().filter(|i| {
            i.cluster == *cluster
                && match &request.status {
                    Some(status) => i.status.name() == status,
                    None => i.status != InstanceStatus::Inactive,
                }
        });
        Ok(listed.map(|instance| instance.arn.as_str()).collect())
    }

    /// UpdateContainerInstancesState: ACTIVE or DRAINING.
    ///
    /// # Errors
    /// No such cluster; another status.
    pub fn update_instances_state(
        &mut self,
        request: &Named,
    ) -> Result<(Vec<&ContainerInstance>, Vec<String>), Refusal> {
        let status = match request.status.as_deref() {
            Some("ACTIVE") => InstanceStatus::Active,
            Some("DRAINING") => InstanceStatus::Draining,
            Some(_) | None => {
                return Err(Refusal::new("InvalidParameterException", "Status must be ACTIVE or DRAINING."));
            }
        };
        let (found, _) = self.describe_instances(request)?;
        let arns: Vec<String> = found
            .iter()
            .filter(|instance| instance.status != InstanceStatus::Inactive && instance.status != status)
            .map(|instance| instance.arn.clone())
            .collect();
        for arn in arns {
            if let Some(instance) = self.instances.get_mut(&arn) {
                instance.status = status;
                instance.version += 1;
                let host = instance.host.clone();
                self.tasks.stir();
                self.effects.push(match status {
                    InstanceStatus::Active => Effect::Active { host },
                    InstanceStatus::Draining | InstanceStatus::Inactive => Effect::Draining { host },
                });
            }
        }
        self.describe_instances(request)
    }

    /// PutAttributes.
    ///
    /// # Errors
    /// No such cluster or container instance.
    pub fn put_attributes(&mut self, request: &Attributes) -> Result<(), Refusal> {
        self.each_target(request, |instance, attribute| {
            instance.attributes.insert(attribute.name.clone(), attribute.value.clone());
        })
    }

    /// DeleteAttributes.
    ///
    /// # Errors
    /// No such cluster or container instance.
    pub fn delete_attributes(&mut self, request: &Attributes) -> Result<(), Refusal> {
        self.each_target(request, |instance, attribute| {
            instance.attributes.remove(&attribute.name);
        })
    }

    fn each_target(
        &mut self,
        request: &Attributes,
        change: impl Fn(&mut ContainerInstance, &Attribute),
    ) -> Result<(), Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.name.clone();
        let none = || Refusal::new("TargetNotFoundException", "The specified target wasn't found.");
        let mut targets = Vec::new();
        for attribute in &request.attributes {
            let id = attribute.target_id.as_deref().ok_or_else(none)?;
            targets.push(self.find_instance(&cluster, id).ok_or_else(none)?.arn.clone());
        }
        for (arn, attribute) in targets.iter().zip(&request.attributes) {
            if let Some(instance) = self.instances.get_mut(arn) {
                change(instance, attribute);
                instance.version += 1;
            }
        }
        Ok(())
    }

    /// ListAttributes.
    ///
    /// # Errors
    /// No such cluster.
    pub fn list_attributes(&self, request: &ListAttributes) -> Result<Vec<Attribute>, Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        let here = self.instances.values().filter(|i| i.cluster == *cluster && i.status != InstanceStatus::Inactive);
        let all = here.flat_map(|instance| {
            instance.attributes.iter().map(|(name, value)| Attribute {
                name: name.clone(),
                value: value.clone(),
                target_type: Some("container-instance".to_owned()),
                target_id: Some(instance.arn.clone()),
            })
        });
        let named = |attribute: &Attribute| request.attribute_name.as_ref().is_none_or(|name| attribute.name == *name);
        let valued = |a: &Attribute| request.attribute_value.is_none() || a.value == request.attribute_value;
        Ok(all.filter(|attribute| named(attribute) && valued(attribute)).collect())
    }
}
