//! Answers that come while the caller still sends.

use crate::front::{Front, GET, OK};
use crate::wire::{field, status};

#[test]
fn an_early_answer_passes_and_the_upload_goes_on() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 8\r\n\r\nhalf");
    assert_eq!(backend.read_bytes(4), "half");
    backend.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    caller.send("rest");
    assert_eq!(backend.read_bytes(4), "rest");
    // The exchange is over on both sides, and the caller's connection serves on.
    caller.send(GET);
    let mut next = front.origin.try_accept().unwrap_or(backend);
    assert!(next.read_head().starts_with("get / "));
    next.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    front.expect_unmarked();
}

#[test]
fn an_early_answer_before_any_of_the_body_passes() {
    let front = Front::start();
    let (mut caller, mut backend, _) =
        front.exchange("POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n");
    assert_eq!(status(&caller.read_head()), 200);
    assert_eq!(caller.read_bytes(7), "2\r\nok\r\n");
    caller.send("4\r\nbody\r\n0\r\n\r\n");
    assert!(backend.read_through("0\r\n\r\n").contains("body"));
    backend.send("0\r\n\r\n");
    assert_eq!(caller.read_bytes(5), "0\r\n\r\n");
}

#[test]
fn an_origin_that_answers_and_closes_during_an_upload_is_heard_by_a_caller_that_still_sends() {
    let front = Front::start();
    let mut caller = front.proxy.connect();
    caller.send("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 100000000\r\n\r\n");
    let mut backend = front.origin.accept();
    backend.read_head();
    // The answer says nothing of the close: a deadline or a full disk at the origin.
    backend.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig");
    drop(backend);
    let mut sending = crate::wire::Wire::new(caller.stream());
    let sender = std::thread::spawn(move || (0..100).for_each(|_| sending.try_send(&"x".repeat(10_000))));
    let head = caller.read_head();
    assert_eq!(status(&head), 413);
    assert_eq!(caller.read_bytes(3), "big");
    sender.join().expect("sent");
    // What was not read cannot be told from the next request.
    assert_eq!(caller.read_to_end(), "");
    front.expect_unmarked();
}

#[test]
fn an_answer_that_announces_its_close_during_an_upload_is_the_last_of_the_connection() {
    let front = Front::start();
    let (mut caller, mut backend, _) =
        front.exchange("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 100\r\n\r\nhalf");
    backend.send("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno");
    drop(backend);
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "content-length")), (400, Some("2")));
    assert_eq!(caller.read_to_end(), "no");
    front.expect_unmarked();
}
