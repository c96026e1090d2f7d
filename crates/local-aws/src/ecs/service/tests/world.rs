//! A cluster to try services in.

use std::net::Ipv4Addr;
use std::time::Duration;

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::super::Service;
use crate::account::Account;
use crate::ecs::model::{Ecs, Effect};
use crate::ecs::placement::Resources;
use crate::ecs::task::{Desired, Task};
use crate::ecs::wire;
use crate::ids::Ids;
use crate::pace::{Pace, Wall};
use crate::refusal::Refusal;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 42, 1, 10);

/// A cluster with hosts, whose tasks start and stop as soon as they are told to.
pub(in crate::ecs) struct World {
    pub(in crate::ecs) ecs: Ecs,
    pub(in crate::ecs) now: Moment,
    /// Whether tasks start when they are told to.
    pub(super) starts: bool,
}

impl World {
    pub(in crate::ecs) fn new(hosts: usize) -> World {
        let ecs = Ecs::new(Account::default(), Pace::REAL, Ids::new(1));
        let mut world = World { ecs, now: Moment::START, starts: true };
        world.ask(
            "CreateCapacityProvider",
            json!({ "name": "doze", "autoScalingGroupProvider": {
            "autoScalingGroupArn": "doze", "managedScaling": { "status": "ENABLED" } } }),
        );
        world.ask("CreateCluster", json!({ "clusterName": "c", "capacityProviders": ["doze", "FARGATE"] }));
        for _ in 0..2 {
            let container = json!({ "name": "app", "image": "demo" });
            let definition =
                json!({ "family": "demo", "cpu": "256", "memory": "300", "containerDefinitions": [container] });
            world.ask("RegisterTaskDefinition", definition);
        }
        for number in 0..hosts {
            world.host(&format!("i-{number}"));
        }
        world
    }

    pub(in crate::ecs) fn host(&mut self, id: &str) -> String {
        let size = Resources { cpu: 2048, memory: 952 };
        self.ecs.register_host(self.now, (id, "eu-west-1a"), "c", Some("doze".to_owned()), size)
    }

    pub(in crate::ecs) fn try_ask(&mut self, operation: &str, body: Value) -> Result<Value, Refusal> {
        self.ecs.advance(self.now);
        let wall = Wall::starting(std::time::UNIX_EPOCH);
        let answer = wire::call(&mut self.ecs, self.now, &wall, operation, body);
        self.pass(0);
        answer
    }

    pub(in crate::ecs) fn ask(&mut self, operation: &str, body: Value) -> Value {
        self.try_ask(operation, body).expect("accepted")
    }

    pub(in crate::ecs) fn create(&mut self, more: &Value) -> Value {
        self.ask("CreateService", created(more))
    }

    pub(in crate::ecs) fn update(&mut self, more: &Value) -> Value {
        let mut body = json!({ "cluster": "c", "service": "web" });
        merge(&mut body, more);
        self.ask("UpdateService", body)
    }

    /// Lets so many seconds pass.
    pub(in crate::ecs) fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        for _ in 0..10_000 {
            self.ecs.advance(self.now);
            let effects = self.ecs.take_effects();
            let quiet = effects.is_empty();
            for effect in effects {
                match effect {
                    Effect::Placed { task } if self.starts => self.ecs.started(self.now, &task, ADDRESS, &[]),
                    Effect::Placed { task } => {
                        self.ecs.failed(self.now, &task, "CannotPullContainerError: no such image");
                    }
                    Effect::Stopping { task } => self.ecs.exited(self.now, &task, "app", 143),
                    Effect::Provisioning { .. }
                    | Effect::Running { .. }
                    | Effect::Stopped { .. }
                    | Effect::Orphaned { .. }
                    | Effect::Draining { .. }
                    | Effect::Active { .. }
                    | Effect::Protected { .. }
                    | Effect::Unprotected { .. }
                    | Effect::Service { .. } => {}
                }
            }
            let next = self.ecs.deadline();
            if self.now == end && quiet && next.is_none_or(|next| next > end) {
                return;
            }
            if quiet {
                self.now = next.unwrap_or(end).clamp(self.now, end);
            }
        }
        panic!("the world does not come to rest");
    }

    pub(in crate::ecs) fn service(&self) -> &Service {
        &self.ecs.services[&("c".to_owned(), "web".to_owned())]
    }

    pub(in crate::ecs) fn tasks(&self) -> Vec<&Task> {
        let tasks = self.ecs.tasks();
        tasks.into_iter().filter(|t| t.group == "service:web" && t.desired == Desired::Running).collect()
    }

    pub(super) fn said(&self, what: &str) -> usize {
        self.service().events.iter().filter(|event| event.message.contains(what)).count()
    }

    pub(super) fn at(&self, host: &str) -> usize {
        self.tasks().iter().filter(|task| task.instance.as_deref() == Some(host)).count()
    }
}

fn merge(body: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
}

pub(super) fn created(more: &Value) -> Value {
    let mut body = json!({ "cluster": "c", "serviceName": "web", "taskDefinition": "demo:1", "launchType": "EC2" });
    if more.get("schedulingStrategy").is_none() {
        body["desiredCount"] = json!(2);
    }
    merge(&mut body, more);
    body
}
