//! Connections to the origin that are used again, and what is sent again on another (decision 4, trap 5).

use std::sync::atomic::Ordering;

use crate::front::{Front, GET, OK};
use crate::process::until;
use crate::wire::{Origin, Wire, status};

/// Both sides after one exchange: the origin's connection waits to be used again.
fn used(front: &Front) -> (Wire, Wire) {
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    (caller, backend)
}

#[test]
fn a_request_without_a_body_that_met_a_closing_connection_is_sent_again_where_its_method_allows() {
    let front = Front::start();
    for method in ["GET", "HEAD", "OPTIONS", "DELETE", "PUT"] {
        let (mut caller, mut backend) = used(&front);
        caller.send(&format!("{method} /again HTTP/1.1\r\nhost: demo\r\nx-mine: 1\r\n\r\n"));
        let first = backend.read_head();
        drop(backend);
        let mut fresh = front.origin.accept();
        assert_eq!(fresh.read_head(), first, "{method}: the same request");
        fresh.send("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        assert_eq!(status(&caller.read_head()), 204);
    }
    front.expect_unmarked();
}

#[test]
fn what_may_have_been_done_is_never_sent_twice() {
    let front = Front::start();
    for request in [
        "POST /once HTTP/1.1\r\nhost: demo\r\ncontent-length: 2\r\n\r\nhi",
        "POST /once HTTP/1.1\r\nhost: demo\r\ncontent-length: 0\r\n\r\n",
        "POST /once HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "PATCH /once HTTP/1.1\r\nhost: demo\r\n\r\n",
        "PUT /once HTTP/1.1\r\nhost: demo\r\ncontent-length: 2\r\n\r\nhi",
        "MKCOL /once HTTP/1.1\r\nhost: demo\r\n\r\n",
    ] {
        let (mut caller, mut backend) = used(&front);
        caller.send(request);
        backend.read_head();
        drop(backend);
        let (code, body) = caller.read_answer();
        assert!(code == 502 && body.contains("upstream_closed"), "{request:?}: {code} {body}");
        assert!(front.origin.try_accept().is_none(), "{request:?} was sent twice");
    }
    front.expect_unmarked();
}

#[test]
fn a_request_that_kills_a_fresh_connection_is_not_carried_on() {
    let front = Front::start();
    let (mut caller, backend, _) = front.exchange(GET);
    drop(backend);
    let (code, body) = caller.read_answer();
    assert!(code == 502 && body.contains("upstream_closed"), "{code} {body}");
    assert!(front.origin.try_accept().is_none());
    // The caller's connection serves on.
    caller.send(GET);
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    front.expect_unmarked();
}

#[test]
fn a_get_whose_answer_had_begun_is_not_sent_again() {
    let front = Front::start();
    let (mut caller, mut backend) = used(&front);
    caller.send(GET);
    backend.read_head();
    backend.send("HTTP/1.1 200 OK\r\nconte");
    drop(backend);
    assert_eq!(caller.read_answer().0, 502);
    assert!(front.origin.try_accept().is_none());
}

#[test]
fn a_connection_that_the_origin_closed_while_it_waited_is_not_used() {
    let front = Front::start();
    for n in 0..20 {
        let (mut caller, backend) = used(&front);
        drop(backend);
        // A POST too finds a good one: the end had arrived before it was sent.
        caller.send("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 2\r\n\r\nhi");
        let mut fresh = front.origin.accept();
        fresh.read_head();
        fresh.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        assert_eq!(caller.read_answer().0, 200, "round {n}");
    }
}

#[test]
fn many_callers_share_few_connections() {
    let supervisor = crate::supervisor::Supervisor::start("demo", task_state::State::Awake { ready: true });
    let origin = Origin::start();
    let at = origin.at.to_string();
    let answered = origin.answer_all("ok");
    let proxy = crate::process::Proxy::resident(&["--backend", &at, "--status-port", &supervisor.port()]);
    until("a watch", || (supervisor.watchers() > 0).then_some(()));
    for _ in 0..100 {
        assert_eq!(proxy.get("/"), (200, "ok".to_owned()));
    }
    assert_eq!(answered.load(Ordering::SeqCst), 100);
    assert_eq!(proxy.status()["backends"][0]["connections"], 1);
}
