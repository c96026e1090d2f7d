//! Upgrades (RFC 9110, 7.8): tunnelled only after a 101 that was asked for, with a token of `--upgrade`.

use crate::front::{Front, OK, for_all, same, write_until_blocked};
use crate::wire::{Wire, field, status};

fn asking(token: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nhost: demo\r\nconnection: keep-alive, Upgrade\r\nupgrade: {token}\r\nsec-websocket-key: x\r\n\
         sec-websocket-version: 13\r\nsec-websocket-protocol: chat\r\n\r\n"
    )
}

fn accepting(token: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: {token}\r\nsec-websocket-accept: y\r\n\r\n"
    )
}

/// Both sides of a tunnel that is open.
fn tunnel(front: &Front, token: &str) -> (Wire, Wire) {
    let (mut caller, mut backend, head) = front.exchange(&asking(token));
    let named = token.to_ascii_lowercase();
    assert_eq!(
        (field(&head, "upgrade"), field(&head, "connection")),
        (Some(named.as_str()), Some("upgrade")),
        "{head}"
    );
    backend.send(&accepting(token));
    let head = caller.read_head();
    assert_eq!((status(&head), field(&head, "upgrade")), (101, Some(named.as_str())));
    assert_eq!(field(&head, "connection"), Some("upgrade"));
    (caller, backend)
}

#[test]
fn a_websocket_is_tunnelled_both_ways_and_ends_with_either_side() {
    let front = Front::start();
    for token in ["websocket", "WebSocket"] {
        let (mut caller, mut backend) = tunnel(&front, token);
        for n in 0..10 {
            caller.send(&format!("up{n}\0"));
            assert_eq!(backend.read_bytes(4), format!("up{n}\0"));
            backend.send(&format!("down{n}"));
            assert_eq!(caller.read_bytes(5), format!("down{n}"));
        }
        if token == "websocket" {
            drop(caller);
            backend.expect_closed();
            drop(backend);
        } else {
            drop(backend);
            caller.expect_closed();
            drop(caller);
        }
        front.expect_unmarked();
    }
}

#[test]
fn half_a_close_is_half_a_close() {
    let front = Front::start();
    let (mut caller, mut backend) = tunnel(&front, "websocket");
    caller.send("last words");
    caller.close_sending();
    assert_eq!(backend.read_to_end(), "last words");
    backend.send("an answer after all");
    assert_eq!(caller.read_bytes(19), "an answer after all");
    drop(backend);
    caller.expect_closed();

    let (mut caller, mut backend) = tunnel(&front, "websocket");
    backend.close_sending();
    caller.expect_closed();
    caller.send("still heard");
    assert_eq!(backend.read_bytes(11), "still heard");
    drop(caller);
    backend.expect_closed();
    front.expect_unmarked();
}

/// A server that refuses a frame says why and closes, whatever of the caller's it has not read: that resets the connection.
#[test]
fn last_words_of_a_backend_that_reads_no_more_are_the_callers() {
    let front = Front::start();
    for round in 0..3 {
        let (mut caller, mut backend) = tunnel(&front, "websocket");
        // More than the backend has read when it closes, and more than fits on the way to it.
        write_until_blocked(&caller.stream(), 100_000_000);
        backend.send(&format!("last words {round:02}"));
        drop(backend);
        assert_eq!(caller.read_bytes(13), format!("last words {round:02}"));
        caller.expect_closed();
        front.expect_unmarked();
    }
}

#[test]
fn early_bytes_of_both_sides_keep_their_order() {
    let front = Front::start();
    let early: String = (0..2_000).map(|n| format!("early{n};")).collect();
    let (mut caller, mut backend, _) = front.exchange(&format!("{}{early}", asking("websocket")));
    assert!(backend.is_quiet(), "bytes were tunnelled before the 101");
    backend.send(&format!("{}{early}", accepting("websocket")));
    assert_eq!(status(&caller.read_head()), 101);
    caller.send("late");
    backend.send("late");
    assert_eq!(caller.read_bytes(early.len() + 4), format!("{early}late"));
    assert_eq!(backend.read_bytes(early.len() + 4), format!("{early}late"));
}

#[test]
fn a_refused_upgrade_is_an_answer_like_any_other_and_the_connection_serves_on() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(&asking("websocket"));
    backend.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    assert_eq!(caller.read_answer(), (403, "no".to_owned()));
    caller.send("GET /next HTTP/1.1\r\nhost: demo\r\n\r\n");
    let mut next = if backend.is_quiet() { front.origin.accept() } else { backend };
    assert!(next.read_head().starts_with("get /next "));
    next.send(OK);
    assert_eq!(caller.read_answer().0, 200);
}

#[test]
fn a_token_that_is_not_listed_is_not_passed_on() {
    let front = Front::start();
    for_all(["h2c", "H2C", "TLS/1.0", "other", "h2c, other", "HTTP/2.0"], |token| {
        let (mut caller, mut backend) = front.passes(asking(token))?;
        let head = backend.read_head();
        same(token, (field(&head, "upgrade"), field(&head, "connection")), (None, None))?;
        backend.send(&OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        same(token, caller.read_answer().0, 200)
    });
    // Beside a listed one it is left out.
    for_all(["websocket, h2c", "h2c, websocket", "h2c\r\nupgrade: websocket"], |token| {
        let (mut caller, mut backend) = front.passes(asking(token))?;
        let head = backend.read_head();
        same(token, head.contains("h2c"), false)?;
        backend.send(&OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        same(token, caller.read_answer().0, 200)
    });
    // Without being nominated it asks for nothing, and HTTP/1.0 cannot.
    for_all(
        [
            "GET / HTTP/1.1\r\nhost: demo\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n",
            "GET / HTTP/1.0\r\nhost: demo\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n",
        ],
        |request| {
            let (_caller, mut backend) = front.passes(request)?;
            same(request, field(&backend.read_head(), "upgrade"), None)
        },
    );
}

#[test]
fn tokens_are_a_setting() {
    let front = Front::with(&["--upgrade", "websocket", "--upgrade", "custom/1"]);
    for token in ["websocket", "custom/1"] {
        let (mut caller, mut backend) = tunnel(&front, token);
        caller.send("ping");
        assert_eq!(backend.read_bytes(4), "ping");
    }
    let (_caller, _backend, head) = front.exchange(&asking("h2c"));
    assert_eq!(field(&head, "upgrade"), None);
    let front = Front::with(&["--upgrade", "custom/1"]);
    let (_caller, _backend, head) = front.exchange(&asking("websocket"));
    assert_eq!(field(&head, "upgrade"), None, "it is not in the list any more");
}

#[test]
fn a_101_that_was_not_asked_for_is_a_502() {
    let front = Front::start();
    let plain = "GET / HTTP/1.1\r\nhost: demo\r\n\r\n".to_owned();
    let rows = [
        (plain.clone(), accepting("websocket")),
        (plain, accepting("h2c")),
        (asking("h2c"), accepting("h2c")),
        (asking("websocket"), accepting("h2c")),
        (asking("websocket"), accepting("other")),
        (asking("websocket"), accepting("websocket, h2c")),
        (asking("websocket"), "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\r\n".to_owned()),
    ];
    for_all(rows, |(request, answer)| {
        let (mut caller, mut backend) = front.passes(request)?;
        backend.read_head();
        backend.send(&format!("{answer}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"));
        let what = format!("{request:?} {answer:?}");
        let head = caller.read_head();
        same(&what, (status(&head), head.contains("upstream_upgrade")), (502, true))?;
        backend.expect_closed();
        Ok(())
    });
    front.expect_unmarked();
}

#[test]
fn a_post_with_a_body_may_ask_for_an_upgrade_and_its_body_is_no_tunnel() {
    let front = Front::start();
    let request = asking("websocket").replace("GET ", "POST ").replace("\r\n\r\n", "\r\ncontent-length: 4\r\n\r\nbody");
    let (mut caller, mut backend) = front.passes(request).expect("passes");
    let head = backend.read_head();
    assert_eq!((backend.read_bytes(4).as_str(), field(&head, "content-length")), ("body", Some("4")));
    backend.send(OK);
    assert_eq!(caller.read_answer().0, 200);
}
