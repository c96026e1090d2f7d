//! Stories of a supervisor that only observes.

use super::super::policy::Asks;
use super::*;

fn observing() -> Policy {
    let asks = Asks { protection: Some(Duration::from_secs(7200)), ..Asks::default() };
    Policy { observe: true, asks, ..defaults() }
}

#[test]
fn nothing_is_stopped_or_said_to_anybody_for_idleness() {
    let mut story = Story::awake(observing());
    story.joins(1, "p", Role::Proxy);
    story.passes(3_600_000);
    assert_eq!((story.path(), story.when(is_term)), (vec!["awake"], None));
    assert_eq!(story.count(|action| matches!(action, Action::Ask(_))), 0, "not even protection is asked for");
    assert_eq!(story.when(|action| matches!(action, Action::WouldSleep(_))), Some(Moment::millis(300_000)));
    assert_eq!(story.count(|action| matches!(action, Action::WouldSleep(_))), 1);
    let seen = story.core.observed(story.now).expect("it observes");
    assert_eq!((seen.sleeps, seen.asleep.as_secs(), seen.awake.as_secs()), (1, 3_290, 310));
}

#[test]
fn a_use_would_have_woken_it() {
    let mut story = Story::awake(observing());
    story.passes(1_000_000);
    story.connections = vec![quiet(PEER, 100)];
    story.passes(6_000);
    let woken = |action: &Action| matches!(action, Action::WouldWake(asleep, by, _) if asleep.as_secs() >= 690 && by.contains(PEER));
    assert!(story.when(woken).is_some(), "{:?}", story.actions);
    story.connections.clear();
    story.passes(400_000);
    assert_eq!(story.count(|action| matches!(action, Action::WouldSleep(_))), 2);
}

#[test]
fn orders_are_obeyed_all_the_same_and_the_end_says_what_was_seen() {
    for order in [TERM, Event::FileAppeared] {
        let mut story = Story::awake(observing());
        story.passes(1_000_000);
        story.happens(order);
        assert!(story.when(is_term).is_some());
        story.happens(Event::AppEnded(Ending::Killed(15)));
        story.happens(Event::AllGone);
        let told = |action: &Action| matches!(action, Action::WouldHaveSlept(seen) if seen.sleeps == 1);
        assert!(story.when(told).is_some() && story.exit().is_some());
    }
}
