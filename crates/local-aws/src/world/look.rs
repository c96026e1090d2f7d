//! The world as it is seen: by the edges ([`crate::views`]) and as the JSON of `GET /_world`.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::ecs_agents::AgentState;
use super::state::State;
use crate::ecs::instance::InstanceStatus;
use crate::ecs::task::{ContainerStatus, Task};
use crate::views::{ContainerView, HostView, RecordKind, Records, TaskView};

impl State {
    /// The EC2 instance that a task is on.
    pub(super) fn host_of(&self, task: &Task) -> Option<&str> {
        task.instance.as_deref().and_then(|arn| self.ecs.instance(arn)).map(|instance| instance.host.as_str())
    }

    /// The host at an address.
    #[must_use]
    pub fn host_view(&self, address: Ipv4Addr) -> Option<HostView> {
        let id = self.network.host_at(address)?;
        let host = self.auto_scaling.instance(id)?;
        let joined = self.ecs.instance_of(id);
        let joins = || self.ecs.cluster_of_group(&host.group).map(|(cluster, _)| cluster.name.clone());
        Some(HostView {
            instance_id: id.to_owned(),
            container_instance_arn: match self.ecs_agents.state(id) {
                AgentState::Refuses | AgentState::Unregistered => None,
                AgentState::Empty | AgentState::Well => joined.map(|instance| instance.arn.clone()),
            },
            cluster: joined.map(|instance| instance.cluster.clone()).or_else(joins).unwrap_or_default(),
            region: self.settings.account.region.clone(),
            account: self.settings.account.id.clone(),
            launched_at: self.wall.at(host.launched_at),
            spot: host.spot,
            spot_notice: host.notice.map(|notice| (notice.action.name(), self.wall.at(notice.ends))),
            rebalance_notice: host.rebalance.map(|at| self.wall.at(at)),
            availability_zone: host.zone.clone(),
            address,
            target_lifecycle_state: host.target.map(str::to_owned),
        })
    }

    /// What the ECS agent of a host lists.
    #[must_use]
    pub fn task_views(&self, host: &str) -> Vec<TaskView> {
        match self.ecs_agents.state(host) {
            AgentState::Refuses | AgentState::Unregistered | AgentState::Empty => return Vec::new(),
            AgentState::Well => {}
        }
        let instance = self.ecs.instance_of(host);
        let load = instance.and_then(|instance| self.ecs.kept().load(&instance.arn));
        let mut tasks: Vec<&Task> =
            load.iter().flat_map(|load| &load.tasks).filter_map(|id| self.ecs.task(id)).collect();
        tasks.sort_by_key(|task| task.number);
        tasks.into_iter().map(|task| self.task_view(task)).collect()
    }

    /// The task with this container, and which of its containers it is.
    #[must_use]
    pub fn task_of_container(&self, id: &str) -> Option<(TaskView, usize)> {
        let task = self.ecs.kept().of_container(id)?;
        let place = task.containers.iter().position(|c| c.metadata_id == id || c.docker_id == id)?;
        Some((self.task_view(task), place))
    }

    fn task_view(&self, task: &Task) -> TaskView {
        let definition = self.ecs.task_definition(&task.definition).ok();
        let host = self.host_of(task).and_then(|host| self.auto_scaling.instance(host));
        let containers = task.containers.iter().enumerate().map(|(place, container)| {
            let defined = definition.and_then(|definition| definition.containers.get(place));
            let ports = defined.iter().flat_map(|c| &c.port_mappings);
            let logs = defined.and_then(|c| c.rest.get("logConfiguration"));
            ContainerView {
                docker_id: container.docker_id.clone(),
                docker_name: container.docker_name.clone(),
                name: container.name.clone(),
                image: defined.map(|c| c.image.clone()).unwrap_or_default(),
                ports: ports.map(|port| (port.container_port, port.protocol.clone())).collect(),
                created_at: task.started_at.map(|at| self.wall.at(at)),
                started_at: task.started_at.map(|at| self.wall.at(at)),
                exit_code: container.exit_code,
                known_status: container.status.name().to_owned(),
                arn: container.arn.clone(),
                cpu: defined.and_then(|c| u32::try_from(c.cpu).ok()).unwrap_or(0),
                memory: defined.and_then(|c| u32::try_from(c.memory?).ok()).unwrap_or(0),
                finished_at: container.finished_at.map(|at| self.wall.at(at)),
                log_driver: logs.and_then(|logs| logs.get("logDriver")?.as_str().map(str::to_owned)),
                log_options: logs.and_then(|logs| logs.get("options")?.as_object().cloned()).unwrap_or_default(),
            }
        });
        let time = |moment: Option<daemon::moment::Moment>| moment.map(|at| self.wall.at(at));
        TaskView {
            arn: task.arn.clone(),
            cluster: task.cluster.clone(),
            family: task.family.clone(),
            revision: task.revision,
            desired_status: task.desired.name().to_owned(),
            known_status: task.known_status().name().to_owned(),
            launch_type: task.launch_type.name().to_owned(),
            service: task.group.strip_prefix("service:").map(str::to_owned),
            availability_zone: host.map_or_else(|| self.settings.account.zone(0), |host| host.zone.clone()),
            address: task.address,
            containers: containers.collect(),
            network_mode: task.network_mode.name(),
            region: self.settings.account.region.clone(),
            pull_started_at: time(task.placed_at),
            pull_stopped_at: time(task.started_at),
            execution_stopped_at: time(task.execution_stopped_at),
            tags: task.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
            fault_injection: definition
                .is_some_and(|d| d.request.rest.get("enableFaultInjection") == Some(&Value::Bool(true))),
            cpu: task.cpu,
            memory: task.memory,
        }
    }

    /// What a name of the DNS has.
    #[must_use]
    pub fn records(&self, name: &str, kind: RecordKind) -> Records {
        self.cloud_map.records(name, kind)
    }

    /// `GET /_world`.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let registrations: Vec<Value> =
            self.cloud_map.services().flat_map(|service| self.registrations(service)).collect();
        let groups = self.auto_scaling.groups();
        let groups: Vec<Value> =
            groups.map(|g| json!({ "name": g.name, "desired": g.desired, "min": g.min, "max": g.max })).collect();
        let hosts: Vec<Value> = self.auto_scaling.instances().into_iter().map(|host| self.host_json(host)).collect();
        let tasks: Vec<Value> = self.ecs.tasks().into_iter().map(|task| self.task_json(task)).collect();
        json!({
            "hosts": hosts,
            "tasks": tasks,
            "registrations": registrations,
            "groups": groups,
            "proxies": self.proxies_json(),
            "queues": self.queues_json(),
            "services": self.services_json(),
            "calls": self.audit.totals(),
        })
    }

    fn host_json(&self, host: &crate::auto_scaling::model::Instance) -> Value {
        let joined = self.ecs.instance_of(&host.id);
        let status = joined.map(|instance| instance.status).and_then(|status| match status {
            InstanceStatus::Active | InstanceStatus::Draining => Some(status.name()),
            InstanceStatus::Inactive => None,
        });
        json!({
            "instance_id": host.id,
            "container_instance_arn": joined.map(|instance| &instance.arn),
            "address": self.network.host(&host.id),
            "lifecycle": host.lifecycle.name(),
            "ecs_status": status,
            "protected": host.protected,
            "zone": host.zone,
            "healthy": host.healthy(),
            "runs": host.runs(),
            "spot": host.spot,
            "spot_notice": host.notice.map(|notice| notice.action.name()),
            "rebalance_recommended": host.rebalance.is_some(),
            "agent_connected": joined.map(|instance| instance.agent_connected),
            "group": host.group,
        })
    }

    fn task_json(&self, task: &Task) -> Value {
        // Of several containers the essential one's code tells how the task ended.
        let ended = task.containers.iter().filter(|c| c.status == ContainerStatus::Stopped);
        let exit_code = ended.filter(|c| c.essential).find_map(|container| container.exit_code);
        json!({
            "arn": task.arn,
            "family": task.family,
            "revision": task.revision,
            "service": task.overridden("SERVICE_NAME"),
            "launch_type": task.launch_type.name(),
            "last_status": task.last_status.name(),
            "desired_status": task.desired.name(),
            "instance_id": self.host_of(task),
            "address": task.address,
            "started_by": task.started_by,
            "group": task.group,
            "protected": self.ecs.protected_until(&task.id).is_some(),
            "stop_code": task.stop_code.map(|code| code.name()),
            "stopped_reason": task.stopped_reason,
            "exit_code": exit_code,
        })
    }

    fn registrations(&self, service: &crate::cloud_map::model::Service) -> Vec<Value> {
        let namespace = self.cloud_map.namespace(&service.namespace).map(|n| n.name.clone()).unwrap_or_default();
        let of = |(id, instance): (&String, &std::sync::Arc<crate::cloud_map::model::Instance>)| {
            json!({
                "namespace": namespace,
                "service": service.name,
                "instance_id": id,
                "attributes": instance.attributes,
            })
        };
        service.instances.iter().map(of).collect()
    }
}
