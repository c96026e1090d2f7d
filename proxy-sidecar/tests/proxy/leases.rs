//! The handshake with supervisors: leases, drains, release, call-back (rules W2, W3, S3 as a proxy keeps them).

use std::time::{Duration, Instant};

use task_state::{Cause, State};

use crate::passing::{Front, front, front_with};
use crate::process::{Proxy, until};
use crate::supervisor::Supervisor;
use crate::wire::Origin;

const AWAKE: State = State::Awake { ready: true };

fn draining(cause: Cause) -> State {
    State::Draining { number: 7, cause }
}

/// One request answered, so that an idle connection is left.
fn leave_an_idle_connection(front: &Front) -> crate::wire::Wire {
    let mut caller = front.proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(caller.read_answer().0, 200);
    front.proxy.until_status("one idle connection", |s| s["backends"][0]["connections"] == 1);
    backend
}

#[test]
fn a_request_is_held_until_the_app_is_ready_and_goes_within_moments() {
    let front = front_with(State::Starting, &[]);
    let mut caller = front.proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    front.proxy.until_status("one held", |status| status["held"] == 1);
    assert!(front.origin.try_accept().is_none(), "sent before it was ready");
    front.supervisor.becomes(State::Awake { ready: false });
    front.proxy.until_status("not ready yet", |status| status["backends"][0]["state"] == "awake");
    assert!(front.origin.try_accept().is_none(), "sent before it was ready");
    let ready = Instant::now();
    front.supervisor.becomes(AWAKE);
    front.origin.accept().read_head();
    assert!(ready.elapsed() < Duration::from_secs(3), "took {:?}", ready.elapsed());
    front.proxy.until_log("holding requests");
    front.proxy.until_log("first held request sent");
}

#[test]
fn nothing_is_started_without_a_lease_and_idle_connections_are_closed_when_it_ends() {
    let front = front();
    let mut backend = leave_an_idle_connection(&front);
    front.supervisor.falls_silent();
    backend.expect_closed();
    front.proxy.until_status("no lease", |status| status["backends"][0]["usable"] == false);
    let mut caller = front.proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    front.proxy.until_status("one held", |status| status["held"] == 1);
    assert!(front.origin.try_accept().is_none(), "started without a lease");
}

#[test]
fn a_drain_closes_idle_connections_and_is_released_by_its_number() {
    let front = front();
    let mut backend = leave_an_idle_connection(&front);
    front.supervisor.becomes(draining(Cause::File));
    backend.expect_closed();
    let released = until("a release", || front.supervisor.reports().into_iter().find(|r| r.released.is_some()));
    assert_eq!((released.released, released.in_flight), (Some(7), 0));
    front.proxy.until_log("backend draining");
    front.proxy.until_log("backend released");
}

#[test]
fn a_drain_is_released_only_when_what_is_in_flight_has_ended() {
    let front = front();
    let mut caller = front.proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    let mut backend = front.origin.accept();
    backend.read_head();
    until("a report of it", || front.supervisor.reports().into_iter().find(|r| (r.in_flight, r.unanswered) == (1, 1)));
    front.supervisor.becomes(draining(Cause::Signal));
    front.proxy.until_phase("draining");
    let before = front.supervisor.reports().len();
    until("two more reports", || (front.supervisor.reports().len() >= before + 2).then_some(()));
    assert!(front.supervisor.reports().iter().all(|report| report.released.is_none()));
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
    until("a release", || front.supervisor.reports().into_iter().find(|r| r.released == Some(7)));
    let sequences: Vec<u64> = front.supervisor.reports().iter().map(|report| report.sequence).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]), "{sequences:?}");
}

#[test]
fn a_request_calls_an_idle_drain_back_and_waits_for_the_lease() {
    let front = front();
    front.supervisor.becomes(draining(Cause::Idle));
    front.proxy.until_phase("draining");
    let mut caller = front.proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(caller.read_answer().0, 200);
    assert_eq!(front.supervisor.wakes(), 1);
    front.proxy.until_log("drain called back");
}

#[test]
fn an_ordered_drain_is_not_called_back_and_a_refused_call_back_is_not_repeated() {
    let front = front();
    front.supervisor.becomes(draining(Cause::File));
    front.proxy.until_phase("draining");
    let mut caller = front.proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    front.proxy.until_status("one held", |status| status["held"] == 1);
    assert_eq!(front.supervisor.wakes(), 0);
    front.supervisor.refuses_wakes();
    front.supervisor.becomes(State::Draining { number: 8, cause: Cause::Idle });
    front.proxy.until_log("call-back refused");
    until("the release of drain 8", || front.supervisor.reports().into_iter().find(|r| r.released == Some(8)));
    assert_eq!(front.proxy.status()["held"], 1);
    assert_eq!(front.supervisor.wakes(), 1);
    assert!(front.origin.try_accept().is_none());
}

#[test]
fn an_address_that_runs_another_service_is_never_used() {
    let origin = Origin::start();
    let supervisor = Supervisor::start("somebody-else", AWAKE);
    let at = origin.at.to_string();
    let proxy = Proxy::resident(&["--backend", &at, "--status-port", &supervisor.port(), "--hold-timeout", "1s"]);
    proxy.until_status("foreign", |status| status["backends"][0]["state"] == "foreign");
    let (code, body) = proxy.get("/");
    assert_eq!(code, 503);
    assert!(body.contains("hold_timeout"), "{body}");
    assert!(origin.try_accept().is_none());
    assert_eq!(proxy.logged("backend is another service"), 1);
}

#[test]
fn a_request_of_which_no_byte_was_sent_is_held_and_not_failed() {
    let supervisor = Supervisor::start("demo", AWAKE);
    let at = Origin::start().at.to_string();
    let proxy = Proxy::resident(&["--backend", &at, "--status-port", &supervisor.port()]);
    proxy.until_phase("awake");
    let mut caller = proxy.connect();
    caller.send("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 2\r\n\r\nhi");
    until("a refused connection", || (proxy.logged("attempt failed") > 0).then_some(()));
    let origin = Origin::start_at(&at);
    let mut backend = origin.accept();
    assert!(backend.read_head().starts_with("post / "));
    assert_eq!(backend.read_bytes(2), "hi");
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(caller.read_answer().0, 200);
}

#[test]
fn a_backend_just_woken_gets_one_request_before_the_others() {
    let front = front_with(State::Starting, &[]);
    let mut callers: Vec<_> = (0..6).map(|_| front.proxy.connect()).collect();
    callers.iter_mut().for_each(|caller| caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n"));
    front.proxy.until_status("six held", |status| status["held"] == 6);
    front.supervisor.becomes(AWAKE);
    let mut first = front.origin.accept();
    first.read_head();
    front.proxy.until_status("five held", |status| status["held"] == 5);
    assert!(front.origin.try_accept().is_none(), "a second request before the first was answered");
    first.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    first.read_head();
    let mut second = front.origin.accept();
    second.read_head();
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    first.send(answer);
    second.send(answer);
    let mut answered = 3;
    while answered < 6 {
        let mut next = front.origin.accept();
        next.read_head();
        next.send(answer);
        answered += 1;
    }
    for caller in &mut callers {
        assert_eq!(caller.read_answer().0, 200);
    }
}

#[test]
fn those_still_held_at_the_end_are_told() {
    let mut front = front_with(State::Starting, &["--drain-timeout", "300ms"]);
    let mut caller = front.proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    front.proxy.until_status("one held", |status| status["held"] == 1);
    front.proxy.terminate();
    let (code, body) = caller.read_answer();
    assert_eq!(code, 503);
    assert!(body.contains("shutting_down"), "{body}");
    assert_eq!(front.proxy.exit_code(), 0);
}

#[test]
fn what_is_held_is_bounded_and_a_caller_that_leaves_gives_its_place_up() {
    let front = front_with(State::Starting, &["--hold-max", "1"]);
    let mut first = front.proxy.connect();
    first.send("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 100\r\n\r\nhalf");
    front.proxy.until_status("one held", |status| status["held"] == 1);
    let (code, body) = front.proxy.get("/");
    assert_eq!(code, 503);
    assert!(body.contains("hold_full"), "{body}");
    drop(first);
    front.proxy.until_status("nobody held", |status| status["held"] == 0);
}
