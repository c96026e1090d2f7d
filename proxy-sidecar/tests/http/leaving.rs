//! A caller that leaves cancels its request, also while it is held, also with a body that was not read (trap 3).

use task_state::State;

use crate::front::{Front, GET, OK, write_until_blocked};

const POSTS: [&str; 4] = [
    "POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 4\r\n\r\nbody",
    "POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 1000\r\n\r\nhalf",
    "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "POST / HTTP/1.1\r\nhost: demo\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n",
];

#[test]
fn one_that_leaves_before_its_answer_cancels_it_at_the_origin() {
    let front = Front::start();
    for request in [GET].into_iter().chain(POSTS) {
        let (caller, mut backend, _) = front.exchange(request);
        drop(caller);
        backend.read_to_end();
        front.expect_unmarked();
    }
}

#[test]
fn one_that_leaves_during_its_answer_cancels_it_at_the_origin() {
    let front = Front::start();
    for answer in ["content-length: 1000", "transfer-encoding: chunked"] {
        let (mut caller, mut backend, _) = front.exchange(GET);
        backend.send(&format!("HTTP/1.1 200 OK\r\n{answer}\r\n\r\n"));
        caller.read_head();
        drop(caller);
        // Nothing is written, so only the caller's socket can tell.
        backend.expect_closed();
        front.expect_unmarked();
    }
}

#[test]
fn one_that_breaks_off_with_much_of_its_body_unread_cancels_it() {
    let front = Front::start();
    let (caller, mut backend, _) =
        front.exchange("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 1000000000\r\n\r\n");
    // Until the buffers on the way are full, for the origin reads nothing. An end would wait behind them; a reset does not.
    write_until_blocked(&caller.stream(), 1_000_000_000);
    crate::cut::reset(caller);
    front.proxy.until_status("nothing in flight", |status| status["backends"][0]["in_flight"] == 0);
    assert!(backend.read_to_end().len() < 1_000_000_000);
    front.expect_unmarked();
}

#[test]
fn one_that_leaves_while_it_is_held_is_never_sent() {
    let front = Front::in_state(State::Starting, &[]);
    let much = format!("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 100000\r\n\r\n{}", "x".repeat(50_000));
    let callers: Vec<_> = [GET, &much].into_iter().chain(POSTS).map(|request| front.caller(request)).collect();
    front.proxy.until_status("all are held", |status| status["held"] == callers.len());
    let pipelined = front.caller(GET.repeat(3));
    front.proxy.until_status("one more", |status| status["held"] == callers.len() + 1);
    drop((callers, pipelined));
    front.proxy.until_status("none are held", |status| status["held"] == 0);
    front.supervisor.becomes(State::Awake { ready: true });
    let (mut caller, mut backend, head) = front.exchange("GET /mine HTTP/1.1\r\nhost: demo\r\n\r\n");
    assert!(head.starts_with("get /mine "), "{head}");
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    assert!(front.origin.try_accept().is_none() && backend.is_quiet());
}

#[test]
fn one_that_was_held_with_its_body_is_served_whole() {
    let front = Front::in_state(State::Starting, &[]);
    let mut caller = front.caller("POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 8\r\n\r\nhalf");
    front.proxy.until_status("held", |status| status["held"] == 1);
    front.supervisor.becomes(State::Awake { ready: true });
    let mut backend = front.origin.accept();
    backend.read_head();
    caller.send("rest");
    assert_eq!(backend.read_bytes(8), "halfrest");
    backend.send(OK);
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
}
