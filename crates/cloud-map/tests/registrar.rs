//! The registrar against answers that were written down beforehand: what it asks, in which order, and what it makes of
//! the unkind ones.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_servicediscovery::config::Credentials;
use cloud_map::{Error, RecordName, Registrar, Registration, Removed, Retry};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Which call is expected, and its answer: status and body.
type Line = (&'static str, u16, Value);

struct Script {
    config: SdkConfig,
    left: Arc<Mutex<VecDeque<Line>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Script {
    async fn play(lines: impl IntoIterator<Item = Line>) -> Script {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let left = Arc::new(Mutex::new(lines.into_iter().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (lines, kept) = (Arc::clone(&left), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (lines, kept) = (Arc::clone(&lines), Arc::clone(&kept));
                let service = service_fn(move |request| answer(request, Arc::clone(&lines), Arc::clone(&kept)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .endpoint_url(endpoint)
            .retry_config(RetryConfig::disabled())
            .load()
            .await;
        Script { config, left, asked }
    }

    fn assert_played(&self) {
        let left = self.left.lock().expect("the script");
        assert!(left.is_empty(), "never asked for: {:?}", left.iter().map(|line| line.0).collect::<Vec<_>>());
    }

    fn registrar(&self) -> Registrar {
        Registrar::new(&self.config, "local")
    }
}

async fn answer(
    request: Request<Incoming>,
    lines: Arc<Mutex<VecDeque<Line>>>,
    asked: Arc<Mutex<Vec<Value>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers()["x-amz-target"].to_str().expect("text");
    let call = target.strip_prefix("Route53AutoNaming_v20170314.").expect("Cloud Map").to_owned();
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    asked.lock().expect("asked").push(serde_json::from_slice(&body).expect("JSON"));
    let line = lines.lock().expect("the script").pop_front();
    let (status, body) = match line {
        Some((expected, status, body)) if expected == call => (status, body),
        other => (400, json!({ "__type": "NotInTheScript", "message": format!("{call} instead of {other:?}") })),
    };
    let answer = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    Ok(answer.body(Full::new(body.to_string().into())).expect("an answer"))
}

const NAMESPACES: fn() -> Line =
    || ("ListNamespaces", 200, json!({ "Namespaces": [{ "Id": "ns-1", "Name": "local" }] }));
const EXISTS: fn() -> Line = || {
    ("CreateService", 400, json!({ "__type": "ServiceAlreadyExists", "ServiceId": "srv-1", "Message": "it exists" }))
};

fn operation(id: &str, status: &str) -> Line {
    ("GetOperation", 200, json!({ "Operation": { "Id": id, "Status": status } }))
}

fn succeeded(id: &str, what: &str) -> Line {
    ("GetOperation", 200, json!({ "Operation": { "Id": id, "Status": "SUCCESS", "Type": what } }))
}

fn accepted(call: &'static str, operation: &str) -> Line {
    (call, 200, json!({ "OperationId": operation }))
}

fn duplicate(call: &'static str, operation: &str) -> Line {
    let body = json!({ "__type": "DuplicateRequest", "message": "under way", "DuplicateOperationId": operation });
    (call, 400, body)
}

fn not_found() -> Line {
    ("DeregisterInstance", 400, json!({ "__type": "InstanceNotFound", "Message": "no such instance" }))
}

fn demo() -> RecordName {
    RecordName::service(&"demo".parse().expect("a name"))
}

fn registration() -> Registration {
    Registration {
        task: "arn:aws:ecs:eu-west-1:111122223333:task/c1/0a".parse().expect("an ARN"),
        address: "10.0.2.100".parse().expect("an address"),
        port: "9050".parse().expect("a port"),
        supervisor_port: Some("9051".parse().expect("a port")),
        revision: "demo:3".to_owned(),
        host: None,
        cluster: "c1".to_owned(),
    }
}

#[tokio::test]
async fn a_registration_is_done_only_when_its_operation_has_succeeded() {
    let script = Script::play([
        NAMESPACES(),
        ("CreateService", 200, json!({ "Service": { "Id": "srv-1" } })),
        accepted("RegisterInstance", "op-1"),
        operation("op-1", "SUBMITTED"),
        operation("op-1", "PENDING"),
        operation("op-1", "SUCCESS"),
        accepted("RegisterInstance", "op-2"),
        operation("op-2", "SUCCESS"),
    ])
    .await;
    let registrar = script.registrar();
    registrar.register(&demo(), &registration()).await.expect("registered");
    registrar.register(&demo(), &registration()).await.expect("registered, with the ids it has learnt");
    script.assert_played();
    let asked = script.asked.lock().expect("asked");
    assert_eq!(asked[1]["Name"], "demo.service");
    let dns = json!({ "RoutingPolicy": "MULTIVALUE", "DnsRecords": [{ "Type": "A", "TTL": 5 }] });
    assert_eq!(asked[1]["DnsConfig"], dns);
    assert_eq!(
        (&asked[2]["InstanceId"], &asked[2]["Attributes"]["AWS_INSTANCE_IPV4"]),
        (&json!("0a"), &json!("10.0.2.100"))
    );
}

#[tokio::test]
async fn an_operation_that_failed_says_why_and_whether_to_try_again() {
    let failed = |code: &str| {
        let body = json!({ "Operation": { "Id": "op", "Status": "FAIL", "ErrorCode": code, "ErrorMessage": "why" } });
        ("GetOperation", 200, body)
    };
    let script = Script::play([
        NAMESPACES(),
        EXISTS(),
        accepted("RegisterInstance", "op"),
        failed("THROTTLED_REQUEST"),
        accepted("RegisterInstance", "op"),
        failed("ACCESS_DENIED"),
    ])
    .await;
    let registrar = script.registrar();
    for (code, retry) in [("THROTTLED_REQUEST", Retry::Slower), ("ACCESS_DENIED", Retry::Useless)] {
        let error = registrar.register(&demo(), &registration()).await.expect_err("it failed");
        assert!(matches!(&error, Error::OperationFailed { code: said, .. } if said == code), "{error}");
        assert_eq!(error.retry(), retry);
    }
    script.assert_played();
}

#[tokio::test]
async fn another_operation_on_the_same_instance_is_waited_for_and_then_it_is_tried_again() {
    let script = Script::play([
        NAMESPACES(),
        EXISTS(),
        duplicate("RegisterInstance", "op-0"),
        operation("op-0", "PENDING"),
        operation("op-0", "FAIL"),
        accepted("RegisterInstance", "op-1"),
        operation("op-1", "SUCCESS"),
        duplicate("DeregisterInstance", "op-2"),
        succeeded("op-2", "DEREGISTER_INSTANCE"),
        not_found(),
    ])
    .await;
    let registrar = script.registrar();
    registrar.register(&demo(), &registration()).await.expect("registered");
    let removed = registrar.deregister(&demo(), "0a").await.expect("removed by somebody else's operation");
    assert_eq!(removed, Removed::WasNotThere);
    script.assert_played();
}

#[tokio::test]
async fn a_registration_without_an_answer_keeps_not_found_from_meaning_gone() {
    let script = Script::play([
        NAMESPACES(),
        EXISTS(),
        ("RegisterInstance", 500, json!({ "__type": "InternalFailure" })),
        not_found(),
        accepted("DeregisterInstance", "op-2"),
        operation("op-2", "SUCCESS"),
        not_found(),
    ])
    .await;
    let registrar = script.registrar();
    let error = registrar.register(&demo(), &registration()).await.expect_err("no answer");
    assert_eq!(error.retry(), Retry::Allowed);
    let error = registrar.deregister(&demo(), "0a").await.expect_err("it may still come");
    assert!(matches!(error, Error::MayStillCome(_)) && error.retry() == Retry::Allowed, "{error}");
    assert_eq!(registrar.deregister(&demo(), "0a").await.expect("it came"), Removed::Now);
    assert_eq!(registrar.deregister(&demo(), "0a").await.expect("gone"), Removed::WasNotThere);
    script.assert_played();
}

#[tokio::test]
async fn soon_after_a_registration_not_found_does_not_mean_gone() {
    let script = Script::play([
        NAMESPACES(),
        EXISTS(),
        accepted("RegisterInstance", "op-1"),
        operation("op-1", "SUCCESS"),
        not_found(),
        accepted("DeregisterInstance", "op-2"),
        operation("op-2", "SUCCESS"),
        not_found(),
        duplicate("DeregisterInstance", "op-3"),
        succeeded("op-3", "REGISTER_INSTANCE"),
        not_found(),
    ])
    .await;
    let registrar = script.registrar();
    registrar.register(&demo(), &registration()).await.expect("registered");
    let error = registrar.deregister(&demo(), "0a").await.expect_err("it has not spread");
    assert!(matches!(error, Error::MayStillCome(_)), "{error}");
    assert_eq!(registrar.deregister(&demo(), "0a").await.expect("it has now"), Removed::Now);
    assert_eq!(registrar.deregister(&demo(), "0a").await.expect("gone"), Removed::WasNotThere);
    let error = registrar.deregister(&demo(), "0a").await.expect_err("somebody else has just registered it");
    assert!(matches!(error, Error::MayStillCome(_)), "{error}");
    script.assert_played();
}

#[tokio::test]
async fn a_service_that_somebody_deleted_is_created_again() {
    let gone = ("RegisterInstance", 400, json!({ "__type": "ServiceNotFound", "Message": "deleted" }));
    let script = Script::play([
        NAMESPACES(),
        EXISTS(),
        gone,
        ("CreateService", 200, json!({ "Service": { "Id": "srv-2" } })),
        accepted("RegisterInstance", "op-1"),
        operation("op-1", "SUCCESS"),
    ])
    .await;
    script.registrar().register(&demo(), &registration()).await.expect("registered");
    script.assert_played();
}

#[tokio::test]
async fn what_is_registered_is_discovered_even_at_an_endpoint_that_is_an_address() {
    let found = json!({ "InstancesRevision": 7, "Instances": [
        { "InstanceId": "0a", "HealthStatus": "UNKNOWN", "Attributes": registration().attributes() },
        { "InstanceId": "foreign", "Attributes": { "AWS_INSTANCE_IPV4": "10.0.0.9" } },
    ] });
    let nothing = json!({ "__type": "ServiceNotFound", "Message": "never made" });
    let script = Script::play([("DiscoverInstances", 200, found), ("DiscoverInstances", 400, nothing)]).await;
    let registrar = script.registrar();
    let discovered = registrar.discover(&demo()).await.expect("found");
    assert_eq!((discovered.revision, discovered.registrations), (7, vec![registration()]));
    assert_eq!(discovered.unreadable[0].0, "foreign");
    let nothing = registrar.discover(&demo()).await.expect("a service that was never made has no instances");
    assert_eq!(nothing, cloud_map::Discovered::default());
    script.assert_played();
}

#[tokio::test]
async fn a_namespace_that_is_not_there_and_a_throttle_are_tried_again_slowly() {
    let none = json!({ "Namespaces": [] });
    let throttled = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
    let script = Script::play([("ListNamespaces", 200, none), ("ListNamespaces", 400, throttled)]).await;
    let registrar = script.registrar();
    for _ in 0..2 {
        let error = registrar.register(&demo(), &registration()).await.expect_err("no namespace yet");
        assert_eq!(error.retry(), Retry::Slower, "{error}");
    }
    script.assert_played();
}
