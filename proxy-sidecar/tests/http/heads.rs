//! The head of a request (RFC 9112, 2.2, 3 and 5): what is no HTTP, and what two readers could read differently.

use crate::front::{Front, GET, OK, OK_CLOSE, for_all, same};
use crate::judge;
use crate::wire::status;

/// Field lines that make a head no head.
const BAD_LINES: &[&[u8]] = &[
    b"x-a : 1\r\n",
    b"x-a\t: 1\r\n",
    b": 1\r\n",
    b" x-a: 1\r\n",
    b"\tx-a: 1\r\n",
    b"x-a: 1\r\n folded\r\n",
    b"x-a: 1\r\n\tfolded\r\n",
    b"x-a: 1\r\n \r\n",
    b"x-a\r\n",
    b"x a: 1\r\n",
    b"x\x00a: 1\r\n",
    b"x(a): 1\r\n",
    b"x-\xc3\xa4: 1\r\n",
    b"x\"a\": 1\r\n",
    b"x-a: 1\x00\r\n",
    b"x-a: \x0b1\r\n",
    b"x-a: \x0c1\r\n",
    b"x-a: \x081\r\n",
    b"x-a: \x7f\r\n",
    b"x-a: \x1b[2J\r\n",
    b"x-a: 1\rx-b: 2\r\n",
    b"x-a: 1\r\rx-b: 2\r\n",
    b"x-a: 1\nx-b: 2\r\n",
    b"x-a: 1\r\r\n",
    b"x-a: 1\n",
    b"\rx-a: 1\r\n",
    b"x-a: 1\r\n\n",
    b"\0x-a: 1\r\n",
];

/// Whole requests that are no HTTP.
const BAD_REQUESTS: &[&[u8]] = &[
    b"GET  HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET / \r\nhost: demo\r\n\r\n",
    b"GET / HTTP\r\nhost: demo\r\n\r\n",
    b"GET\t/ HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /\tHTTP/1.1\r\nhost: demo\r\n\r\n",
    b" GET / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET / HTTP/1.1 \r\nhost: demo\r\n\r\n",
    b"GET / HTTP/1.1 x\r\nhost: demo\r\n\r\n",
    b"GET / HTTP/1.1\nhost: demo\n\n",
    b"GET / HTTP/1.1\nhost: demo\r\n\r\n",
    b"GET / HTTP/1.1\rhost: demo\r\r",
    b"GET / HTTP/1.1\r\nhost: demo\n\r\n",
    b"GET / HTTP/1.1\r\nhost: demo\r\n\n",
    b"GET / HTTP/1.1\r\r\nhost: demo\r\n\r\n",
    b"\r\n\r\nGET / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"\nGET / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1, HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET / http/1.1\r\nhost: demo\r\n\r\n",
    b"GET / HTTP/11\r\nhost: demo\r\n\r\n",
    b"GET / HTTP/1.10\r\nhost: demo\r\n\r\n",
    b"GET / HTTP/01.1\r\nhost: demo\r\n\r\n",
    b"GET / HTTP/1,1\r\nhost: demo\r\n\r\n",
    b"GET / HTTP /1.1\r\nhost: demo\r\n\r\n",
    b"GET / HTTPS/1.1\r\nhost: demo\r\n\r\n",
    b"GET / ICE/1.0\r\nhost: demo\r\n\r\n",
    b"G@T / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GE\x00T / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GE(T / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"G\xc3\x89T / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /a#b HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /a\x00b HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /a\x0bb HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /a\x7fb HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /a\rb HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"GET /\x1b HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    b"\x00\x00\x00\x00\r\n\r\n",
];

#[test]
fn a_head_that_is_no_head_is_answered_400_and_reaches_no_backend() {
    let front = Front::start();
    for_all(BAD_REQUESTS, |request| front.refuses(request, 400, &["bad_head"]));
    front.expect_unmarked();
}

#[test]
fn a_field_line_that_readers_could_split_differently_is_answered_400() {
    let front = Front::start();
    for_all(BAD_LINES, |line| {
        let first = [b"GET /first HTTP/1.1\r\n".as_slice(), line, b"host: demo\r\n\r\n"].concat();
        let last = [b"GET /last HTTP/1.1\r\nhost: demo\r\n".as_slice(), line, b"\r\n"].concat();
        front.refuses(&first, 400, &["bad_head"])?;
        front.refuses(&last, 400, &["bad_head"])
    });
    front.expect_unmarked();
}

#[test]
fn versions_other_than_1_0_and_1_1_are_answered_505() {
    let front = Front::start();
    for_all(["HTTP/0.9", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/3.0"], |version| {
        let request = format!("GET / {version}\r\nhost: demo\r\n\r\n");
        front.refuses(request.as_bytes(), 505, &["version_refused"])
    });
    front.expect_unmarked();
}

#[test]
fn connect_and_trace_are_answered_405() {
    let front = Front::start();
    for request in [
        "CONNECT demo:443 HTTP/1.1\r\nhost: demo:443\r\n\r\n",
        "TRACE / HTTP/1.1\r\nhost: demo\r\n\r\n",
        "TRACE / HTTP/1.1\r\nhost: demo\r\nmax-forwards: 0\r\n\r\n",
    ] {
        let mut caller = front.caller(request);
        let head = caller.read_head();
        assert_eq!(status(&head), 405, "{request}");
        assert!(head.contains("method_refused"), "{head}");
    }
    assert!(front.origin.try_accept().is_none());
}

#[test]
fn several_spaces_part_a_request_line_and_one_is_sent_on() {
    let front = Front::start();
    for_all(["GET  /a HTTP/1.1", "GET /a  HTTP/1.1", "GET   /a   HTTP/1.1"], |line| {
        let (mut caller, mut backend) = front.passes(format!("{line}\r\nhost: demo\r\n\r\n"))?;
        same(line, judge::next(&backend).line.as_str(), "GET /a HTTP/1.1")?;
        backend.send(OK_CLOSE);
        same(line, caller.read_answer().0, 200)
    });
    front.expect_unmarked();
}

#[test]
fn another_protocol_is_closed_without_a_word() {
    let front = Front::start();
    for_all(["INVALID CONNECTION PREFACE\r\n\r\n", "PROXY TO NOWHERE\r\n", "A b CD\r\n"], |line| {
        same(line, front.caller(line).read_to_end(), String::new())
    });
    // What was asked before is answered, and seen.
    let mut caller = front.caller(format!("{GET}INVALID CONNECTION PREFACE\r\n\r\n"));
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
    assert_eq!(caller.read_to_end(), "");
    front.expect_unmarked();
}

#[test]
fn one_empty_line_before_a_request_is_skipped() {
    let front = Front::start();
    let (_caller, _backend, head) = front.exchange("\r\nGET /after HTTP/1.1\r\nhost: demo\r\n\r\n");
    assert!(head.starts_with("get /after http/1.1\r\n"), "{head}");
}

#[test]
fn a_method_of_its_own_and_fields_of_any_visible_bytes_pass_verbatim() {
    let front = Front::start();
    let caller = front.caller(
        b"M-SEARCH!#$%&'*+.^_`|~09 / HTTP/1.1\r\nHost:demo\r\nX-Empty:\r\nx-tab:\t a\tb \t\r\nx-high: \xe9\xff\x80\r\n\
          x!#$%&'*+-.^_`|~9: \"quoted, (and) {more}\"\r\n\r\n"
            .as_slice(),
    );
    let backend = front.origin.accept();
    let request = judge::next(&backend);
    assert_eq!(request.line, "M-SEARCH!#$%&'*+.^_`|~09 / HTTP/1.1");
    for (name, value) in [
        ("x-empty", ""),
        ("x-tab", "a\tb"),
        ("x-high", "\u{e9}\u{ff}\u{80}"),
        ("x!#$%&'*+-.^_`|~9", "\"quoted, (and) {more}\""),
    ] {
        assert_eq!(request.field(name).as_deref(), Some(value), "{name}");
    }
    drop(caller);
}

#[test]
fn a_head_may_come_byte_by_byte() {
    let front = Front::start();
    let mut caller = front.proxy.connect();
    for byte in
        "POST /slow HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n".chars()
    {
        caller.send(&byte.to_string());
    }
    let mut backend = front.origin.accept();
    let request = judge::next(&backend);
    assert_eq!((request.line.as_str(), request.text().as_str()), ("POST /slow HTTP/1.1", "abc"));
    for byte in OK.chars() {
        backend.send(&byte.to_string());
    }
    assert_eq!(caller.read_answer(), (200, "ok".to_owned()));
}
