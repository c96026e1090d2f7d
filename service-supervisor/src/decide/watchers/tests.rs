use super::*;

const AWAKE: State = State::Awake { ready: true };

fn id(name: &str) -> WatcherId {
    name.parse().expect("id")
}

fn here() -> IpAddr {
    "10.0.0.5".parse().expect("address")
}

fn report(sequence: u64, in_flight: u64, released: Option<u64>) -> Report {
    Report { sequence, in_flight, unanswered: 0, released }
}

/// One watcher of `role` that was told *awake* at 0.
fn watched_by(role: Role) -> Watchers {
    let mut watchers = Watchers::default();
    watchers.join(ClientId(1), Some((id("a"), role)), here(), Moment::START);
    watchers.said_to(ClientId(1), AWAKE, Moment::START);
    watchers
}

#[test]
fn a_lease_runs_three_seconds_and_a_connect_timeout_from_the_line_that_granted_it() {
    let mut watchers = watched_by(Role::Proxy);
    assert_eq!(watchers.leases_end(1), Some(Moment::millis(4_000)));
    watchers.said(AWAKE, Moment::millis(1_000));
    assert_eq!(watchers.leases_end(1), Some(Moment::millis(5_000)));
    watchers.said(State::Draining { number: 1, cause: task_state::Cause::Idle }, Moment::millis(2_000));
    assert_eq!(watchers.leases_end(1), Some(Moment::millis(5_000)), "a draining line grants nothing");
}

#[test]
fn a_proxy_that_has_gone_keeps_its_lease_to_the_end() {
    let mut watchers = watched_by(Role::Proxy);
    watchers.leave(ClientId(1), Moment::millis(10));
    watchers.said(AWAKE, Moment::millis(2_000));
    assert_eq!(watchers.leases_end(1), Some(Moment::millis(4_000)));
    assert_eq!(watchers.count(), 0);
}

#[test]
fn released_ends_the_lease_of_that_drain_alone() {
    let mut watchers = watched_by(Role::Proxy);
    assert_eq!(watchers.report(&id("a"), report(1, 0, Some(7)), Moment::millis(5)), Reported::Taken);
    assert_eq!(watchers.leases_end(7), None);
    assert_eq!(watchers.leases_end(8), Some(Moment::millis(4_000)));
    assert!(!watchers.may_belong_to_unreleased(here(), 7));
    assert!(watchers.may_belong_to_unreleased(here(), 8));
}

#[test]
fn an_older_report_and_one_of_a_stranger_are_ignored() {
    let mut watchers = watched_by(Role::Proxy);
    assert_eq!(watchers.report(&id("a"), report(5, 1, None), Moment::START), Reported::Taken);
    assert_eq!(watchers.report(&id("a"), report(5, 0, Some(1)), Moment::START), Reported::Late);
    assert_eq!(watchers.report(&id("a"), report(4, 0, Some(1)), Moment::START), Reported::Late);
    assert_eq!(watchers.report(&id("b"), report(9, 0, Some(1)), Moment::START), Reported::Unknown);
    assert_eq!(watchers.in_flight(Duration::from_secs(60), Moment::START), Some((id("a"), 1)));
    assert!(watchers.leases_end(1).is_some());
}

#[test]
fn what_a_lost_proxy_had_in_flight_is_believed_for_as_long_as_its_lease() {
    let mut watchers = watched_by(Role::Proxy);
    watchers.report(&id("a"), report(1, 2, None), Moment::START);
    let longest = Duration::from_secs(60);
    assert!(watchers.in_flight(longest, Moment::millis(30_000)).is_some(), "its stream is open");
    assert!(watchers.in_flight(longest, Moment::millis(60_000)).is_none(), "the longest answer is over");
    watchers.leave(ClientId(1), Moment::millis(10));
    assert!(watchers.in_flight(longest, Moment::millis(3_999)).is_some());
    assert!(watchers.in_flight(longest, Moment::millis(4_000)).is_none());
}

#[test]
fn agents_get_no_lease_and_are_waited_for_while_they_watch() {
    let mut watchers = watched_by(Role::Agent);
    assert_eq!(watchers.leases_end(1), None);
    assert!(watchers.were_told_awake());
    assert_eq!(watchers.agents(1), Agents::Busy);
    watchers.report(&id("a"), report(1, 0, Some(1)), Moment::START);
    assert_eq!(watchers.agents(1), Agents::Released);
    assert_eq!(watchers.agents(2), Agents::Busy);
    watchers.leave(ClientId(1), Moment::millis(70));
    assert_eq!(watchers.agents(1), Agents::Released, "what it released is released");
    assert_eq!(watchers.agents(2), Agents::Absent { since: Some(Moment::millis(70)) });
}

#[test]
fn observers_get_nothing_and_are_waited_for_by_nobody() {
    let mut watchers = watched_by(Role::Observer);
    watchers.join(ClientId(2), None, here(), Moment::START);
    watchers.said(AWAKE, Moment::START);
    assert!(watchers.is_anybody_listening());
    assert!(!watchers.were_told_awake());
    assert_eq!((watchers.count(), watchers.leases_end(1)), (0, None));
    assert_eq!(watchers.agents(1), Agents::Absent { since: None });
}

#[test]
fn a_tie_is_settled_only_by_every_proxy_at_that_address() {
    let mut watchers = watched_by(Role::Proxy);
    assert!(!watchers.say_all_answered(here(), Moment::millis(10)), "it has not had the time to report");
    assert!(watchers.say_all_answered(here(), Moment::millis(3_000)));
    watchers.join(ClientId(2), Some((id("b"), Role::Proxy)), here(), Moment::START);
    watchers.report(&id("b"), report(1, 1, None), Moment::millis(3_000));
    assert!(!watchers.say_all_answered(here(), Moment::millis(3_000)));
    assert!(!watchers.say_all_answered("10.0.0.6".parse().expect("address"), Moment::millis(3_000)));
}

#[test]
fn those_who_left_are_remembered_within_a_bound_but_never_forgotten_while_a_lease_may_run() {
    let mut watchers = Watchers::default();
    for number in 0..1_200u64 {
        let now = Moment::millis(number);
        watchers.join(ClientId(number), Some((id(&format!("p{number}")), Role::Proxy)), here(), now);
        watchers.said_to(ClientId(number), AWAKE, now);
        watchers.leave(ClientId(number), now);
    }
    assert_eq!(watchers.known.len(), 1_200, "all leases may still run");
    for number in 1_200..2_400u64 {
        let now = Moment::millis(60_000 + number);
        watchers.join(ClientId(number), Some((id(&format!("p{number}")), Role::Observer)), here(), now);
        watchers.leave(ClientId(number), now);
    }
    assert!(watchers.known.len() <= 1_201, "{} are remembered", watchers.known.len());
}
