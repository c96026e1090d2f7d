//! Requests that follow each other on one connection (RFC 9112, 9.3).

use crate::front::{Front, GET, OK, OK_CLOSE};
use crate::wire::{field, status};

#[test]
fn pipelined_requests_are_answered_in_order_one_at_a_time() {
    let front = Front::start();
    let requests: String = (1..=5).map(|n| format!("GET /{n} HTTP/1.1\r\nhost: demo\r\n\r\n")).collect();
    let (mut caller, mut backend, head) = front.exchange(&requests);
    assert!(head.starts_with("get /1 "), "{head}");
    assert!(
        backend.is_quiet() && front.origin.try_accept().is_none(),
        "the second was begun before the first was over"
    );
    for n in 1..=5 {
        if n > 1 {
            assert!(backend.read_head().starts_with(&format!("get /{n} ")));
        }
        backend.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{n}"));
        assert_eq!(caller.read_answer(), (200, n.to_string()));
    }
}

#[test]
fn pipelined_bodies_are_told_apart() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(
        "POST /1 HTTP/1.1\r\nhost: demo\r\ncontent-length: 3\r\n\r\nabc\
         POST /2 HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n\
         \r\nGET /3 HTTP/1.1\r\nhost: demo\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(backend.read_bytes(3), "abc");
    backend.send(OK);
    assert!(backend.read_head().starts_with("post /2 "));
    assert_eq!(backend.read_bytes(13), "3\r\ndef\r\n0\r\n\r\n");
    backend.send(OK);
    assert!(backend.read_head().starts_with("get /3 "));
    backend.send(OK);
    for _ in 0..3 {
        assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    }
}

#[test]
fn a_malformed_request_ends_the_pipeline_after_the_answers_before_it() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(&format!("{GET}GET / HTTP/1.1\r\nhost : demo\r\n\r\n{GET}"));
    backend.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "connection")), (400, Some("close")));
    assert!(caller.read_to_end().contains("bad_head"));
    assert!(backend.is_quiet() && front.origin.try_accept().is_none());
}

#[test]
fn connection_close_is_the_last_of_either_side() {
    let front = Front::start();
    let closing = "GET /1 HTTP/1.1\r\nhost: demo\r\nconnection: keep-alive, Close\r\n\r\n";
    let (mut caller, mut backend, head) = front.exchange(&format!("{closing}{GET}"));
    assert_eq!(field(&head, "connection"), None, "how the caller ends is its own affair");
    backend.send(OK);
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "connection")), (200, Some("close")));
    assert_eq!(caller.read_to_end(), "ok", "the request after the last one was answered");
    // The origin's connection is kept for the next caller.
    let mut next = front.caller("GET /2 HTTP/1.1\r\nhost: demo\r\n\r\n");
    assert!(backend.read_head().starts_with("get /2 "));
    backend.send(OK_CLOSE);
    let head = next.read_head();
    assert_eq!(field(&head, "connection"), None, "how the origin ends is its own affair");
    assert_eq!(next.read_bytes(2), "ok");
    backend.expect_closed();
    next.send("GET /3 HTTP/1.1\r\nhost: demo\r\n\r\n");
    let mut backend = front.origin.accept();
    assert!(backend.read_head().starts_with("get /3 "));
}
