//! Answers of a backend that are malformed: 502, and what followed them is nobody's answer.

use crate::front::{Front, GET, OK_CLOSE, for_all, same};
use crate::wire::{field, status};

const BAD: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: foo, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: 0x3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\x00\r\n\r\nabc",
    b"HTTP/1.1 200 OK\ncontent-length: 3\n\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\nabc",
    b"HTTP/1.1 200 OK\r\nx-a: 1\r\n folded\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n x-a: 1\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx-a : 1\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx a: 1\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx-a\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n: 1\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx-a: \x00\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx-a: 1\rset-cookie: evil\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 O\x00K\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 +20 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1\t200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b" HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"ICY 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"220 mail.example.org ESMTP\r\n\r\n",
    b"<html>hello</html>\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: demo\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x50\r\n\r\n",
];

#[test]
fn a_malformed_answer_is_a_502_and_its_connection_is_closed() {
    let front = Front::start();
    for_all(BAD, |answer| {
        let (mut caller, mut backend) = front.passes(GET)?;
        backend.read_head();
        std::io::Write::write_all(&mut backend.stream(), answer).expect("sent");
        let head = caller.next_head().unwrap_or_default();
        let what = answer.escape_ascii().to_string();
        let said = field(&head, "proxy-status").unwrap_or_default();
        same(&what, head.starts_with("http/1.1 502 ") && said.contains("details=\"upstream_framing\""), true)?;
        let length = field(&head, "content-length").and_then(|length| length.parse().ok()).ok_or("no length")?;
        same(&what, caller.read_bytes(length).contains("upstream_framing"), true)?;
        backend.expect_closed();
        Ok(())
    });
    front.expect_unmarked();
}

#[test]
fn an_answer_beyond_the_bounds_of_a_head_is_a_502() {
    let front = Front::start();
    let fields: String = (0..300).map(|n| format!("x-{n}: 1\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n");
    let long = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\ncontent-length: 0\r\n\r\n", "a".repeat(100_000));
    let endless = format!("HTTP/1.1 200 OK\r\nx-a: {}", "a".repeat(200_000));
    let spaces = format!("HTTP/1.1 200{}", " ".repeat(200_000));
    for_all([many, long, endless, spaces], |answer| {
        let (mut caller, mut backend) = front.passes(GET)?;
        backend.read_head();
        backend.try_send(answer);
        same(&answer[..30], status(&caller.read_head()), 502)
    });
    front.expect_unmarked();
}

#[test]
fn malformed_chunks_of_an_answer_cut_it_and_never_end_it() {
    let front = Front::start();
    let bad = [
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "zz\r\n",
        "-1\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
    ];
    for_all(bad, |rest| {
        let (mut caller, mut backend) = front.passes(GET)?;
        backend.read_head();
        backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n");
        caller.read_head();
        same(rest, caller.read_bytes(7).as_str(), "2\r\nok\r\n")?;
        backend.try_send(rest);
        let end = caller.read_to_end();
        backend.expect_closed();
        same(rest, end.contains("0\r\n\r\n"), false)
    });
    front.expect_unmarked();
}

#[test]
fn bytes_after_an_answer_are_nobodys_answer() {
    let front = Front::start();
    let evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let answers = [
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        ("GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 38\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n"),
    ];
    for_all(answers, |(method, answer)| {
        let (mut caller, mut backend) = front.passes(format!("{method} /1 HTTP/1.1\r\nhost: demo\r\n\r\n"))?;
        backend.read_head();
        backend.send(&format!("{answer}{evil}"));
        let head = caller.read_head();
        if answer.ends_with("ok") {
            caller.read_bytes(2);
        } else if field(&head, "transfer-encoding").is_some() {
            caller.read_through("0\r\n\r\n");
        }
        caller.send("GET /2 HTTP/1.1\r\nhost: demo\r\n\r\n");
        backend.expect_closed();
        let mut fresh = front.origin.accept();
        same(answer, fresh.read_head().starts_with("get /2 "), true)?;
        fresh.send(OK_CLOSE);
        same(answer, caller.read_answer(), (200, "ok".to_owned()))
    });
    front.expect_unmarked();
}
