//! `Expect: 100-continue` end to end (RFC 9110, 10.1.1), and other interim answers (15.2).

use std::time::{Duration, Instant};

use crate::front::{Front, GET, OK, OK_CLOSE};
use crate::wire::{field, status};

const ASKING: &str = "POST / HTTP/1.1\r\nhost: demo\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";

#[test]
fn a_body_waits_until_the_origin_says_100() {
    let front = Front::start();
    // The caller sends its body without waiting; the origin still gets none before its own word.
    let (mut caller, mut backend, head) = front.exchange(&format!("{ASKING}body"));
    assert_eq!(field(&head, "expect"), Some("100-continue"));
    assert!(backend.is_quiet(), "the body was sent before the origin said 100");
    backend.send("HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(backend.read_bytes(4), "body");
    assert_eq!(status(&caller.read_head()), 100);
    backend.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    // The connection serves on.
    caller.send(GET);
    assert!(backend.read_head().starts_with("get / "));
}

#[test]
fn the_caller_hears_the_origins_100_and_no_other() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(ASKING);
    assert!(caller.is_quiet(), "the proxy said 100 by itself");
    backend.send("HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(status(&caller.read_head()), 100);
    caller.send("body");
    assert_eq!(backend.read_bytes(4), "body");
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    assert!(caller.is_quiet());
}

#[test]
fn a_final_answer_instead_of_100_is_passed_and_the_callers_connection_is_closed() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(ASKING);
    backend.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno");
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "connection")), (401, Some("close")));
    assert_eq!(caller.read_to_end(), "no");
    // The backend never got the body it was promised: its connection is of no use for another request.
    assert_eq!(backend.read_to_end(), "");
    front.expect_unmarked();
}

#[test]
fn an_origin_that_knows_no_100_gets_the_body_after_a_second() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(ASKING);
    let asked = Instant::now();
    assert_eq!(status(&caller.read_head()), 100);
    assert!(asked.elapsed() > Duration::from_millis(500), "said after {:?}", asked.elapsed());
    caller.send("body");
    assert_eq!(backend.read_bytes(4), "body");
    backend.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
}

#[test]
fn a_late_100_is_not_said_twice() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(ASKING);
    assert_eq!(status(&caller.read_head()), 100);
    caller.send("body");
    assert_eq!(backend.read_bytes(4), "body");
    backend.send("HTTP/1.1 100 Continue\r\n\r\n");
    backend.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
}

#[test]
fn chunks_wait_for_100_as_well() {
    let front = Front::start();
    let (mut caller, mut backend, head) = front.exchange(
        "POST / HTTP/1.1\r\nhost: demo\r\nexpect: 100-Continue\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    );
    assert!(field(&head, "expect").is_some(), "{head}");
    assert!(backend.is_quiet());
    backend.send("HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(backend.read_bytes(14), "4\r\nbody\r\n0\r\n\r\n");
    backend.send(OK);
    assert_eq!(status(&caller.read_head()), 100);
    assert_eq!(caller.read_answer().0, 200);
}

#[test]
fn other_expectations_are_answered_417() {
    let front = Front::start();
    for expect in ["200-ok", "100-continue, 200-ok", "", "continue"] {
        let mut caller =
            front.caller(format!("POST / HTTP/1.1\r\nhost: demo\r\nexpect: {expect}\r\ncontent-length: 4\r\n\r\n"));
        let head = caller.read_head();
        assert_eq!(status(&head), 417, "{expect:?}");
        assert!(field(&head, "proxy-status").is_some_and(|said| said.contains("expectation_failed")), "{head}");
    }
    assert!(front.origin.try_accept().is_none());
}

#[test]
fn an_expectation_of_http_1_0_or_without_a_body_holds_nothing_up() {
    let front = Front::start();
    for request in [
        "POST / HTTP/1.0\r\nhost: demo\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\nbody",
        "GET / HTTP/1.1\r\nhost: demo\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
    ] {
        let (mut caller, mut backend, _) = front.exchange(request);
        if request.ends_with("body") {
            assert_eq!(backend.read_bytes(4), "body");
        }
        backend.send(OK_CLOSE);
        let said = caller.read_to_end();
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
    }
}

#[test]
fn early_hints_pass_and_lose_their_hop_by_hop_fields() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nconnection: x-secret\r\nx-secret: 1\r\n\r\n");
    assert_eq!(status(&caller.read_head()), 102);
    let hints = caller.read_head();
    assert_eq!((status(&hints), field(&hints, "link")), (103, Some("</a.css>; rel=preload")));
    assert!(field(&hints, "x-secret").is_none() && field(&hints, "content-length").is_none(), "{hints}");
    backend.send("HTTP/1.1 103 Early Hints\r\nlink: </b.css>\r\n\r\n");
    assert_eq!(field(&caller.read_head(), "link"), Some("</b.css>"));
    backend.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    caller.send(GET);
    backend.read_head();
}

#[test]
fn http_1_0_hears_no_interim_answer_and_nobody_a_100_unasked() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange("GET / HTTP/1.0\r\nhost: demo\r\n\r\n");
    backend.send(&format!("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n{OK_CLOSE}"));
    let said = caller.read_to_end();
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send(&format!("HTTP/1.1 100 Continue\r\n\r\n{OK}"));
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
}

#[test]
fn endless_interim_answers_are_no_way_to_keep_a_caller() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(GET);
    for _ in 0..10 {
        backend.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        assert_eq!(status(&caller.read_head()), 103);
    }
    drop(backend);
    assert_eq!(status(&caller.read_head()), 502);
}
