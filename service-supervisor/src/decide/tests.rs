//! Stories of the core as a whole; what holds for every story is in [`properties`].

mod asks;
mod busy_sign;
mod evidence;
mod lives;
mod observing;
mod properties;
mod story;

use std::net::IpAddr;

use task_state::{Report, Role, WatcherId};

use self::story::{ASKER, PEER, Story, TERM, held, id, is_term};
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
