//! What is asked of proxies, against sockets that answer, hang, lie or are closed.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::world::settings::Settings;

/// A proxy that answers every connection with these bytes.
async fn answering(bytes: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(bytes.as_bytes()).await;
        }
    });
    at
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn what_a_proxy_says_of_its_callers_is_dated_by_our_clock() {
    let body = r#"{ "program": "proxy-sidecar", "services": [ { "name": "demo", "phase": "waking", "held": 3,
        "callers": { "first_held_ms": 900, "first_answer_ms": null, "most_held": 5 }, "fruitless_wakes": 0,
        "backends": [ { "address": "127.0.0.1:9050", "task": "arn:aws:ecs:eu-west-1:1:task/c/0a", "state": "starting" } ],
        "last_wake": { "ago_ms": 100, "took_ms": 5, "task": "arn:aws:ecs:eu-west-1:1:task/c/0b" } } ] }"#;
    let at = answering(answer(body)).await;
    let status = status(at).await.expect("an answer");
    let said = said(at, &status, 1000);
    let callers = &said.services[0].callers;
    assert_eq!((callers.held, callers.most_held, callers.first_held, callers.first_answer), (3, 5, Some(100), None));
    assert_eq!(callers.ready, Some((900, "0b".to_owned())));
    assert_eq!(callers.tasks.get("0a").map(String::as_str), Some("starting"));
}

#[tokio::test]
async fn a_proxy_that_says_nothing_of_use_is_said_to_be_so() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        listener.local_addr().expect("an address")
    };
    let lies = answering(answer("{}")).await;
    let refuses = answering("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    assert!(matches!(status(closed).await, Err(Error::Connect(_))));
    assert!(matches!(status(lies).await, Err(Error::Json(_))));
    assert!(matches!(status(refuses).await, Err(Error::Code(_))));
}

#[tokio::test]
async fn nobody_is_asked_while_nobody_looks() {
    let world = World::new(Settings::default());
    assert!(!world.is_watched());
    let follower = world.follow_events();
    assert!(world.is_watched());
    drop(follower);
    assert!(!world.is_watched());
}

#[tokio::test]
async fn a_proxy_that_has_gone_is_told_of_once() {
    let world = World::new(Settings::default());
    let gone = || ProxySaid { failure: Some("cannot connect".to_owned()), services: Vec::new() };
    world.proxy_said("127.0.0.1:1", gone());
    world.proxy_said("127.0.0.1:1", gone());
    world.proxy_said("127.0.0.1:1", ProxySaid::default());
    let kinds: Vec<&str> = world.events_after(0, 9).iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["proxy.silent", "proxy.answers"]);
    assert_eq!(world.snapshot()["proxies"][0]["answers"], true);
}
