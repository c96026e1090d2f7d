//! What holds for every order of events.

use proptest::prelude::*;

use super::super::action::Change;
use super::super::look::Traffic;
use super::super::look::tests::{connection, data};
use super::*;

/// Something that the world may do.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Term,
    File,
    Wake,
    Sleep,
    Hold(u8, u64),
    LetGo(u8),
    BusyFile(bool),
    Join(u8, Role),
    Leave(u8),
    Report(u8, u64, u64, Option<u64>),
    Connect(u64, u64),
    Disconnect,
    Blind(bool),
    Listens(bool),
    Pass(u64),
    End(Ending),
    Gone,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let role = prop_oneof![Just(Role::Proxy), Just(Role::Agent), Just(Role::Observer)];
    let step = prop_oneof![
        1 => Just(Step::Term),
        1 => Just(Step::File),
        3 => Just(Step::Wake),
        1 => Just(Step::Sleep),
        2 => (0u8..3, 1u64..200).prop_map(|(who, secs)| Step::Hold(who, secs)),
        2 => (0u8..3).prop_map(Step::LetGo),
        1 => any::<bool>().prop_map(Step::BusyFile),
        4 => (0u8..4, role).prop_map(|(who, role)| Step::Join(who, role)),
        3 => (0u8..4).prop_map(Step::Leave),
        4 => (0u8..4, 0u64..20, 0u64..3, prop::option::of(0u64..4)).prop_map(|(w, s, i, r)| Step::Report(w, s, i, r)),
        3 => (0u64..20_000, 0u64..20_000).prop_map(|(sent, received)| Step::Connect(sent, received)),
        3 => Just(Step::Disconnect),
        1 => any::<bool>().prop_map(Step::Blind),
        1 => any::<bool>().prop_map(Step::Listens),
        2 => prop_oneof![(0u8..3).prop_map(Ending::Exited), (1i32..16).prop_map(Ending::Killed)].prop_map(Step::End),
        2 => Just(Step::Gone),
        8 => prop_oneof![0u64..50, 0u64..5_000, 0u64..100_000].prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..60)
}

pub(super) fn policy() -> Policy {
    let busy_max = Duration::from_secs(100);
    Policy { idle_timeout: Some(Duration::from_secs(10)), busy_file: true, busy_max, measures: true, ..defaults() }
}

fn name(who: u8) -> String {
    format!("w{who}")
}

/// Lets a step happen; an app that was told to end does.
pub(super) fn take(story: &mut Story, step: &Step) {
    match step {
        Step::Term => story.happens(TERM),
        Step::File => story.happens(Event::FileAppeared),
        Step::Wake => story.happens(Event::Wake(ASKER)),
        Step::Sleep => story.happens(Event::Sleep(ASKER)),
        Step::Hold(who, secs) => story.happens(held(&name(*who), *secs)),
        Step::LetGo(who) => story.happens(Event::LetGo(name(*who).parse().expect("holder"))),
        Step::BusyFile(locked) => story.file.locked = *locked,
        Step::Join(who, role) => {
            story.happens(Event::Left(ClientId(u64::from(*who))));
            story.joins(u64::from(*who), &name(*who), *role);
        }
        Step::Leave(who) => story.happens(Event::Left(ClientId(u64::from(*who)))),
        Step::Report(who, sequence, in_flight, released) => {
            let report = Report { sequence: *sequence, in_flight: *in_flight, unanswered: 0, released: *released };
            story.happens(Event::Reported(id(&name(*who)), report));
        }
        Step::Connect(sent, received) => {
            let traffic = Traffic::Known(data(*sent, *received));
            story.connections.push(connection(PEER, traffic));
        }
        Step::Disconnect => story.connections.clear(),
        Step::Blind(blind) => story.blind = *blind,
        Step::Listens(listens) => story.listens = *listens,
        Step::Pass(millis) => story.passes(*millis),
        Step::End(ending) => story.app_ends(*ending),
        Step::Gone => story.leftovers_go(),
    }
}

proptest! {
    #[test]
    fn no_order_of_events_loses_a_sigterm(before in steps(), after in steps()) {
        let mut story = Story::starts(policy());
        for step in &before {
            take(&mut story, step);
        }
        story.happens(TERM);
        let told = story.now;
        // Call-backs, watchers and traffic of every kind come now, for longer than a drain may take.
        for step in &after {
            take(&mut story, step);
        }
        story.passes(policy().signal_drain().as_millis() as u64);
        let latest = told + policy().signal_drain();
        let was_told = story.when(is_term).is_some_and(|at| at <= latest);
        prop_assert!(was_told || !story.runs, "{:?}", story.actions);
        let started = story.actions.iter().any(|(at, action)| *action == Action::Start && *at > told);
        prop_assert!(!started, "an app was started after the order to end");
    }

    #[test]
    fn nothing_in_use_is_put_to_sleep_by_idleness(steps in steps()) {
        let mut story = Story::awake(policy());
        for step in steps {
            match step {
                Step::Term | Step::File | Step::Sleep | Step::Disconnect => {}
                Step::Wake | Step::Hold(..) | Step::LetGo(_) | Step::BusyFile(_) | Step::Join(..) | Step::Leave(_) | Step::Report(..) | Step::Connect(..) | Step::Blind(_)
                | Step::Listens(_) | Step::Pass(_) | Step::End(_) | Step::Gone => {
                    // Somebody is in the middle of something, always.
                    story.connections = vec![quiet(PEER, 20)];
                    take(&mut story, &step);
                }
            }
        }
        prop_assert_eq!(story.when(is_term), None);
        prop_assert!(story.changes().iter().all(|(_, to)| matches!(to.phase(), "awake" | "gone")));
    }

    #[test]
    fn nobody_who_was_granted_the_busy_sign_is_put_to_sleep_by_idleness(before in steps(), after in steps()) {
        let mut story = Story::awake(policy());
        let orders = |step: &Step| matches!(step, Step::Term | Step::File | Step::Sleep);
        for step in before.iter().filter(|step| !orders(step)) {
            take(&mut story, step);
        }
        let holder: busy::Holder = "holder".parse().expect("holder");
        if story.core.may_hold(&holder, policy().busy_max, story.now).is_ok() {
            let granted = story.now;
            story.happens(held("holder", policy().busy_max.as_secs()));
            prop_assert!(story.core.state().grants() || story.core.state() == State::Starting);
            for step in after.iter().filter(|step| !orders(step)) {
                take(&mut story, step);
            }
            let ends = granted + policy().busy_max;
            prop_assert!(story.when(is_term).is_none_or(|at| at >= ends), "{:?}", story.actions);
        }
    }

    #[test]
    fn a_drain_ends_awake_or_stopping_and_only_an_idle_one_awake(steps in steps()) {
        let mut story = Story::starts(policy());
        for step in &steps {
            take(&mut story, step);
        }
        story.passes(700_000);
        let ended = |at: usize| matches!(story.actions[at], (_, Action::EndedByItself(_)));
        for (at, (_, action)) in story.actions.iter().enumerate() {
            let Action::Changed(Change { from, to, .. }) = action else { continue };
            if let State::Draining { cause, number } = from {
                let allowed = match to {
                    State::Awake { .. } => *cause == Cause::Idle,
                    State::Stopping => true,
                    State::Draining { number: same, cause: later } => same == number && *later != Cause::Idle,
                    State::Gone => ended(at - 1),
                    State::Starting => false,
                };
                prop_assert!(allowed, "{from:?} became {to:?}");
            }
        }
    }

    #[test]
    fn every_story_has_a_next_deadline_and_an_end(steps in steps(), obeys in any::<bool>()) {
        let mut story = Story::starts(policy());
        for step in &steps {
            take(&mut story, step);
            prop_assert!(story.core.deadline().is_some() || story.exit().is_some());
            prop_assert!(story.core.deadline().is_none_or(|deadline| deadline.at >= story.now - Duration::from_millis(1)));
        }
        story.happens(TERM);
        story.passes(5_000 + 1);
        if obeys {
            story.app_ends(Ending::Exited(0));
            story.leftovers_go();
        }
        // An app that not even SIGKILL ends keeps nobody here for ever.
        story.passes(60_000);
        prop_assert!(story.exit().is_some(), "{:?}", story.core.deadline());
        prop_assert_eq!(story.actions.iter().filter(|(_, a)| matches!(a, Action::Exit(_))).count(), 1);
    }

    #[test]
    fn no_idle_drain_is_committed_under_a_lease(steps in steps()) {
        let mut story = Story::starts(policy());
        story.listens = true;
        for step in &steps {
            match step {
                Step::Term | Step::File | Step::Sleep => {}
                Step::Wake | Step::Hold(..) | Step::LetGo(_) | Step::BusyFile(_) | Step::Join(..) | Step::Leave(_) | Step::Report(..) | Step::Connect(..) | Step::Disconnect
                | Step::Blind(_) | Step::Listens(_) | Step::Pass(_) | Step::End(_) | Step::Gone => take(&mut story, step),
            }
        }
        story.passes(700_000);
        let commit = |(at, action): &(Moment, Action)| {
            let Action::Changed(Change { from, to: State::Stopping, .. }) = action else { return None };
            if let State::Draining { number, .. } = from { Some((*at, *number)) } else { None }
        };
        if let Some((term, drain)) = story.actions.iter().find_map(commit) {
            let until = story.core.watchers().leases_end(drain);
            prop_assert!(until.is_none_or(|until| until <= term), "a lease runs until {until:?}, SIGTERM at {term}");
        }
    }
}
