//! How long a request's body is (RFC 9112, 6): said once and clearly, or refused.

use crate::front::{Front, OK_CLOSE, for_all, same};
use crate::judge;

/// Fields that leave it unclear.
const BAD: &[&str] = &[
    "transfer-encoding: identity, chunked",
    "transfer-encoding: identity",
    "transfer-encoding: , chunked",
    "transfer-encoding: chunked,",
    "transfer-encoding: chunked, chunked",
    "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
    "transfer-encoding: chunked\r\nTransfer-Encoding: identity",
    "transfer-encoding: identity\r\ntransfer-encoding: chunked",
    "transfer-encoding: gzip, chunked",
    "transfer-encoding: gzip",
    "transfer-encoding: xchunked",
    "transfer-encoding: chunkedx",
    "transfer-encoding: chunk",
    "transfer-encoding: chunked;q=1",
    "transfer-encoding: chunked; foo",
    "transfer-encoding: \"chunked\"",
    "transfer-encoding: 'chunked'",
    "transfer-encoding:",
    "transfer-encoding: chunked, identity",
    "transfer-encoding: chunked identity",
    "content-length: 3\r\ntransfer-encoding: chunked",
    "transfer-encoding: chunked\r\ncontent-length: 3",
    "transfer-encoding: chunked\r\ncontent-length: 0",
    "transfer-encoding: gzip\r\ncontent-length: 3",
    "content-length: 3\r\ncontent-length: 3",
    "content-length: 3\r\ncontent-length: 4",
    "content-length: 3\r\nx-between: 1\r\nCONTENT-LENGTH: 3",
    "content-length: +3",
    "content-length: -3",
    "content-length: -0",
    "content-length: 3, 3",
    "content-length: 3,",
    "content-length: 3 3",
    "content-length: 0x3",
    "content-length: 3h",
    "content-length: 3.0",
    "content-length: 3e0",
    "content-length: 3;",
    "content-length: \"3\"",
    "content-length:",
    "content-length: ,",
    "content-length: 9999999999999999999",
    "content-length: 0000000000000000003",
    "content-length: 18446744073709551619",
    "content-length: 99999999999999999999999999999999999999999999999999",
];

/// Fields whose names or values two readers could take for framing or not.
const BAD_BYTES: &[&[u8]] = &[
    b"transfer-encoding : chunked",
    b"transfer-encoding\t: chunked",
    b"content-length : 3",
    b" transfer-encoding: chunked",
    b"x: y\r\n transfer-encoding: chunked",
    b"transfer-encoding:\r\n chunked",
    b"transfer-encoding: \x0bchunked",
    b"transfer-encoding: chunked\x0c",
    b"transfer-encoding: chunked\x00",
    b"transfer-encoding: chunked\xa0",
    b"transfer-encoding: \xff chunked",
    b"content-length: 3\x00",
    b"content-length: \x0b3",
    b"content-length: 3\r\n 0",
    b"x: y\ntransfer-encoding: chunked",
    b"x: y\rtransfer-encoding: chunked",
    b"x: y\r\n\rtransfer-encoding: chunked",
    b"transfer\x00-encoding: chunked",
    b"content-length: \xb3",
    b"content-length: 3\ncontent-length: 30",
];

#[test]
fn a_length_that_is_not_said_once_and_clearly_is_answered_400_and_reaches_no_backend() {
    let front = Front::start();
    for_all(BAD, |framing| {
        let body = "3\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: demo\r\n\r\n";
        let request = format!("POST / HTTP/1.1\r\nhost: demo\r\n{framing}\r\n\r\n{body}");
        front.refuses(request.as_bytes(), 400, &["bad_framing"])?;
        let request = format!("GET / HTTP/1.1\r\n{framing}\r\nhost: demo\r\n\r\n");
        front.refuses(request.as_bytes(), 400, &["bad_framing"])
    });
    assert!(front.origin.try_accept().is_none());
    front.expect_unmarked();
}

#[test]
fn bytes_that_hide_framing_are_answered_400_and_reach_no_backend() {
    let front = Front::start();
    for_all(BAD_BYTES, |framing| {
        let request =
            [b"POST / HTTP/1.1\r\nhost: demo\r\n".as_slice(), framing, b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n"].concat();
        front.refuses(&request, 400, &["bad_head", "bad_framing"])
    });
    front.expect_unmarked();
}

#[test]
fn http_1_0_has_no_chunks() {
    let front = Front::start();
    for_all(["", "connection: keep-alive\r\n", "content-length: 5\r\n"], |more| {
        let request = format!("POST / HTTP/1.0\r\nhost: demo\r\n{more}transfer-encoding: chunked\r\n\r\n0\r\n\r\n");
        front.refuses(request.as_bytes(), 400, &["bad_framing"])
    });
    front.expect_unmarked();
}

/// Requests, and the body that the origin is to read, and whether it comes in chunks.
const GOOD: &[(&str, &str, bool)] = &[
    ("POST /a HTTP/1.1\r\nhost: demo\r\ncontent-length: 3\r\n\r\nabc", "abc", false),
    ("POST /b HTTP/1.1\r\nhost: demo\r\nContent-LENGTH:3 \r\n\r\nabc", "abc", false),
    ("POST /c HTTP/1.1\r\nhost: demo\r\ncontent-length: 000000000000000003\r\n\r\nabc", "abc", false),
    ("POST /d HTTP/1.1\r\nhost: demo\r\ncontent-length: 0\r\n\r\n", "", false),
    ("POST /e HTTP/1.1\r\nhost: demo\r\n\r\n", "", false),
    ("POST /f HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc", true),
    ("POST /g HTTP/1.1\r\nhost: demo\r\nTRANSFER-ENCODING:\t ChUnKeD \r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc", true),
    ("GET /h HTTP/1.1\r\nhost: demo\r\ncontent-length: 3\r\n\r\nabc", "abc", false),
    ("GET /i HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc", true),
    ("DELETE /j HTTP/1.1\r\nhost: demo\r\ncontent-length: 3\r\n\r\nabc", "abc", false),
    ("GET /k HTTP/1.1\r\nhost: demo\r\nx-transfer-encoding: chunked\r\ncontent_length: 3\r\n\r\n", "", false),
    ("POST /l HTTP/1.0\r\ncontent-length: 3\r\n\r\nabc", "abc", false),
    ("POST /m HTTP/1.1\r\nhost: demo\r\nconnection: content-length\r\ncontent-length: 3\r\n\r\nabc", "abc", false),
    (
        "POST /n HTTP/1.1\r\nhost: demo\r\nconnection: transfer-encoding\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "a",
        true,
    ),
];

#[test]
fn a_clear_length_is_written_anew() {
    let front = Front::start();
    for_all(GOOD, |(request, body, chunked)| {
        let (mut caller, mut backend) = front.passes(request)?;
        let seen = judge::try_next(&backend).map_err(|why| format!("{request:?}: {why}"))?;
        same(request, (seen.text().as_str(), seen.chunked), (*body, *chunked))?;
        let path = request.split(' ').nth(1).expect("a path");
        same(request, seen.line.split(' ').nth(1), Some(path))?;
        // The next request finds another connection.
        backend.send(OK_CLOSE);
        same(request, caller.read_answer(), (200, "ok".to_owned()))
    });
    front.expect_unmarked();
}
