use super::super::look::tests::{connection, data, look, quiet};
use super::super::look::{Data, Ended};
use super::super::policy::tests::defaults;
use super::*;

const PEER: &str = "10.0.0.9:4000";

fn after(connections: &[Connection], now: u64) -> Usage {
    let mut usage = Usage::new(Evidence::Ready, Moment::START);
    usage.saw(&look(connections), &Watchers::default(), &defaults(), Moment::millis(now));
    usage
}

fn with(data: Data) -> Connection {
    connection(PEER, Traffic::Known(data))
}

#[test]
fn the_last_use_is_when_data_last_moved() {
    let usage = after(&[quiet(PEER, 4_000)], 10_000);
    assert_eq!(usage.last(), Moment::millis(6_000));
    assert_eq!(usage.evidence().to_string(), "data moved with 10.0.0.9:4000");
}

#[test]
fn an_unanswered_request_is_use_for_as_long_as_the_longest_answer() {
    assert_eq!(after(&[with(data(9_000, 8_000))], 10_000).last(), Moment::millis(10_000));
    let hour = 3_600_000;
    assert_eq!(after(&[with(data(hour + 9_000, hour))], hour + 10_000).last(), Moment::millis(10_000));
}

#[test]
fn a_tie_and_missing_details_are_use() {
    assert_eq!(after(&[with(data(9_000, 9_000))], 10_000).last(), Moment::millis(10_000));
    let unknown = connection(PEER, Traffic::Unknown);
    assert_eq!(after(&[unknown], 10_000).last(), Moment::millis(10_000));
}

#[test]
fn a_connection_on_which_nothing_was_asked_is_not_used() {
    let silent = Data { ever_received: false, ..data(9_000, 9_000) };
    assert_eq!(after(&[with(silent)], 10_000).last(), Moment::millis(1_000));
}

#[test]
fn a_connection_between_two_looks_is_use_and_the_close_of_an_old_one_is_not() {
    let mut usage = after(&[quiet(PEER, 9_000)], 10_000);
    let ended = |peer: &str| Ended { peer: peer.parse().expect("address"), port: 9050, ago: Duration::from_secs(1) };
    let closed = Look { ended: vec![ended(PEER)], ..look(&[]) };
    usage.saw(&closed, &Watchers::default(), &defaults(), Moment::millis(15_000));
    assert_eq!(usage.last(), Moment::millis(1_000));
    let short = Look { ended: vec![ended(PEER), ended("10.0.0.8:1")], ..look(&[]) };
    usage.saw(&short, &Watchers::default(), &defaults(), Moment::millis(20_000));
    assert_eq!(usage.last(), Moment::millis(19_000));
}

#[test]
fn evidence_never_moves_the_last_use_back() {
    let mut usage = after(&[quiet(PEER, 0)], 10_000);
    usage.note(Evidence::CalledBack, Moment::millis(3));
    assert_eq!(usage.last(), Moment::millis(10_000));
}

fn at(usage: &mut Usage, look: &Look, now: u64) -> u64 {
    usage.saw(look, &Watchers::default(), &defaults(), Moment::millis(now));
    u64::try_from(usage.last().since_start().as_millis()).expect("short")
}

#[test]
fn a_connection_that_the_kernel_says_has_ended_was_used_when_it_last_moved_data() {
    let mut usage = Usage::new(Evidence::Ready, Moment::START);
    at(&mut usage, &look(&[quiet(PEER, 9_000)]), 10_000);
    let told = |closed: &[Connection]| Look { closed: Some(closed.to_vec()), ..look(&[]) };
    // The old one has moved nothing since; the short one has.
    assert_eq!(at(&mut usage, &told(&[quiet(PEER, 14_000)]), 15_000), 1_000);
    assert_eq!(at(&mut usage, &told(&[quiet("10.0.0.8:1", 300)]), 20_000), 19_700);
    assert_eq!(usage.evidence().to_string(), "10.0.0.8:1 came and went");
}

#[test]
fn where_the_kernel_only_counts_connections_those_that_no_look_has_shown_are_use() {
    let mut usage = Usage::new(Evidence::Ready, Moment::START);
    let counted =
        |opened: u64, connections: &[Connection]| Look { closed: None, opened: Some(opened), ..look(connections) };
    assert_eq!(at(&mut usage, &counted(70, &[]), 10_000), 0, "the first count is nothing to compare with");
    assert_eq!(at(&mut usage, &counted(70, &[]), 20_000), 0);
    assert_eq!(at(&mut usage, &counted(71, &[quiet(PEER, 9_000)]), 30_000), 21_000, "it is seen");
    assert_eq!(at(&mut usage, &counted(73, &[quiet(PEER, 19_000)]), 40_000), 40_000);
    assert!(
        usage.evidence().to_string().starts_with("2 connections came and went; the kernel does not tell on which port")
    );
}

#[test]
fn a_kernel_that_tells_nothing_of_short_connections_never_lets_it_sleep() {
    let mut usage = Usage::new(Evidence::Ready, Moment::START);
    let blind = Look { closed: None, opened: None, ..look(&[]) };
    assert_eq!(at(&mut usage, &blind, 10_000), 10_000);
    let none = Policy { ports: vec![], ..defaults() };
    usage.saw(&blind, &Watchers::default(), &none, Moment::millis(20_000));
    assert_eq!(usage.last(), Moment::millis(10_000), "a job without a port has no connections");
}

#[test]
fn an_ignored_peer_is_no_use_whatever_it_does() {
    let ignore =
        super::super::ignore::Ignore { loopback: true, networks: vec!["10.0.0.0/24".parse().expect("network")] };
    let policy = Policy { ignore, ..defaults() };
    let mut usage = Usage::new(Evidence::Ready, Moment::START);
    let asks = |peer: &str| connection(peer, Traffic::Known(data(20, 10)));
    let ended = |peer: &str| Ended { peer: peer.parse().expect("address"), port: 9050, ago: Duration::ZERO };
    let all = Look {
        ended: vec![ended("127.0.0.1:7")],
        closed: Some(vec![quiet("10.0.0.8:1", 0), connection("[::1]:9", Traffic::Unknown)]),
        ..look(&[asks(PEER), asks("127.0.0.1:5"), connection("10.0.0.7:1", Traffic::Unknown)])
    };
    usage.saw(&all, &Watchers::default(), &policy, Moment::millis(10_000));
    assert_eq!(usage.last(), Moment::START);
    let counts = look(&[asks("10.0.1.9:1")]);
    usage.saw(&counts, &Watchers::default(), &policy, Moment::millis(20_000));
    assert_eq!(usage.last(), Moment::millis(20_000));
}

#[test]
fn cpu_above_its_limit_is_use_and_cpu_that_is_not_told_too() {
    let mut usage = Usage::new(Evidence::Ready, Moment::START);
    let used = |millis: u64| Look {
        cpu: Some(super::super::look::Cpu { used: Duration::from_millis(millis), limit: None }),
        ..look(&[])
    };
    at(&mut usage, &used(0), 10_000);
    assert_eq!(at(&mut usage, &used(250), 15_000), 0, "5 % are not above 5 %");
    assert_eq!(at(&mut usage, &used(650), 20_000), 20_000);
    assert_eq!(usage.evidence().to_string(), "the app used 8.0 % of a core or of its limit");
    assert_eq!(at(&mut usage, &Look { cpu: None, ..look(&[]) }, 30_000), 30_000);
    let off = Policy { busy_cpu: None, ..defaults() };
    usage.saw(&Look { cpu: None, ..look(&[]) }, &Watchers::default(), &off, Moment::millis(40_000));
    assert_eq!(usage.last(), Moment::millis(30_000));
}

#[test]
fn a_peer_that_acknowledges_nothing_was_last_there_when_it_was_last_heard() {
    let pings = |unheard: u64, repeats: u8| {
        let heard = Duration::from_millis(unheard);
        with(Data { unsent: 9, repeats, received_ago: heard, acknowledged_ago: heard, ..data(100, unheard) })
    };
    assert_eq!(after(&[pings(59_000, 5)], 100_000).last(), Moment::millis(100_000));
    assert_eq!(after(&[pings(61_000, 2)], 100_000).last(), Moment::millis(100_000));
    assert_eq!(after(&[pings(61_000, 5)], 100_000).last(), Moment::millis(39_000));
}

#[test]
fn a_stream_that_pings_is_in_use_until_it_counts_as_forgotten() {
    let mut usage = Usage::new(Evidence::Ready, Moment::START);
    let day = 86_400_000;
    let ping = |minute: u64| look(&[with(Data { bytes: minute * 12, ..data(900, 1_000) })]);
    let mut last = 0;
    for minute in 0..=1_450 {
        last = at(&mut usage, &ping(minute), minute * 60_000);
    }
    assert_eq!(last, day - 60_000 - 900);
}
