//! The proxy's end at the worst moment: what had arrived is served, what cannot be served is told.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::aws::Aws;
use crate::passing::{front, front_with};
use crate::process::{Proxy, until};
use crate::supervisor::Supervisor;
use crate::wire::{Origin, Wire};
use task_state::State;

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: demo\r\n\r\n";

/// A proxy whose backend answers everything.
fn answering() -> (Proxy, Supervisor) {
    let origin = Origin::start();
    let supervisor = Supervisor::start("demo", State::Awake { ready: true });
    let proxy = Proxy::resident(&["--backend", &origin.at.to_string(), "--status-port", &supervisor.port()]);
    origin.answer_all("ok");
    until("a watch", || (supervisor.watchers() > 0).then_some(()));
    (proxy, supervisor)
}

#[test]
fn all_that_wait_in_the_accept_queue_at_the_end_are_served() {
    let (mut proxy, _supervisor) = answering();
    // A process that is not scheduled for a while: the order to end and its last callers come at once.
    proxy.signal(Signal::SIGSTOP);
    proxy.terminate();
    let mut callers: Vec<Wire> = (0..400).map(|_| proxy.connect()).collect();
    callers.iter_mut().for_each(|caller| caller.send(REQUEST));
    proxy.signal(Signal::SIGCONT);
    for caller in &mut callers {
        assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    }
    assert_eq!(proxy.exit_code(), 0);
}

#[test]
fn a_request_that_had_arrived_on_a_kept_connection_is_served_at_the_end() {
    let (mut proxy, _supervisor) = answering();
    let mut callers: Vec<Wire> = (0..32).map(|_| proxy.connect()).collect();
    for caller in &mut callers {
        caller.send(REQUEST);
        assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    }
    proxy.signal(Signal::SIGSTOP);
    proxy.terminate();
    callers.iter_mut().for_each(|caller| caller.send(REQUEST));
    proxy.signal(Signal::SIGCONT);
    for caller in &mut callers {
        assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    }
    assert_eq!(proxy.exit_code(), 0);
}

#[test]
fn those_held_at_the_deadline_are_told_also_where_a_backend_could_serve_them() {
    let mut front = front_with(State::Awake { ready: true }, &["--drain-timeout", "300ms"]);
    let mut first = front.proxy.connect();
    first.send(REQUEST);
    let mut backend = front.origin.accept();
    backend.read_head();
    // The first is unanswered, and a backend just woken gets one at a time.
    let mut held: Vec<Wire> = (0..200).map(|_| front.proxy.connect()).collect();
    held.iter_mut().for_each(|caller| caller.send(REQUEST));
    front.proxy.until_status("some are held", |status| status["held"].as_u64() > Some(60));
    front.proxy.terminate();
    let silent = held.iter_mut().filter_map(|caller| caller.next_head()).filter(|head| head.contains(" 503 ")).count();
    assert!(silent >= 60, "only {silent} were told");
    assert_eq!(front.proxy.exit_code(), 0);
}

#[test]
fn a_websocket_may_be_quiet_for_longer_than_a_head_may_take() {
    let front = front_with(State::Awake { ready: true }, &["--header-timeout", "1s", "--idle-timeout", "1s"]);
    let mut caller = front.proxy.connect();
    caller.send(
        "GET /ws HTTP/1.1\r\nhost: demo\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n",
    );
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: y\r\n\r\n",
    );
    caller.read_head();
    caller.send("ping");
    assert_eq!(backend.read_bytes(4), "ping");
    let quiet = Duration::from_secs(2);
    let since = Instant::now();
    while since.elapsed() < quiet {
        assert!(backend.is_quiet(), "the tunnel was cut after {:?}", since.elapsed());
    }
    backend.send("pong");
    assert_eq!(caller.read_bytes(4), "pong");
}

#[test]
fn callers_cannot_take_the_descriptors_that_serve_them() {
    let supervisor = Supervisor::start("demo", State::Starting);
    let origin = Origin::start();
    let at = origin.at.to_string();
    let proxy = Proxy::with_open_files(96, &["--backend", &at, "--status-port", &supervisor.port()]);
    let mut callers: Vec<Wire> = (0..150).map(|_| proxy.connect()).collect();
    callers.iter_mut().for_each(|caller| caller.send("GET / HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n"));
    until("some are held", || (proxy.logged("holding requests") > 0).then_some(()));
    // Its supervisor is looked at on a new connection, and so is the app.
    supervisor.drops_watchers();
    origin.answer_all("ok");
    supervisor.becomes(State::Awake { ready: true });
    for caller in &mut callers {
        assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    }
}

/// Whether the kernel's timer of every connection to or from `port` asks after the other side (`tr` 02).
fn are_kept_alive(port: u16, remote: bool) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|row| row.split_whitespace().collect()).collect();
    let ours = |row: &&Vec<&str>| row[3] == "01" && row[if remote { 2 } else { 1 }].ends_with(&format!(":{port:04X}"));
    let mut ours = rows.iter().filter(ours).peekable();
    ours.peek().is_some() && ours.all(|row| row[5].starts_with("02:"))
}

#[test]
fn a_side_that_went_without_a_word_is_noticed() {
    let front = front();
    let mut caller = front.proxy.connect();
    caller.send(REQUEST);
    let mut backend = front.origin.accept();
    backend.read_head();
    until("probes to the caller", || are_kept_alive(front.proxy.listen.port(), false).then_some(()));
    until("probes to the backend", || are_kept_alive(front.origin.at.port(), true).then_some(()));
}

#[test]
fn a_cloud_map_that_hangs_does_not_take_the_time_of_requests() {
    let aws = Aws::start();
    let mut environment = aws.environment();
    environment.push(("ECS_CONTAINER_METADATA_URI_V4", format!("{}/v4/1", aws.metadata())));
    let environment: Vec<(&str, &str)> = environment.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let nobody = Origin::start().at.to_string();
    let arguments = ["--mode", "resident", "--cluster", "main", "--dns-server", &nobody, "--drain-timeout", "4s"];
    let mut proxy = Proxy::start(&arguments, &environment);
    proxy.until_log("proxy registered");
    aws.with(|world| world.hangs = true);
    proxy.terminate();
    proxy.until_log("proxy not deregistered in time");
    assert_eq!(proxy.exit_code(), 0);
    assert_eq!(proxy.logged("drain timeout, cutting what is left"), 0);
}
