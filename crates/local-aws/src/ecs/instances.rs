//! The calls about container instances: register, list, describe, DRAINING and ACTIVE, deregister.

use std::collections::BTreeMap;

use daemon::moment::Moment;
use serde_json::Value;

use super::constraints::expression_of;
use super::instance::{ContainerInstance, InstanceStatus};
use super::launch::Failure;
use super::model::{Ecs, Effect};
use super::pages::Page;
use super::placement::Resources;
use super::requests::instances::{
    DeregisterContainerInstance, ListContainerInstances, RegisterContainerInstance, UpdateContainerInstancesState,
};
use super::task::StopCode;
use crate::account::last_part;
use crate::refusal::Refusal;

impl Ecs {
    /// RegisterContainerInstance. What is registered so has no agent that is connected: no machine of this world stands
    /// behind it, and nothing is placed on it.
    ///
    /// # Errors
    /// No such cluster or container instance; a document or a resource that is none.
    pub fn register_instance(
        &mut self,
        now: Moment,
        request: &RegisterContainerInstance,
    ) -> Result<&ContainerInstance, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.name.clone();
        let given: BTreeMap<String, Option<String>> =
            request.attributes.iter().map(|attribute| (attribute.name.clone(), attribute.value.clone())).collect();
        if let Some(known) = &request.container_instance_arn {
            let none = || client("The specified container instance was not found.");
            let arn = self.find_instance(&cluster, known).ok_or_else(none)?.arn.clone();
            let instance = self.instances.get_mut(&arn).ok_or_else(none)?;
            if instance.status == InstanceStatus::Inactive {
                return Err(none());
            }
            instance.given.extend(given);
            instance.version += 1;
            return Ok(instance);
        }
        super::tags::valid(&request.tags)?;
        let host = match request.instance_identity_document.as_deref() {
            None => format!("i-{}", self.ids.hex(17)),
            Some(document) => serde_json::from_str::<Value>(document)
                .ok()
                .and_then(|document| document.get("instanceId")?.as_str().map(str::to_owned))
                .ok_or_else(|| client("The instance identity document is invalid."))?,
        };
        let zone = given.get("ecs.availability-zone").cloned().flatten().unwrap_or_else(|| self.account.zone(0));
        let arn = self.account.arn("ecs", &format!("container-instance/{cluster}/{}", self.ids.hex(32)));
        let amount = |name: &str| {
            let found = request.total_resources.iter().find(|resource| resource.name.as_deref() == Some(name));
            found.and_then(|resource| u32::try_from(resource.integer_value?).ok()).unwrap_or(0)
        };
        let ports = request.total_resources.iter().filter(|resource| resource.name.as_deref() == Some("PORTS"));
        let instance = ContainerInstance {
            arn: arn.clone(),
            cluster,
            host,
            zone,
            provider: None,
            status: InstanceStatus::Active,
            agent_connected: false,
            agent_version: request.version_info.agent_version.clone().unwrap_or_default(),
            registered: Resources { cpu: amount("CPU"), memory: amount("MEMORY") },
            reserved_ports: ports.flat_map(|p| &p.string_set_value).filter_map(|port| port.parse().ok()).collect(),
            given,
            attributes: BTreeMap::new(),
            tags: request.tags.clone(),
            registered_at: now,
            gone_at: None,
            version: 1,
        };
        Ok(self.instances.entry(arn).or_insert(instance))
    }

    /// Container instances by id or ARN, and those that are none.
    ///
    /// # Errors
    /// No such cluster; nothing asked for, or too much.
    pub fn describe_instances(
        &self,
        cluster: Option<&str>,
        ids: &[String],
    ) -> Result<(Vec<&ContainerInstance>, Vec<Failure>), Refusal> {
        let cluster = &self.cluster(cluster)?.name;
        if ids.is_empty() {
            return Err(invalid("Container Instances cannot be empty."));
        }
        if ids.len() > 100 {
            return Err(invalid("Container Instances must be at most 100."));
        }
        let mut found: Vec<&ContainerInstance> = Vec::new();
        let mut missing = Vec::new();
        for id in ids {
            match self.find_instance(cluster, id) {
                Some(instance) if found.iter().any(|there| there.arn == instance.arn) => {}
                Some(instance) => found.push(instance),
                None => missing.push(Failure::missing(self.instance_arn(cluster, id))),
            }
        }
        Ok((found, missing))
    }

    /// A page of the ARNs of a cluster's container instances.
    ///
    /// # Errors
    /// No such cluster; a filter or a status that is none.
    pub fn list_instances(&self, request: &ListContainerInstances) -> Result<(Vec<String>, Option<String>), Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        let filter = request.filter.as_deref().filter(|filter| !filter.is_empty()).map(expression_of).transpose()?;
        let of_status: fn(InstanceStatus) -> bool = match request.status.as_deref() {
            None => |status| status != InstanceStatus::Inactive,
            Some("ACTIVE") => |status| status == InstanceStatus::Active,
            Some("DRAINING") => |status| status == InstanceStatus::Draining,
            // Nothing is ever in these here.
            Some("REGISTERING" | "DEREGISTERING" | "REGISTRATION_FAILED") => |_| false,
            Some(_) => {
                return Err(invalid(
                    "Container instance status should be one of \
                     [ACTIVE, DRAINING, REGISTERING, DEREGISTERING, REGISTRATION_FAILED].",
                ));
            }
        };
        let page = Page::read("instances", 100, request.max_results, request.next_token.as_deref())?;
        let listed = self.instances.values().filter(|instance| {
            instance.cluster == *cluster
                && of_status(instance.status)
                && filter.as_ref().is_none_or(|filter| self.means(filter, instance))
        });
        let (page, next) = page.cut(listed, |instance| instance.arn.clone());
        Ok((page.into_iter().map(|instance| instance.arn.clone()).collect(), next))
    }

    /// UpdateContainerInstancesState: ACTIVE or DRAINING.
    ///
    /// # Errors
    /// No such cluster; another status; none or more than ten.
    pub fn update_instances_state(
        &mut self,
        request: &UpdateContainerInstancesState,
    ) -> Result<(Vec<&ContainerInstance>, Vec<Failure>), Refusal> {
        let status = match request.status.as_deref() {
            Some("ACTIVE") => InstanceStatus::Active,
            Some("DRAINING") => InstanceStatus::Draining,
            Some(_) | None => {
                return Err(invalid("Container instances status should be one of [ACTIVE, DRAINING]."));
            }
        };
        if request.container_instances.len() > 10 {
            return Err(invalid("Container Instances must be at most 10."));
        }
        let (found, mut failures) =
            self.describe_instances(request.cluster.as_deref(), &request.container_instances)?;
        let (gone, there): (Vec<_>, Vec<_>) = found.into_iter().partition(|i| i.status == InstanceStatus::Inactive);
        failures.extend(gone.iter().map(|instance| Failure::of(&instance.arn, "INACTIVE")));
        let arns: Vec<String> = there.iter().map(|instance| instance.arn.clone()).collect();
        for arn in &arns {
            self.set_status(arn, status);
        }
        Ok((arns.iter().filter_map(|arn| self.instances.get(arn)).collect(), failures))
    }

    fn set_status(&mut self, arn: &str, status: InstanceStatus) {
        let Some(instance) = self.instances.get_mut(arn).filter(|instance| instance.status != status) else { return };
        instance.status = status;
        instance.version += 1;
        let host = instance.host.clone();
        self.tasks.stir();
        self.effects.push(match status {
            InstanceStatus::Active => Effect::Active { host },
            InstanceStatus::Draining | InstanceStatus::Inactive => Effect::Draining { host },
        });
    }

    /// DeregisterContainerInstance. Forced, its tasks run on without ECS: they are orphaned.
    ///
    /// # Errors
    /// No such cluster or container instance; tasks on it, unless forced.
    pub fn deregister_instance(
        &mut self,
        now: Moment,
        request: &DeregisterContainerInstance,
    ) -> Result<&ContainerInstance, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.name.clone();
        let none = || invalid("Referenced container instance not found.");
        let id = request.container_instance.as_deref().unwrap_or_default();
        let found = self.find_instance(&cluster, id).ok_or_else(none)?;
        if found.status == InstanceStatus::Inactive {
            return Err(none());
        }
        let arn = found.arn.clone();
        let holding = self.tasks.load(&arn).map(|load| load.holding.clone()).unwrap_or_default();
        if !holding.is_empty() && request.force != Some(true) {
            return Err(invalid("Found running tasks on the instance."));
        }
        let instance = self.instances.get_mut(&arn).ok_or_else(none)?;
        instance.status = InstanceStatus::Inactive;
        instance.gone_at = Some(now);
        instance.version += 1;
        self.forget_later(now, &arn);
        for id in holding {
            self.orphan(now, &id, StopCode::UserInitiated, "Container instance de-registration forced by user");
        }
        self.instances.get(&arn).ok_or_else(none)
    }

    pub(super) fn instance_arn(&self, cluster: &str, id: &str) -> String {
        self.account.arn("ecs", &format!("container-instance/{cluster}/{}", last_part(id)))
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

fn client(message: &str) -> Refusal {
    Refusal::new("ClientException", message)
}
