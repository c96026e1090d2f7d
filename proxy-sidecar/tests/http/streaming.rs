//! Bodies pass as they come, both ways.

use crate::front::{Front, GET};
use crate::wire::{Wire, field, status};

/// The data of the next chunk.
pub(crate) fn chunk(wire: &mut Wire) -> String {
    let line = wire.read_through("\r\n");
    let size = usize::from_str_radix(line.trim_end(), 16).unwrap_or_else(|_| panic!("no chunk size: {line:?}"));
    let data = wire.read_bytes(size + 2);
    data.strip_suffix("\r\n").unwrap_or_else(|| panic!("no end of a chunk: {data:?}")).to_owned()
}

#[test]
fn an_event_is_through_before_the_next_is_written() {
    let front = Front::start();
    let (mut caller, mut backend, _) =
        front.exchange("GET /events HTTP/1.1\r\nhost: demo\r\naccept: text/event-stream\r\n\r\n");
    backend.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    let head = caller.read_head();
    assert_eq!(
        (status(&head), field(&head, "transfer-encoding")),
        (200, Some("chunked")),
        "the head came before any event"
    );
    for n in 0..20 {
        let event = format!("data: {n}\n\n");
        backend.send(&format!("{:x}\r\n{event}\r\n", event.len()));
        assert_eq!(chunk(&mut caller), event);
    }
    backend.send("0\r\n\r\n");
    assert_eq!(chunk(&mut caller), "");
}

#[test]
fn a_body_with_a_length_passes_byte_by_byte() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    assert_eq!(field(&caller.read_head(), "content-length"), Some("5"));
    for letter in ["h", "e", "l", "l", "o"] {
        backend.send(letter);
        assert_eq!(caller.read_bytes(1), letter);
    }
}

#[test]
fn half_a_chunk_passes_before_the_other_half() {
    let front = Front::start();
    let (mut caller, mut backend, _) =
        front.exchange("POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n8\r\nhalf");
    assert_eq!(chunk(&mut backend), "half");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nabc");
    caller.read_head();
    assert_eq!(chunk(&mut caller), "abc");
    caller.send("more\r\n0\r\n\r\n");
    assert_eq!((chunk(&mut backend), chunk(&mut backend)), ("more".to_owned(), String::new()));
    backend.send("def\r\n0\r\n\r\n");
    assert_eq!((chunk(&mut caller), chunk(&mut caller)), ("def".to_owned(), String::new()));
}

#[test]
fn an_upload_passes_as_it_is_sent() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange("PUT / HTTP/1.1\r\nhost: demo\r\ncontent-length: 10\r\n\r\n");
    for n in 0..10 {
        caller.send(&n.to_string());
        assert_eq!(backend.read_bytes(1), n.to_string());
    }
    backend.send("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(caller.read_answer().0, 201);
}

#[test]
fn both_directions_flow_at_once() {
    let front = Front::start();
    let (mut caller, mut backend, _) =
        front.exchange("POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    caller.read_head();
    for n in 0..20 {
        let said = format!("{n:02}");
        caller.send(&format!("2\r\n{said}\r\n"));
        assert_eq!(chunk(&mut backend), said);
        backend.send(&format!("2\r\n{said}\r\n"));
        assert_eq!(chunk(&mut caller), said);
    }
    caller.send("0\r\n\r\n");
    assert_eq!(chunk(&mut backend), "");
    backend.send("0\r\n\r\n");
    assert_eq!(chunk(&mut caller), "");
}

#[test]
fn ten_mebibytes_pass_unchanged_both_ways() {
    let front = Front::start();
    let body: String = (0..10 * 1024 * 1024 / 16).map(|n| format!("{n:015x}\n")).collect();
    let mut caller = front.proxy.connect();
    let mut sending = Wire::new(caller.stream());
    let upload = format!("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let sender = std::thread::spawn(move || sending.send(&upload));
    let mut backend = front.origin.accept();
    backend.read_head();
    assert!(backend.read_bytes(body.len()) == body, "the upload changed");
    sender.join().expect("sent");
    let mut sending = Wire::new(backend.stream());
    let answer: String = body
        .as_bytes()
        .chunks(100_000)
        .map(|c| format!("{:x}\r\n{}\r\n", c.len(), c.iter().map(|b| char::from(*b)).collect::<String>()))
        .collect();
    let sender = std::thread::spawn(move || {
        sending.send(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{answer}0\r\n\r\n"));
    });
    caller.read_head();
    let mut got = String::new();
    loop {
        match chunk(&mut caller) {
            end if end.is_empty() => break,
            data => got.push_str(&data),
        }
    }
    assert!(got == body, "the download changed");
    sender.join().expect("sent");
}
