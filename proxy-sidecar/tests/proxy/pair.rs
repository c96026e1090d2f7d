//! A pair proxy: wakes its service at the start, and ends when it has gone.

use task_state::{Cause, State};

use crate::process::Proxy;
use crate::supervisor::Supervisor;
use crate::wire::Origin;

fn pair(origin: &Origin, supervisor: &Supervisor, arguments: &[&str]) -> Proxy {
    let (at, port) = (origin.at.to_string(), supervisor.port());
    let fixed = ["--backend", &at, "--status-port", &port, "--health-interval", "40ms"];
    Proxy::start(&[&fixed[..], arguments].concat(), &[])
}

#[test]
fn a_pair_ends_with_exit_code_3_after_five_failed_checks_when_its_service_has_gone() {
    let (origin, supervisor) = (Origin::start(), Supervisor::start("demo", State::Awake { ready: true }));
    let mut proxy = pair(&origin, &supervisor, &[]);
    proxy.until_phase("awake");
    supervisor.becomes(State::Draining { number: 1, cause: Cause::Idle });
    proxy.until_phase("draining");
    assert!(proxy.is_running(), "a service that drains has not gone");
    supervisor.becomes(State::Stopping);
    supervisor.ends();
    assert_eq!(proxy.exit_code(), 3);
    proxy.until_log("service gone");
    assert_eq!(proxy.logged("health check failed"), 4);
}

#[test]
fn a_service_that_was_never_up_has_its_start_grace() {
    let (origin, supervisor) = (Origin::start(), Supervisor::start("demo", State::Gone));
    supervisor.ends();
    let mut proxy = pair(&origin, &supervisor, &["--start-grace", "500ms"]);
    let started = std::time::Instant::now();
    assert_eq!(proxy.exit_code(), 3);
    assert!(started.elapsed() >= std::time::Duration::from_millis(400), "{:?}", started.elapsed());
}

#[test]
fn a_pair_with_a_request_held_does_not_end() {
    let (origin, supervisor) = (Origin::start(), Supervisor::start("demo", State::Awake { ready: true }));
    let mut proxy = pair(&origin, &supervisor, &["--hold-timeout", "2s"]);
    proxy.until_phase("awake");
    supervisor.becomes(State::Stopping);
    let mut caller = proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    supervisor.ends();
    let (code, body) = caller.read_answer();
    assert_eq!(code, 503);
    assert!(body.contains("hold_timeout"), "{body}");
    assert!(proxy.logged("service gone") == 0 || !proxy.is_running());
    drop(caller);
    assert_eq!(proxy.exit_code(), 3);
}

#[test]
fn a_resident_proxy_never_ends_because_its_service_has_gone() {
    let (origin, supervisor) = (Origin::start(), Supervisor::start("demo", State::Awake { ready: true }));
    let mut proxy = pair(&origin, &supervisor, &["--mode", "resident"]);
    proxy.until_phase("awake");
    supervisor.ends();
    proxy.until_log("backend lost");
    proxy.until_status("many failed looks", |status| status["backends"][0]["failures"].as_u64() > Some(5));
    assert!(proxy.is_running());
}
