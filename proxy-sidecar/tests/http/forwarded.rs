//! What a backend is told of its caller, and whom the proxy believes about it (`--trusted-proxies`, `--forwarded`).

use crate::front::{Front, GET, OK_CLOSE, for_all, same};
use crate::judge;
use crate::wire::field;

const CLAIMS: &str = "x-forwarded-for: 203.0.113.9\r\nx-forwarded-for: 198.51.100.2\r\nx-forwarded-proto: https\r\n\
    x-forwarded-host: shop.example.org\r\nvia: 2 front\r\nx-request-id: Abc-123\r\nforwarded: for=203.0.113.9;proto=https\r\n";

/// The head that the origin sees of a GET with these fields.
fn seen(front: &Front, fields: &str) -> String {
    let (mut caller, mut backend, head) = front.exchange(&format!("GET / HTTP/1.1\r\nhost: demo:80\r\n{fields}\r\n"));
    backend.send(OK_CLOSE);
    assert_eq!(caller.read_answer().0, 200);
    head
}

fn is_fresh_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())
}

#[test]
fn a_backend_is_told_who_asks() {
    let front = Front::start();
    let head = seen(&front, "");
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "demo:80"),
        ("via", "1.1 doze"),
    ] {
        assert_eq!(field(&head, name), Some(value), "{head}");
    }
    assert!(field(&head, "x-request-id").is_some_and(is_fresh_id), "{head}");
    assert_eq!(field(&head, "forwarded"), None, "only where it is asked for");
    let other = seen(&front, "");
    assert_ne!(field(&head, "x-request-id"), field(&other, "x-request-id"));
}

#[test]
fn what_a_trusted_proxy_in_front_says_is_kept_and_appended_to() {
    for arguments in [&[][..], &["--trusted-proxies", "10.0.0.0/8", "--trusted-proxies", "127.0.0.0/8"]] {
        let front = Front::with(arguments);
        let head = seen(&front, CLAIMS);
        for (name, value) in [
            ("x-forwarded-for", "203.0.113.9, 198.51.100.2, 127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "shop.example.org"),
            ("via", "2 front, 1.1 doze"),
            ("x-request-id", "abc-123"),
        ] {
            assert_eq!(field(&head, name), Some(value), "{arguments:?}: {head}");
            assert_eq!(head.matches(&format!("\r\n{name}:")).count(), 1, "{arguments:?}: {head}");
        }
    }
}

#[test]
fn what_a_stranger_says_is_replaced() {
    for trusted in ["none", "10.0.0.0/8"] {
        let front = Front::with(&["--trusted-proxies", trusted]);
        let head = seen(&front, &format!("{CLAIMS}x-forwarded-port: 1\r\nx-forwarded-server: a\r\n"));
        for (name, value) in
            [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http"), ("x-forwarded-host", "demo:80")]
        {
            assert_eq!(field(&head, name), Some(value), "{trusted}: {head}");
            assert_eq!(head.matches(&format!("\r\n{name}:")).count(), 1, "{trusted}: {head}");
        }
        assert!(field(&head, "x-request-id").is_some_and(is_fresh_id), "{head}");
        assert!(!head.contains("203.0.113.9") && !head.contains("198.51.100.2"), "{head}");
        for lie in ["forwarded", "x-forwarded-port", "x-forwarded-server"] {
            assert_eq!(field(&head, lie), None, "{head}");
        }
        assert_eq!(field(&head, "via"), Some("2 front, 1.1 doze"), "a path is no claim about anybody");
    }
}

#[test]
fn an_odd_request_id_is_replaced_even_from_a_trusted_proxy() {
    let front = Front::start();
    let long = format!("x-request-id: {}\r\n", "a".repeat(129));
    for_all(
        ["x-request-id:\r\n", "x-request-id: a b\r\n", &long, "x-request-id: a\r\nx-request-id: b\r\n"],
        |fields| {
            let head = seen(&front, fields);
            same(fields, field(&head, "x-request-id").is_some_and(is_fresh_id), true)
        },
    );
    let longest = "a".repeat(128);
    let head = seen(&front, &format!("x-request-id: {longest}\r\n"));
    assert_eq!(field(&head, "x-request-id"), Some(longest.as_str()));
}

#[test]
fn an_answer_has_the_request_id_unless_the_backend_set_its_own() {
    let front = Front::start();
    let (mut caller, mut backend, head) = front.exchange(GET);
    backend.send(OK_CLOSE);
    assert_eq!(field(&caller.read_head(), "x-request-id"), field(&head, "x-request-id"));
    let (mut caller, mut backend, _) = front.exchange(GET);
    backend.send("HTTP/1.1 200 OK\r\nx-request-id: theirs\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(field(&caller.read_head(), "x-request-id"), Some("theirs"));
}

#[test]
fn a_valid_traceparent_is_kept_and_another_is_dropped_with_its_state() {
    let front = Front::start();
    let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let head = seen(&front, &format!("traceparent: {valid}\r\ntracestate: a=1\r\n"));
    assert_eq!((field(&head, "traceparent"), field(&head, "tracestate")), (Some(valid), Some("a=1")));
    let invalid = [
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        "",
        "odd",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ];
    for_all(invalid, |value| {
        // The upper case is told by the raw bytes alone.
        let request = format!("GET / HTTP/1.1\r\nhost: demo\r\ntraceparent: {value}\r\ntracestate: a=1\r\n\r\n");
        let (mut caller, mut backend) = front.passes(request)?;
        let seen = judge::next(&backend);
        backend.send(OK_CLOSE);
        caller.read_answer();
        same(value, (seen.field("traceparent"), seen.field("tracestate")), (None, None))
    });
}

#[test]
fn forwarded_is_written_where_asked_for() {
    let front = Front::with(&["--forwarded"]);
    let head = seen(&front, "");
    let said = field(&head, "forwarded").unwrap_or_else(|| panic!("{head}"));
    for part in ["for=127.0.0.1", "proto=http", "host=\"demo:80\""] {
        assert!(said.contains(part), "{said}");
    }
    let head = seen(&front, CLAIMS);
    let said = field(&head, "forwarded").expect("appended to");
    assert!(said.starts_with("for=203.0.113.9;proto=https, for=127.0.0.1"), "{said}");
}

#[test]
fn the_version_of_each_side_is_told_by_via() {
    let front = Front::start();
    let (mut caller, mut backend, head) = front.exchange("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(field(&head, "via"), Some("1.0 doze"));
    backend.send("HTTP/1.0 200 OK\r\nvia: 1.1 inner\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(field(&caller.read_head(), "via"), Some("1.1 inner, 1.0 doze"));
}
