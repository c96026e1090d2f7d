//! Fields that end at this hop, in both directions (RFC 9110, 7.6.1), and those that do not.

use crate::front::{Front, for_all};
use crate::wire::{field, status};

#[test]
fn hop_by_hop_fields_of_a_request_end_here() {
    let front = Front::start();
    let (_caller, _backend, head) = front.exchange(
        "GET / HTTP/1.1\r\nhost: demo\r\nconnection: keep-alive, X-One ,,\tx-two\r\nconnection: x-three, \"odd\", cookie\r\n\
         x-one: 1\r\nX-Two: 2\r\nx-three: 3\r\nx-three: 4\r\ncookie: a=b\r\nkeep-alive: timeout=5\r\nproxy-connection: keep-alive\r\n\
         proxy-authenticate: Basic\r\nproxy-authorization: Basic eA==\r\nte: gzip\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\
         trailer: x-sum\r\nauthorization: Bearer x\r\nx-four: 4\r\naccept-encoding: br\r\n\r\n",
    );
    for gone in [
        "connection",
        "x-one",
        "x-two",
        "x-three",
        "cookie",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "upgrade",
        "http2-settings",
        "transfer-encoding",
    ] {
        assert_eq!(field(&head, gone), None, "{gone} in {head}");
    }
    for (kept, value) in
        [("trailer", "x-sum"), ("authorization", "bearer x"), ("x-four", "4"), ("accept-encoding", "br")]
    {
        assert_eq!(field(&head, kept), Some(value), "{kept} in {head}");
    }
}

#[test]
fn a_client_cannot_strip_what_the_proxy_adds_nor_framing_nor_the_host() {
    let front = Front::start();
    let names =
        "x-forwarded-for, x-forwarded-proto, x-forwarded-host, forwarded, via, x-request-id, host, content-length, te";
    let (_caller, mut backend, head) = front.exchange(&format!(
        "POST / HTTP/1.1\r\nhost: demo\r\nconnection: {names}\r\nx-forwarded-for: 203.0.113.9\r\nte: trailers\r\n\
         content-length: 3\r\n\r\nabc"
    ));
    assert_eq!(field(&head, "x-forwarded-for"), Some("127.0.0.1"), "what it nominated was its own to strip");
    for (ours, value) in [
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "demo"),
        ("via", "1.1 doze"),
        ("host", "demo"),
        ("content-length", "3"),
    ] {
        assert_eq!(field(&head, ours), Some(value), "{ours} in {head}");
    }
    assert!(field(&head, "x-request-id").is_some_and(|id| id.len() == 32), "{head}");
    assert_eq!(backend.read_bytes(3), "abc");
}

#[test]
fn te_trailers_is_asked_for_anew() {
    let front = Front::start();
    for te in ["trailers", "TRAILERS", "gzip, trailers", "trailers, deflate;q=0.5"] {
        let (_caller, _backend, head) =
            front.exchange(&format!("GET / HTTP/1.1\r\nhost: demo\r\nconnection: te\r\nte: {te}\r\n\r\n"));
        assert_eq!((field(&head, "te"), field(&head, "connection")), (Some("trailers"), Some("te")), "{te}");
    }
}

#[test]
fn hop_by_hop_fields_of_an_answer_end_here() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    backend.send(
        "HTTP/1.1 200 OK\r\nconnection: X-Secret, via, content-length, x-request-id\r\nx-secret: 1\r\nkeep-alive: timeout=5\r\n\
         proxy-connection: close\r\nproxy-authenticate: Basic\r\nproxy-authorization: x\r\nte: trailers\r\nupgrade: h2c\r\n\
         http2-settings: x\r\nx-open: 2\r\nset-cookie: a=b\r\nset-cookie: c=d\r\ntrailer: x-t\r\nserver: theirs\r\n\
         content-length: 2\r\n\r\nok",
    );
    let head = caller.read_head();
    for gone in [
        "connection",
        "x-secret",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "upgrade",
        "http2-settings",
        "transfer-encoding",
    ] {
        assert_eq!(field(&head, gone), None, "{gone} in {head}");
    }
    let kept = [
        ("x-open", "2"),
        ("via", "1.1 doze"),
        ("trailer", "x-t"),
        ("server", "theirs"),
        ("content-length", "2"),
        ("set-cookie", "a=b"),
    ];
    for (name, value) in kept {
        assert_eq!(field(&head, name), Some(value), "{name} in {head}");
    }
    assert!(head.contains("set-cookie: a=b\r\nset-cookie: c=d\r\n"), "{head}");
    assert!(field(&head, "x-request-id").is_some(), "{head}");
    assert_eq!(caller.read_bytes(2), "ok");
}

#[test]
fn a_status_and_its_reason_pass_as_they_are() {
    let front = Front::start();
    for_all(["200 OK", "299 Whatever It Is", "404 ", "418 I'm a teapot", "599 Odd", "999 Odder"], |line| {
        let (mut caller, mut backend, _) = front.exchange("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
        backend.send(&format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
        let head = caller.read_head();
        let code = line.split(' ').next().and_then(|code| code.parse().ok());
        if Some(status(&head)) == code { Ok(()) } else { Err(format!("{line}: {head}")) }
    });
}
