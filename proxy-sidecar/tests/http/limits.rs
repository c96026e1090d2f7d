//! Bounds of what a caller may send and open.

use std::io::Write as _;

use crate::front::{Front, GET, OK, OK_CLOSE, for_all};
use crate::process::until;
use crate::wire::{Wire, field, status};

fn fields(count: usize) -> String {
    (0..count).map(|n| format!("x-{n}: {n}\r\n")).collect()
}

#[test]
fn a_head_has_64_kib_and_256_fields() {
    let front = Front::start();
    // `Host` is one of them.
    let most = format!("GET /most HTTP/1.1\r\nhost: demo\r\n{}\r\n", fields(255));
    let long = format!("GET /long HTTP/1.1\r\nhost: demo\r\nx-a: {}\r\n\r\n", "a".repeat(64 * 1024 - 60));
    let path = format!("GET /{} HTTP/1.1\r\nhost: demo\r\n\r\n", "a".repeat(60 * 1024));
    for_all([&most, &long, &path], |request| {
        let (mut caller, mut backend) = front.passes(request)?;
        backend.read_head();
        backend.send(OK_CLOSE);
        if caller.read_answer().0 == 200 { Ok(()) } else { Err(request[..20].to_owned()) }
    });
    let many = format!("GET / HTTP/1.1\r\nhost: demo\r\n{}\r\n", fields(256));
    let endless = format!("GET / HTTP/1.1\r\nhost: demo\r\n{}", fields(100_000));
    front.refuses(many.as_bytes(), 431, &["too_many_fields"]).expect("refused");
    front.refuses(&endless.as_bytes()[..70_000], 431, &["too_many_fields", "head_too_long"]).expect("refused");
    let long = format!("GET / HTTP/1.1\r\nhost: demo\r\nx-a: {}\r\n\r\n", "a".repeat(64 * 1024));
    let unended = format!("GET / HTTP/1.1\r\nhost: demo\r\nx-a: {}", "a".repeat(200_000));
    let target = format!("GET /{} HTTP/1.1\r\nhost: demo\r\n\r\n", "a".repeat(64 * 1024));
    let unended_target = format!("GET /{}", "a".repeat(200_000));
    front.refuses(long.as_bytes(), 431, &["head_too_long"]).expect("refused");
    front.refuses(unended.as_bytes(), 431, &["head_too_long"]).expect("refused");
    front.refuses(target.as_bytes(), 414, &["target_too_long"]).expect("refused");
    front.refuses(unended_target.as_bytes(), 414, &["target_too_long"]).expect("refused");
    front.expect_unmarked();
}

#[test]
fn the_bounds_of_a_head_are_settings() {
    let front = Front::with(&["--max-head", "4096", "--max-fields", "10"]);
    let request = |count: usize, letters: usize| {
        format!("GET / HTTP/1.1\r\nhost: demo\r\n{}x-a: {}\r\n\r\n", fields(count), "a".repeat(letters)).into_bytes()
    };
    front.refuses(&request(10, 1), 431, &["too_many_fields"]).expect("refused");
    front.refuses(&request(1, 5_000), 431, &["head_too_long"]).expect("refused");
    let target = format!("GET /{} HTTP/1.1\r\nhost: demo\r\n\r\n", "a".repeat(5_000));
    front.refuses(target.as_bytes(), 414, &["target_too_long"]).expect("refused");
    front.passes(request(8, 3_000)).expect("passes");
}

#[test]
fn a_caller_beyond_the_most_of_its_address_is_told_and_closed() {
    let front = Front::with(&["--max-connections-per-address", "2"]);
    let (mut first, mut backend, _) = front.exchange(GET);
    backend.send(OK);
    first.read_answer();
    let mut second = front.caller(GET);
    backend.read_head();
    backend.send(OK);
    second.read_answer();
    let mut third = front.proxy.connect();
    // It may be refused before it has asked.
    let _ = third.stream().write_all(GET.as_bytes());
    let head = third.read_head();
    assert_eq!((status(&head), field(&head, "connection")), (503, Some("close")), "{head}");
    assert!(head.contains("too_many_connections"), "{head}");
    let length = field(&head, "content-length").expect("a length").parse().expect("a number");
    third.read_bytes(length);
    third.expect_closed();
    drop(first);
    until("room", || {
        let mut again = front.caller(GET);
        let mut backend = backend_of(&front, &mut backend)?;
        backend.try_send(OK_CLOSE);
        again.next_head().filter(|head| status(head) == 200)
    });
}

/// The side of the origin that got the next request, where one came.
fn backend_of(front: &Front, kept: &mut Wire) -> Option<Wire> {
    if let Some(mut fresh) = front.origin.try_accept() {
        fresh.read_head();
        return Some(fresh);
    }
    if kept.is_quiet() {
        return None;
    }
    kept.next_head().map(|_| Wire::new(kept.stream()))
}

#[test]
fn callers_beyond_the_most_wait_until_one_leaves() {
    let front = Front::with(&["--max-connections", "2"]);
    let answers = |caller: &mut Wire, backend: &mut Wire| {
        backend.read_head();
        backend.send(OK);
        assert_eq!(caller.read_answer().0, 200);
    };
    let mut first = front.caller(GET);
    let mut backend = front.origin.accept();
    answers(&mut first, &mut backend);
    let mut second = front.caller(GET);
    answers(&mut second, &mut backend);
    let mut third = front.caller(GET);
    assert!(third.is_quiet() && backend.is_quiet() && front.origin.try_accept().is_none());
    drop(first);
    let mut backend = front.origin.try_accept().unwrap_or(backend);
    answers(&mut third, &mut backend);
}

#[test]
fn a_refusal_is_seen_by_a_caller_that_sends_on() {
    let front = Front::start();
    let much = "x".repeat(4 * 1024 * 1024);
    for head in [
        "POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost : demo\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        // All of it is sent before anything is read, as simple callers do.
        let mut caller = front.caller(format!("{head}{much}"));
        assert_eq!(caller.read_answer().0, 400, "{head:?}");
    }
    front.expect_unmarked();
}
