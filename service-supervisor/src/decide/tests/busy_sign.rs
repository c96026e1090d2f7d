//! Stories of the busy sign (rules S2, S5, S7).

use super::*;

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
