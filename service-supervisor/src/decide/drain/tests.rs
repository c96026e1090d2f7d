use std::net::IpAddr;
use std::time::Duration;

use super::super::look::tests::{data, look, quiet};
use super::super::look::{Connection, Data, Traffic};
use super::super::policy::tests::defaults;
use super::super::usage::Evidence;
use super::super::watchers::ClientId;
use super::*;
use task_state::{Report, Role, State, WatcherId};

const DIRECT: &str = "10.0.0.9:4000";
const PROXY: &str = "10.0.0.5:4000";

/// A drain that began at 600 s, with the last use at 300 s.
struct Scene {
    drain: Drain,
    usage: Usage,
    watchers: Watchers,
    policy: Policy,
}

const BEGAN: u64 = 600_000;

impl Scene {
    fn new(cause: Cause) -> Self {
        let used = Moment::millis(300_000);
        Scene {
            drain: Drain::begin(1, cause, used, &defaults(), Moment::millis(BEGAN)),
            usage: Usage::new(Evidence::Ready, used),
            watchers: Watchers::default(),
            policy: defaults(),
        }
    }

    fn watched_by(mut self, name: &str, role: Role) -> Self {
        let client = ClientId(self.watchers.count() as u64);
        let at: IpAddr = "10.0.0.5".parse().expect("address");
        let granted = Moment::millis(BEGAN - 500);
        self.watchers.join(client, Some((id(name), role)), at, granted);
        self.watchers.said_to(client, State::Awake { ready: true }, granted);
        self
    }

    fn released(&mut self, name: &str, number: u64) {
        let report = Report { sequence: number, in_flight: 0, unanswered: 0, released: Some(number) };
        self.watchers.report(&id(name), report, Moment::millis(BEGAN));
    }

    /// The verdict that many milliseconds after the drain began.
    fn at(&mut self, after: u64, connections: &[Connection]) -> Verdict {
        let now = Moment::millis(BEGAN + after);
        let look = look(connections);
        self.usage.saw(&look, &self.watchers, &self.policy, now);
        let facts = Facts {
            look: Some(&look),
            usage: &self.usage,
            watchers: &self.watchers,
            busy: false,
            policy: &self.policy,
        };
        self.drain.judge(facts, now)
    }

    fn blind(&mut self, after: u64) -> Verdict {
        let facts =
            Facts { look: None, usage: &self.usage, watchers: &self.watchers, busy: false, policy: &self.policy };
        self.drain.judge(facts, Moment::millis(BEGAN + after))
    }
}

fn id(name: &str) -> WatcherId {
    name.parse().expect("id")
}

fn waits(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Wait(_))
}

#[test]
fn an_idle_drain_without_an_agent_lasts_its_least_time_and_then_needs_two_looks() {
    let mut scene = Scene::new(Cause::Idle);
    assert!(matches!(scene.at(9_999, &[]), Verdict::Wait(Waiting::Least(_))));
    assert_eq!(scene.at(10_000, &[]), Verdict::Wait(Waiting::SecondLook));
    assert_eq!(scene.at(10_099, &[]), Verdict::Wait(Waiting::SecondLook));
    assert_eq!(scene.at(10_100, &[]), Verdict::Commit(Commit::AllGone));
}

#[test]
fn a_connection_between_the_two_looks_starts_them_anew() {
    let mut scene = Scene::new(Cause::File).watched_by("agent", Role::Agent);
    scene.released("agent", 1);
    assert_eq!(scene.at(0, &[]), Verdict::Wait(Waiting::SecondLook));
    assert_eq!(scene.at(100, &[quiet(DIRECT, 50)]), Verdict::Wait(Waiting::Connections(1)));
    assert_eq!(scene.at(200, &[]), Verdict::Wait(Waiting::SecondLook));
    assert_eq!(scene.at(300, &[]), Verdict::Commit(Commit::AllGone));
}

#[test]
fn a_drain_waits_until_every_lease_is_over_or_released() {
    let mut scene = Scene::new(Cause::Idle).watched_by("p", Role::Proxy).watched_by("agent", Role::Agent);
    scene.released("agent", 1);
    assert!(matches!(scene.at(3_499, &[]), Verdict::Wait(Waiting::Leases(_))));
    assert_eq!(scene.at(3_500, &[]), Verdict::Wait(Waiting::SecondLook));
    let mut early = Scene::new(Cause::Idle).watched_by("p", Role::Proxy).watched_by("agent", Role::Agent);
    early.released("agent", 1);
    early.released("p", 1);
    assert_eq!(early.at(5, &[]), Verdict::Wait(Waiting::SecondLook));
    assert_eq!(early.at(105, &[]), Verdict::Commit(Commit::AllGone));
}

#[test]
fn the_release_of_another_drain_counts_for_nothing() {
    let mut scene = Scene::new(Cause::Idle).watched_by("p", Role::Proxy);
    scene.released("p", 7);
    assert!(matches!(scene.at(100, &[]), Verdict::Wait(Waiting::Leases(_))));
}

#[test]
fn an_agent_that_watches_is_waited_for_until_the_drain_timeout() {
    let mut scene = Scene::new(Cause::Idle).watched_by("agent", Role::Agent);
    assert_eq!(scene.at(59_999, &[]), Verdict::Wait(Waiting::Agent));
    assert_eq!(scene.at(60_000, &[]), Verdict::Wait(Waiting::SecondLook));
    assert_eq!(scene.at(60_100, &[]), Verdict::Commit(Commit::AllGone));
}

#[test]
fn an_agent_that_leaves_starts_the_least_time() {
    let mut scene = Scene::new(Cause::Idle).watched_by("agent", Role::Agent);
    assert_eq!(scene.at(5_000, &[]), Verdict::Wait(Waiting::Agent));
    scene.watchers.leave(ClientId(0), Moment::millis(BEGAN + 5_000));
    assert!(matches!(scene.at(14_999, &[]), Verdict::Wait(Waiting::Least(_))));
    assert_eq!(scene.at(15_000, &[]), Verdict::Wait(Waiting::SecondLook));
}

#[test]
fn any_use_calls_an_idle_drain_back_and_no_order() {
    for (cause, back) in [(Cause::Idle, true), (Cause::File, false), (Cause::Signal, false)] {
        let verdict = Scene::new(cause).at(1_000, &[quiet(DIRECT, 10)]);
        assert_eq!(matches!(verdict, Verdict::Back(_)), back, "{cause:?}: {verdict:?}");
    }
}

#[test]
fn a_proxys_report_of_a_request_calls_an_idle_drain_back() {
    let mut scene = Scene::new(Cause::Idle).watched_by("p", Role::Proxy);
    let report = Report { sequence: 1, in_flight: 1, unanswered: 1, released: None };
    scene.watchers.report(&id("p"), report, Moment::millis(BEGAN + 50));
    assert!(matches!(scene.at(100, &[]), Verdict::Back(_)));
}

#[test]
fn a_tick_of_the_kernels_clock_is_no_new_use() {
    let mut scene = Scene::new(Cause::Idle);
    // Data last moved at 300 s, as before, but this look makes it 10 ms later.
    assert!(waits(&scene.at(0, &[quiet(DIRECT, 299_990)])));
}

#[test]
fn an_order_where_nobody_ever_watched_is_obeyed_at_the_first_look_without_a_connection() {
    for cause in [Cause::File, Cause::Signal] {
        let mut scene = Scene::new(cause);
        assert_eq!(scene.at(0, &[quiet(DIRECT, 10)]), Verdict::Wait(Waiting::Connections(1)));
        assert_eq!(scene.at(100, &[]), Verdict::Commit(Commit::NobodyEverWatched));
    }
}

#[test]
fn an_order_is_carried_out_at_its_deadline_whatever_is_there() {
    let mut scene = Scene::new(Cause::Signal).watched_by("p", Role::Proxy);
    assert!(waits(&scene.at(4_999, &[quiet(DIRECT, 0)])));
    assert_eq!(scene.at(5_000, &[quiet(DIRECT, 0)]), Verdict::Commit(Commit::Deadline));
    assert_eq!(Scene::new(Cause::File).blind(60_000), Verdict::Commit(Commit::Deadline));
}

#[test]
fn at_the_drain_timeout_a_forgotten_connection_is_cut() {
    let mut scene = Scene::new(Cause::Idle);
    let forgotten = |after: u64| quiet(DIRECT, 300_000 + after);
    assert!(waits(&scene.at(59_900, &[forgotten(59_900)])));
    assert_eq!(scene.at(60_000, &[forgotten(60_000)]), Verdict::Commit(Commit::Deadline));
}

#[test]
fn at_the_drain_timeout_what_may_be_missed_calls_back() {
    let tie = Connection { traffic: Traffic::Known(data(360_000, 360_000)), ..quiet(DIRECT, 0) };
    let unknown = Connection { traffic: Traffic::Unknown, ..quiet(DIRECT, 0) };
    for connection in [tie, unknown] {
        let mut scene = Scene::new(Cause::Idle);
        assert!(matches!(scene.at(60_000, &[connection]), Verdict::Back(_)), "{connection:?}");
    }
}

#[test]
fn a_quiet_connection_of_a_proxy_that_has_not_released_is_never_cut_before_the_longest_answer() {
    let mut scene = Scene::new(Cause::Idle).watched_by("p", Role::Proxy);
    assert!(matches!(scene.at(60_000, &[quiet(PROXY, 360_000)]), Verdict::Back(_)));
    let mut released = Scene::new(Cause::Idle).watched_by("p", Role::Proxy);
    released.released("p", 1);
    assert_eq!(released.at(60_000, &[quiet(PROXY, 360_000)]), Verdict::Commit(Commit::Deadline));
    let mut old = Scene::new(Cause::Idle).watched_by("p", Role::Proxy);
    assert_eq!(old.at(60_000, &[quiet(PROXY, 3_600_000)]), Verdict::Commit(Commit::Deadline));
}

#[test]
fn a_connection_that_waits_to_be_accepted_is_never_cut_by_idleness() {
    let mut scene = Scene::new(Cause::Idle);
    let mut queued = look(&[]);
    queued.listeners[0].waiting = 1;
    let facts = Facts {
        look: Some(&queued),
        usage: &scene.usage,
        watchers: &scene.watchers,
        busy: false,
        policy: &scene.policy,
    };
    assert!(matches!(scene.drain.judge(facts, Moment::millis(BEGAN + 60_000)), Verdict::Back(_)));
}

#[test]
fn a_connection_of_an_ignored_peer_holds_a_drain_only_while_its_request_is_answered() {
    let mut scene = Scene::new(Cause::Idle);
    scene.policy.ignore.networks = vec!["10.0.0.9".parse().expect("address")];
    let quiet = quiet(DIRECT, 0);
    let asks = Connection { traffic: Traffic::Known(data(50, 10)), ..quiet };
    let queued = Connection { accepted: false, traffic: Traffic::Unknown, ..quiet };
    assert_eq!(scene.at(10_000, &[quiet, asks]), Verdict::Wait(Waiting::Connections(1)));
    assert_eq!(scene.at(10_100, &[quiet]), Verdict::Wait(Waiting::SecondLook));
    assert_eq!(scene.at(10_200, &[quiet, queued]), Verdict::Commit(Commit::AllGone));
    // One that asks for ever is cut at the end.
    let mut greedy = Scene::new(Cause::Idle);
    greedy.policy.ignore.networks.clone_from(&scene.policy.ignore.networks);
    assert_eq!(greedy.at(60_000, &[asks]), Verdict::Commit(Commit::Deadline));
}

#[test]
fn a_connection_whose_peer_is_gone_is_cut_at_the_drain_timeout() {
    let unheard = Duration::from_secs(360);
    let pings = Data { unsent: 9, repeats: 7, acknowledged_ago: unheard, ..data(100, 360_000) };
    let gone = Connection { traffic: Traffic::Known(pings), ..quiet(DIRECT, 0) };
    assert!(waits(&Scene::new(Cause::Idle).at(59_900, &[gone])));
    assert_eq!(Scene::new(Cause::Idle).at(60_000, &[gone]), Verdict::Commit(Commit::Deadline));
}

#[test]
fn a_failed_look_is_no_proof_that_nobody_is_there() {
    let mut scene = Scene::new(Cause::File);
    assert_eq!(scene.blind(100), Verdict::Wait(Waiting::Sockets));
}

#[test]
fn a_later_order_keeps_the_number_and_never_lengthens_the_drain() {
    let mut scene = Scene::new(Cause::File);
    scene.drain.overrule(Cause::Signal, &defaults(), Moment::millis(BEGAN + 58_000));
    assert_eq!((scene.drain.number, scene.drain.deadline), (1, Moment::millis(BEGAN + 60_000)));
    scene.drain.overrule(Cause::Signal, &defaults(), Moment::millis(BEGAN + 10_000));
    assert_eq!(scene.drain.deadline, Moment::millis(BEGAN + 15_000));
}
