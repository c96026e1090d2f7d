//! Wakes, told as events and as what proxies say.

use daemon::moment::Moment;
use proptest::prelude::*;

use super::*;
use crate::events::{EventLog, OfTask};

/// A log to which things happen at moments in milliseconds.
#[derive(Default)]
struct Story(EventLog);

impl Story {
    fn task(&mut self, at: u64, kind: &'static str, task: &str, host: Option<&str>) -> &mut Self {
        let host = host.map(str::to_owned);
        let of = OfTask { service: "demo".to_owned(), family: "demo".to_owned(), host };
        self.0.task(Moment::millis(at), kind, task, String::new(), of);
        self
    }

    fn tell(&mut self, at: u64, kind: &'static str, subject: &str) -> &mut Self {
        self.0.tell(Moment::millis(at), kind, subject, "");
        self
    }

    fn asked(&mut self, at: u64, seen: &Callers) -> &mut Self {
        self.0.callers(Moment::millis(at), seen);
        self
    }

    fn wakes(&self) -> &Wakes {
        self.0.wakes()
    }

    fn steps(&self) -> Vec<(Step, u64)> {
        let wakes = self.wakes().views();
        wakes.last().expect("a wake").steps.iter().map(|step| (step.step, step.at_ms)).collect()
    }

    fn last(&self) -> View<'_> {
        self.wakes().views().pop().expect("a wake")
    }
}

fn callers(held: usize, first_held: u64) -> Callers {
    Callers {
        proxy: "p".to_owned(),
        service: "demo".to_owned(),
        held,
        most_held: held,
        first_held: Some(first_held),
        ..Callers::default()
    }
}

/// From zero hosts to awake, at 1000 to 9000.
fn woken() -> Story {
    let mut story = Story::default();
    story
        .task(1000, "task.provisioning", "t1", None)
        .tell(2000, "host.launched", "h1")
        .tell(2000, "host.launched", "h2")
        .tell(5000, "host.registered", "h2")
        .task(5001, "task.pending", "t1", Some("h2"))
        .task(6000, "task.running", "t1", Some("h2"))
        .tell(9000, "instance.registered", "t1");
    story
}

#[test]
fn a_wake_from_zero_hosts_is_told_step_by_step_with_the_host_that_the_task_got() {
    let story = woken();
    let expected = [
        (Step::Called, 1000),
        (Step::HostLaunched, 2000),
        (Step::HostRegistered, 5000),
        (Step::Placed, 5001),
        (Step::Running, 6000),
        (Step::Registered, 9000),
    ];
    assert_eq!(story.steps(), expected);
    let wake = story.last();
    assert_eq!((wake.phase, wake.took_ms, wake.tries), ("awake", Some(8000), 1));
    assert_eq!((wake.steps[1].subject, wake.steps[1].took_ms), ("h2", 1000));
}

#[test]
fn the_sleep_ends_the_wake_when_its_hosts_have_gone() {
    let mut story = woken();
    story.tell(20_000, "instance.deregistered", "t1");
    assert_eq!(story.last().phase, "draining");
    story.task(21_000, "task.stopping", "t1", Some("h2"));
    assert_eq!(story.last().phase, "stopping");
    story.task(22_000, "task.stopped", "t1", Some("h2")).tell(23_000, "host.terminated", "h1");
    assert_eq!(story.last().phase, "asleep");
    assert!(story.wakes().under_way(), "a host that came for it is still there");
    story.tell(24_000, "host.terminated", "h2");
    assert_eq!(story.steps().last(), Some(&(Step::HostReleased, 24_000)));
    assert!(!story.wakes().under_way());
}

#[test]
fn a_host_that_was_there_before_is_no_step() {
    let mut story = Story::default();
    story
        .tell(10, "host.launched", "h1")
        .tell(20, "host.registered", "h1")
        .task(1000, "task.provisioning", "t1", None)
        .task(1001, "task.pending", "t1", Some("h1"));
    assert_eq!(story.steps(), [(Step::Called, 1000), (Step::Placed, 1001)]);
}

#[test]
fn with_a_proxy_a_wake_begins_with_the_first_held_caller_and_has_the_first_answer() {
    let mut story = Story::default();
    story.asked(1100, &callers(2, 900)).task(1200, "task.provisioning", "t1", None).asked(1600, &callers(5, 901));
    let ready = Callers { ready: Some((2000, "t1".to_owned())), first_answer: Some(2005), ..callers(0, 900) };
    story.task(1900, "task.pending", "t1", Some("h1")).task(1950, "task.running", "t1", None).asked(2100, &ready);
    let expected = [
        (Step::Held, 900),
        (Step::Called, 1200),
        (Step::Placed, 1900),
        (Step::Running, 1950),
        (Step::Ready, 2000),
        (Step::Answered, 2005),
    ];
    assert_eq!(story.steps(), expected);
    let wake = story.last();
    assert_eq!((wake.begun_ms, wake.most_held, wake.held, wake.phase), (900, 5, 0, "awake"));
    assert_eq!(wake.band, [(900, 0), (1100, 2), (1600, 5), (2100, 0)]);
}

#[test]
fn where_proxies_answer_running_is_not_yet_awake_and_where_none_is_asked_it_is() {
    let mut alone = Story::default();
    alone.task(1, "task.provisioning", "t1", None).task(2, "task.pending", "t1", None).task(
        3,
        "task.running",
        "t1",
        None,
    );
    assert_eq!(alone.last().phase, "awake");
    let mut asked = Story::default();
    asked.asked(0, &Callers { service: "demo".to_owned(), ..Callers::default() });
    asked.task(1, "task.provisioning", "t1", None).task(2, "task.pending", "t1", None).task(
        3,
        "task.running",
        "t1",
        None,
    );
    assert_eq!(asked.last().phase, "waking");
}

#[test]
fn an_old_callers_story_is_not_told_of_the_next_wake() {
    let mut story = Story::default();
    story.asked(1100, &callers(1, 900)).task(1200, "task.provisioning", "t1", None);
    story.task(1300, "task.running", "t1", None).asked(2000, &callers(0, 900)).task(5000, "task.stopped", "t1", None);
    let old = Callers { first_answer: Some(1400), ..callers(0, 900) };
    story.task(9000, "task.provisioning", "t2", None).asked(9100, &old);
    assert_eq!(story.steps(), [(Step::Called, 9000)]);
    assert_eq!(story.wakes().iter().count(), 2);
}

#[test]
fn a_drain_that_is_called_back_leaves_no_trace_and_an_ordered_one_leads_to_a_wake_of_its_own() {
    let mut story = woken();
    let said = |state: &str| Callers {
        service: "demo".to_owned(),
        tasks: BTreeMap::from([("t1".to_owned(), state.to_owned())]),
        ..Callers::default()
    };
    story.asked(10_000, &said("draining"));
    assert_eq!(story.last().phase, "draining");
    story.asked(10_500, &said("awake"));
    assert_eq!((story.last().phase, story.steps().len()), ("awake", 6));
    story.asked(11_000, &said("draining")).task(11_100, "task.provisioning", "t2", None);
    assert_eq!((story.last().id, story.steps()), (2, vec![(Step::Called, 11_100)]));
}

#[test]
fn a_second_task_of_an_awake_service_joins_and_the_last_one_that_leaves_counts() {
    let mut story = woken();
    story.task(10_000, "task.provisioning", "t2", None).task(10_001, "task.pending", "t2", Some("h2"));
    story.tell(20_000, "instance.deregistered", "t1").task(20_001, "task.stopped", "t1", None);
    assert_eq!(story.last().phase, "awake");
    story.tell(30_000, "instance.deregistered", "t2").task(30_001, "task.stopped", "t2", None);
    assert_eq!((story.last().phase, story.wakes().iter().count()), ("asleep", 1));
}

#[test]
fn tasks_that_are_asked_for_together_are_one_try() {
    let mut story = Story::default();
    story.task(1000, "task.provisioning", "t1", None).task(1001, "task.pending", "t1", None);
    story.task(1002, "task.provisioning", "t2", None);
    assert_eq!((story.last().tries, story.last().tasks.len()), (1, 2));
    assert_eq!(story.steps(), [(Step::Called, 1000), (Step::Placed, 1001)]);
}

#[test]
fn a_task_that_never_became_reachable_is_followed_by_another_try_of_the_same_wake() {
    let mut story = Story::default();
    story.asked(1100, &callers(1, 900)).task(1200, "task.provisioning", "t1", None);
    story.task(1300, "task.pending", "t1", None).task(1400, "task.stopped", "t1", None);
    story.asked(1500, &callers(1, 900));
    assert_eq!(story.last().phase, "waking");
    story.task(1600, "task.provisioning", "t2", None);
    assert_eq!((story.last().tries, story.wakes().iter().count()), (2, 1));
    assert_eq!(story.steps(), [(Step::Held, 900), (Step::Called, 1200)]);
}

#[test]
fn a_proxys_own_task_for_the_service_has_a_wake_of_its_own() {
    let mut story = Story::default();
    let of = OfTask { service: "demo".to_owned(), family: "demo-proxy".to_owned(), host: None };
    story.0.task(Moment::millis(100), "task.provisioning", "p1", String::new(), of);
    story.asked(1100, &callers(1, 900)).task(1200, "task.provisioning", "t1", None);
    assert_eq!(story.wakes().iter().count(), 2);
    assert_eq!((story.last().family, story.steps()), (Some("demo"), vec![(Step::Held, 900), (Step::Called, 1200)]));
}

proptest! {
    /// Whatever happens in whatever order: bounded, ordered by time, and nothing is told before the wake began.
    #[test]
    fn time_lines_are_bounded_and_ordered(told in prop::collection::vec((0..12usize, 0..4usize, 1..50u64), 0..300)) {
        let mut story = Story::default();
        let mut at = 0;
        for (what, who, later) in told {
            at += later;
            let (task, host) = (format!("t{who}"), format!("h{who}"));
            match what {
                0 => story.task(at, "task.provisioning", &task, None),
                1 => story.task(at, "task.pending", &task, Some(&host)),
                2 => story.task(at, "task.running", &task, Some(&host)),
                3 => story.task(at, "task.stopping", &task, Some(&host)),
                4 => story.task(at, "task.stopped", &task, Some(&host)),
                5 => story.tell(at, "host.launched", &host),
                6 => story.tell(at, "host.registered", &host),
                7 => story.tell(at, "host.terminated", &host),
                8 => story.tell(at, "instance.registered", &task),
                9 => story.tell(at, "instance.deregistered", &task),
                10 => story.asked(at, &callers(who, at.saturating_sub(later))),
                _ => story.asked(at, &Callers { ready: Some((at, task)), ..callers(0, 0) }),
            };
        }
        let views = story.wakes().views();
        prop_assert!(views.len() <= KEPT);
        for wake in views {
            prop_assert!(wake.steps.is_sorted_by_key(|step| step.at_ms), "{wake:?}");
            prop_assert!(wake.steps.iter().all(|step| step.at_ms >= wake.begun_ms), "{wake:?}");
            prop_assert!(wake.band.len() <= 241 && wake.band.is_sorted_by_key(|(at, _)| *at), "{wake:?}");
        }
    }
}
