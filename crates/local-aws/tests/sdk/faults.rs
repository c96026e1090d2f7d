//! What goes wrong on request, and what the audit log says of it, as clients see both.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Cloud, until};

/// One request as it stands; the status and the JSON of the answer, none when the connection was reset or ended.
async fn http_with(at: SocketAddr, what: &str, headers: &str, body: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(at).await.expect("connected");
    let length = body.len();
    let head = format!("{what} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}");
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().expect("a status");
    Some((status, serde_json::from_str(body).unwrap_or_else(|_| json!(body))))
}

async fn http(at: SocketAddr, what: &str, body: &str) -> Option<(u16, Value)> {
    http_with(at, what, "content-type: application/json\r\n", body).await
}

pub(super) async fn get(cloud: &Cloud, path: &str) -> Value {
    http(cloud.running.address, &format!("GET {path}"), "").await.expect("an answer").1
}

async fn inject(cloud: &Cloud, fault: &Value) -> Value {
    let said = http(cloud.running.address, "POST /_faults", &fault.to_string()).await.expect("an answer");
    assert_eq!(said.0, 201, "{said:?}");
    said.1
}

/// A ListTasks as one that knows no retries sends it.
async fn list_tasks(cloud: &Cloud, key: &str) -> Option<(u16, Value)> {
    let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/20260601/eu-west-1/ecs/aws4_request, Signature=0");
    let target = "AmazonEC2ContainerServiceV20141113.ListTasks";
    let headers = format!("authorization: {authorization}\r\nx-amz-target: {target}\r\n");
    http_with(cloud.running.address, "POST /", &headers, r#"{"cluster":"doze"}"#).await
}

#[tokio::test]
async fn calls_are_counted_by_who_made_them() {
    let cloud = Cloud::start(244).await;
    let ecs = cloud.ecs();
    for _ in 0..3 {
        ecs.list_tasks().cluster("doze").send().await.expect("accepted");
    }
    let refused = ecs.list_tasks().cluster("nowhere").send().await;
    assert!(refused.is_err());
    cloud.auto_scaling().describe_auto_scaling_groups().send().await.expect("accepted");
    let said = get(&cloud, "/_calls?service=ecs&operation=ListTasks&caller=key:local").await;
    let answers: Vec<&Value> = said["calls"].as_array().expect("calls").iter().map(|call| &call["answer"]).collect();
    assert_eq!(answers, ["ok", "ok", "ok", "refused"]);
    assert_eq!(said["calls"][3]["code"], "ClusterNotFoundException");
    assert_eq!(said["calls"][0]["arguments"], "cluster: \"doze\"");
    let summary = get(&cloud, "/_calls/summary").await;
    let count = |operation: &str| {
        let rows = summary["by"].as_array().expect("rows").iter();
        rows.filter(|row| row["operation"] == operation).map(|row| row["calls"].as_u64().expect("a count")).sum::<u64>()
    };
    assert_eq!((count("ListTasks"), count("DescribeAutoScalingGroups"), count("RunTask")), (4, 1, 0));
    assert_eq!(summary["complete"], true);
    // What a world file made nobody called.
    assert_eq!(summary["calls"], 5);
    cloud.end().await;
}

#[tokio::test]
async fn a_task_is_known_by_the_credentials_that_it_was_given() {
    let cloud = Cloud::start(245).await;
    let ecs = cloud.ecs();
    let ran = ecs.run_task().cluster("doze").task_definition("demo").send().await;
    let arn = ran.expect("accepted").tasks()[0].task_arn().expect("an ARN").to_owned();
    let id = arn.rsplit('/').next().expect("an id").to_owned();
    let environ = until("the task to run", || async {
        let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
        processes.filter_map(|entry| std::fs::read(entry.path().join("environ")).ok()).find_map(|environ| {
            let environ = String::from_utf8_lossy(&environ).into_owned();
            environ.to_lowercase().contains(&format!("aws_access_key_id=localtask{id}")).then_some(environ)
        })
    })
    .await;
    let key = environ.split('\0').find_map(|pair| pair.strip_prefix("AWS_ACCESS_KEY_ID=")).expect("a key").to_owned();
    list_tasks(&cloud, &key).await.expect("an answer");
    let said = get(&cloud, &format!("/_calls?caller=task:{id}")).await;
    assert_eq!(said["calls"].as_array().map(Vec::len), Some(1), "{said}");
    cloud.end().await;
}

#[tokio::test]
async fn a_call_is_refused_reset_or_never_answered_as_a_fault_says_and_the_sdk_survives_what_passes() {
    let cloud = Cloud::start(246).await;
    let strange = inject(
        &cloud,
        &json!({ "kind": "fail", "code": "AccessDeniedException", "status": 403,
        "calls": { "service": "ecs", "operation": "ListTasks", "caller": "key:a" }, "often": { "next": 1 } }),
    )
    .await;
    assert_eq!(strange["id"], 1);
    let (status, said) = list_tasks(&cloud, "a").await.expect("an answer");
    assert_eq!((status, &said["__type"]), (403, &json!("AccessDeniedException")));
    assert_eq!(list_tasks(&cloud, "a").await.expect("an answer").0, 200);
    inject(&cloud, &json!({ "kind": "fail", "how": "reset", "often": { "next": 1 } })).await;
    assert_eq!(list_tasks(&cloud, "a").await, None);
    inject(&cloud, &json!({ "kind": "throttle", "often": { "next": 2 } })).await;
    cloud.ecs().list_tasks().cluster("doze").send().await.expect("the SDK tries again");
    let hang = inject(&cloud, &json!({ "kind": "fail", "how": "hang" })).await;
    let waited = tokio::time::timeout(Duration::from_millis(300), list_tasks(&cloud, "a")).await;
    assert!(waited.is_err(), "{waited:?}");
    let lifted = http(cloud.running.address, &format!("DELETE /_faults/{}", hang["id"]), "").await.expect("an answer");
    assert_eq!((lifted.0, &lifted.1["active"]), (200, &json!(false)));
    assert_eq!(list_tasks(&cloud, "a").await.expect("an answer").0, 200);
    let said = get(&cloud, "/_calls?caller=key:a").await;
    let answers: Vec<&Value> = said["calls"].as_array().expect("calls").iter().map(|call| &call["answer"]).collect();
    assert_eq!(answers, ["refused", "ok", "closed", "none", "ok"]);
    assert_eq!((&said["calls"][0]["fault"], &said["calls"][2]["fault"]), (&json!(1), &json!(2)));
    cloud.end().await;
}

#[tokio::test]
async fn faults_are_taken_as_json_only_and_a_wrong_one_says_what_was_expected() {
    let cloud = Cloud::start(247).await;
    let at = cloud.running.address;
    let (status, said) = http(at, "POST /_faults", r#"{"kind":"explode"}"#).await.expect("an answer");
    assert_eq!(status, 400);
    assert!(said["error"].as_str().expect("an error").contains("expected one of `throttle`"), "{said}");
    let (status, _) = http_with(at, "POST /_faults", "content-type: text/plain\r\n", "{}").await.expect("an answer");
    assert_eq!(status, 415, "a foreign page may send plain text");
    assert_eq!(http(at, "DELETE /_faults/7", "").await.expect("an answer").0, 404);
    assert_eq!(http(at, "PUT /_faults", "{}").await.expect("an answer").0, 405);
    inject(&cloud, &json!({ "kind": "delay", "by": "1ms" })).await;
    assert_eq!(http(at, "DELETE /_faults", "").await.expect("an answer").1, json!({ "lifted": 1 }));
    assert_eq!(get(&cloud, "/_faults").await["faults"][0]["active"], false);
    for wrong in ["/_calls?caller=me", "/_calls/summary?since=yesterday"] {
        assert_eq!(http(at, &format!("GET {wrong}"), "").await.expect("an answer").0, 400, "{wrong}");
    }
    cloud.end().await;
}
