//! ECS as its callers see it, without a world: what the runtime would say is said by hand.

use std::net::Ipv4Addr;
use std::time::Duration;

use daemon::moment::Moment;
use serde_json::{Value, json};

use crate::account::{Account, last_part};
use crate::ecs::model::{Ecs, Effect};
use crate::ecs::placement::Resources;
use crate::ecs::wire;
use crate::ids::Ids;
use crate::pace::{Pace, Wall};
use crate::refusal::Refusal;

pub(super) struct Cloud {
    pub(super) ecs: Ecs,
    pub(super) now: Moment,
}

impl Cloud {
    /// A cluster `c` and a definition `demo` (bridge, 256 CPU units, 300 MiB).
    pub(super) fn new() -> Cloud {
        let mut cloud = Cloud { ecs: Ecs::new(Account::default(), Pace::REAL, Ids::new(7)), now: Moment::START };
        cloud.ask("CreateCluster", json!({ "clusterName": "c" }));
        cloud.define(&json!({}));
        cloud
    }

    pub(super) fn try_ask(&mut self, operation: &str, body: Value) -> Result<Value, Refusal> {
        self.ecs.advance(self.now);
        let answer = wire::call(&mut self.ecs, self.now, &Wall::starting(std::time::UNIX_EPOCH), operation, body);
        self.ecs.advance(self.now);
        answer
    }

    pub(super) fn ask(&mut self, operation: &str, body: Value) -> Value {
        self.try_ask(operation, body).unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"))
    }

    /// The code of the error that a call is refused with.
    pub(super) fn refused(&mut self, operation: &str, body: Value) -> &'static str {
        self.try_ask(operation, body).expect_err(operation).code
    }

    /// Another revision of `demo`.
    pub(super) fn define(&mut self, more: &Value) -> Value {
        let container = json!({ "name": "app", "image": "demo", "cpu": 256, "memory": 300 });
        let mut body = json!({ "family": "demo", "containerDefinitions": [container] });
        merge(&mut body, more);
        self.ask("RegisterTaskDefinition", body)
    }

    /// A host of 2048 CPU units and 952 MiB; its container instance's ARN.
    pub(super) fn host(&mut self, id: &str, zone: &str) -> String {
        self.ecs.register_host(self.now, (id, zone), "c", None, Resources { cpu: 2048, memory: 952 })
    }

    /// RunTask of `demo` in `c`.
    pub(super) fn run(&mut self, more: &Value) -> Value {
        self.ask("RunTask", run(more))
    }

    /// The container instance that a task of `demo` was put on, or why there was none.
    pub(super) fn place(&mut self, more: &Value) -> Result<String, String> {
        let ran = self.run(more);
        match ran["tasks"][0]["containerInstanceArn"].as_str() {
            Some(arn) => Ok(arn.to_owned()),
            None => Err(ran["failures"][0]["reason"].as_str().unwrap_or_default().to_owned()),
        }
    }

    pub(super) fn describe(&mut self, arn: &str) -> Value {
        self.ask("DescribeTasks", json!({ "cluster": "c", "tasks": [arn], "include": ["TAGS"] }))["tasks"][0].clone()
    }

    /// Every task that has a place starts.
    pub(super) fn start(&mut self) {
        for effect in self.ecs.take_effects() {
            if let Effect::Placed { task } = effect {
                self.ecs.started(self.now, &task, Ipv4Addr::new(127, 42, 1, 10), &[]);
            }
        }
        self.ecs.advance(self.now);
    }

    /// A container of a task ends.
    pub(super) fn exit(&mut self, arn: &str, code: i64) {
        self.ecs.exited(self.now, last_part(arn), "app", code);
        self.ecs.advance(self.now);
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.ecs.advance(self.now);
    }
}

pub(super) fn run(more: &Value) -> Value {
    let mut body = json!({ "cluster": "c", "taskDefinition": "demo" });
    merge(&mut body, more);
    body
}

fn merge(body: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
}

/// The words of an array.
pub(super) fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}
