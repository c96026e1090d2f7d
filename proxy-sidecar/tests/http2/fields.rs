//! Fields that HTTP/2 writes differently: cookies, `:authority`, and what belongs to a connection.

use crate::client::{Client, request, whole};
use crate::frames::{END_HEADERS, END_STREAM, HEADERS, Outcome, Raw, block};
use crate::front::{Front, OK};
use crate::judge;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn crumbs_of_a_cookie_are_joined() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let mut asking = request("GET", "/");
    for crumb in ["a=1", "b=2; c=3", "d=4"] {
        asking.headers_mut().append("cookie", crumb.parse().expect("a value"));
    }
    let (answer, _) = client.ask(asking, true).await;
    let mut backend = front.origin.accept();
    let seen = judge::next(&backend);
    assert_eq!(seen.field("cookie").as_deref(), Some("a=1; b=2; c=3; d=4"));
    backend.send(OK);
    assert_eq!(whole(answer).await.0, 200);
}

type Fields<'a> = &'a [(&'a str, &'a [u8])];

/// A GET with these fields on a connection of its own.
fn ask(front: &Front, fields: Fields<'_>) -> Raw {
    let mut raw = Raw::connect(front);
    let plain: Fields<'_> = &[(":method", b"GET"), (":scheme", b"http"), (":path", b"/")];
    raw.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[plain, fields].concat()));
    raw
}

#[test]
fn the_authority_is_the_host_and_a_host_that_agrees_may_stand_beside_it() {
    let front = Front::start();
    let rows: [(Fields<'_>, &str); 4] = [
        (&[(":authority", b"demo:80")], "demo:80"),
        (&[(":authority", b"demo"), ("host", b"demo")], "demo"),
        (&[(":authority", b"Demo"), ("host", b"demo")], "demo"),
        (&[("host", b"demo")], "demo"),
    ];
    for (fields, host) in rows {
        let mut raw = ask(&front, fields);
        let mut backend = front.origin.accept();
        let seen = judge::next(&backend);
        assert_eq!(seen.field("host").map(|host| host.to_ascii_lowercase()).as_deref(), Some(host), "{fields:?}");
        backend.send(&OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        assert_eq!(raw.outcome(1), Outcome::Answered(200), "{fields:?}");
    }
}

#[test]
fn a_host_that_differs_is_answered_400() {
    let front = Front::start();
    let rows: [Fields<'_>; 6] = [
        &[(":authority", b"demo"), ("host", b"other")],
        &[(":authority", b"demo"), ("host", b"demo:81")],
        &[(":authority", b"demo"), ("host", b"demo"), ("host", b"demo")],
        &[(":authority", b"demo"), ("host", b"demo"), ("host", b"other")],
        &[("host", b"demo"), ("host", b"demo")],
        &[],
    ];
    for fields in rows {
        assert_eq!(ask(&front, fields).outcome(1), Outcome::Answered(400), "{fields:?}");
    }
    assert!(front.origin.try_accept().is_none());
}

#[test]
fn values_pass_verbatim_and_hop_by_hop_names_without_meaning_here_end() {
    let front = Front::start();
    let mut raw = ask(
        &front,
        &[
            (":authority", b"demo"),
            ("x-high", b"\xe9\xff"),
            ("x-empty", b""),
            ("x-tab", b"a\tb"),
            ("proxy-authorization", b"Basic x"),
            ("http2-settings", b"x"),
            ("te", b"trailers"),
        ],
    );
    let mut backend = front.origin.accept();
    let seen = judge::next(&backend);
    for (name, value) in [("x-high", Some("\u{e9}\u{ff}")), ("x-empty", Some("")), ("x-tab", Some("a\tb"))] {
        assert_eq!(seen.field(name).as_deref(), value, "{name}");
    }
    for gone in ["proxy-authorization", "http2-settings"] {
        assert_eq!(seen.field(gone), None);
    }
    backend.send(OK);
    assert_eq!(raw.outcome(1), Outcome::Answered(200));
}
