//! Chunks of a request (RFC 9112, 7.1): what is refused is never a whole body to the origin.

use crate::front::{Front, OK_CLOSE, for_all, same};
use crate::judge;

const HEAD: &str = "POST / HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n";

/// Bodies that break the rules; what would follow is a request that must not be taken for one.
const BAD: &[&[u8]] = &[
    b"0x3\r\nabc\r\n0\r\n\r\n",
    b"+3\r\nabc\r\n0\r\n\r\n",
    b"-3\r\nabc\r\n0\r\n\r\n",
    b"-0\r\n\r\n",
    b" 3\r\nabc\r\n0\r\n\r\n",
    b"\t3\r\nabc\r\n0\r\n\r\n",
    b"3 \r\nabc\r\n0\r\n\r\n",
    b"3\t\r\nabc\r\n0\r\n\r\n",
    b"3 ;a\r\nabc\r\n0\r\n\r\n",
    b"3\r\r\nabc\r\n0\r\n\r\n",
    b"3_0\r\nabc\r\n0\r\n\r\n",
    b"3.0\r\nabc\r\n0\r\n\r\n",
    b"3h\r\nabc\r\n0\r\n\r\n",
    b"g\r\nabc\r\n0\r\n\r\n",
    b"\r\nabc\r\n0\r\n\r\n",
    b"\r\n\r\n",
    b";a\r\nabc\r\n0\r\n\r\n",
    b"\"3\"\r\nabc\r\n0\r\n\r\n",
    b"3\x00\r\nabc\r\n0\r\n\r\n",
    b"3\x0b\r\nabc\r\n0\r\n\r\n",
    b"\xef\xbb\xbf3\r\nabc\r\n0\r\n\r\n",
    b"3\xff\r\nabc\r\n0\r\n\r\n",
    b"00010000000000000003\r\nabc\r\n0\r\n\r\n",
    b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    b"00000000000000000000000000000000000000000000000000000000000000000\r\n\r\n",
    b"3\nabc\r\n0\r\n\r\n",
    b"3\rabc\r\n0\r\n\r\n",
    b"3\r\nabc\n0\r\n\r\n",
    b"3\r\nabc\r0\r\n\r\n",
    b"3\r\nabc0\r\n\r\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"3\r\nabcXX0\r\n\r\n",
    b"3\r\nab\r\n0\r\n\r\n",
    b"3\r\nabc\r\n0\n\r\n",
    b"3\r\nabc\r\n0\r\n\n",
    b"3\r\nabc\r\n0\r\r\n\r\n",
    b"3\r\nabc\r\n0\r\n\rX",
    b"3\r\nabc\r\n0\r\nX\r\n\r\n",
    b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    b"3;a\x00\r\nabc\r\n0\r\n\r\n",
    b"3;a\x7f\r\nabc\r\n0\r\n\r\n",
    b"3;a=\xff\r\nabc\r\n0\r\n\r\n",
    b"3;\nabc\r\n0\r\n\r\n",
    b"3\r\nabc\r\n0;a\nb\r\n\r\n",
    b"3,a\r\nabc\r\n0\r\n\r\n",
    b"3\r\nabc\r\n0\r\nx-a : 1\r\n\r\n",
    b"3\r\nabc\r\n0\r\n x-a: 1\r\n\r\n",
    b"3\r\nabc\r\n0\r\nx-a: 1\r\n folded\r\n\r\n",
    b"3\r\nabc\r\n0\r\nx-a: 1\nx-b: 2\r\n\r\n",
    b"3\r\nabc\r\n0\r\nx-a: \x00\r\n\r\n",
    b"3\r\nabc\r\n0\r\n: 1\r\n\r\n",
];

#[test]
fn malformed_chunks_are_answered_400_and_never_become_a_whole_body() {
    let front = Front::start();
    for_all(BAD, |body| {
        let rest = b"GET /smuggled HTTP/1.1\r\nhost: demo\r\n\r\n";
        front.refuses(&[HEAD.as_bytes(), *body, rest].concat(), 400, &["bad_body"])
    });
    front.expect_unmarked();
}

#[test]
fn chunk_lines_and_trailers_have_bounds() {
    let front = Front::start();
    let long = |letters: usize| "x".repeat(letters);
    let lines: String = (0..65).map(|n| format!("x-{n}: 1\r\n")).collect();
    let bodies = [
        format!("3;{}\r\nabc\r\n0\r\n\r\n", long(300)),
        format!("3;{}", long(100_000)),
        format!("3\r\nabc\r\n0;{}\r\n\r\n", long(300)),
        format!("3\r\nabc\r\n0\r\n{lines}\r\n"),
        format!("3\r\nabc\r\n0\r\nx-a: {}\r\n\r\n", long(17 * 1024)),
        format!("3\r\nabc\r\n0\r\nx-a: {}", long(100_000)),
        format!("3\r\nabc\r\n{}", "0".repeat(100_000)),
    ];
    for_all(&bodies, |body| front.refuses([HEAD, body].concat().as_bytes(), 400, &["bad_body"]));
    front.expect_unmarked();
}

/// Bodies, and what the origin is to read.
const GOOD: &[(&str, &str)] = &[
    ("0\r\n\r\n", ""),
    ("3\r\nabc\r\n0\r\n\r\n", "abc"),
    ("0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n", "abc"),
    ("000000000000000000000000000000000003\r\nabc\r\n00000000000000000\r\n\r\n", "abc"),
    ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
    ("3;name\r\nabc\r\n0\r\n\r\n", "abc"),
    ("3;name=value;other=\"a b\tc\"\r\nabc\r\n0;last=1\r\n\r\n", "abc"),
    ("1;0\r\n0\r\n2;\r\n\r\n\r\n0\r\n\r\n", "0\r\n"),
    ("3\r\n0\r\n\r\n0\r\n\r\n", "0\r\n"),
    ("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n"),
];

#[test]
fn good_chunks_pass_and_their_extensions_are_dropped() {
    let front = Front::start();
    let longest = format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(200));
    for_all(GOOD.iter().copied().chain([(longest.as_str(), "abc")]), |(body, expected)| {
        let (mut caller, mut backend) = front.passes([HEAD, body].concat())?;
        let seen = judge::try_next(&backend).map_err(|why| format!("{body:?}: {why}"))?;
        same(body, (seen.text().as_str(), seen.chunked), (*expected, true))?;
        backend.send(OK_CLOSE);
        same(body, caller.read_answer().0, 200)
    });
    front.expect_unmarked();
}

#[test]
fn a_chunk_that_breaks_after_the_answer_began_ends_the_connection() {
    let front = Front::start();
    let (mut caller, mut backend, _) = front.exchange(&format!("{HEAD}3\r\nabc\r\n"));
    assert_eq!(backend.read_bytes(8), "3\r\nabc\r\n");
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n");
    caller.read_head();
    assert_eq!(caller.read_bytes(7), "2\r\nok\r\n");
    caller.send("zz\r\n");
    let rest = backend.read_to_end();
    assert!(!rest.contains('0'), "a proper end was made up: {rest:?}");
    let rest = caller.read_to_end();
    assert!(!rest.contains('0') && !rest.contains("HTTP"), "{rest:?}");
    front.expect_unmarked();
}

#[test]
fn malformed_bodies_do_not_end_a_pair() {
    let origin = crate::wire::Origin::start();
    let supervisor = crate::supervisor::Supervisor::start("demo", task_state::State::Awake { ready: true });
    let (at, port) = (origin.at.to_string(), supervisor.port());
    let proxy = crate::process::Proxy::start(&["--backend", &at, "--status-port", &port], &[]);
    crate::process::until("a watch", || (supervisor.watchers() > 0).then_some(()));
    let mut front = Front { origin, supervisor, proxy };
    for _ in 0..10 {
        front.refuses(format!("{HEAD}zz\r\n").as_bytes(), 400, &["bad_body"]).expect("refused");
    }
    front.expect_unmarked();
    assert!(front.proxy.is_running());
}
