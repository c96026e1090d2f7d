//! The times of a connection, and its orderly end.

use std::time::{Duration, Instant};

use task_state::State;

use crate::client::{Client, request, whole};
use crate::frames::{END_HEADERS, END_STREAM, HEADERS, Outcome, RESET, Raw, block};
use crate::front::{Front, OK};

fn plain() -> Vec<u8> {
    block(&[(":method", b"GET"), (":scheme", b"http"), (":path", b"/"), (":authority", b"demo")])
}

#[test]
fn a_connection_without_streams_ends_after_its_idle_time() {
    let front = Front::with(&["--idle-timeout", "500ms"]);
    let mut raw = Raw::connect(&front);
    raw.send(HEADERS, END_HEADERS | END_STREAM, 1, &plain());
    let mut backend = front.origin.accept();
    backend.read_head();
    // A stream that waits for its answer is not idle.
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(1) {
        assert!(backend.is_quiet());
    }
    backend.send(OK);
    assert_eq!(raw.outcome(1), Outcome::Answered(200));
    let since = Instant::now();
    // It answers no ping: that it was told is enough.
    while raw.next().is_some() {}
    let waited = since.elapsed();
    assert!(waited >= Duration::from_millis(250) && waited < Duration::from_secs(20), "{waited:?}");
}

#[test]
fn half_a_preface_has_the_time_of_a_head() {
    let front = Front::with(&["--header-timeout", "400ms"]);
    for begun in ["PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut caller = front.caller(begun);
        let said = caller.read_to_end();
        // It has asked for nothing that could be answered, but for what looks like a version.
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 ") || said.starts_with("HTTP/1.1 505 "), "{said:?}");
    }
}

#[test]
fn a_head_in_frames_that_never_ends_is_not_waited_for() {
    let front = Front::with(&["--header-timeout", "400ms", "--idle-timeout", "1s"]);
    let mut raw = Raw::connect(&front);
    raw.send(HEADERS, END_STREAM, 1, &plain());
    let since = Instant::now();
    while raw.next().is_some() {}
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_orderly_end_finishes_the_streams_that_were_begun() {
    let mut front = Front::start();
    let mut client = Client::connect(&front).await;
    let idle = Client::connect(&front).await;
    let (answer, _) = client.ask(request("GET", "/slow"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    front.proxy.terminate();
    front.proxy.until_log("proxy ending");
    // One that carries nothing is closed, and no new stream is begun on the other.
    idle.closed().await;
    assert!(backend.is_quiet());
    backend.send(OK);
    assert_eq!(whole(answer).await, (200, "ok".to_owned()));
    assert_eq!(front.proxy.exit_code(), 0);
}

#[test]
fn a_caller_that_says_nothing_does_not_keep_an_end_back() {
    let mut front = Front::start();
    let mut silent = Raw::connect(&front);
    silent.send(HEADERS, END_HEADERS | END_STREAM, 1, &plain());
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(OK);
    assert_eq!(silent.outcome(1), Outcome::Answered(200));
    let since = Instant::now();
    front.proxy.terminate();
    assert_eq!(front.proxy.exit_code(), 0);
    // It answers no ping; the drain timeout is for those who are served.
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
}

#[test]
fn streams_are_held_while_the_service_is_away() {
    let front = Front::in_state(State::Starting, &[]);
    let mut raw = Raw::connect(&front);
    for stream in [1, 3, 5] {
        raw.send(HEADERS, END_HEADERS | END_STREAM, stream, &plain());
    }
    front.proxy.until_status("three held", |status| status["held"] == 3);
    raw.send(RESET, 0, 3, &[0, 0, 0, 8]);
    front.proxy.until_status("two held", |status| status["held"] == 2);
    front.supervisor.becomes(State::Awake { ready: true });
    for stream in [1, 5] {
        let mut backend = front.origin.accept();
        backend.read_head();
        backend.send(&OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        assert_eq!(raw.outcome(stream), Outcome::Answered(200));
    }
}
