//! 9051.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use task_state::{MessageKind, Report, State};

use super::rig::{App, Rig};

const AWAKE: State = State::Awake { ready: true };

fn report(sequence: u64, in_flight: u64, released: Option<u64>) -> Report {
    Report { sequence, in_flight, unanswered: 0, released }
}

#[test]
fn a_watch_begins_with_a_hello_and_goes_on_with_heartbeats_that_grant_leases_to_proxies() {
    let rig = Rig::ready("127.96.1.1", &[]);
    let mut watch = rig.watch("?id=p-1&as=proxy");
    let hello = watch.next().expect("hello");
    let MessageKind::Hello { protocol: 1, service, .. } = &hello.kind else { panic!("no hello: {hello:?}") };
    assert_eq!((service.as_str(), hello.state, hello.lease_ms), ("demo", AWAKE, Some(3_000)));
    let beat = watch.next().expect("heartbeat");
    assert_eq!((&beat.kind, beat.lease_ms), (&MessageKind::Heartbeat, Some(3_000)));
    assert!(beat.stamp > hello.stamp);
    let mut agent = rig.watch("?id=a-1&as=agent");
    assert_eq!(agent.next().expect("hello").lease_ms, None);
    let mut observer = rig.watch("");
    assert_eq!(observer.next().expect("hello").lease_ms, None);
    assert_eq!(rig.health().expect("health").watchers, 2);
}

#[test]
fn a_proxy_that_watches_before_the_app_is_ready_is_told_when_it_is() {
    let rig = Rig::start("127.96.1.2", &[], &App::Listening);
    rig.wait_for("9051 answers", |rig| rig.health().is_some());
    let mut watch = rig.watch("?id=p&as=proxy");
    let ready = watch.until("awake", |message| message.state == AWAKE);
    assert_eq!(ready.lease_ms, Some(3_000));
}

#[test]
fn healthz_is_503_until_the_app_accepts_and_200_then() {
    let starting = Rig::start("127.96.2.1", &[], &App::Script("exec sleep 60"));
    starting.wait_for("9051 answers", |rig| rig.health().is_some());
    assert_eq!(starting.ask("GET /healthz HTTP/1.1\r\n\r\n").expect("answer").0, 503);
    let ready = Rig::ready("127.96.2.2", &[]);
    assert_eq!(ready.ask("GET /healthz HTTP/1.1\r\n\r\n").expect("answer").0, 200);
    let health = ready.health().expect("health");
    assert_eq!((health.service.as_str(), health.state, health.ready), ("demo", AWAKE, true));
    assert!(health.why.starts_with("last used"), "{}", health.why);
}

#[test]
fn a_drain_waits_for_the_lease_of_a_proxy_that_says_nothing() {
    let rig = Rig::ready("127.96.3.1", &[]);
    let mut watch = rig.watch("?id=p&as=proxy");
    let hello = watch.next().expect("hello");
    rig.signal(Signal::SIGTERM);
    let stopping = watch.until("stopping", |message| message.state == State::Stopping);
    assert!(stopping.stamp.since(hello.stamp) >= Duration::from_secs(4), "lease and connect timeout");
    assert!(watch.next().is_none(), "the stream ends");
    assert_eq!(rig.exit().0, 143);
}

#[test]
fn a_drain_ends_as_soon_as_proxy_and_agent_have_released_it() {
    let rig = Rig::ready("127.96.3.2", &[]);
    let (mut proxy, mut agent) = (rig.watch("?id=p&as=proxy"), rig.watch("?id=a&as=agent"));
    proxy.next().expect("hello");
    agent.next().expect("hello");
    std::fs::write(&rig.file, "").expect("touch");
    let draining = proxy.until("draining", |message| message.state.phase() == "draining");
    let State::Draining { number, .. } = draining.state else { panic!("{draining:?}") };
    assert_eq!(draining.lease_ms, None);
    assert_eq!(rig.report("a", &report(1, 0, Some(number))).0, 200);
    let (status, answer) = rig.report("p", &report(1, 0, Some(number)));
    assert_eq!((status, answer.map(|answer| answer.state.phase())), (200, Some("draining")));
    let stopping = proxy.until("stopping", |message| message.state == State::Stopping);
    assert!(stopping.stamp.since(draining.stamp) < Duration::from_secs(3), "the lease would have run on");
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn a_request_that_a_proxy_reports_keeps_it_awake_without_a_connection() {
    let rig = Rig::ready("127.96.4.1", &["--idle-timeout", "1s"]);
    let _watch = rig.watch("?id=p&as=proxy");
    let since = Instant::now();
    for sequence in 1.. {
        assert_eq!(rig.report("p", &report(sequence, 1, None)).0, 200);
        if since.elapsed() > Duration::from_secs(3) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    rig.wait_for_path(&["awake"]);
    rig.report("p", &report(1_000_000, 0, None));
    rig.wait_for("draining", |rig| rig.phase() == "draining");
}

#[test]
fn a_report_of_a_stranger_is_404_and_nonsense_is_refused() {
    let rig = Rig::ready("127.96.5.1", &[]);
    assert_eq!(rig.report("nobody", &report(1, 0, None)).0, 404);
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 404),
        ("GET /wake HTTP/1.1\r\n\r\n", 405),
        ("GET /watch?id=a HTTP/1.1\r\n\r\n", 400),
        ("PUT /watch/a HTTP/1.1\r\ncontent-length: 9999\r\n\r\n", 413),
        ("what is this\r\n\r\n", 400),
    ] {
        assert_eq!(rig.ask(request).map(|(status, _)| status), Some(status), "{request:?}");
    }
}

#[test]
fn a_watch_over_http_1_1_is_chunked() {
    let rig = Rig::ready("127.96.5.2", &[]);
    let mut stream = rig.connect(9051).expect("connected");
    stream.write_all(b"GET /watch HTTP/1.1\r\nhost: x\r\n\r\n").expect("asked");
    // Only who was read before the order is told of it.
    let mut begun = Vec::new();
    while !String::from_utf8_lossy(&begun).contains("\"hello\"") {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).expect("read");
        assert!(count > 0, "it ended before its hello");
        begun.extend_from_slice(&bytes[..count]);
    }
    rig.signal(Signal::SIGTERM);
    let mut whole = String::from_utf8(begun).expect("text");
    stream.read_to_string(&mut whole).expect("read");
    assert!(whole.contains("transfer-encoding: chunked"), "{whole}");
    assert!(whole.contains("\"stopping\"") && whole.ends_with("0\r\n\r\n"), "{whole}");
    rig.exit();
}

#[test]
fn slow_silent_and_greedy_clients_hold_nobody_up() {
    let rig = Rig::ready("127.96.6.1", &[]);
    // More than there is room for; half of them have begun a request.
    let mut crowd: Vec<_> = (0..400).filter_map(|_| rig.connect(9051)).collect();
    for client in crowd.iter_mut().step_by(2) {
        let _ = client.write_all(b"GET /watch HTT");
    }
    rig.signal(Signal::SIGTERM);
    let begun = Instant::now();
    assert_eq!(rig.exit().0, 143);
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn silent_clients_are_dropped_and_make_room() {
    let rig = Rig::ready("127.96.6.2", &[]);
    let crowd: Vec<_> = (0..320).filter_map(|_| rig.connect(9051)).collect();
    rig.wait_for("room again", |rig| rig.health().is_some());
    drop(crowd);
}

#[test]
fn the_task_is_learnt_from_the_metadata_endpoint() {
    let endpoint = std::net::TcpListener::bind("127.96.7.1:0").expect("listen");
    let at = endpoint.local_addr().expect("address");
    std::thread::spawn(move || {
        let (mut stream, _) = endpoint.accept().expect("asked");
        let mut request = [0; 1024];
        let length = stream.read(&mut request).expect("read");
        assert!(request[..length].starts_with(b"GET /v4/abc/task HTTP/1.0\r\n"));
        let answer = b"HTTP/1.1 200 OK\r\n\r\n{\"TaskARN\":\"arn:aws:ecs:eu-west-1:1:task/c/abc\"}";
        stream.write_all(answer).expect("answered");
    });
    let mut command = std::process::Command::new(super::rig::SUPERVISOR);
    command.args(["--listen", "127.96.7.1:9051", "--shutdown-file", "/tmp/doze-no-such-file", "--", "/bin/sleep", "3"]);
    command.env("SERVICE_NAME", "demo").env("ECS_CONTAINER_METADATA_URI_V4", format!("http://{at}/v4/abc"));
    let mut child = command.spawn().expect("start");
    let ask = || {
        let mut stream = std::net::TcpStream::connect("127.96.7.1:9051").ok()?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    let mut known = false;
    while !known && child.try_wait().expect("wait").is_none() {
        known = ask().is_some_and(|answer| answer.contains("arn:aws:ecs:eu-west-1:1:task/c/abc"));
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait().expect("ended");
    assert!(known);
}
