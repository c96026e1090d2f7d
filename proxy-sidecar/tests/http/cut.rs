//! A body that was cut short stays visibly cut short (trap 12), in both directions.

use std::os::fd::AsFd as _;

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt::Linger};

use crate::front::{Front, GET};
use crate::judge::{self, Parsed};
use crate::wire::Wire;

/// Closes with a reset instead of an end.
pub(crate) fn reset(wire: Wire) {
    let stream = wire.stream();
    setsockopt(&stream.as_fd(), Linger, &linger { l_onoff: 1, l_linger: 0 }).expect("a socket");
    drop((wire, stream));
}

/// Fails where a whole message was made of what came before the cut.
fn expect_cut(what: &str, came: &str) {
    if let Parsed::Complete(..) = judge::message(came.as_bytes()) {
        panic!("{what}: taken for whole: {came:?}");
    }
}

type End = fn(Wire);

const ENDS: [(&str, End); 2] = [("closed", drop), ("reset", reset)];

#[test]
fn an_answer_cut_short_stays_cut_short() {
    let front = Front::start();
    for (how, end) in ENDS {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nha",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nx-sum: 1\r\n",
        ] {
            let (mut caller, mut backend, _) = front.exchange(GET);
            backend.send(answer);
            let head = caller.read_through("\r\n\r\n");
            end(backend);
            let rest = caller.read_to_end();
            expect_cut(&format!("{answer:?} {how}"), &format!("{head}{rest}"));
        }
    }
    front.expect_unmarked();
}

#[test]
fn an_answer_that_would_have_ended_with_its_connection_and_was_reset_has_no_last_chunk() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send("HTTP/1.1 200 OK\r\n\r\nhalf");
    caller.read_head();
    assert_eq!(caller.read_bytes(9), "4\r\nhalf\r\n");
    reset(backend);
    assert_eq!(caller.read_to_end(), "");
    front.expect_unmarked();
}

#[test]
fn a_request_cut_short_stays_cut_short_and_is_nobodys_fault() {
    let front = Front::start();
    for (how, end) in ENDS {
        for request in [
            "POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 10\r\n\r\nhalf",
            "POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 10\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n4\r\nha",
            "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
            "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nx-sum: 1\r\n",
        ] {
            let caller = front.caller(request);
            let mut backend = front.origin.accept();
            let head = backend.read_through("\r\n\r\n");
            end(caller);
            let rest = backend.read_to_end();
            expect_cut(&format!("{request:?} {how}"), &format!("{head}{rest}"));
        }
    }
    front.expect_unmarked();
}

#[test]
fn half_a_head_of_an_answer_is_a_502() {
    let front = Front::start();
    for (_, end) in ENDS {
        for answer in
            ["", "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", "HTTP/1.1 103 Early Hints\r\n"]
        {
            let (mut caller, mut backend, _) = front.exchange(GET);
            backend.send(answer);
            end(backend);
            let (code, said) = caller.read_answer();
            assert!(code == 502 && said.contains("upstream_"), "{answer:?}: {code} {said}");
        }
    }
    front.expect_unmarked();
}

#[test]
fn half_a_head_of_a_request_reaches_nobody() {
    let front = Front::start();
    for (_, end) in ENDS {
        for request in
            ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nhost: demo\r\n", "GET / HTTP/1.1\r\nhost: demo\r\n\r"]
        {
            end(front.caller(request));
        }
    }
    // One that follows is the first to arrive.
    let (_caller, _backend, head) = front.exchange("GET /last HTTP/1.1\r\nhost: demo\r\n\r\n");
    assert!(head.starts_with("get /last "), "{head}");
    assert!(front.origin.try_accept().is_none());
}
