//! AWS, the instance metadata and the ECS agent on one port, with just what an agent asks of them. What is asked is kept.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const TASK: &str = "arn:aws:ecs:eu-west-1:111122223333:task/c1/0123456789abcdef0123456789abcdef";
const INSTANCE: &str = "arn:aws:ecs:eu-west-1:111122223333:container-instance/c1/fedcba9876543210fedcba9876543210";
const HOST: &str = "i-0123456789abcdef0";

#[derive(Clone)]
pub(crate) struct Aws {
    pub(crate) address: SocketAddr,
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
struct World {
    calls: Vec<(Instant, String)>,
    others: Vec<String>,
    supervisor_port: Option<u16>,
    refuse_introspection: bool,
    registered: Option<HashMap<String, String>>,
    operations: HashMap<String, Operation>,
    status: Option<String>,
    marked: bool,
    unprotected: bool,
}

/// What an operation will have done, and how often it was asked for.
struct Operation {
    registers: Option<HashMap<String, String>>,
    looks: u32,
}

impl Aws {
    pub(crate) async fn start() -> Aws {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let aws = Aws { address: listener.local_addr().expect("an address"), world: Arc::default() };
        let served = aws.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let aws = served.clone();
                let service = service_fn(move |request| {
                    let aws = aws.clone();
                    async move { Ok::<_, Infallible>(aws.answer(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        aws
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("the world")
    }

    /// A task behind the host's address, whose supervisor is published at `port`.
    pub(crate) fn place(&self, port: u16) {
        self.world().supervisor_port = Some(port);
    }

    pub(crate) fn refuse_introspection(&self, refuse: bool) {
        self.world().refuse_introspection = refuse;
    }

    pub(crate) fn unprotect(&self) {
        self.world().unprotected = true;
    }

    pub(crate) fn registered(&self) -> Option<HashMap<String, String>> {
        self.world().registered.clone()
    }

    /// The calls of AWS, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.world().calls.iter().map(|(_, call)| call.clone()).collect()
    }

    pub(crate) fn has_called(&self, call: &str) -> bool {
        self.count(call) > 0
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        let world = self.world();
        let calls = world.calls.iter().map(|(_, call)| call).chain(&world.others);
        calls.filter(|call| call.starts_with(what)).count()
    }

    pub(crate) fn waited(&self, from: &str, to: &str) -> Duration {
        let world = self.world();
        let when = |call: &str| world.calls.iter().find(|(_, c)| c == call).expect("called").0;
        when(to).duration_since(when(from))
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let path = head.uri.path();
        if head.method == Method::POST && path == "/" {
            return match head.headers.get("x-amz-target") {
                Some(target) => {
                    let target = target.to_str().expect("text").rsplit('.').next().expect("a name").to_owned();
                    self.json_call(&target, &serde_json::from_slice(&body).expect("JSON"))
                }
                None => self.query_call(&String::from_utf8_lossy(&body)),
            };
        }
        let mut world = self.world();
        world.others.push(path.to_owned());
        match path {
            "/v1/metadata" | "/v1/tasks" if world.refuse_introspection => {
                // As the ECS agent's errors do, it looks like an answer.
                plain(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "Tasks": [] }).to_string())
            }
            "/v1/metadata" => {
                let metadata = json!({ "Cluster": "c1", "ContainerInstanceArn": INSTANCE, "Version": "v1.105.1" });
                plain(StatusCode::OK, &metadata.to_string())
            }
            "/v1/tasks" => plain(StatusCode::OK, &world.tasks().to_string()),
            "/latest/api/token" => {
                let mut token = plain(StatusCode::OK, "token");
                let life = "21600".parse().expect("a value");
                token.headers_mut().insert("x-aws-ec2-metadata-token-ttl-seconds", life);
                token
            }
            _ if head.headers.get("x-aws-ec2-metadata-token").is_none() => plain(StatusCode::UNAUTHORIZED, ""),
            "/latest/meta-data/instance-id" => plain(StatusCode::OK, HOST),
            "/latest/meta-data/local-ipv4" => plain(StatusCode::OK, "127.0.0.1"),
            _ => plain(StatusCode::NOT_FOUND, ""),
        }
    }

    fn json_call(&self, call: &str, with: &Value) -> Response<Full<Bytes>> {
        let mut world = self.world();
        let noted = match call {
            "GetOperation" => None,
            "UpdateContainerInstancesState" => Some(format!("{call} {}", with["status"].as_str().unwrap_or_default())),
            "ListTasks" => {
                let here = if with["containerInstance"].is_null() { "" } else { " here" };
                Some(format!("{call} {}{here}", with["desiredStatus"].as_str().unwrap_or_default()))
            }
            other => Some(other.to_owned()),
        };
        if let Some(noted) = noted {
            world.calls.push((Instant::now(), noted));
        }
        let answer = match call {
            "ListNamespaces" => json!({ "Namespaces": [{ "Id": "ns-1", "Name": "local" }] }),
            "CreateService" => {
                let exists = json!({ "__type": "ServiceAlreadyExists", "ServiceId": "srv-1", "Message": "it exists" });
                return amazon(StatusCode::BAD_REQUEST, &exists);
            }
            "RegisterInstance" => {
                let attributes = serde_json::from_value(with["Attributes"].clone()).expect("attributes");
                world.operate(Some(attributes))
            }
            "DeregisterInstance" => world.operate(None),
            "GetOperation" => world.operation(with["OperationId"].as_str().expect("an id")),
            "DescribeTasks" => json!({ "tasks": [{
                "taskArn": TASK, "lastStatus": "RUNNING", "overrides": { "containerOverrides": [
                    { "name": "app", "environment": [{ "name": "SERVICE_NAME", "value": "demo" }] },
                ] },
            }], "failures": [] }),
            "ListTasks" => json!({ "taskArns": [] }),
            "DescribeContainerInstances" => {
                let attributes = if world.marked { json!([{ "name": "doze.released-by" }]) } else { json!([]) };
                let status = world.status.as_deref().unwrap_or("ACTIVE");
                json!({ "containerInstances": [{
                    "containerInstanceArn": INSTANCE, "status": status, "runningTasksCount": 0, "pendingTasksCount": 0,
                    "attributes": attributes, "capacityProviderName": "cp",
                }], "failures": [] })
            }
            "PutAttributes" => {
                world.marked = true;
                json!({ "attributes": with["attributes"] })
            }
            "UpdateContainerInstancesState" => {
                world.status = with["status"].as_str().map(str::to_owned);
                json!({ "containerInstances": [], "failures": [] })
            }
            other => panic!("an agent does not call {other}"),
        };
        amazon(StatusCode::OK, &answer)
    }

    fn query_call(&self, form: &str) -> Response<Full<Bytes>> {
        let field = |name: &str| form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let call = field("Action").expect("an action");
        let mut world = self.world();
        let noted = match (field("ProtectedFromScaleIn"), field("ShouldDecrementDesiredCapacity")) {
            (Some(detail), _) | (_, Some(detail)) => format!("{call} {detail}"),
            (None, None) => call.to_owned(),
        };
        world.calls.push((Instant::now(), noted));
        let protected = !world.unprotected;
        let member = format!(
            "<member><InstanceId>{HOST}</InstanceId><AutoScalingGroupName>hosts</AutoScalingGroupName>\
             <LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>\
             <ProtectedFromScaleIn>{protected}</ProtectedFromScaleIn></member>"
        );
        let result = match call {
            "DescribeAutoScalingInstances" => format!("<AutoScalingInstances>{member}</AutoScalingInstances>"),
            "DescribeAutoScalingGroups" => format!(
                "<AutoScalingGroups><member><AutoScalingGroupName>hosts</AutoScalingGroupName><MinSize>0</MinSize>\
                 <MaxSize>3</MaxSize><DesiredCapacity>1</DesiredCapacity><Instances>{member}</Instances>\
                 </member></AutoScalingGroups>"
            ),
            "SetInstanceProtection" => {
                world.unprotected = false;
                String::new()
            }
            "TerminateInstanceInAutoScalingGroup" => String::new(),
            other => panic!("an agent does not call {other}"),
        };
        let space = "http://autoscaling.amazonaws.com/doc/2011-01-01/";
        plain(
            StatusCode::OK,
            &format!(
                "<{call}Response xmlns=\"{space}\"><{call}Result>{result}</{call}Result>\
                 <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{call}Response>"
            ),
        )
    }
}

impl World {
    fn tasks(&self) -> Value {
        let Some(port) = self.supervisor_port else { return json!({ "Tasks": null }) };
        json!({ "Tasks": [{
            "Arn": TASK, "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Family": "demo", "Version": "3",
            "Containers": [{ "Name": "app", "Ports": [
                { "ContainerPort": 9050, "Protocol": "tcp", "HostPort": 1 },
                { "ContainerPort": 9051, "Protocol": "tcp", "HostPort": port },
            ] }],
        }] })
    }

    fn operate(&mut self, registers: Option<HashMap<String, String>>) -> Value {
        let id = format!("op-{}", self.operations.len());
        self.operations.insert(id.clone(), Operation { registers, looks: 0 });
        json!({ "OperationId": id })
    }

    /// It takes three looks until an operation has succeeded, and only then it has an effect.
    fn operation(&mut self, id: &str) -> Value {
        let operation = self.operations.get_mut(id).expect("an operation");
        operation.looks += 1;
        let status = match operation.looks {
            1 => "SUBMITTED",
            2 => "PENDING",
            3 => {
                self.registered = operation.registers.take();
                "SUCCESS"
            }
            _ => "SUCCESS",
        };
        json!({ "Operation": { "Id": id, "Status": status } })
    }
}

fn plain(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(Bytes::from(body.to_owned()))).expect("an answer")
}

fn amazon(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut answer = plain(status, &body.to_string());
    let kind = "application/x-amz-json-1.1".parse().expect("a value");
    answer.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    answer
}
