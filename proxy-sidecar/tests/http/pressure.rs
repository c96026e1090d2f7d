//! Back-pressure: who does not read stops the writer on the other side, and nothing is gathered in between.

use std::io::Write as _;

use crate::front::{Front, GET, write_until_blocked};
use crate::wire::Wire;

/// More than all buffers of the kernel take on the way: 4 MiB to send and 32 to receive, twice.
const FAR_TOO_MUCH: usize = 200 * 1024 * 1024;

/// What the proxy may add to its memory meanwhile.
const MEMORY_KIB: u64 = 4 * 1024;

fn read_all(wire: &mut Wire, mut bytes: usize) {
    while bytes > 0 {
        let some = bytes.min(1024 * 1024);
        wire.read_bytes(some);
        bytes -= some;
    }
}

#[test]
fn a_caller_that_does_not_read_stops_the_origin() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(GET);
    let before = front.memory_kib();
    backend.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {FAR_TOO_MUCH}\r\n\r\n"));
    let written = write_until_blocked(&backend.stream(), FAR_TOO_MUCH);
    assert!(written < FAR_TOO_MUCH, "nothing stopped the origin");
    let more = front.memory_kib().saturating_sub(before);
    assert!(more < MEMORY_KIB, "{more} KiB more for {written} bytes that nobody reads");
    // It goes on as soon as the caller reads.
    caller.read_head();
    read_all(&mut caller, written);
    assert!(write_until_blocked(&backend.stream(), FAR_TOO_MUCH) > 0);
    front.expect_alive();
}

#[test]
fn an_origin_that_does_not_read_stops_the_caller() {
    let front = Front::start();
    for framing in [format!("content-length: {FAR_TOO_MUCH}"), "transfer-encoding: chunked".to_owned()] {
        let (caller, mut backend, _) = front.exchange(&format!("POST / HTTP/1.1\r\nhost: demo\r\n{framing}\r\n\r\n"));
        let before = front.memory_kib();
        if framing.contains("chunked") {
            caller.stream().write_all(format!("{FAR_TOO_MUCH:x}\r\n").as_bytes()).expect("sent");
        }
        let written = write_until_blocked(&caller.stream(), FAR_TOO_MUCH);
        assert!(written < FAR_TOO_MUCH, "nothing stopped the caller");
        let more = front.memory_kib().saturating_sub(before);
        assert!(more < MEMORY_KIB, "{more} KiB more for {written} bytes that nobody reads");
        read_all(&mut backend, written / 2);
    }
    front.expect_alive();
}

#[test]
fn a_tunnel_whose_caller_does_not_read_stops_the_origin() {
    let front = Front::start();
    let (_caller, mut backend, _) = front.exchange(
        "GET / HTTP/1.1\r\nhost: demo\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\
         sec-websocket-version: 13\r\n\r\n",
    );
    let before = front.memory_kib();
    backend.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: y\r\n\r\n");
    let written = write_until_blocked(&backend.stream(), FAR_TOO_MUCH);
    assert!(written < FAR_TOO_MUCH, "nothing stopped the origin");
    let more = front.memory_kib().saturating_sub(before);
    assert!(more < MEMORY_KIB, "{more} KiB more for {written} bytes that nobody reads");
}
