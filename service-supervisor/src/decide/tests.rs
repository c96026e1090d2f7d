//! Stories of the core as a whole; what holds for every story is in [`properties`].

mod asks;
mod evidence;
mod lives;
mod observing;
mod properties;

use std::net::IpAddr;

use task_state::{Report, Role, WatcherId};

use super::action::{Ask, Reason, Woke};
use super::busy::FileSeen;
use super::exit_code::Ending;
use super::look::tests::{look, quiet};
use super::look::{Connection, Look};
use super::policy::tests::defaults;
use super::probe::Probed;
use super::protection::Said;
use super::signals::SignalNumber;
use super::watchers::ClientId;
use super::*;

const TERM: Event = Event::Signal(SignalNumber(15));
const ASKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));
const PEER: &str = "10.0.0.9:4000";

/// A core and the actions it asked for, in a world where looks are answered at once.
pub(super) struct Story {
    pub(super) core: Core,
    pub(super) now: Moment,
    pub(super) connections: Vec<Connection>,
    pub(super) listens: bool,
    pub(super) blind: bool,
    pub(super) file: FileSeen,
    /// What each look shows besides.
    pub(super) shows: fn(&mut Look, Moment),
    /// What the readiness address and the ECS agent answer at once; none: nothing.
    probed: Option<Probed>,
    agent: fn(bool) -> Option<Said>,
    released_under_lease: bool,
    pub(super) actions: Vec<(Moment, Action)>,
    /// Whether the app runs, and whether anything of it is left.
    pub(super) runs: bool,
    pub(super) leftovers: bool,
}

impl Story {
    pub(super) fn starts(policy: Policy) -> Self {
        let core = Core::new(policy, Moment::START);
        Story {
            core,
            now: Moment::START,
            connections: vec![],
            listens: false,
            blind: false,
            shows: |_, _| (),
            probed: None,
            agent: |on| Some(Said::Is(on)),
            released_under_lease: false,
            file: FileSeen::default(),
            runs: true,
            leftovers: false,
            actions: vec![],
        }
    }

    fn awake(policy: Policy) -> Self {
        let mut story = Story::starts(policy);
        story.listens = true;
        story.happens(Event::Tick);
        assert_eq!(story.core.state(), State::Awake { ready: true });
        story
    }

    pub(super) fn happens(&mut self, event: Event) {
        let mut events = std::collections::VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.core.handle(event, self.now) {
                if action == Action::Start {
                    assert!(!self.runs && !self.leftovers, "started beside what is left of the old life");
                    self.runs = true;
                }
                if matches!(action, Action::Forward(_) | Action::Term | Action::Kill) {
                    assert!(self.runs, "{action:?} without an app");
                }
                events.extend(self.answer(&action));
                self.actions.push((self.now, action));
            }
        }
    }

    pub(super) fn app_ends(&mut self, ending: Ending) {
        if std::mem::take(&mut self.runs) {
            self.leftovers = true;
            self.happens(Event::AppEnded(ending));
        }
    }

    /// All that the app left behind end, as they do sooner or later.
    pub(super) fn leftovers_go(&mut self) {
        if std::mem::take(&mut self.leftovers) {
            self.happens(Event::AllGone);
        }
    }

    /// What comes of an action at once.
    fn answer(&mut self, action: &Action) -> Option<Event> {
        if *action == Action::LeftToEcs {
            let until = self.core.draining().and_then(|number| self.core.watchers().leases_end(number));
            self.released_under_lease |= until.is_some_and(|until| self.now < until);
        }
        if *action == Action::LookAtBusyFile {
            return Some(Event::SawBusyFile(self.file));
        }
        if let Action::Look(scope) = action {
            return Some(Event::Looked(*scope, self.look()));
        }
        if let Action::Ask(Ask::Protection { on, .. }) = action {
            return (self.agent)(*on).map(Event::ProtectionAnswered);
        }
        self.probed.clone().filter(|_| *action == Action::Ask(Ask::Ready)).map(Event::Probed)
    }

    fn look(&self) -> Option<Look> {
        let mut seen = look(&self.connections);
        if !self.listens || !self.runs {
            seen.listeners.clear();
        }
        (self.shows)(&mut seen, self.now);
        (!self.blind).then_some(seen)
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn passes(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(deadline) = self.core.deadline().filter(|deadline| deadline.at <= end) {
            self.now = self.now.max(deadline.at);
            self.happens(Event::Tick);
        }
        self.now = end;
    }

    fn joins(&mut self, client: u64, name: &str, role: Role) {
        let address: IpAddr = "10.0.0.5".parse().expect("address");
        self.happens(Event::Watching { client: ClientId(client), who: Some((id(name), role)), address });
    }

    fn releases(&mut self, name: &str, drain: u64) {
        let report = Report { sequence: drain, in_flight: 0, unanswered: 0, released: Some(drain) };
        self.happens(Event::Reported(id(name), report));
    }

    pub(super) fn when(&self, wanted: impl Fn(&Action) -> bool) -> Option<Moment> {
        self.actions.iter().find(|(_, action)| wanted(action)).map(|(at, _)| *at)
    }

    fn exit(&self) -> Option<u8> {
        self.actions.iter().find_map(|(_, action)| if let Action::Exit(code) = action { Some(*code) } else { None })
    }

    fn count(&self, wanted: impl Fn(&Action) -> bool) -> usize {
        self.actions.iter().filter(|(_, action)| wanted(action)).count()
    }

    /// The changes of state, as before and after.
    fn changes(&self) -> Vec<(State, State)> {
        let change = |action: &Action| if let Action::Changed(c) = action { Some((c.from, c.to)) } else { None };
        self.actions.iter().filter_map(|(_, action)| change(action)).collect()
    }

    fn path(&self) -> Vec<&'static str> {
        self.changes().iter().map(|(_, to)| to.phase()).collect()
    }
}

fn id(name: &str) -> WatcherId {
    name.parse().expect("id")
}

fn is_term(action: &Action) -> bool {
    *action == Action::Term
}

#[test]
fn a_service_that_nobody_uses_sleeps_and_its_exit_code_is_0() {
    let mut story = Story::awake(defaults());
    story.passes(299_999);
    assert_eq!(story.core.state(), State::Awake { ready: true });
    story.passes(1);
    assert_eq!(story.core.state(), State::Draining { number: 1, cause: Cause::Idle });
    story.passes(11_000);
    assert_eq!(story.when(is_term), Some(Moment::millis(310_100)));
    story.happens(Event::AppEnded(Ending::Killed(15)));
    story.happens(Event::AllGone);
    assert_eq!(story.path(), ["awake", "draining", "stopping", "gone"]);
    assert_eq!(story.exit(), Some(0));
    assert!(story.when(|a| matches!(a, Action::Slept(sleep) if sleep.drain.as_millis() == 10_100)).is_some());
}

#[test]
fn a_connection_that_moves_data_keeps_it_awake() {
    let mut story = Story::awake(defaults());
    story.connections = vec![quiet(PEER, 1_000)];
    story.passes(24 * 3_600_000);
    assert_eq!(story.path(), ["awake"]);
}

#[test]
fn an_idle_timeout_of_none_never_sleeps() {
    let mut story = Story::awake(Policy { idle_timeout: None, ..defaults() });
    story.passes(7 * 24 * 3_600_000);
    assert_eq!(story.path(), ["awake"]);
}

#[test]
fn it_stays_awake_for_its_least_time() {
    let hour = Duration::from_secs(3600);
    let mut story = Story::awake(Policy { min_awake: hour, ..defaults() });
    story.passes(3_599_999);
    assert_eq!(story.path(), ["awake"]);
    story.passes(1);
    assert_eq!(story.path(), ["awake", "draining"]);
}

#[test]
fn a_call_back_brings_an_idle_drain_back_and_holds_for_ten_seconds() {
    let mut story = Story::awake(Policy { idle_timeout: Some(Duration::from_secs(1)), ..defaults() });
    story.passes(1_500);
    assert_eq!(story.core.state(), State::Draining { number: 1, cause: Cause::Idle });
    story.happens(Event::Wake(ASKER));
    assert_eq!(story.core.state(), State::Awake { ready: true });
    story.passes(9_999);
    assert_eq!(story.core.state(), State::Awake { ready: true });
    story.passes(1);
    assert_eq!(story.core.state(), State::Draining { number: 2, cause: Cause::Idle });
}

#[test]
fn an_order_takes_back_a_call_back_and_cannot_be_called_back() {
    let mut story = Story::awake(defaults());
    story.joins(1, "p", Role::Proxy);
    story.passes(300_000);
    story.happens(Event::Wake(ASKER));
    story.happens(Event::FileAppeared);
    assert_eq!(story.core.state(), State::Draining { number: 2, cause: Cause::File });
    story.happens(Event::Wake(ASKER));
    assert_eq!(story.core.state(), State::Draining { number: 2, cause: Cause::File });
    assert!(story.when(|action| *action == Action::RemoveFile).is_some());
}

#[test]
fn an_order_overrides_an_idle_drain_and_keeps_its_number() {
    let mut story = Story::awake(defaults());
    story.joins(1, "p", Role::Proxy);
    story.passes(300_000);
    story.happens(TERM);
    assert_eq!(story.core.state(), State::Draining { number: 1, cause: Cause::Signal });
    story.passes(5_000);
    assert!(story.when(is_term).is_some());
}

#[test]
fn sigterm_with_nobody_there_is_passed_on_at_once() {
    let mut story = Story::awake(defaults());
    story.passes(1_234);
    story.happens(TERM);
    assert_eq!(story.when(is_term), Some(Moment::millis(1_234)));
    story.happens(Event::AppEnded(Ending::Killed(15)));
    story.happens(Event::AllGone);
    assert_eq!(story.exit(), Some(143));
}

#[test]
fn a_second_sigterm_hurries() {
    let mut story = Story::awake(defaults());
    story.connections = vec![quiet(PEER, 1_000)];
    story.happens(TERM);
    story.passes(1_000);
    assert_eq!(story.when(is_term), None);
    story.happens(TERM);
    assert_eq!(story.when(is_term), Some(Moment::millis(1_000)));
}

#[test]
fn a_drain_waits_for_the_lease_or_its_release() {
    let mut story = Story::awake(defaults());
    story.joins(1, "p", Role::Proxy);
    story.joins(2, "a", Role::Agent);
    story.passes(500);
    story.happens(Event::FileAppeared);
    story.releases("a", 1);
    story.passes(3_400);
    assert_eq!(story.when(is_term), None, "the lease of the hello runs until 4 s");
    story.passes(300);
    assert!(story.when(is_term).is_some_and(|at| at >= Moment::millis(4_100)));

    let mut early = Story::awake(defaults());
    early.joins(1, "p", Role::Proxy);
    early.joins(2, "a", Role::Agent);
    early.passes(500);
    early.happens(Event::FileAppeared);
    early.releases("a", 1);
    early.releases("p", 1);
    early.passes(250);
    assert!(early.when(is_term).is_some());
}

#[test]
fn an_app_that_ignores_sigterm_is_killed_after_its_grace_and_its_leftovers_too() {
    let mut story = Story::awake(defaults());
    story.happens(Event::FileAppeared);
    story.passes(22_999);
    assert_eq!(story.when(|action| *action == Action::Kill), None);
    story.passes(1);
    assert_eq!(story.when(|action| *action == Action::Kill), Some(Moment::millis(23_000)));
    story.happens(Event::AppEnded(Ending::Killed(9)));
    assert!(story.when(|action| *action == Action::KillLeftovers).is_some());
    story.happens(Event::AllGone);
    assert_eq!(story.exit(), Some(137));
}

#[test]
fn leftovers_are_termed_and_awaited_and_then_killed() {
    let mut story = Story::awake(defaults());
    story.happens(Event::AppEnded(Ending::Exited(0)));
    assert!(story.when(|action| *action == Action::TermLeftovers).is_some());
    story.passes(22_999);
    assert_eq!((story.exit(), story.when(|action| *action == Action::KillLeftovers)), (None, None));
    story.passes(1);
    story.happens(Event::AllGone);
    assert_eq!(story.exit(), Some(0));
    assert_eq!(story.path(), ["awake", "gone"]);
}

#[test]
fn an_app_that_never_accepts_is_stopped_with_a_code_of_its_own() {
    let mut story = Story::starts(defaults());
    story.passes(600_000);
    assert!(story.when(is_term).is_some());
    story.happens(Event::AppEnded(Ending::Exited(0)));
    story.happens(Event::AllGone);
    assert_eq!(story.exit(), Some(65));
}

#[test]
fn an_app_that_stops_listening_is_unready_and_still_awake() {
    let mut story = Story::awake(defaults());
    story.listens = false;
    story.passes(10_000);
    assert_eq!(story.core.state(), State::Awake { ready: false });
    story.listens = true;
    story.passes(10_000);
    assert_eq!(story.core.state(), State::Awake { ready: true });
}

#[test]
fn a_kernel_that_does_not_tell_never_puts_it_to_sleep() {
    let mut story = Story::awake(defaults());
    story.blind = true;
    story.passes(24 * 3_600_000);
    assert_eq!(story.path(), ["awake"]);
    story.happens(TERM);
    story.passes(5_000);
    assert!(story.when(is_term).is_some(), "an order is carried out all the same");
}

#[test]
fn watchers_hear_a_heartbeat_each_second_while_there_is_something_to_say() {
    let mut story = Story::awake(defaults());
    story.joins(1, "p", Role::Proxy);
    story.passes(10_000);
    let beats = story.actions.iter().filter(|(_, action)| *action == Action::Heartbeat).count();
    assert!((9..=10).contains(&beats), "{beats} heartbeats");
    story.happens(Event::Left(ClientId(1)));
    assert!(story.core.deadline().is_some_and(|deadline| deadline.reason == Reason::Look));
}

#[test]
fn other_signals_are_the_apps() {
    let mut story = Story::starts(defaults());
    for number in [1, 2, 10, 34, 64] {
        story.happens(Event::Signal(SignalNumber(number)));
        assert!(story.when(|action| *action == Action::Forward(SignalNumber(number))).is_some());
    }
}

#[test]
fn a_release_of_another_drain_than_this_one_counts_for_nothing() {
    let mut story = Story::awake(Policy { idle_timeout: None, ..defaults() });
    story.joins(1, "agent", Role::Agent);
    story.releases("agent", 1);
    story.happens(Event::FileAppeared);
    story.passes(10_000);
    assert_eq!(story.core.state(), State::Draining { number: 1, cause: Cause::File }, "the agent is waited for");
}

fn held(name: &str, secs: u64) -> Event {
    Event::Held { holder: name.parse().expect("holder"), lease: Duration::from_secs(secs) }
}

#[test]
fn a_lease_of_the_busy_sign_keeps_it_awake_until_it_ends() {
    let mut story = Story::awake(defaults());
    story.happens(held("job", 1_000));
    story.passes(1_299_000);
    assert_eq!(story.path(), ["awake"]);
    story.passes(1_000);
    assert_eq!(story.path(), ["awake", "draining"], "300 s after the lease's end");
}

#[test]
fn a_holder_that_lets_go_was_busy_until_then() {
    let mut story = Story::awake(defaults());
    story.happens(held("job", 10_000));
    story.passes(1_000_000);
    story.happens(Event::LetGo("job".parse().expect("holder")));
    story.passes(299_000);
    assert_eq!(story.path(), ["awake"]);
    story.passes(1_000);
    assert_eq!(story.path(), ["awake", "draining"]);
}

#[test]
fn a_hold_that_is_granted_in_an_idle_drain_calls_it_back_at_once() {
    let mut story = Story::awake(defaults());
    story.passes(301_000);
    assert_eq!(story.core.state().phase(), "draining");
    story.happens(held("job", 30));
    assert_eq!(story.core.state(), State::Awake { ready: true });
    let woke = |action: &Action| matches!(action, Action::Woke(Woke::Back { cause: "busy", .. }));
    assert!(story.when(woke).is_some());
    assert_eq!(story.core.tally().call_backs, 1);
}

#[test]
fn a_locked_busy_file_keeps_it_awake_for_its_longest_time() {
    let mut story = Story::awake(Policy { busy_file: true, busy_max: Duration::from_secs(3600), ..defaults() });
    story.file.locked = true;
    story.passes(3_899_000);
    assert_eq!(story.path(), ["awake"]);
    story.passes(10_000);
    assert_eq!(story.core.state().phase(), "draining");
    assert!(story.when(|action| matches!(action, Action::Struck(struck) if struck.setting == "busy-max")).is_some());
}

#[test]
fn an_ordered_drain_waits_for_the_busy_sign_until_its_deadline() {
    let mut story = Story::awake(defaults());
    story.happens(held("job", 1_000));
    story.happens(Event::Sleep(ASKER));
    assert_eq!(story.core.state(), State::Draining { number: 1, cause: Cause::Asked });
    story.passes(59_900);
    assert_eq!(story.when(is_term), None);
    story.passes(100);
    assert_eq!(story.when(is_term), Some(Moment::millis(60_000)));

    let mut done = Story::awake(defaults());
    done.happens(held("job", 1_000));
    done.happens(Event::Sleep(ASKER));
    done.passes(10_000);
    done.happens(Event::LetGo("job".parse().expect("holder")));
    done.passes(200);
    assert!(done.when(is_term).is_some());
}

#[test]
fn an_order_to_sleep_is_not_called_back_and_says_who_gave_it() {
    let mut story = Story::awake(defaults());
    story.joins(1, "p", Role::Proxy);
    story.happens(Event::Sleep(ASKER));
    story.happens(Event::Wake(ASKER));
    assert_eq!(story.core.state(), State::Draining { number: 1, cause: Cause::Asked });
    story.passes(11_000);
    story.happens(Event::AppEnded(Ending::Killed(15)));
    story.happens(Event::AllGone);
    assert_eq!(story.exit(), Some(0));
    let told = |action: &Action| matches!(action, Action::Slept(sleep) if sleep.cause == "asked" && sleep.why == "10.0.0.7 asked it to sleep");
    assert!(story.when(told).is_some());
}

#[test]
fn the_figures_are_written_once_a_minute_while_awake() {
    let mut story = Story::awake(Policy { measures: true, ..defaults() });
    story.passes(290_000);
    let written = |story: &Story| story.actions.iter().filter(|(_, action)| *action == Action::Measure).count();
    assert_eq!(written(&story), 5);
    story.happens(Event::FileAppeared);
    story.passes(600_000);
    assert_eq!(written(&story), 5);
}

#[test]
fn why_names_the_evidence_and_what_will_become_of_it() {
    let why = |story: &Story| story.core.why(story.now);
    let mut story = Story::awake(defaults());
    story.connections = vec![quiet(PEER, 1_500)];
    story.passes(60_000);
    story.connections.clear();
    story.passes(10_000);
    assert!(why(&story).starts_with("last used 1"), "{}", why(&story));
    assert!(why(&story).contains("data moved with 10.0.0.9:4000; it sleeps in 28"), "{}", why(&story));
    story.happens(held("job-1", 30));
    assert_eq!(why(&story), "job-1 says that it is busy; its lease ends in 30.0 s");

    let mut young = Story::awake(Policy { min_awake: Duration::from_secs(3600), ..defaults() });
    young.passes(100_000);
    assert!(why(&young).ends_with("--min-awake keeps it awake for another 3500.0 s"), "{}", why(&young));
    young.happens(Event::Wake(ASKER));
    let short = Policy { idle_timeout: Some(Duration::from_secs(2)), ..defaults() };
    let mut called = Story::awake(short);
    called.happens(Event::Wake(ASKER));
    called.passes(1_000);
    assert!(why(&called).ends_with("a call-back keeps it awake for another 9.0 s"), "{}", why(&called));
    let never = Story::awake(Policy { idle_timeout: None, ..defaults() });
    assert!(why(&never).ends_with("--idle-timeout 0 keeps it awake"), "{}", why(&never));
}

#[test]
fn a_first_wake_tells_how_long_each_part_took_and_who_waited() {
    let mut story = Story::starts(defaults());
    story.joins(1, "p-7", Role::Proxy);
    story.passes(2_000);
    story.listens = true;
    story.passes(100);
    let woke =
        story.actions.iter().find_map(|(_, action)| if let Action::Woke(woke) = action { Some(woke) } else { None });
    let Some(Woke::Started { waited, listen: Some(listen), ready, .. }) = woke else { panic!("{woke:?}") };
    assert_eq!(waited.as_ref().map(ToString::to_string).as_deref(), Some("p-7"));
    assert!(*ready >= *listen && *ready >= Duration::from_secs(2), "{ready:?}");
}
