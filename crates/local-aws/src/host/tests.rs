use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::views::sample::{HOST, Sample, arn, docker_id};

const LIMIT: Duration = Duration::from_secs(30);

async fn open(sample: Sample) -> Host {
    Host::open_at(HOST, 0, 0, Arc::new(sample)).await.expect("a host")
}

/// One exchange, byte by byte as any client would: gives the status, the head and the body.
async fn ask(url: &str, request: &str, headers: &str) -> (u16, String, String) {
    let (method, path) = request.split_once(' ').expect("a method and a path");
    let at = url.strip_prefix("http://").expect("a URL");
    let text = format!("{method} {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n{headers}\r\n");
    let mut answer = String::new();
    let exchange = async {
        let mut stream = TcpStream::connect(at).await.expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("sent");
        stream.read_to_string(&mut answer).await.expect("an answer");
    };
    timeout(LIMIT, exchange).await.expect("an answer in time");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_ascii_lowercase(), body.to_owned())
}

async fn get_json(host: &Host, path: &str) -> (u16, Value) {
    let (status, head, body) = ask(&host.introspection_url(), &format!("GET {path}"), "").await;
    assert!(head.contains("content-type: application/json"), "{head}");
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[tokio::test]
async fn introspection_tells_of_the_agent_before_and_after_its_registration() {
    let mut sample = Sample::new();
    let host = open(sample.clone()).await;
    let (status, metadata) = get_json(&host, "/v1/metadata").await;
    assert_eq!(status, 200);
    assert_eq!(metadata["Cluster"], "c1");
    assert_eq!(metadata["ContainerInstanceArn"], "arn:aws:ecs:eu-west-1:000000000000:container-instance/c1/h1");
    assert!(metadata["Version"].as_str().is_some_and(|version| version.starts_with("Amazon ECS Agent - v")));
    host.close().await;

    sample.host.as_mut().expect("a host").container_instance_arn = None;
    let host = open(sample).await;
    assert_eq!(get_json(&host, "/v1/metadata").await.1["ContainerInstanceArn"], Value::Null);
    host.close().await;
}

#[tokio::test]
async fn introspection_lists_tasks_with_the_fields_of_the_ecs_agent() {
    let host = open(Sample::new()).await;
    let (status, answer) = get_json(&host, "/v1/tasks").await;
    assert_eq!(status, 200);
    let running = json!({
        "Arn": arn('a'), "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Family": "demo", "Version": "3",
        "Containers": [{
            "DockerId": docker_id('a'), "DockerName": "ecs-demo-3-app-a", "Name": "app", "Image": "demo:1", "ImageID": "",
            "CreatedAt": "2026-06-01T10:00:00.1Z", "StartedAt": "2026-06-01T10:00:01.2Z",
            "Ports": [{"ContainerPort": 9050, "Protocol": "tcp", "HostPort": 9050}],
            "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["127.42.1.10"]}],
        }],
    });
    assert_eq!(answer["Tasks"][0], running);
    assert_eq!(answer["Tasks"][1]["KnownStatus"], "STOPPED");
    assert_eq!(answer["Tasks"][1].get("DesiredStatus"), None, "a desired status behind the known one is left out");
    host.close().await;
}

#[tokio::test]
async fn introspection_finds_one_task_by_its_arn_or_by_a_container_id() {
    let host = open(Sample::new()).await;
    let encoded = arn('b').replace(':', "%3A").replace('/', "%2F");
    for query in [format!("taskarn={}", arn('b')), format!("taskarn={encoded}")] {
        let (status, task) = get_json(&host, &format!("/v1/tasks?{query}")).await;
        assert_eq!((status, &task["Arn"]), (200, &json!(arn('b'))), "{query}");
    }
    for id in [docker_id('a'), "a".repeat(12)] {
        let (status, task) = get_json(&host, &format!("/v1/tasks?dockerid={id}")).await;
        assert_eq!((status, &task["Arn"]), (200, &json!(arn('a'))), "{id}");
    }
    host.close().await;
}

#[tokio::test]
async fn an_error_of_introspection_has_a_task_without_content_as_its_body() {
    let mut sample = Sample::new();
    sample.tasks[1].containers[0].docker_id.replace_range(..12, &"a".repeat(12));
    let host = open(sample).await;
    let nothing = json!({"Arn": "", "KnownStatus": "", "Family": "", "Version": "", "Containers": null});
    for (query, status) in [
        ("taskarn=arn:none".to_owned(), 404),
        ("taskarn=".to_owned(), 404),
        ("dockerid=".to_owned(), 404),
        (format!("dockerid={}", "c".repeat(64)), 404),
        (format!("taskarn={}&dockerid={}", arn('a'), docker_id('a')), 400),
        (format!("dockerid={}", "a".repeat(12)), 400),
    ] {
        assert_eq!(get_json(&host, &format!("/v1/tasks?{query}")).await, (status, nothing.clone()), "{query}");
    }
    host.close().await;
    let host = open(Sample { host: None, tasks: Vec::new() }).await;
    assert_eq!(get_json(&host, "/v1/tasks").await, (500, nothing));
    host.close().await;
}

async fn token(host: &Host, seconds: &str) -> String {
    let header = format!("X-aws-ec2-metadata-token-ttl-seconds: {seconds}\r\n");
    let (status, head, token) = ask(&host.metadata_url(), "PUT /latest/api/token", &header).await;
    assert_eq!(status, 200);
    assert!(head.contains(&format!("x-aws-ec2-metadata-token-ttl-seconds: {seconds}")), "{head}");
    token
}

#[tokio::test]
async fn instance_metadata_has_a_value_for_each_path_and_404_for_notices_not_given() {
    let host = open(Sample::new()).await;
    let header = format!("X-aws-ec2-metadata-token: {}\r\n", token(&host, "60").await);
    for (path, value) in [
        ("instance-id", Some("i-0123456789abcdef0")),
        ("placement/region", Some("eu-west-1")),
        ("placement/availability-zone", Some("eu-west-1a")),
        ("local-ipv4", Some("127.0.0.1")),
        ("autoscaling/target-lifecycle-state", Some("InService")),
        ("spot/instance-action", None),
        ("events/recommendations/rebalance", None),
        ("iam/security-credentials/", None),
    ] {
        let (status, _, body) = ask(&host.metadata_url(), &format!("GET /latest/meta-data/{path}"), &header).await;
        match value {
            Some(value) => assert_eq!((status, body.as_str()), (200, value), "{path}"),
            None => assert_eq!(status, 404, "{path}"),
        }
    }
    host.close().await;
    let mut sample = Sample::new();
    sample.host.as_mut().expect("a host").target_lifecycle_state = None;
    let host = open(sample).await;
    let header = format!("X-aws-ec2-metadata-token: {}\r\n", token(&host, "60").await);
    let path = "GET /latest/meta-data/autoscaling/target-lifecycle-state";
    assert_eq!(ask(&host.metadata_url(), path, &header).await.0, 404);
    host.close().await;
}

#[tokio::test]
async fn instance_metadata_tells_of_notices_and_of_what_the_instance_is() {
    let mut sample = Sample::new();
    let host = sample.host.as_mut().expect("a host");
    let at = std::time::UNIX_EPOCH + Duration::from_millis(1_780_308_120_400);
    (host.spot, host.spot_notice, host.rebalance_notice) = (true, Some(("terminate", at)), Some(at));
    let host = open(sample.clone()).await;
    let header = format!("X-aws-ec2-metadata-token: {}\r\n", token(&host, "60").await);
    for (path, value) in [
        ("meta-data/spot/instance-action", r#"{"action":"terminate","time":"2026-06-01T10:02:00Z"}"#),
        ("meta-data/spot/termination-time", "2026-06-01T10:02:00Z"),
        ("meta-data/spot/", "instance-action\ntermination-time"),
        ("meta-data/events/recommendations/rebalance", r#"{"noticeTime":"2026-06-01T10:02:00Z"}"#),
        ("meta-data/instance-life-cycle", "spot"),
        ("meta-data/instance-type", "t3.micro"),
        ("meta-data/hostname", "ip-127-0-0-1.eu-west-1.compute.internal"),
        ("meta-data/mac", "02:00:7f:00:00:01"),
    ] {
        let (status, _, body) = ask(&host.metadata_url(), &format!("GET /latest/{path}"), &header).await;
        assert_eq!((status, body.as_str()), (200, value), "{path}");
    }
    let document = ask(&host.metadata_url(), "GET /latest/dynamic/instance-identity/document", &header).await.2;
    let document: Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!((&document["region"], &document["accountId"]), (&json!("eu-west-1"), &json!("000000000000")));
    assert_eq!((&document["instanceId"], &document["privateIp"]), (&json!("i-0123456789abcdef0"), &json!("127.0.0.1")));
    host.close().await;
    sample.host.as_mut().expect("a host").spot_notice = Some(("stop", at));
    let host = open(sample).await;
    let header = format!("X-aws-ec2-metadata-token: {}\r\n", token(&host, "60").await);
    let path = "GET /latest/meta-data/spot/termination-time";
    assert_eq!(ask(&host.metadata_url(), path, &header).await.0, 404, "it is stopped, not terminated");
    host.close().await;
}

#[tokio::test]
async fn introspection_refuses_while_the_ecs_agent_is_restarted_and_then_answers_at_the_same_port() {
    let mut host = Host::open_at(Ipv4Addr::new(127, 77, 0, 2), 0, 0, Arc::new(Sample::new())).await.expect("a host");
    host.refuse_introspection().await;
    assert!(TcpStream::connect(host.introspection_at).await.is_err());
    assert!(TcpStream::connect(host.metadata.at()).await.is_ok(), "the metadata is there");
    // Children that other tests start have our sockets open for a moment, until they are what they are to be.
    let begun = std::time::Instant::now();
    while let Err(error) = host.answer_introspection().await {
        assert!(begun.elapsed() < LIMIT, "{error}");
        tokio::task::yield_now().await;
    }
    assert!(TcpStream::connect(host.introspection_at).await.is_ok());
    host.close().await;
}

#[tokio::test]
async fn instance_metadata_is_told_only_to_who_has_a_token() {
    let host = open(Sample::new()).await;
    let ask_with = async |request: &str, headers: &str| ask(&host.metadata_url(), request, headers).await.0;
    assert_eq!(ask_with("GET /latest/meta-data/instance-id", "").await, 401, "version 1 is refused");
    assert_eq!(ask_with("GET /latest/meta-data/instance-id", "X-aws-ec2-metadata-token: guess\r\n").await, 401);
    for bad in ["", "X-aws-ec2-metadata-token-ttl-seconds: 0\r\n", "X-aws-ec2-metadata-token-ttl-seconds: 21601\r\n"] {
        assert_eq!(ask_with("PUT /latest/api/token", bad).await, 400, "{bad:?}");
    }
    let forwarded = "X-aws-ec2-metadata-token-ttl-seconds: 60\r\nX-Forwarded-For: 10.0.0.1\r\n";
    assert_eq!(ask_with("PUT /latest/api/token", forwarded).await, 403);
    assert_eq!(ask_with("GET /latest/api/token", "").await, 405);
    assert_eq!(ask_with("POST /latest/meta-data/instance-id", "").await, 405);
    host.close().await;
}

#[tokio::test]
async fn a_closed_host_leaves_its_ports_free_and_a_taken_port_is_an_error() {
    // An address of its own, so that nobody else is given the ports in between.
    let address = Ipv4Addr::new(127, 77, 0, 1);
    let views: Arc<dyn Views> = Arc::new(Sample::new());
    let host = Host::open_at(address, 0, 0, Arc::clone(&views)).await.expect("a host");
    let (introspection, metadata) = (host.introspection_at.port(), host.metadata.at().port());
    get_json(&host, "/v1/metadata").await;
    let error = Host::open_at(address, 0, metadata, Arc::clone(&views)).await.expect_err("the port is taken");
    assert!(error.to_string().contains(&metadata.to_string()), "{error}");
    host.close().await;
    // Children that other tests start have our sockets open for a moment, until they are what they are to be.
    let begun = std::time::Instant::now();
    let again = loop {
        match Host::open_at(address, introspection, metadata, Arc::clone(&views)).await {
            Ok(again) => break again,
            Err(error) => assert!(begun.elapsed() < LIMIT, "{error}"),
        }
        tokio::task::yield_now().await;
    };
    again.close().await;
}
