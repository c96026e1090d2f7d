//! What passes: requests and answers, judged by their bytes on the other side.

use std::sync::atomic::Ordering;

use task_state::State;

use crate::process::{Proxy, until};
use crate::supervisor::Supervisor;
use crate::wire::{Origin, Wire, field, status};

/// A proxy in front of an awake backend whose connections the test answers.
pub(crate) struct Front {
    pub(crate) origin: Origin,
    pub(crate) supervisor: Supervisor,
    pub(crate) proxy: Proxy,
}

pub(crate) fn front() -> Front {
    front_with(State::Awake { ready: true }, &[])
}

pub(crate) fn front_with(state: State, arguments: &[&str]) -> Front {
    let origin = Origin::start();
    let supervisor = Supervisor::start("demo", state);
    let at = origin.at.to_string();
    let fixed = ["--backend", at.as_str(), "--status-port", &supervisor.port()].map(str::to_owned);
    let fixed: Vec<&str> = fixed.iter().map(String::as_str).collect();
    let proxy = Proxy::resident(&[&fixed[..], arguments].concat());
    until("a watch", || (supervisor.watchers() > 0).then_some(()));
    Front { origin, supervisor, proxy }
}

/// Sends a request and gives both sides of it, with the head as the origin saw it.
fn exchange(front: &Front, request: &str) -> (Wire, Wire, String) {
    let mut caller = front.proxy.connect();
    caller.send(request);
    let mut backend = front.origin.accept();
    let head = backend.read_head();
    (caller, backend, head)
}

#[test]
fn connections_are_kept_alive_on_both_sides() {
    let front = front();
    let mut caller = front.proxy.connect();
    caller.send("GET /1 HTTP/1.1\r\nhost: demo\r\n\r\n");
    let mut backend = front.origin.accept();
    for n in 1..=3 {
        assert!(backend.read_head().starts_with(&format!("get /{n} http/1.1\r\n")));
        backend.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
        if n < 3 {
            caller.send(&format!("GET /{} HTTP/1.1\r\nhost: demo\r\n\r\n", n + 1));
        }
    }
    assert!(front.origin.try_accept().is_none(), "a second connection was opened");
}

#[test]
fn chunked_bodies_stream_both_ways_while_they_come() {
    let front = front();
    let (mut caller, mut backend, head) =
        exchange(&front, "POST /up HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assert_eq!(field(&head, "transfer-encoding"), Some("chunked"));
    assert_eq!(backend.read_bytes(8), "3\r\nabc\r\n");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n");
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "transfer-encoding")), (200, Some("chunked")));
    assert_eq!(caller.read_bytes(7), "2\r\nde\r\n");
    caller.send("1\r\nf\r\n0\r\n\r\n");
    assert_eq!(backend.read_bytes(11), "1\r\nf\r\n0\r\n\r\n");
    backend.send("0\r\n\r\n");
    assert_eq!(caller.read_bytes(5), "0\r\n\r\n");
}

#[test]
fn a_get_with_a_chunked_body_keeps_it() {
    let front = front();
    let (mut caller, mut backend, head) =
        exchange(&front, "GET / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
    assert_eq!(field(&head, "transfer-encoding"), Some("chunked"));
    assert_eq!(backend.read_bytes(12), "2\r\nhi\r\n0\r\n\r\n");
    backend.send("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(status(&caller.read_head()), 204);
}

#[test]
fn events_of_an_open_stream_are_through_at_once_and_trailers_at_its_end() {
    let front = front();
    let (mut caller, mut backend, head) =
        exchange(&front, "GET /events HTTP/1.1\r\nhost: demo\r\nte: trailers\r\n\r\n");
    assert_eq!(field(&head, "te"), Some("trailers"));
    backend.send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n",
    );
    let head = caller.read_head();
    assert_eq!(field(&head, "content-type"), Some("text/event-stream"));
    for _ in 0..3 {
        backend.send("9\r\ndata: 1\n\n\r\n");
        assert_eq!(caller.read_bytes(14), "9\r\ndata: 1\n\n\r\n");
    }
    backend.send("0\r\nx-sum: 7\r\n\r\n");
    assert_eq!(caller.read_bytes(15).to_ascii_lowercase(), "0\r\nx-sum: 7\r\n\r\n");
}

#[test]
fn hop_by_hop_fields_end_here_in_both_directions_and_ours_cannot_be_stripped() {
    let front = front();
    let (mut caller, mut backend, head) = exchange(
        &front,
        "GET /a%2Fb?c=%20d HTTP/1.1\r\nhost: demo.example.org:80\r\nconnection: keep-alive, x-forwarded-for, x-mine\r\n\
         keep-alive: timeout=5\r\nx-mine: 1\r\nx-forwarded-for: 203.0.113.9\r\nupgrade: h2c\r\nhttp2-settings: x\r\n\
         proxy-connection: keep-alive\r\naccept: */*\r\n\r\n",
    );
    assert!(head.starts_with("get /a%2fb?c=%20d http/1.1\r\n"), "{head}");
    for gone in ["connection", "keep-alive", "x-mine", "upgrade", "http2-settings", "proxy-connection"] {
        assert_eq!(field(&head, gone), None, "{gone} in {head}");
    }
    assert_eq!(field(&head, "x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(field(&head, "x-forwarded-host"), Some("demo.example.org:80"));
    assert_eq!(field(&head, "x-forwarded-proto"), Some("http"));
    assert_eq!(field(&head, "via"), Some("1.1 doze"));
    assert_eq!(field(&head, "host"), Some("demo.example.org:80"));
    assert_eq!(field(&head, "accept"), Some("*/*"));
    backend.send(
        "HTTP/1.1 200 OK\r\nconnection: x-secret\r\nx-secret: 1\r\nkeep-alive: timeout=5\r\nx-open: 2\r\ncontent-length: 0\r\n\r\n",
    );
    let head = caller.read_head();
    for gone in ["connection", "x-secret", "keep-alive"] {
        assert_eq!(field(&head, gone), None, "{gone} in {head}");
    }
    assert_eq!((field(&head, "x-open"), field(&head, "via")), (Some("2"), Some("1.1 doze")));
}

#[test]
fn an_absolute_target_replaces_the_host_and_options_star_goes_on() {
    let front = front();
    let (_caller, _backend, head) =
        exchange(&front, "GET http://demo.other:8080/x?y HTTP/1.1\r\nhost: elsewhere\r\n\r\n");
    assert!(head.starts_with("get /x?y http/1.1\r\n"), "{head}");
    assert_eq!(field(&head, "host"), Some("demo.other:8080"));
    let (_caller, _backend, head) = exchange(&front, "OPTIONS * HTTP/1.1\r\nhost: demo\r\n\r\n");
    assert!(head.starts_with("options * http/1.1\r\n"), "{head}");
}

#[test]
fn head_has_no_body_and_a_request_with_150_fields_passes() {
    let front = front();
    let many: String = (0..150).map(|n| format!("x-trace-{n}: {n}\r\n")).collect();
    let (mut caller, mut backend, head) = exchange(&front, &format!("HEAD / HTTP/1.1\r\nhost: demo\r\n{many}\r\n"));
    assert_eq!(field(&head, "x-trace-149"), Some("149"));
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "content-length")), (200, Some("1000")));
    assert!(caller.is_quiet());
}

#[test]
fn a_caller_of_http_1_0_is_served_and_closed() {
    let front = front();
    let (mut caller, mut backend, head) = exchange(&front, "GET / HTTP/1.0\r\n\r\n");
    assert!(head.starts_with("get / http/1.1\r\n"), "{head}");
    assert_eq!((field(&head, "host"), field(&head, "via")), (Some("demo"), Some("1.0 doze")));
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    let answer = caller.read_to_end().to_ascii_lowercase();
    assert!(answer.ends_with("\r\n\r\nok") && !answer.contains("transfer-encoding"), "{answer}");
}

#[test]
fn a_websocket_is_tunnelled_after_its_101_with_early_bytes_of_both_sides_in_order() {
    let front = front();
    let (mut caller, mut backend, head) = exchange(
        &front,
        "GET /ws HTTP/1.1\r\nhost: demo\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\
         sec-websocket-version: 13\r\n\r\nearly-caller;",
    );
    assert_eq!((field(&head, "upgrade"), field(&head, "connection")), (Some("websocket"), Some("upgrade")));
    assert!(backend.is_quiet(), "bytes were tunnelled before the 101");
    backend.send(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: y\r\n\r\nearly-backend;",
    );
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "sec-websocket-accept")), (101, Some("y")));
    assert_eq!(caller.read_bytes(14), "early-backend;");
    assert_eq!(backend.read_bytes(13), "early-caller;");
    caller.send("ping");
    assert_eq!(backend.read_bytes(4), "ping");
    backend.send("pong");
    assert_eq!(caller.read_bytes(4), "pong");
    assert_eq!(front.proxy.status()["backends"][0]["in_flight"], 1);
    drop(caller);
    backend.expect_closed();
    drop(backend);
    front.proxy.until_status("no tunnel", |status| status["backends"][0]["in_flight"] == 0);
}

#[test]
fn a_refused_upgrade_is_an_answer_like_any_other() {
    let front = front();
    let (mut caller, mut backend, _) = exchange(
        &front,
        "GET /ws HTTP/1.1\r\nhost: demo\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n",
    );
    backend.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    assert_eq!(caller.read_answer(), (403, "no".to_owned()));
}

#[test]
fn a_caller_that_leaves_cancels_its_request_also_with_a_body_half_sent() {
    let front = front();
    let (caller, mut backend, _) = exchange(&front, "GET /slow HTTP/1.1\r\nhost: demo\r\n\r\n");
    drop(caller);
    backend.expect_closed();
    let (caller, mut backend, _) =
        exchange(&front, "POST /slow HTTP/1.1\r\nhost: demo\r\ncontent-length: 100\r\n\r\nhalf");
    assert_eq!(backend.read_bytes(4), "half");
    caller.close_sending();
    backend.expect_closed();
    front.proxy.until_status("nothing in flight", |status| status["backends"][0]["in_flight"] == 0);
}

#[test]
fn an_answer_that_was_cut_short_stays_visibly_cut_short() {
    let front = front();
    let (mut caller, mut backend, _) = exchange(&front, "GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    drop(backend);
    caller.read_head();
    assert_eq!(caller.read_to_end(), "3\r\nabc\r\n");
}

#[test]
fn a_get_that_met_a_closing_connection_is_sent_again_and_a_post_is_not() {
    let front = front();
    let mut caller = front.proxy.connect();
    let use_once = |caller: &mut Wire| {
        caller.send("GET /first HTTP/1.1\r\nhost: demo\r\n\r\n");
        let mut backend = front.origin.accept();
        backend.read_head();
        backend.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(caller.read_answer().0, 200);
        backend
    };
    let mut backend = use_once(&mut caller);
    caller.send("GET /again HTTP/1.1\r\nhost: demo\r\n\r\n");
    assert!(backend.read_head().starts_with("get /again "));
    drop(backend);
    let mut second = front.origin.accept();
    assert!(second.read_head().starts_with("get /again "));
    second.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    assert_eq!(caller.read_answer().0, 200);

    let mut backend = use_once(&mut caller);
    caller.send("POST /once HTTP/1.1\r\nhost: demo\r\ncontent-length: 2\r\n\r\nhi");
    assert!(backend.read_head().starts_with("post /once "));
    drop(backend);
    let (code, body) = caller.read_answer();
    assert_eq!(code, 502);
    assert!(body.contains("upstream_closed"), "{body}");
    assert!(front.origin.try_accept().is_none(), "a POST was sent twice");
}

#[test]
fn one_closing_connection_casts_doubt_on_all_that_are_kept_there() {
    let front = front();
    let mut exchanges: Vec<_> = (0..3).map(|_| exchange(&front, "GET / HTTP/1.1\r\nhost: demo\r\n\r\n")).collect();
    for (caller, backend, _) in &mut exchanges {
        backend.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(caller.read_answer().0, 200);
    }
    let (mut caller, mut last, _) = exchanges.pop().expect("three");
    caller.send("GET /again HTTP/1.1\r\nhost: demo\r\n\r\n");
    assert!(last.read_head().starts_with("get /again "), "the one used last is taken first");
    drop(last);
    let mut fresh = front.origin.accept();
    assert!(fresh.read_head().starts_with("get /again "));
    fresh.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(caller.read_answer().0, 200);
}

#[test]
fn an_orderly_end_finishes_what_is_in_flight_and_exits_with_0() {
    let mut front = front();
    let (mut caller, mut backend, _) = exchange(&front, "GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    let mut idle = front.proxy.connect();
    idle.send("GET / HTTP/1.1\r\nhost: unknown.demo\r\n\r\n");
    let mut idle_backend = front.origin.accept();
    idle_backend.read_head();
    idle_backend.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    idle.read_answer();
    front.proxy.terminate();
    front.proxy.until_log("proxy ending");
    idle.expect_closed();
    assert!(front.proxy.is_running());
    backend.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n");
    backend.send("done");
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "connection")), (200, Some("close")));
    assert_eq!(caller.read_to_end(), "done");
    assert_eq!(front.proxy.exit_code(), 0);
}

#[test]
fn an_endless_stream_keeps_an_end_back_no_longer_than_the_drain_timeout() {
    let mut front = front_with(State::Awake { ready: true }, &["--drain-timeout", "300ms"]);
    let (mut caller, mut backend, _) = exchange(&front, "GET /events HTTP/1.1\r\nhost: demo\r\n\r\n");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
    caller.read_head();
    front.proxy.terminate();
    assert_eq!(front.proxy.exit_code(), 0);
    assert_eq!(caller.read_to_end(), "1\r\na\r\n");
}

#[test]
fn a_backend_without_a_supervisor_is_believed_by_its_health_check() {
    let origin = Origin::start();
    let at = origin.at.to_string();
    let answered = origin.answer_all("hello");
    // Nobody listens on the status port: it was free a moment ago.
    let nobody = Origin::start().at.port().to_string();
    let proxy = Proxy::resident(&["--backend", &at, "--status-port", &nobody, "--health-path", "/health"]);
    assert_eq!(proxy.get("/"), (200, "hello".to_owned()));
    assert!(answered.load(Ordering::SeqCst) >= 2, "a check and the request");
    assert_eq!(proxy.status()["backends"][0]["state"], "healthy");
}
