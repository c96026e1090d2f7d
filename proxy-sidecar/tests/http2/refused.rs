//! Malformed requests of HTTP/2 (RFC 9113, 8.1.1, 8.2, 8.3): none of them becomes a request to the origin.

use crate::frames::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Outcome, Raw, block};
use crate::front::{Front, OK, for_all};
use crate::judge::{self, Parsed};

type Fields = Vec<(&'static str, &'static [u8])>;

/// A request with these fields in place of, or beside, the plain ones.
fn with(changes: &[(&'static str, &'static [u8])]) -> Fields {
    let mut fields: Fields = vec![(":method", b"GET"), (":scheme", b"http"), (":path", b"/"), (":authority", b"demo")];
    for (name, value) in changes {
        match fields.iter_mut().find(|(n, _)| n == name) {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
    }
    fields
}

fn without(name: &str) -> Fields {
    with(&[]).into_iter().filter(|(n, _)| *n != name).collect()
}

/// Checks that it came to an error, and that nothing whole came to the origin.
fn check(front: &Front, raw: &mut Raw, what: &str) -> Result<(), String> {
    let outcome = raw.outcome(1);
    let refused = match outcome {
        Outcome::Answered(status) => (400..500).contains(&status),
        Outcome::Reset | Outcome::GoneAway | Outcome::Closed => true,
    };
    while let Some(mut backend) = front.origin.try_accept() {
        let came = backend.read_to_end();
        if matches!(judge::message(came.as_bytes()), Parsed::Complete(..)) {
            return Err(format!("{what}: the origin got {came:?}"));
        }
    }
    if refused { Ok(()) } else { Err(format!("{what}: {outcome:?}")) }
}

#[test]
fn malformed_heads_are_refused_and_reach_no_backend() {
    let front = Front::start();
    let mut rows: Vec<Fields> = [":method", ":scheme", ":path"].into_iter().map(without).collect();
    let changes: &[(&'static str, &'static [u8])] = &[
        ("connection", b"keep-alive"),
        ("connection", b"x-forwarded-for"),
        ("keep-alive", b"timeout=5"),
        ("proxy-connection", b"keep-alive"),
        ("transfer-encoding", b"chunked"),
        ("transfer-encoding", b"identity"),
        ("upgrade", b"websocket"),
        ("te", b"gzip"),
        ("te", b"trailers, gzip"),
        (":path", b""),
        (":path", b"a"),
        (":path", b"*"),
        (":path", b"/a b"),
        (":path", b"/ HTTP/1.1\r\nhost: evil\r\n\r\n"),
        (":path", b"/\r\nx: y"),
        (":path", b"/\x00"),
        (":path", b"http://evil/"),
        (":method", b""),
        (":method", b"GET / HTTP/1.1\r\nx: y"),
        (":method", b"G T"),
        (":scheme", b"http://evil"),
        (":authority", b"demo\r\nx: y"),
        (":authority", b"user@demo"),
        (":authority", b"demo/evil"),
        (":authority", b"demo evil"),
        (":authority", b""),
        (":status", b"200"),
        (":odd", b"1"),
        (":protocol", b"websocket"),
        ("X-Upper", b"1"),
        ("x y", b"1"),
        ("x:y", b"1"),
        ("x\r\ny", b"1"),
        ("x\0", b"1"),
        ("", b"1"),
        ("x-a", b"1\r\nx-evil: 1"),
        ("x-a", b"1\nx-evil: 1"),
        ("x-a", b"1\rx-evil: 1"),
        ("x-a", b"\x00"),
        ("x-a", b"\x7f"),
        ("content-length", b"+0"),
        ("content-length", b"x"),
        ("content-length", b"5"),
        ("content-length", b"0, 0"),
    ];
    rows.extend(changes.iter().map(|change| with(&[*change])));
    // A pseudo-field twice, and one after the others.
    for again in [":method", ":scheme", ":path", ":authority"] {
        let field = with(&[]).into_iter().find(|(name, _)| *name == again).expect("a field");
        rows.push([with(&[]), vec![field]].concat());
    }
    rows.push([vec![("x-first", b"1".as_slice())], with(&[])].concat());
    rows.push([with(&[]), vec![("content-length", b"0".as_slice()), ("content-length", b"3".as_slice())]].concat());
    for_all(rows, |fields| {
        let mut raw = Raw::connect(&front);
        raw.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(fields));
        check(&front, &mut raw, &format!("{fields:?}"))
    });
    front.expect_unmarked();
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_never_becomes_whole() {
    let front = Front::start();
    for (length, body) in [("5", "abc"), ("3", "abcde"), ("0", "abc"), ("3", "")] {
        let mut raw = Raw::connect(&front);
        let mut fields = with(&[(":method", b"POST")]);
        fields.push(("content-length", length.as_bytes()));
        raw.send(HEADERS, END_HEADERS, 1, &block(&fields));
        raw.send(DATA, END_STREAM, 1, body.as_bytes());
        check(&front, &mut raw, &format!("{length} {body:?}")).expect("refused");
    }
    front.expect_unmarked();
}

#[test]
fn what_breaks_the_frames_ends_the_connection_and_no_other() {
    let front = Front::start();
    let plain = block(&with(&[]));
    let broken: [&dyn Fn(&mut Raw) -> bool; 7] = [
        &|raw| raw.send(DATA, END_STREAM, 1, b"abc"),
        &|raw| raw.send(HEADERS, END_HEADERS | END_STREAM, 0, &plain),
        &|raw| raw.send(HEADERS, END_HEADERS | END_STREAM, 2, &plain),
        &|raw| raw.send(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff"),
        &|raw| raw.send(CONTINUATION, END_HEADERS, 1, &plain),
        &|raw| raw.write(b"\xff\xff\xff\x00\x00\x00\x00\x00\x00"),
        &|raw| raw.write(b"GET / HTTP/1.1\r\nhost: demo\r\n\r\n"),
    ];
    for breaks in broken {
        let mut raw = Raw::connect(&front);
        breaks(&mut raw);
        let outcome = raw.outcome(1);
        assert!(matches!(outcome, Outcome::GoneAway | Outcome::Closed | Outcome::Reset), "{outcome:?}");
    }
    assert!(front.origin.try_accept().is_none());
    let mut raw = Raw::connect(&front);
    raw.send(HEADERS, END_HEADERS | END_STREAM, 1, &plain);
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(OK);
    assert_eq!(raw.outcome(1), Outcome::Answered(200));
    front.expect_unmarked();
}

#[test]
fn half_a_preface_is_no_request() {
    let front = Front::start();
    for rows in
        ["PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "PRI * HTTP/2.0\r\nhost: demo\r\n\r\n", "PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let mut caller = front.caller(rows);
        let said = caller.read_to_end();
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 505 "),
            "{rows:?}: {said:?}"
        );
    }
    assert!(front.origin.try_accept().is_none());
}
