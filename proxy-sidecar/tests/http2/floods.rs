//! Floods (RFC 9113, 10.5): the proxy lives, its memory is bounded, and others are served.

use crate::client::{Client, request, whole};
use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Outcome, PING, RESET, Raw, SETTINGS, block, frame,
};
use crate::front::{Front, memory_kib};

/// What a flood may add to the proxy's memory.
const MEMORY_KIB: u64 = 16 * 1024;

fn plain() -> Vec<u8> {
    block(&[(":method", b"GET"), (":scheme", b"http"), (":path", b"/"), (":authority", b"demo")])
}

/// Floods, serves others meanwhile, and looks at what it cost.
async fn withstands(what: &str, mut flood: impl FnMut(&Front)) {
    let front = Front::answering(&[]);
    let mut other = Client::connect(&front).await;
    for _ in 0..100 {
        let (answer, _) = other.ask(request("GET", "/"), true).await;
        assert_eq!(whole(answer).await, (200, "ok".to_owned()));
    }
    let before = memory_kib(&front.proxy);
    for _ in 0..10 {
        flood(&front);
        let (answer, _) = other.ask(request("GET", "/"), true).await;
        assert_eq!(whole(answer).await, (200, "ok".to_owned()), "{what}");
        assert_eq!(front.proxy.get("/"), (200, "ok".to_owned()), "{what}");
    }
    let more = memory_kib(&front.proxy).saturating_sub(before);
    assert!(more < MEMORY_KIB, "{what}: {more} KiB more");
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn five_thousand_rapid_resets() {
    withstands("rapid resets", |front| {
        // As many on one connection as it takes, then the next.
        let (mut raw, mut stream) = (Raw::connect(front), 1);
        for _ in 0..500 {
            let reset =
                [frame(HEADERS, END_HEADERS | END_STREAM, stream, &plain()), frame(RESET, 0, stream, &[0, 0, 0, 8])];
            if raw.write(&reset.concat()) {
                stream += 2;
            } else {
                (raw, stream) = (Raw::connect(front), 1);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resets_provoked_by_what_is_malformed() {
    // The proxy resets, which costs the caller nothing to ask for.
    let bad = block(&[
        (":method", b"GET"),
        (":scheme", b"http"),
        (":path", b"/"),
        (":authority", b"demo"),
        ("connection", b"x"),
    ]);
    withstands("provoked resets", |front| {
        let (mut raw, mut stream) = (Raw::connect(front), 1);
        for _ in 0..500 {
            if raw.send(HEADERS, END_HEADERS | END_STREAM, stream, &bad) {
                stream += 2;
            } else {
                (raw, stream) = (Raw::connect(front), 1);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pings_and_settings_whose_answers_nobody_reads() {
    let flood = [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])].concat().repeat(1_000);
    let mut open = Vec::new();
    withstands("pings", |front| {
        let mut raw = Raw::connect(front);
        raw.give_up_soon();
        for _ in 0..50 {
            if !raw.write(&flood) {
                break;
            }
        }
        open.push(raw);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_head_without_an_end() {
    let mut open = Vec::new();
    withstands("continuations", |front| {
        let mut raw = Raw::connect(front);
        raw.give_up_soon();
        raw.send(HEADERS, END_STREAM, 1, &plain());
        let more = block(&[("x-a", &[b'a'; 8_000])]);
        for _ in 0..2_000 {
            if !raw.send(CONTINUATION, 0, 1, &more) {
                break;
            }
        }
        open.push(raw);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_head_that_unfolds() {
    // A large field is remembered once, then named by one byte as often as fits.
    let front = Front::answering(&[]);
    let before = memory_kib(&front.proxy);
    for _ in 0..20 {
        let mut raw = Raw::connect(&front);
        let mut bomb = plain();
        bomb.extend_from_slice(&[0x40, 3]);
        bomb.extend_from_slice(b"x-a");
        bomb.extend_from_slice(&[127, 0x81, 0x1e]);
        bomb.extend_from_slice(&[b'a'; 127 + 1 + 0x1e * 128]);
        bomb.extend_from_slice(&[0xbe; 10_000]);
        raw.send(HEADERS, END_HEADERS | END_STREAM, 1, &bomb);
        let outcome = raw.outcome(1);
        assert!(
            matches!(outcome, Outcome::Answered(431) | Outcome::Reset | Outcome::GoneAway | Outcome::Closed),
            "{outcome:?}"
        );
    }
    let more = memory_kib(&front.proxy).saturating_sub(before);
    assert!(more < MEMORY_KIB, "{more} KiB more");
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn empty_data_without_an_end() {
    let empty = frame(DATA, 0, 1, &[]).repeat(1_000);
    let mut open = Vec::new();
    withstands("empty data", |front| {
        let mut raw = Raw::connect(front);
        raw.give_up_soon();
        raw.send(HEADERS, END_HEADERS, 1, &plain());
        for _ in 0..50 {
            if !raw.write(&empty) {
                break;
            }
        }
        open.push(raw);
    })
    .await;
}

#[test]
fn more_streams_than_allowed_are_refused_and_those_allowed_are_served() {
    let front = Front::start();
    let mut raw = Raw::connect(&front);
    for n in 0..300 {
        raw.send(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &plain());
    }
    let mut refused = 0;
    while refused < 300 - 128 {
        match raw.next() {
            Some(frame) if frame.kind == RESET => refused += 1,
            Some(_) => (),
            // To end it is no less right, for the caller was told the bound.
            None => break,
        }
    }
    let in_flight = front.proxy.status()["backends"][0]["in_flight"].as_u64().expect("a number");
    assert!(in_flight <= 128, "{in_flight} at once");
}
