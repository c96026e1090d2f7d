//! What no SDK sends.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Cloud;

const ECS: &str = "x-amz-target: AmazonEC2ContainerServiceV20141113.";

/// Sends a request as it stands and gives back the whole answer.
pub(super) async fn raw(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub(super) async fn post(at: SocketAddr, headers: &str, body: &str) -> String {
    let length = body.len();
    raw(at, &format!("POST / HTTP/1.1\r\nhost: data-x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n\r\n{body}"))
        .await
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_the_shape_of_aws() {
    let cloud = Cloud::start(231).await;
    let at = cloud.running.address;
    for (headers, body, status, says) in [
        (format!("{ECS}ListTasks"), "{", "400", "SerializationException"),
        (format!("{ECS}ListTasks"), "[]", "400", "SerializationException"),
        (format!("{ECS}ListTasks"), "{\"maxResults\":\"x\",\"cluster\":\"doze\"}", "400", "SerializationException"),
        (format!("{ECS}ListTasks"), "", "400", "ClusterNotFoundException"),
        (format!("{ECS}Nonsense"), "{}", "400", "\"__type\":\"UnknownOperationException\""),
        ("x-amz-target: Nobody.Nothing".to_owned(), "{}", "400", "UnknownOperationException"),
        ("x: y".to_owned(), "{}", "400", "UnknownOperationException"),
        (
            "content-type: application/x-www-form-urlencoded".to_owned(),
            "Action=Nonsense",
            "400",
            "<Code>InvalidAction</Code>",
        ),
        (
            "content-type: application/x-www-form-urlencoded".to_owned(),
            "Action=SetDesiredCapacity&AutoScalingGroupName=doze&DesiredCapacity=x",
            "400",
            "<Code>ValidationError</Code>",
        ),
    ] {
        let answer = post(at, &headers, body).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(says),
            "{headers} {body}: {answer}"
        );
        assert!(answer.contains("x-amzn-requestid: "), "{answer}");
    }
    cloud.end().await;
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_refused_and_the_port_goes_on_answering() {
    let cloud = Cloud::start(232).await;
    let at = cloud.running.address;
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{ECS}ListTasks\r\ncontent-length: 2000000\r\n\r\n");
    let mut stream = TcpStream::connect(at).await.expect("connected");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let _ = stream.write_all(&vec![b' '; 1_100_000]).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert!(raw(at, "GET /_world HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.contains("\"groups\":"));
    cloud.end().await;
}

#[tokio::test]
async fn events_are_replayed_from_where_the_reader_left_off_and_followed() {
    let cloud = Cloud::start(233).await;
    let at = cloud.running.address;
    let scaling = cloud.auto_scaling();
    let ask = |desired| scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(desired).send();
    ask(1).await.expect("accepted");
    let mut stream = TcpStream::connect(at).await.expect("connected");
    stream.write_all(b"GET /_events?after=1 HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut seen = String::new();
    let mut read_until = async |what: &str| {
        while !seen.contains(what) {
            let mut buffer = [0; 4096];
            let read = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read(&mut buffer)).await;
            let count = read.unwrap_or_else(|_| panic!("no {what} in {seen}")).expect("read");
            assert!(count > 0, "ended without {what}: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    read_until("host.registered").await;
    ask(2).await.expect("accepted");
    read_until("host.launched").await;
    assert!(!seen.contains("\"id\":1,"), "{seen}");
    assert!(seen.contains("id: 2\ndata: {\"id\":2,"), "{seen}");
    cloud.end().await;
}
