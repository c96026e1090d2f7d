//! Requests and answers by prior knowledge, with an origin of HTTP/1.1.

use crate::client::{Client, request, soon, whole};
use crate::front::{Front, OK};
use crate::judge;
use crate::wire::field;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_becomes_http_1_1_and_its_answer_http_2() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, _) = client.ask(request("GET", "/a%2Fb?c=%20d"), true).await;
    let mut backend = front.origin.accept();
    let head = backend.read_head();
    assert!(head.starts_with("get /a%2fb?c=%20d http/1.1\r\n"), "{head}");
    for (name, value) in [
        ("host", "demo"),
        ("via", "2.0 doze"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "demo"),
    ] {
        assert_eq!(field(&head, name), Some(value), "{head}");
    }
    for gone in ["content-length", "transfer-encoding", "connection"] {
        assert_eq!(field(&head, gone), None, "{head}");
    }
    backend.send(
        "HTTP/1.1 203 Odd\r\nconnection: keep-alive, x-secret\r\nx-secret: 1\r\nkeep-alive: timeout=5\r\nX-Open: 2\r\n\
         set-cookie: a\r\nset-cookie: b\r\ncontent-length: 2\r\n\r\nok",
    );
    let answer = soon(answer).await.expect("an answer");
    assert_eq!(answer.status(), 203);
    let fields = answer.headers();
    assert_eq!(
        (&fields["x-open"], &fields["via"], &fields["content-length"]),
        (&"2".parse().unwrap(), &"1.1 doze".parse().unwrap(), &"2".parse().unwrap())
    );
    assert_eq!(fields.get_all("set-cookie").iter().count(), 2);
    assert!(
        fields.contains_key("x-request-id") && !fields.contains_key("x-secret") && !fields.contains_key("keep-alive")
    );
    assert_eq!(crate::client::rest(&mut answer.into_body()).await.expect("a body").0, "ok");
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_streams_are_answered_at_once_and_in_any_order() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let mut asked = Vec::new();
    for n in 0..20 {
        asked.push(client.ask(request("GET", &format!("/{n}")), true).await.0);
    }
    let mut backends: Vec<_> = (0..20).map(|_| front.origin.accept()).collect();
    let heads: Vec<String> = backends.iter_mut().map(crate::wire::Wire::read_head).collect();
    for (backend, head) in backends.iter_mut().zip(&heads).rev() {
        let path = head.split(' ').nth(1).expect("a path");
        backend.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len()));
    }
    for (n, answer) in asked.into_iter().enumerate() {
        assert_eq!(whole(answer).await, (200, format!("/{n}")));
    }
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn http_1_1_and_2_share_the_port_and_the_connections_to_the_origin() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    let mut client = Client::connect(&front).await;
    for _ in 0..3 {
        let (answer, _) = client.ask(request("GET", "/2"), true).await;
        assert!(backend.read_head().starts_with("get /2 "));
        backend.send(OK);
        assert_eq!(whole(answer).await, (200, "ok".to_owned()));
    }
    assert!(front.origin.try_accept().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn head_204_and_304_have_no_body() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    for (method, answer, length) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", Some("1000")),
        ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", None),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n", Some("1000")),
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Some("0")),
    ] {
        let (future, _) = client.ask(request(method, "/"), true).await;
        let mut backend = front.origin.accept();
        backend.read_head();
        backend.send(&answer.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        let got = soon(future).await.expect("an answer");
        assert_eq!(got.headers().get("content-length").map(|v| v.to_str().expect("ASCII")), length, "{answer}");
        let (body, trailers) = crate::client::rest(&mut got.into_body()).await.expect("an end");
        assert!(body.is_empty() && trailers.is_none(), "{answer}: {body:?}");
    }
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn failures_have_the_same_table() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, _) = client.ask(request("GET", "/"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\nx");
    let answer = soon(answer).await.expect("an answer");
    assert_eq!(answer.status(), 502);
    assert!(answer.headers()["proxy-status"].to_str().expect("ASCII").contains("upstream_framing"));
    // The connection serves on.
    let (answer, _) = client.ask(request("TRACE", "/"), true).await;
    assert_eq!(whole(answer).await.0, 405);
    let (answer, _) = client.ask(request("GET", "/"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(OK);
    assert_eq!(whole(answer).await.0, 200);
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_get_that_met_a_closing_connection_is_sent_again_and_a_post_is_not() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    for (method, status) in [("GET", 200), ("POST", 502)] {
        let (answer, _) = client.ask(request("GET", "/first"), true).await;
        let mut backend = front.origin.accept();
        backend.read_head();
        backend.send(OK);
        assert_eq!(whole(answer).await.0, 200);
        let (answer, _) = client.ask(request(method, "/again"), true).await;
        assert!(backend.read_head().contains(" /again "));
        drop(backend);
        if method == "GET" {
            let mut fresh = front.origin.accept();
            fresh.read_head();
            fresh.send(&OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        }
        assert_eq!(whole(answer).await.0, status, "{method}");
    }
    assert!(front.origin.try_accept().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_bodiless_post_is_one_to_the_origin() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, _) = client.ask(request("POST", "/"), true).await;
    let mut backend = front.origin.accept();
    assert_eq!(judge::next(&backend).body, b"");
    backend.send(OK);
    assert_eq!(whole(answer).await.0, 200);
}
