//! Back-pressure: who does not read stops the writer on the other side, and nothing is gathered in between.

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::front::{Front, GET};
use crate::process::{LIMIT, Proxy};
use crate::wire::Wire;

/// More than all buffers of the kernel take on the way: 4 MiB to send and 32 to receive, twice.
const FAR_TOO_MUCH: usize = 200 * 1024 * 1024;

/// What the proxy may add to its memory meanwhile.
const MEMORY_KIB: u64 = 4 * 1024;

/// The proxy's own memory; what the kernel keeps for sockets is not in it.
pub(crate) fn memory_kib(proxy: &Proxy) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", proxy.pid())).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Writes until nothing was taken for a second, and tells how much was.
fn write_until_blocked(mut stream: &TcpStream) -> usize {
    stream.set_nonblocking(true).expect("a socket");
    let (bytes, mut written) = (vec![b'x'; 64 * 1024], 0);
    let (started, mut moved) = (Instant::now(), Instant::now());
    while moved.elapsed() < Duration::from_secs(1) && written < FAR_TOO_MUCH {
        assert!(started.elapsed() < LIMIT, "still taking after {written} bytes");
        match stream.write(&bytes) {
            Ok(some) => (written, moved) = (written + some, Instant::now()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => panic!("{error}"),
        }
    }
    stream.set_nonblocking(false).expect("a socket");
    written
}

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
    let before = memory_kib(&front.proxy);
    backend.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {FAR_TOO_MUCH}\r\n\r\n"));
    let written = write_until_blocked(&backend.stream());
    assert!(written < FAR_TOO_MUCH, "nothing stopped the origin");
    let more = memory_kib(&front.proxy).saturating_sub(before);
    assert!(more < MEMORY_KIB, "{more} KiB more for {written} bytes that nobody reads");
    // It goes on as soon as the caller reads.
    caller.read_head();
    read_all(&mut caller, written);
    assert!(write_until_blocked(&backend.stream()) > 0);
    front.expect_alive();
}

#[test]
fn an_origin_that_does_not_read_stops_the_caller() {
    let front = Front::start();
    for framing in [format!("content-length: {FAR_TOO_MUCH}"), "transfer-encoding: chunked".to_owned()] {
        let (caller, mut backend, _) = front.exchange(&format!("POST / HTTP/1.1\r\nhost: demo\r\n{framing}\r\n\r\n"));
        let before = memory_kib(&front.proxy);
        if framing.contains("chunked") {
            caller.stream().write_all(format!("{FAR_TOO_MUCH:x}\r\n").as_bytes()).expect("sent");
        }
        let written = write_until_blocked(&caller.stream());
        assert!(written < FAR_TOO_MUCH, "nothing stopped the caller");
        let more = memory_kib(&front.proxy).saturating_sub(before);
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
    let before = memory_kib(&front.proxy);
    backend.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: y\r\n\r\n");
    let written = write_until_blocked(&backend.stream());
    assert!(written < FAR_TOO_MUCH, "nothing stopped the origin");
    let more = memory_kib(&front.proxy).saturating_sub(before);
    assert!(more < MEMORY_KIB, "{more} KiB more for {written} bytes that nobody reads");
}
