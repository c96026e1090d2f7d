//! Trailers (RFC 9110, 6.5; RFC 9112, 7.1.2), in both directions.

use crate::front::{Front, GET, OK_CLOSE};
use crate::judge;
use crate::wire::field;

const FORBIDDEN: &[&str] = &[
    "content-length: 3",
    "transfer-encoding: chunked",
    "host: evil",
    "connection: close",
    "keep-alive: timeout=5",
    "proxy-connection: close",
    "upgrade: h2c",
    "te: trailers",
    "trailer: x-more",
    "authorization: Bearer evil",
    "proxy-authorization: Basic eA==",
    "content-type: text/evil",
    "content-encoding: gzip",
    "content-range: bytes 0-1/2",
    "cookie: evil=1",
    "set-cookie: evil=1",
    "expect: 100-continue",
    "cache-control: public",
    "x-forwarded-for: 203.0.113.9",
    "x-nominated: evil",
];

fn lines(fields: &[&str]) -> String {
    fields.iter().map(|line| format!("{line}\r\n")).collect()
}

fn names(trailers: &[(String, String)]) -> Vec<&str> {
    trailers.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn trailers_of_a_request_pass_whether_they_were_announced_or_not() {
    let front = Front::start();
    for announced in ["", "trailer: x-sum, x-more\r\n"] {
        let mut caller = front.caller(format!(
            "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n{announced}\r\n3\r\nabc\r\n0\r\n\
             X-Sum:  7 \r\nx-more: 1\r\nx-more: 2\r\n\r\n"
        ));
        let mut backend = front.origin.accept();
        let seen = judge::next(&backend);
        let expected = [("x-sum", "7"), ("x-more", "1"), ("x-more", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!((seen.text().as_str(), &seen.trailers[..]), ("abc", &expected[..]), "{announced:?}");
        backend.send(OK_CLOSE);
        caller.read_answer();
    }
}

#[test]
fn trailers_of_an_answer_pass_whether_they_were_announced_or_not() {
    let front = Front::start();
    for (te, announced) in
        [("", ""), ("", "trailer: x-sum\r\n"), ("te: trailers\r\nconnection: te\r\n", "trailer: x-sum\r\n")]
    {
        let (caller, mut backend, _) = front.exchange(&format!("GET / HTTP/1.1\r\nhost: demo\r\n{te}\r\n"));
        backend.send(&format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n{announced}\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"
        ));
        let seen = judge::next(&caller);
        assert_eq!((seen.text().as_str(), names(&seen.trailers)), ("abc", vec!["x-sum"]), "{te:?} {announced:?}");
    }
}

#[test]
fn trailers_that_would_frame_route_or_authenticate_are_dropped() {
    let front = Front::start();
    let trailers = format!("x-first: 1\r\n{}x-last: 2\r\n", lines(FORBIDDEN));
    let caller = front.caller(format!(
        "POST / HTTP/1.1\r\nhost: demo\r\nconnection: x-nominated\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n{trailers}\r\n"
    ));
    let mut backend = front.origin.accept();
    let seen = judge::next(&backend);
    assert_eq!(names(&seen.trailers), ["x-first", "x-last"]);
    backend.send(&format!(
        "HTTP/1.1 200 OK\r\nconnection: x-nominated\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n{trailers}\r\n"
    ));
    let seen = judge::next(&caller);
    assert_eq!(names(&seen.trailers), ["x-first", "x-last"]);
}

#[test]
fn a_caller_of_http_1_0_gets_the_body_without_chunks_and_trailers() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange("GET / HTTP/1.0\r\nhost: demo\r\n\r\n");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n");
    assert_eq!(field(&caller.read_head(), "transfer-encoding"), None);
    assert_eq!(caller.read_to_end(), "abc");
}

#[test]
fn malformed_trailers_of_an_answer_cut_it() {
    let front = Front::start();
    for trailers in ["x-a : 1\r\n\r\n", "x-a: 1\n\r\n", " x-a: 1\r\n\r\n", "x-a\r\n\r\n", "x-a: \0\r\n\r\n"] {
        let (mut caller, mut backend, _) = front.exchange(GET);
        backend.send(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n{trailers}"));
        caller.read_head();
        let rest = caller.read_to_end();
        assert!(!rest.ends_with("\r\n\r\n"), "{trailers:?} ended properly: {rest:?}");
    }
    front.expect_unmarked();
}
