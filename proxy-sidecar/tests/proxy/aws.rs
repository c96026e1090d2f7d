//! A stand-in for AWS: the few calls that a wake makes, over awsJson1.1, with the test deciding what is true.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::wire::{Wire, field};

pub(crate) struct Aws {
    at: SocketAddr,
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
pub(crate) struct World {
    /// Every call, by operation, with its body.
    pub(crate) calls: Vec<(String, Value)>,
    /// The tasks by client token, as RunTask made them.
    pub(crate) tasks: Vec<Task>,
    pub(crate) revision: i64,
    /// The attributes of registered instances.
    pub(crate) instances: Vec<(String, Value)>,
    /// What RunTask answers before it works: so many times no answer.
    pub(crate) lost_answers: u32,
    pub(crate) refuses: bool,
    /// Nothing is answered any more, and no connection is closed.
    pub(crate) hangs: bool,
    /// Questions that hang.
    pub(crate) hanging: u32,
}

pub(crate) struct Task {
    pub(crate) arn: String,
    pub(crate) token: String,
    pub(crate) status: &'static str,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) created: f64,
}

impl Aws {
    pub(crate) fn start() -> Aws {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let aws = Aws { at: listener.local_addr().expect("an address"), world: Arc::default() };
        let world = Arc::clone(&aws.world);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let world = Arc::clone(&world);
                std::thread::spawn(move || serve(Wire::new(stream), &world));
            }
        });
        aws
    }

    /// What makes the SDK find it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", format!("http://{}", self.at)),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// Where a task asks about itself.
    pub(crate) fn metadata(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Reads or changes the world.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().expect("world"))
    }

    /// The bodies of all calls of an operation.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Value> {
        self.with(|world| world.calls.iter().filter(|(o, _)| o == operation).map(|(_, body)| body.clone()).collect())
    }
}

pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

fn serve(mut wire: Wire, world: &Mutex<World>) {
    while let Some(head) = wire.next_head() {
        if head.starts_with("get /v4/") {
            let arn = "arn:aws:ecs:eu-west-1:111122223333:task/main/0a";
            let task = json!({ "Cluster": "main", "TaskARN": arn, "Family": "proxy", "Revision": "1",
                "Containers": [{ "Networks": [{ "IPv4Addresses": ["127.0.0.1"] }] }] })
            .to_string();
            wire.try_send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{task}", task.len()));
            continue;
        }
        let length = field(&head, "content-length").map_or(0, |value| value.parse().expect("a length"));
        let body: Value = serde_json::from_str(&wire.read_bytes(length)).expect("JSON");
        let operation = field(&head, "x-amz-target").expect("a target").rsplit('.').next().expect("one").to_owned();
        let hangs = {
            let mut world = world.lock().expect("world");
            world.hanging += u32::from(world.hangs);
            world.hangs
        };
        if hangs {
            // Until the other side gives up.
            wire.read_to_end();
            return;
        }
        let Some((status, answer)) = answer(&operation, &body, &mut world.lock().expect("world")) else { return };
        let answer = answer.to_string();
        wire.try_send(&format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        ));
    }
}

/// None closes the connection without an answer.
fn answer(operation: &str, body: &Value, world: &mut World) -> Option<(&'static str, Value)> {
    world.calls.push((operation.to_owned(), body.clone()));
    let good = |value| Some(("200 OK", value));
    match operation {
        "discoverinstances" => {
            let instances: Vec<Value> = world
                .instances
                .iter()
                .map(|(id, attributes)| json!({ "InstanceId": id, "Attributes": attributes }))
                .collect();
            good(json!({ "Instances": instances, "InstancesRevision": world.revision }))
        }
        "listtasks" => {
            let alive = world.tasks.iter().filter(|task| task.status != "STOPPED");
            good(json!({ "taskArns": alive.map(|task| task.arn.clone()).collect::<Vec<String>>() }))
        }
        "runtask" if world.refuses => {
            Some(("400 Bad Request", json!({ "__type": "ClientException", "message": "no such task definition" })))
        }
        "runtask" => {
            let token = body["clientToken"].as_str().expect("a token").to_owned();
            if !world.tasks.iter().any(|task| task.token == token) {
                let arn = format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{:032x}", world.tasks.len() + 1);
                world.tasks.push(Task {
                    arn,
                    token: token.clone(),
                    status: "PROVISIONING",
                    address: None,
                    created: now(),
                });
            }
            if world.lost_answers > 0 {
                world.lost_answers -= 1;
                return None;
            }
            let task = world.tasks.iter().find(|task| task.token == token).expect("just made");
            good(json!({ "tasks": [describe(task)], "failures": [] }))
        }
        "describetasks" => {
            let wanted: Vec<&str> = body["tasks"].as_array().expect("tasks").iter().filter_map(Value::as_str).collect();
            let (known, tasks): (Vec<&str>, Vec<Value>) = world
                .tasks
                .iter()
                .filter(|task| wanted.contains(&task.arn.as_str()))
                .map(|task| (task.arn.as_str(), describe(task)))
                .unzip();
            let failures: Vec<Value> = wanted
                .iter()
                .filter(|arn| !known.contains(arn))
                .map(|arn| json!({ "arn": arn, "reason": "MISSING" }))
                .collect();
            good(json!({ "tasks": tasks, "failures": failures }))
        }
        "listnamespaces" => good(json!({ "Namespaces": [{ "Id": "ns-1", "Name": "local", "Type": "DNS_PRIVATE" }] })),
        "createservice" => good(json!({ "Service": { "Id": "srv-1" } })),
        "registerinstance" | "deregisterinstance" => good(json!({ "OperationId": "op-1" })),
        "getoperation" => good(json!({ "Operation": { "Id": "op-1", "Status": "SUCCESS" } })),
        other => panic!("the stand-in does not know {other}"),
    }
}

fn describe(task: &Task) -> Value {
    let details: Vec<Value> =
        task.address.iter().map(|a| json!({ "name": "privateIPv4Address", "value": a.to_string() })).collect();
    json!({
        "taskArn": task.arn,
        "lastStatus": task.status,
        "desiredStatus": if task.status == "STOPPED" { "STOPPED" } else { "RUNNING" },
        "createdAt": task.created,
        "attachments": [{ "id": "a", "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details }],
        "stoppedReason": (task.status == "STOPPED").then_some("the test stopped it"),
    })
}
