//! WebSockets over HTTP/2: extended CONNECT (RFC 8441) becomes an upgrade of HTTP/1.1.

use bytes::Bytes;
use h2::ext::Protocol;
use http::Request;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::client::{Client, rest, soon, whole};
use crate::front::{Front, OK};
use crate::judge;
use crate::wire::Wire;

fn connect(protocol: &'static str) -> Request<()> {
    Request::builder()
        .method("CONNECT")
        .uri("http://demo/chat?room=1")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat")
        .header("origin", "http://demo")
        .extension(Protocol::from_static(protocol))
        .body(())
        .expect("a request")
}

/// What the origin gets of it, and its acceptance.
fn accept(front: &Front) -> Wire {
    let backend = front.origin.accept();
    let seen = judge::next(&backend);
    assert_eq!(seen.line, "GET /chat?room=1 HTTP/1.1");
    for (name, value) in [
        ("host", "demo"),
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat"),
        ("origin", "http://demo"),
        ("via", "2.0 doze"),
    ] {
        assert_eq!(seen.field(name).map(|v| v.to_ascii_lowercase()).as_deref(), Some(value), "{seen:?}");
    }
    let key = seen.field("sec-websocket-key").expect("a key, which HTTP/2 has not");
    let mut backend = backend;
    backend.send(&format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {}\r\n\
         sec-websocket-protocol: chat\r\n\r\nearly",
        derive_accept_key(key.as_bytes())
    ));
    backend
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_websocket_is_tunnelled_through_a_stream() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    until_enabled(&client).await;
    let (answer, mut sending) = client.ask(connect("websocket"), false).await;
    let mut backend = accept(&front);
    let answer = soon(answer).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["sec-websocket-protocol"], "chat");
    for gone in ["connection", "upgrade", "sec-websocket-accept", "content-length"] {
        assert!(!answer.headers().contains_key(gone), "{gone}");
    }
    let mut body = answer.into_body();
    assert_eq!(soon(body.data()).await.expect("data").expect("data"), "early");
    for n in 0..5 {
        sending.send_data(Bytes::from(format!("up{n}")), false).expect("sent");
        assert_eq!(backend.read_bytes(3), format!("up{n}"));
        backend.send(&format!("down{n}"));
        assert_eq!(soon(body.data()).await.expect("data").expect("data"), format!("down{n}"));
    }
    // Half a close is half a close.
    sending.send_data(Bytes::new(), true).expect("sent");
    assert_eq!(backend.read_to_end(), "");
    backend.send("last");
    drop(backend);
    assert_eq!(rest(&mut body).await.expect("an end").0, "last");
    front.expect_unmarked();
}

/// Waits until the proxy's settings have said that it takes extended CONNECT.
async fn until_enabled(client: &Client) {
    soon(async {
        while !client.sender.is_extended_connect_protocol_enabled() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reset_of_the_stream_ends_the_tunnel() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    until_enabled(&client).await;
    let (answer, mut sending) = client.ask(connect("websocket"), false).await;
    let mut backend = accept(&front);
    let _answer = soon(answer).await.expect("an answer");
    sending.send_reset(h2::Reason::CANCEL);
    backend.expect_closed();
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn last_words_of_an_origin_that_reads_no_more_are_the_callers() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    until_enabled(&client).await;
    let (answer, mut sending) = client.ask(connect("websocket"), false).await;
    let mut backend = accept(&front);
    let mut body = soon(answer).await.expect("an answer").into_body();
    assert_eq!(soon(body.data()).await.expect("data").expect("data"), "early");
    sending.send_data(Bytes::from_static(b"never read"), false).expect("sent");
    backend.stream().peek(&mut [0]).expect("it has come");
    backend.send("last words");
    // With bytes unread this is a reset.
    drop(backend);
    assert_eq!(rest(&mut body).await.expect("an end").0, "last words");
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_websocket_that_the_origin_refuses_is_an_answer() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    until_enabled(&client).await;
    let (answer, _sending) = client.ask(connect("websocket"), false).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    assert_eq!(whole(answer).await, (403, "no".to_owned()));
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_200_is_no_websocket() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    until_enabled(&client).await;
    let (answer, _sending) = client.ask(connect("websocket"), false).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    // To HTTP/2 it would mean that the tunnel is open.
    backend.send(OK);
    let (status, _) = whole(answer).await;
    assert_eq!(status, 502);
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn another_101_is_a_502() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    until_enabled(&client).await;
    for said in [
        "upgrade: h2c\r\nsec-websocket-accept: x",
        "upgrade: websocket",
        "upgrade: websocket\r\nsec-websocket-accept: bm90IHRoYXQgb25lIGF0IGFsbCE=",
    ] {
        let (answer, _sending) = client.ask(connect("websocket"), false).await;
        let mut backend = front.origin.accept();
        backend.read_head();
        backend.send(&format!("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n{said}\r\n\r\n"));
        let (status, body) = whole(answer).await;
        assert!(status == 502 && body.contains("upstream_upgrade"), "{said}: {status} {body}");
        backend.expect_closed();
    }
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connect_to_anything_else_is_refused() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    until_enabled(&client).await;
    for protocol in ["h2c", "other", "connect-udp"] {
        let (answer, _sending) = client.ask(connect(protocol), false).await;
        let answer = soon(answer).await.expect("an answer");
        assert!((400..=501).contains(&answer.status().as_u16()), "{protocol}: {}", answer.status());
    }
    let plain = Request::builder().method("CONNECT").uri("demo:443").body(()).expect("a request");
    let (answer, _sending) = client.ask(plain, false).await;
    assert_eq!(soon(answer).await.expect("an answer").status(), 405);
    assert!(front.origin.try_accept().is_none());
}
