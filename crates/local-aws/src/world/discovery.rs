//! ECS's service discovery: tasks of a service with `serviceRegistries` are registered in Cloud Map while they run.
//!
//! ECS calls Cloud Map as anybody does, and waits its turn: where an operation on the same instance is under way
//! (`DuplicateRequest`), it comes again. It does not wait a record's TTL before it stops a task (containers-roadmap #343).
//! Attributes as the ECS developer guide ("Service discovery") lists them.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::state::State;
use crate::account::last_part;
use crate::call::{Call, Service};
use crate::ecs::task::Task;
use crate::refusal::Refusal;

/// How long until a call that was refused for now is made again. Not documented.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Calls of Cloud Map that are still to be made, by registry and task.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Discovery {
    /// Tasks that were registered, with their registries.
    registered: BTreeMap<String, Vec<String>>,
    calls: BTreeMap<(String, String), Pending>,
}

#[derive(Clone, Debug, PartialEq)]
struct Pending {
    operation: &'static str,
    body: Value,
    at: Moment,
}

impl Discovery {
    /// When the next call is to be made.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.calls.values().map(|call| call.at).min()
    }

    /// The task is to be registered with these registries, each with its attributes.
    fn register(&mut self, now: Moment, task: &str, registries: Vec<(String, Value)>) {
        for (registry, attributes) in registries {
            let body = json!({ "ServiceId": registry, "InstanceId": task, "Attributes": attributes });
            self.registered.entry(task.to_owned()).or_default().push(registry.clone());
            self.calls.insert((registry, task.to_owned()), Pending { operation: "RegisterInstance", body, at: now });
        }
    }

    /// The task is to be deregistered wherever it was registered.
    fn deregister(&mut self, now: Moment, task: &str) {
        for registry in self.registered.remove(task).unwrap_or_default() {
            let body = json!({ "ServiceId": registry, "InstanceId": task });
            self.calls.insert((registry, task.to_owned()), Pending { operation: "DeregisterInstance", body, at: now });
        }
    }

    /// A call that is to be made now.
    fn due(&self, now: Moment) -> Option<((String, String), &'static str, Value)> {
        let (key, call) = self.calls.iter().find(|(_, call)| call.at <= now)?;
        Some((key.clone(), call.operation, call.body.clone()))
    }

    /// A call was made.
    fn made(&mut self, now: Moment, key: &(String, String), refusal: Option<&Refusal>) {
        let for_now = refusal.is_some_and(|refusal| {
            ["DuplicateRequest", "ThrottlingException", "InternalFailure"].contains(&refusal.code)
        });
        match self.calls.get_mut(key) {
            Some(call) if for_now => call.at = now + AGAIN_AFTER,
            Some(_) | None => drop(self.calls.remove(key)),
        }
    }
}

impl State {
    /// A task runs: it is registered where its service says.
    pub(super) fn discoverable(&mut self, now: Moment, id: &str) {
        let Some(task) = self.ecs.task(id) else { return };
        let Some(service) = self.ecs.services().find(|service| service.tasks.contains_key(id)) else { return };
        let registries = service.registries.iter().filter_map(|registry| {
            let arn = registry["registryArn"].as_str()?;
            Some((last_part(arn).to_owned(), self.attributes(task, &service.name, registry)))
        });
        let registries = registries.collect();
        self.discovery.register(now, id, registries);
    }

    /// A task is stopped, or has stopped.
    pub(super) fn undiscoverable(&mut self, now: Moment, id: &str) {
        self.discovery.deregister(now, id);
    }

    /// Makes the calls that are to be made.
    pub(super) fn advance_discovery(&mut self, now: Moment) {
        while let Some((key, operation, body)) = self.discovery.due(now) {
            let answer = self.serve(now, &mut Call::new(Service::CloudMap, operation, body, now));
            self.discovery.made(now, &key, answer.as_ref().err());
        }
    }

    /// A service may only name registries that there are.
    pub(super) fn registries_exist(&self, operation: &str, body: &Value) -> Result<(), Refusal> {
        if !["CreateService", "UpdateService"].contains(&operation) {
            return Ok(());
        }
        for registry in body["serviceRegistries"].as_array().into_iter().flatten() {
            let arn = registry["registryArn"].as_str().unwrap_or_default();
            let there = self.cloud_map.service(last_part(arn)).is_ok();
            if !there {
                let said = format!("The service registry {arn} was not found.");
                return Err(Refusal::new("InvalidParameterException", said));
            }
        }
        Ok(())
    }

    fn attributes(&self, task: &Task, service: &str, registry: &Value) -> Value {
        let host = task.instance.as_deref().and_then(|arn| self.ecs.instance(arn));
        let inside = registry["containerPort"].as_u64().or_else(|| registry["port"].as_u64());
        let container = registry["containerName"].as_str();
        let bound = task.bindings.iter().find(|binding| {
            container.is_none_or(|container| binding.container == container)
                && Some(u64::from(binding.container_port)) == inside
        });
        let port = bound.map(|binding| u64::from(binding.host_port)).or(inside);
        let zone = host.map_or_else(|| self.settings.account.zone(0), |host| host.zone.clone());
        let all = [
            ("AWS_INSTANCE_IPV4", task.address.map(|address| address.to_string())),
            ("AWS_INSTANCE_PORT", port.map(|port| port.to_string())),
            ("AVAILABILITY_ZONE", Some(zone)),
            ("REGION", Some(self.settings.account.region.clone())),
            ("ECS_SERVICE_NAME", Some(service.to_owned())),
            ("ECS_CLUSTER_NAME", Some(task.cluster.clone())),
            ("EC2_INSTANCE_ID", host.map(|host| host.host.clone())),
            ("ECS_TASK_DEFINITION_FAMILY", Some(task.family.clone())),
        ];
        let given = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
        Value::Object(given.collect())
    }
}
