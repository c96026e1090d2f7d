//! Answers without a body, and the two sides' versions.

use crate::front::{Front, GET, OK, for_all, same};
use crate::streaming::chunk;
use crate::wire::{field, status};

/// Method, answer of the origin, and the `Content-Length` that the caller is to see.
const BODILESS: &[(&str, &str, Option<&str>)] = &[
    ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", Some("1000")),
    ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", None),
    ("HEAD", "HTTP/1.1 200 OK\r\n\r\n", None),
    ("HEAD", "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n", Some("9")),
    ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
    ("GET", "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", None),
    ("GET", "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", None),
    ("GET", "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n", None),
    ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\netag: \"a\"\r\n\r\n", Some("1000")),
    ("GET", "HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n", None),
    ("GET", "HTTP/1.1 304 Not Modified\r\n\r\n", None),
    ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Some("0")),
    ("POST", "HTTP/1.1 204 No Content\r\n\r\n", None),
];

#[test]
fn answers_without_a_body_have_none_and_both_connections_serve_on() {
    let front = Front::start();
    for_all(BODILESS, |(method, answer, length)| {
        let (mut caller, mut backend) = front.passes(format!("{method} /1 HTTP/1.1\r\nhost: demo\r\n\r\n"))?;
        backend.read_head();
        backend.send(answer);
        let head = caller.read_head();
        same(answer, field(&head, "content-length"), *length)?;
        if !answer.contains(" 200 ") && field(&head, "transfer-encoding").is_some() {
            return Err(format!("{answer:?}: {head}"));
        }
        caller.send("GET /2 HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n");
        same(answer, backend.read_head().starts_with("get /2 "), true)?;
        backend.send(&OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        same(answer, caller.read_answer(), (200, "ok".to_owned()))
    });
    front.expect_unmarked();
}

#[test]
fn http_1_0_is_answered_with_1_1_and_a_close_and_never_in_chunks() {
    let front = Front::start();
    for answer in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        OK,
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ] {
        let (mut caller, mut backend, head) = front.exchange("GET / HTTP/1.0\r\nhost: demo\r\n\r\n");
        assert!(head.starts_with("get / http/1.1\r\n"), "{head}");
        backend.send(answer);
        let head = caller.read_head();
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        assert_eq!((field(&head, "transfer-encoding"), field(&head, "connection")), (None, Some("close")), "{answer}");
        assert_eq!(caller.read_to_end(), "ok");
        drop(backend);
    }
}

#[test]
fn http_1_0_is_kept_alive_where_it_asks_and_the_length_is_known() {
    let front = Front::start();
    let asking = "GET / HTTP/1.0\r\nhost: demo\r\nconnection: Keep-Alive\r\n\r\n";
    let (mut caller, mut backend, head) = front.exchange(asking);
    assert_eq!(field(&head, "connection"), None);
    backend.send(OK);
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "connection")), (200, Some("keep-alive")));
    assert_eq!(caller.read_bytes(2), "ok");
    caller.send(asking);
    backend.read_head();
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    let head = caller.read_head();
    assert_eq!((field(&head, "transfer-encoding"), field(&head, "connection")), (None, Some("close")), "{head}");
    assert_eq!(caller.read_to_end(), "ok");
}

#[test]
fn a_body_that_ends_with_its_connection_becomes_chunks() {
    let front = Front::start();
    for answer in ["HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"]
    {
        let (mut caller, mut backend, _) = front.exchange(GET);
        backend.send(answer);
        let head = caller.read_head();
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        assert_eq!(field(&head, "transfer-encoding"), Some("chunked"), "{answer}");
        backend.send("hello");
        assert_eq!(chunk(&mut caller), "hello");
        drop(backend);
        assert_eq!(chunk(&mut caller), "");
        // The caller's connection serves on.
        caller.send(GET);
        front.origin.accept().read_head();
    }
    front.expect_alive();
}

#[test]
fn an_origin_of_http_1_0_is_kept_only_where_it_says_so() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(caller.read_answer().0, 200);
    caller.send(GET);
    backend.read_head();
    backend.send("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(caller.read_answer().0, 200);
    backend.expect_closed();
    caller.send(GET);
    front.origin.accept().read_head();
}
