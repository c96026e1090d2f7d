//! Everything that has a time, by its setting; and that a stream has none.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket};

use crate::front::{Front, GET, OK, OK_CLOSE};
use crate::process::until;
use crate::supervisor::Supervisor;
use crate::wire::{Wire, field, status};

const SHORT: Duration = Duration::from_millis(400);

/// How long it takes until the other side closes, and what it said before.
fn closed_after(wire: &mut Wire) -> (Duration, String) {
    let since = Instant::now();
    let said = wire.read_to_end();
    (since.elapsed(), said)
}

#[test]
fn a_head_has_its_time_from_the_first_byte_and_before_it() {
    let front = Front::with(&["--header-timeout", "400ms"]);
    let mut silent = front.proxy.connect();
    let (after, said) = closed_after(&mut silent);
    assert!(after >= SHORT / 2 && said.is_empty(), "{after:?} {said:?}");

    let mut half = front.caller("GET / HTTP/1.1\r\nhost: demo\r\n");
    let (after, said) = closed_after(&mut half);
    assert!(
        after >= SHORT / 2 && said.starts_with("HTTP/1.1 408 ") && said.contains("header_timeout"),
        "{after:?} {said:?}"
    );

    // A byte now and then is no head.
    let mut slow = front.caller("GET / HTTP/1.1\r\nhost: demo\r\n");
    let since = Instant::now();
    let head = until("an end", || {
        slow.try_send("x: y\r\n");
        if slow.is_quiet() { None } else { Some(slow.next_head().unwrap_or_default()) }
    });
    assert!(since.elapsed() < Duration::from_secs(10) && head.contains(" 408 "), "{head}");
    assert!(front.origin.try_accept().is_none());
    front.expect_unmarked();
}

#[test]
fn a_kept_connection_waits_as_long_as_it_is_told_and_ends_without_a_word() {
    let front = Front::with(&["--idle-timeout", "1s", "--header-timeout", "200ms"]);
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    let (after, said) = closed_after(&mut caller);
    assert!(after >= Duration::from_millis(700) && said.is_empty(), "{after:?} {said:?}");
}

#[test]
fn the_next_head_on_a_kept_connection_has_the_time_of_a_head() {
    let front = Front::with(&["--header-timeout", "400ms"]);
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    caller.send("GET / HT");
    let (_, said) = closed_after(&mut caller);
    assert!(said.starts_with("HTTP/1.1 408 "), "{said:?}");
}

#[test]
fn a_connection_to_the_origin_waits_as_long_as_it_is_told() {
    let front = Front::with(&["--upstream-idle-timeout", "300ms"]);
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    let (after, _) = closed_after(&mut backend);
    assert!(after >= Duration::from_millis(150) && after < Duration::from_secs(10), "{after:?}");
    caller.send(GET);
    front.origin.accept().read_head();
}

/// Listens, and has taken as many connections as it ever will.
fn full() -> (String, Vec<std::net::TcpStream>, TcpListener) {
    let fd = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).expect("a socket");
    bind(std::os::fd::AsRawFd::as_raw_fd(&fd), &SockaddrIn::new(127, 0, 0, 1, 0)).expect("a port");
    listen(&fd, Backlog::new(0).expect("a backlog")).expect("it listens");
    let at: SockaddrIn = getsockname(std::os::fd::AsRawFd::as_raw_fd(&fd)).expect("an address");
    let at = std::net::SocketAddr::from((at.ip(), at.port()));
    let mut taken = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&at, Duration::from_millis(200)) {
        taken.push(stream);
    }
    (at.to_string(), taken, TcpListener::from(fd))
}

#[test]
fn a_backend_that_takes_no_connection_has_the_time_of_a_connection() {
    let (at, _taken, _listener) = full();
    let supervisor = Supervisor::start("demo", task_state::State::Awake { ready: true });
    let port = supervisor.port();
    let proxy = crate::process::Proxy::resident(&[
        "--backend",
        &at,
        "--status-port",
        &port,
        "--connect-timeout",
        "200ms",
        "--hold-timeout",
        "1s",
    ]);
    until("a watch", || (supervisor.watchers() > 0).then_some(()));
    let since = Instant::now();
    let (code, body) = proxy.get("/");
    assert!(code >= 502 && body.contains("upstream_timeout"), "{code} {body}");
    assert!(since.elapsed() >= Duration::from_millis(200) && since.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_backend_that_refuses_connections_is_named_when_it_cannot_be_held_any_more() {
    let nobody = crate::wire::Origin::start().at.to_string();
    let supervisor = Supervisor::start("demo", task_state::State::Awake { ready: true });
    let port = supervisor.port();
    let proxy =
        crate::process::Proxy::resident(&["--backend", &nobody, "--status-port", &port, "--hold-timeout", "1s"]);
    until("a watch", || (supervisor.watchers() > 0).then_some(()));
    let (code, body) = proxy.get("/");
    assert!(code >= 502 && body.contains("upstream_refused"), "{code} {body}");
}

#[test]
fn an_answers_head_has_a_time_where_it_is_set_and_a_stream_has_none() {
    let front = Front::with(&["--response-timeout", "400ms", "--header-timeout", "200ms", "--idle-timeout", "200ms"]);
    let (mut caller, mut backend, _) = front.exchange(GET);
    let (code, body) = caller.read_answer();
    assert!(code == 504 && body.contains("response_timeout"), "{code} {body}");
    backend.expect_closed();
    front.expect_unmarked();

    // Interim answers do not end the wait, and a stream is not cut by any of the three.
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    caller.read_head();
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(1_200) {
        assert!(caller.is_quiet(), "cut after {:?}", since.elapsed());
    }
    backend.send("2\r\nok\r\n0\r\n\r\n");
    assert_eq!(caller.read_through("0\r\n\r\n"), "2\r\nok\r\n0\r\n\r\n");
}

#[test]
fn an_upload_is_not_cut_by_the_time_of_a_head() {
    let front = Front::with(&["--header-timeout", "300ms", "--idle-timeout", "300ms"]);
    let (mut caller, mut backend, _) = front.exchange("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 3\r\n\r\n");
    for letter in ["a", "b", "c"] {
        assert!(backend.is_quiet() && backend.is_quiet());
        caller.send(letter);
        assert_eq!(backend.read_bytes(1), letter);
    }
    backend.send(OK_CLOSE);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
}

#[test]
fn a_held_caller_is_not_cut_by_the_time_of_a_head() {
    let front = Front::in_state(task_state::State::Starting, &["--header-timeout", "200ms", "--idle-timeout", "200ms"]);
    let mut caller = front.caller(GET);
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(1) {
        assert!(caller.is_quiet(), "cut after {:?}", since.elapsed());
    }
    front.supervisor.becomes(task_state::State::Awake { ready: true });
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(OK);
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "content-length")), (200, Some("2")));
}
