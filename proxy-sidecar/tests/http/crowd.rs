//! A crowd at once: 10,000 idle callers, 200 slow ones and 5,000 rapid resets (of streams, and some of connections),
//! while others are served.
//!
//! What they cost is asserted; how long the others wait is printed, for a test is no place to measure it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit};
use proxy_sidecar::decide::ramp::BOUND;
use task_state::State;

use crate::frames::{END_HEADERS, END_STREAM, HEADERS, RESET, Raw, block, frame};
use crate::front::{Front, GET, OK, memory_kib};
use crate::process::{Proxy, until};
use crate::wire::Wire;

const IDLE: usize = 10_000;
const SLOW: usize = 200;
const RESETS: usize = 5_000;

const BYTES_OF_ONE_IDLE: u64 = 400;

/// The most that all of them may add: the idle ones, heads of slow ones, and what an allocator keeps for later.
const MEMORY_KIB: u64 = 24 * 1024;

/// As many idle callers as this process and the proxy, which is as limited, may have.
fn idle_callers() -> usize {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    // The proxy gives its callers less than half of its descriptors.
    let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(64) / 2;
    let idle = IDLE.min(room.saturating_sub(SLOW + 200));
    if idle < IDLE {
        println!("{idle} idle callers instead of {IDLE}: no more open files are allowed here ({most})");
    }
    idle
}

#[test]
fn others_are_served_in_a_crowd_and_the_crowd_costs_little() {
    let many = ["--max-connections", "20000", "--max-connections-per-address", "20000", "--header-timeout", "60s"];
    let front = Front::answering(&many);
    let proxy = &front.proxy;
    let before = memory_kib(proxy);

    let idle = (0..idle_callers()).map(|_| {
        let mut caller = proxy.connect();
        caller.send(GET);
        assert_eq!(caller.read_answer().0, 200);
        caller
    });
    let mut idle: Vec<Wire> = idle.collect();
    let each = until("the idle ones are parked, and what they needed is given back", || {
        let each = memory_kib(proxy).saturating_sub(before) * 1024 / idle.len() as u64;
        (each <= BYTES_OF_ONE_IDLE).then_some(each)
    });
    println!("{} idle callers cost {each} bytes each", idle.len());

    let mut slow: Vec<Wire> = (0..SLOW).map(|n| slow_one(proxy, n)).collect();
    let mut times = Vec::new();
    let mut other = proxy.connect();
    for round in 0..50 {
        rapid_resets(&front, RESETS / 50);
        (0..20).for_each(|n| break_off(proxy, n));
        slow.iter_mut().for_each(|caller| caller.try_send("x"));
        for _ in 0..10 {
            let since = Instant::now();
            other.send(GET);
            assert_eq!(other.read_answer(), (200, "ok".to_owned()), "round {round}");
            times.push(since.elapsed());
        }
    }
    times.sort();
    let p99 = times[times.len() * 99 / 100];
    println!("others: p50 {:?}, p99 {p99:?}, longest {:?}", times[times.len() / 2], times[times.len() - 1]);

    let more = memory_kib(proxy).saturating_sub(before);
    println!("all of them cost {more} KiB");
    assert!(more < MEMORY_KIB, "{more} KiB more");
    // Those that were idle are served as before.
    for caller in idle.iter_mut().step_by(100) {
        caller.send(GET);
        assert_eq!(caller.read_answer().0, 200);
    }
    drop((idle, slow));
    proxy.until_status("nothing in flight", |status| status["backends"][0]["in_flight"] == 0);
    assert_eq!(proxy.status()["backends"][0]["failures"], 0);
    // A wait that nobody should see: ten times what is promised.
    assert!(p99 < Duration::from_secs(5), "others waited {p99:?}");
}

/// Rule X8: what is limited there is what the backend owes, not what it waits for itself.
#[test]
fn slow_uploads_hold_nobody_up_at_a_backend_that_has_just_woken() {
    let front = Front::in_state(State::Starting, &[]);
    let uploads = usize::try_from(BOUND).expect("few") + 2;
    let slow: Vec<Wire> = (0..uploads).map(|_| slow_one(&front.proxy, 2)).collect();
    front.proxy.until_status("the slow ones are held", |status| status["held"] == uploads);
    let mut other = front.caller(GET);
    front.proxy.until_status("all are held", |status| status["held"] == uploads + 1);
    front.supervisor.becomes(State::Awake { ready: true });
    let mut backends: Vec<Wire> = (0..=uploads).map(|_| front.origin.accept()).collect();
    let asked = backends.iter_mut().find_map(|backend| backend.read_head().starts_with("get ").then_some(backend));
    asked.expect("the other's request").send(OK);
    assert_eq!(other.read_answer().0, 200);
    drop(slow);
    front.proxy.until_status("nothing in flight", |status| status["backends"][0]["in_flight"] == 0);
    front.expect_unmarked();
}

/// A caller whose head or body never ends.
fn slow_one(proxy: &Proxy, n: usize) -> Wire {
    let mut caller = proxy.connect();
    caller.send(match n % 3 {
        0 => "GET / HTTP/1.1\r\nhost: demo\r\nx-slow: ",
        1 => "GET /",
        _ => "POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: 100000\r\n\r\nx",
    });
    caller
}

/// Streams that are asked for and reset in one breath; a connection that is ended for it is followed by another.
fn rapid_resets(front: &Front, count: usize) {
    let head = block(&[(":method", b"GET"), (":scheme", b"http"), (":path", b"/"), (":authority", b"demo")]);
    let (mut raw, mut stream) = (Raw::connect(front), 1);
    for _ in 0..count {
        let reset =
            [frame(HEADERS, END_HEADERS | END_STREAM, stream, &head), frame(RESET, 0, stream, &[0, 0, 0, 8])].concat();
        (raw, stream) = if raw.write(&reset) { (raw, stream + 2) } else { (Raw::connect(front), 1) };
    }
}

/// A caller that asks and is gone before it could be answered.
fn break_off(proxy: &Proxy, n: usize) {
    let caller = proxy.connect();
    let _ = caller.stream().write_all(if n.is_multiple_of(2) { GET.as_bytes() } else { b"GET / HT" });
    crate::cut::reset(caller);
}
