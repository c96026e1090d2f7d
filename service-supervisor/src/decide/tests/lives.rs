//! Stories of an app that is started again.

use super::super::restart::{RestartPolicy, When};
use super::super::signals::Rewrites;
use super::*;

const CRASH: Ending = Ending::Killed(11);

/// How often the app was started again.
fn starts(story: &Story) -> usize {
    story.actions.iter().filter(|(_, action)| *action == Action::Start).count()
}

fn crashed() -> Story {
    let mut story = Story::awake(defaults());
    story.app_ends(CRASH);
    story
}

#[test]
fn an_app_that_crashes_is_started_again_after_its_delay_and_stays_awake_meanwhile() {
    let mut story = crashed();
    assert_eq!(story.core.state(), State::Awake { ready: false });
    story.leftovers_go();
    story.passes(199);
    assert_eq!(starts(&story), 0);
    story.passes(1);
    assert_eq!((starts(&story), story.core.restarts()), (1, 1));
    assert_eq!(story.core.state(), State::Awake { ready: true }, "it listens at once in this story");
    assert_eq!(story.path(), ["awake", "awake", "awake"]);
    assert_eq!(story.exit(), None);
}

#[test]
fn an_app_that_crashes_before_it_was_ready_is_starting_again() {
    let mut story = Story::starts(defaults());
    story.app_ends(Ending::Exited(1));
    story.leftovers_go();
    story.passes(200);
    assert_eq!((starts(&story), story.core.state()), (1, State::Starting));
    assert!(story.changes().is_empty());
}

#[test]
fn no_app_is_started_while_anything_of_the_old_one_lives() {
    let mut story = crashed();
    story.passes(22_999);
    assert_eq!(starts(&story), 0);
    story.passes(1);
    assert!(story.when(|action| *action == Action::KillLeftovers).is_some());
    story.happens(Event::OrphansEnded);
    assert_eq!(starts(&story), 0, "one of them has ended, not all");
    story.leftovers_go();
    assert_eq!(starts(&story), 1);
}

#[test]
fn where_leftovers_cannot_be_killed_it_ends_with_the_apps_code() {
    let mut story = crashed();
    story.passes(23_000 + 5_000);
    assert_eq!((starts(&story), story.exit()), (0, Some(139)));
}

#[test]
fn children_of_leftovers_that_have_ended_are_told_too() {
    let mut story = crashed();
    let told = |story: &Story| story.actions.iter().filter(|(_, action)| *action == Action::TermLeftovers).count();
    assert_eq!(told(&story), 1);
    story.happens(Event::OrphansEnded);
    assert_eq!(told(&story), 2);
    let mut running = Story::awake(defaults());
    running.happens(Event::OrphansEnded);
    assert_eq!(told(&running), 0, "an orphan of an app that runs is nobody's concern");
}

#[test]
fn a_clean_exit_ends_the_supervisor_and_a_failed_budget_gives_the_apps_code() {
    let mut done = Story::awake(defaults());
    done.app_ends(Ending::Exited(0));
    done.leftovers_go();
    assert_eq!((starts(&done), done.exit()), (0, Some(0)));

    let mut failing = Story::starts(defaults());
    for _ in 0..6 {
        failing.app_ends(Ending::Exited(3));
        failing.leftovers_go();
        failing.passes(16_000);
    }
    assert_eq!((starts(&failing), failing.exit()), (5, Some(3)));
}

#[test]
fn an_order_ends_it_between_two_lives() {
    for (order, cause, code) in [(TERM, "signal", 139), (Event::FileAppeared, "file", 0)] {
        let mut story = crashed();
        story.leftovers_go();
        story.happens(order.clone());
        assert_eq!((story.exit(), starts(&story)), (Some(code), 0), "{cause}");

        let mut story = crashed();
        story.happens(order);
        assert_eq!((story.exit(), story.core.state()), (None, State::Gone), "{cause}: leftovers are waited for");
        story.leftovers_go();
        assert_eq!(story.exit(), Some(code));
    }
}

#[test]
fn once_it_drains_an_app_that_crashes_is_not_started_again() {
    for order in [TERM, Event::FileAppeared, Event::Tick] {
        let mut story = Story::awake(Policy { idle_timeout: Some(Duration::from_secs(1)), ..defaults() });
        story.joins(1, "p", Role::Proxy);
        if order == Event::Tick {
            story.passes(1_500);
        }
        story.happens(order);
        assert_eq!(story.core.state().phase(), "draining");
        story.app_ends(CRASH);
        story.leftovers_go();
        assert_eq!((story.exit(), starts(&story)), (Some(139), 0));
    }
}

#[test]
fn a_restarted_app_that_never_accepts_is_stopped_with_its_code() {
    let mut story = crashed();
    story.listens = false;
    story.leftovers_go();
    story.passes(200 + 600_000);
    assert!(story.when(is_term).is_some());
    story.app_ends(Ending::Exited(0));
    story.leftovers_go();
    assert_eq!(story.exit(), Some(65));
}

#[test]
fn crashes_are_no_use() {
    let mut story = Story::awake(defaults());
    for _ in 0..4 {
        story.passes(70_000);
        story.app_ends(CRASH);
        story.leftovers_go();
    }
    story.passes(20_000);
    assert_eq!(story.core.state(), State::Draining { number: 1, cause: Cause::Idle });
}

#[test]
fn no_signal_is_passed_on_while_there_is_no_app() {
    let mut story = crashed();
    story.happens(Event::Signal(SignalNumber::HUP));
    assert_eq!(story.when(|action| matches!(action, Action::Forward(_))), None);
}

#[test]
fn an_app_that_dies_of_a_signal_that_was_passed_on_is_not_started_again() {
    let mut story = Story::awake(defaults());
    story.happens(Event::Signal(SignalNumber(10)));
    story.app_ends(Ending::Killed(10));
    story.leftovers_go();
    assert_eq!(story.exit(), Some(138));
}

#[test]
fn always_starts_it_again_after_a_clean_exit_too_and_never_not_at_all() {
    let with = |when| Policy { restart: RestartPolicy { when, ..defaults().restart }, ..defaults() };
    let mut always = Story::awake(with(When::Always));
    always.app_ends(Ending::Exited(0));
    always.leftovers_go();
    always.passes(200);
    assert_eq!((starts(&always), always.exit()), (1, None));
    let mut never = Story::awake(with(When::Never));
    never.app_ends(Ending::Exited(9));
    never.leftovers_go();
    assert_eq!((starts(&never), never.exit()), (0, Some(9)));
}

#[test]
fn signals_reach_the_app_as_what_they_are_rewritten_to() {
    let to = |number| Some(SignalNumber(number));
    let rewrites = Rewrites::new(vec![
        (SignalNumber::INT, to(15)),
        (SignalNumber::TERM, to(2)),
        (SignalNumber::QUIT, None),
        (SignalNumber(1), to(64)),
    ]);
    let mut story = Story::awake(Policy { rewrites, ..defaults() });
    for number in [3, 1, 10] {
        story.happens(Event::Signal(SignalNumber(number)));
    }
    let passed = |story: &Story| -> Vec<i32> {
        let number = |action: &Action| if let Action::Forward(signal) = action { Some(signal.0) } else { None };
        story.actions.iter().filter_map(|(_, action)| number(action)).collect()
    };
    assert_eq!(passed(&story), [64, 10]);
    story.happens(Event::Signal(SignalNumber::INT));
    assert!(story.when(is_term).is_some(), "what is rewritten to SIGTERM is the order to stop");
    story.happens(Event::Signal(SignalNumber::INT));
    story.happens(TERM);
    assert_eq!(passed(&story), [64, 10, 15, 2], "told a second time, the app is told a second time");
}

#[test]
fn the_supervisor_pauses_with_its_app_where_a_shell_watches() {
    let pauses = |story: &Story| story.actions.iter().filter(|(_, action)| *action == Action::Pause).count();
    let mut by_signal = Story::awake(defaults());
    by_signal.happens(Event::Signal(SignalNumber::TSTP));
    assert!(by_signal.when(|action| *action == Action::Forward(SignalNumber::TSTP)).is_some());
    assert_eq!(pauses(&by_signal), 1);
    by_signal.happens(Event::AppPaused { by: SignalNumber::TSTP, shell: true });
    assert_eq!(pauses(&by_signal), 1);

    let mut by_key = Story::awake(defaults());
    by_key.happens(Event::AppPaused { by: SignalNumber::TSTP, shell: true });
    assert_eq!(pauses(&by_key), 1);
    let mut alone = Story::awake(defaults());
    alone.happens(Event::AppPaused { by: SignalNumber::TSTP, shell: false });
    assert_eq!(pauses(&alone), 0);
    assert!(alone.when(|action| *action == Action::Forward(SignalNumber::CONT)).is_some());
}
