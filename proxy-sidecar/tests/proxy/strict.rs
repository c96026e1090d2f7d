//! What is refused: requests that two readers could read differently, and answers that are not HTTP.

use crate::passing::{Front, front};
use crate::wire::{field, status};

fn refused(front: &Front, request: &str) -> (u16, String) {
    let mut caller = front.proxy.connect();
    caller.send(request);
    let head = caller.read_head();
    (status(&head), field(&head, "proxy-status").unwrap_or_default().to_owned())
}

#[test]
fn smuggling_vectors_are_answered_400_and_reach_no_backend() {
    let front = front();
    for framing in [
        "transfer-encoding: identity, chunked",
        "transfer-encoding: , chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding : chunked",
        "transfer-encoding: \x0bchunked",
        "content-length: 3\r\ncontent-length: 4",
        "content-length: +3",
        "content-length: 3, 3",
        "content-length: -1",
        "content-length: 0x3",
        "content-length: 3\r\n folded: yes",
    ] {
        let request = format!("POST / HTTP/1.1\r\nhost: demo\r\n{framing}\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        assert_eq!(refused(&front, &request).0, 400, "{framing:?}");
    }
    assert_eq!(refused(&front, "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").0, 400);
    assert!(front.origin.try_accept().is_none(), "one of them reached the backend");
}

#[test]
fn both_a_length_and_chunks_never_reach_a_backend() {
    let front = front();
    for fields in ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        let request =
            format!("POST /a HTTP/1.1\r\nhost: demo\r\n{fields}\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
        let (code, said) = refused(&front, &request);
        assert_eq!(code, 400);
        assert!(said.contains("bad_framing"), "{said}");
        assert!(front.origin.try_accept().is_none());
    }
}

#[test]
fn a_host_is_one_and_valid() {
    let front = front();
    for hosts in ["", "host: a\r\nhost: a\r\n", "host: a b\r\n", "host: a/b\r\n", "host: u@a\r\n", "host: a, b\r\n"] {
        let (code, said) = refused(&front, &format!("GET / HTTP/1.1\r\n{hosts}\r\n"));
        assert_eq!(code, 400, "{hosts:?}");
        assert!(said.contains("bad_host"), "{said}");
    }
    assert_eq!(refused(&front, "CONNECT demo:443 HTTP/1.1\r\nhost: demo:443\r\n\r\n").0, 405);
    assert!(front.origin.try_accept().is_none());
}

#[test]
fn a_malformed_chunk_is_the_callers_fault_and_not_the_backends() {
    let front = front();
    let mut caller = front.proxy.connect();
    caller.send("POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    let mut backend = front.origin.accept();
    backend.read_head();
    assert_eq!(backend.read_bytes(8), "3\r\nabc\r\n");
    caller.send("zz\r\n");
    let head = caller.read_head();
    assert_eq!(status(&head), 400);
    assert!(field(&head, "proxy-status").is_some_and(|said| said.contains("bad_body")), "{head}");
    // Cut short, with no proper end.
    backend.expect_closed();
    assert_eq!(front.proxy.status()["backends"][0]["usable"], true);
}

#[test]
fn a_malformed_answer_is_a_502() {
    let front = front();
    for answer in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: foo, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        "SMTP ready\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n",
    ] {
        let mut caller = front.proxy.connect();
        caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
        let mut backend = front.origin.accept();
        backend.read_head();
        backend.send(answer);
        let (code, body) = caller.read_answer();
        assert_eq!(code, 502, "{answer:?}: {body}");
        backend.expect_closed();
    }
}
