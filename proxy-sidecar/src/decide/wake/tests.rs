use daemon::moment::Moment;
use proptest::prelude::*;

use super::*;

const GRACE: Duration = Duration::from_secs(600);

fn wake() -> Wake {
    Wake::new("demo", GRACE, 1)
}

fn task(arn: &str, age: u64) -> SeenTask {
    SeenTask { arn: arn.to_owned(), age: Duration::from_secs(age), ending: false, going: false }
}

fn nothing(revision: i64) -> Seen {
    Seen { revision: Some(revision), tasks: Some(Vec::new()) }
}

/// A wake that has asked and been told of `arn`.
fn following(arn: &str) -> (Wake, Token) {
    let mut wake = wake();
    assert_eq!(wake.next(true, Moment::START), Action::Look);
    wake.looked(&nothing(7), Moment::START);
    let Action::Ask(token) = wake.next(true, Moment::START) else { panic!("it should ask") };
    wake.asked(Asked::Task(arn.to_owned()), Moment::START);
    assert_eq!(wake.next(true, Moment::START), Action::Describe(arn.to_owned()));
    (wake, token)
}

#[test]
fn nothing_is_done_where_nobody_needs_the_service() {
    assert_eq!(wake().next(false, Moment::START), Action::Rest);
    let mut begun = wake();
    begun.next(true, Moment::START);
    assert_eq!(begun.next(false, Moment::START), Action::Rest);
}

#[test]
fn a_backend_that_a_look_found_is_waited_for_before_a_task_is_asked_for() {
    let mut wake = wake();
    wake.next(true, Moment::START);
    wake.looked(&nothing(7), Moment::START);
    assert_eq!(wake.next(false, Moment::START), Action::Rest);
    assert_eq!(wake.next(true, Moment::START), Action::Look);
}

#[test]
fn a_live_task_is_somebody_elses_wake_and_is_waited_for() {
    let mut wake = wake();
    wake.next(true, Moment::START);
    let stopping = SeenTask { ending: true, ..task("a", 5) };
    let draining = SeenTask { going: true, ..task("b", 5) };
    let seen = Seen { revision: Some(1), tasks: Some(vec![stopping, draining, task("old", 601), task("c", 5)]) };
    wake.looked(&seen, Moment::START);
    assert_eq!(wake.following(), Some("c"));
}

#[test]
fn a_task_older_than_the_start_grace_is_nobodys_wake_but_counts_among_the_most_tasks() {
    let mut wake = wake();
    wake.next(true, Moment::START);
    let old = Seen { revision: Some(1), tasks: Some(vec![task("old", 601)]) };
    wake.looked(&old, Moment::START);
    assert_eq!(wake.next(true, Moment::START), Action::Wait(Moment::START + FULL));
    wake.max_tasks = 2;
    assert_eq!(wake.next(true, Moment::START + FULL), Action::Look);
    wake.looked(&old, Moment::START + FULL);
    assert!(matches!(wake.next(true, Moment::START + FULL), Action::Ask(_)));
}

#[test]
fn two_proxies_in_the_same_situation_send_the_same_token() {
    assert_eq!(following("a").1, following("b").1);
    assert_eq!(Token::new("demo", 7, 0).as_str(), following("a").1.as_str());
    assert_eq!(Token::new("demo", 7, 0).as_str().len(), 32);
}

#[test]
fn a_question_without_an_answer_is_asked_again_with_the_same_token() {
    let mut wake = wake();
    wake.next(true, Moment::START);
    wake.looked(&nothing(7), Moment::START);
    let first = wake.next(true, Moment::START);
    wake.asked(Asked::NoAnswer, Moment::START);
    let Action::Wait(until) = wake.next(true, Moment::START) else { panic!("it should wait") };
    assert_eq!(wake.next(true, until), first);
    // Also when nobody asks any more: what may have been started has to be known.
    assert_eq!(wake.next(false, until), first);
}

#[test]
fn an_answer_whose_task_is_over_advances_the_attempt_and_a_new_revision_begins_anew() {
    let (mut wake, _) = following("a");
    wake.described(Described::Stopped, Moment::START);
    assert_eq!(wake.next(true, Moment::START), Action::Look);
    wake.looked(&nothing(7), Moment::START);
    assert_eq!(wake.next(true, Moment::START), Action::Ask(Token::new("demo", 7, 1)));
    wake.asked(Asked::Task("b".to_owned()), Moment::START);
    wake.nobodys(Moment::START);
    wake.next(true, Moment::START);
    wake.looked(&nothing(9), Moment::START);
    assert_eq!(wake.next(true, Moment::START), Action::Ask(Token::new("demo", 9, 0)));
}

#[test]
fn a_task_that_ecs_does_not_know_yet_is_over_only_after_the_propagation_time() {
    let (mut wake, _) = following("a");
    wake.described(Described::Missing, Moment::START);
    wake.described(Described::Missing, Moment::START + PROPAGATION - Duration::from_millis(1));
    assert_eq!(wake.following(), Some("a"));
    wake.described(Described::Missing, Moment::START + PROPAGATION);
    assert_eq!(wake.following(), None);
}

#[test]
fn five_wakes_that_were_never_reachable_open_the_breaker_and_it_closes_again() {
    let mut wake = wake();
    let mut now = Moment::START;
    for n in 1..=MOST_FRUITLESS {
        assert_eq!(wake.next(true, now), Action::Look);
        wake.looked(&nothing(7), now);
        wake.asked(Asked::Task(format!("task-{n}")), now);
        wake.described(Described::Stopped, now);
        assert_eq!(wake.is_open(now), n == MOST_FRUITLESS);
    }
    assert_eq!(wake.next(true, now), Action::Wait(now + Duration::from_secs(30)));
    now = now + Duration::from_secs(30);
    assert!(!wake.is_open(now));
    assert_eq!(wake.next(true, now), Action::Look);
    wake.reached(now);
    assert_eq!(wake.fruitless(), 0);
}

#[test]
fn without_ecs_it_looks_again_and_without_cloud_map_it_goes_on_after_three_looks() {
    let mut wake = wake();
    let mut now = Moment::START;
    for _ in 0..10 {
        assert_eq!(wake.next(true, now), Action::Look);
        wake.looked(&Seen { revision: Some(1), tasks: None }, now);
        let Action::Wait(until) = wake.next(true, now) else { panic!("it should wait") };
        now = until;
    }
    wake.looked(&Seen { revision: None, tasks: Some(Vec::new()) }, now);
    assert!(matches!(wake.next(true, now), Action::Ask(_)));
}

proptest! {
    /// X5: never a second RunTask while the first is not over.
    #[test]
    fn no_new_token_is_used_before_the_task_of_the_last_one_is_over(steps in prop::collection::vec((0u8..9, any::<bool>()), 1..200)) {
        let mut wake = wake();
        let mut now = Moment::START;
        let mut open: Option<(Token, Option<String>)> = None;
        let mut tasks = 0u32;
        for (step, needed) in steps {
            now = now + Duration::from_millis(700);
            match wake.next(needed, now) {
                Action::Rest | Action::Wait(_) => (),
                Action::Look => wake.looked(&nothing(i64::from(step / 4)), now),
                Action::Ask(token) => {
                    if let Some((before, task)) = &open {
                        prop_assert!(*before == token && task.is_none(), "asked anew while {task:?} was not over");
                    }
                    open = Some((token.clone(), None));
                    match step {
                        0..4 => wake.asked(Asked::NoAnswer, now),
                        4 => wake.asked(Asked::Throttled, now),
                        _ => {
                            tasks += 1;
                            open = Some((token, Some(tasks.to_string())));
                            wake.asked(Asked::Task(tasks.to_string()), now);
                        }
                    }
                }
                Action::Describe(task) => {
                    prop_assert_eq!(open.as_ref().and_then(|(_, t)| t.clone()), Some(task));
                    match step {
                        0..5 => wake.described(Described::Alive, now),
                        5 => wake.described(Described::Unknown, now),
                        6 => { wake.described(Described::Stopped, now); open = None; }
                        7 => { wake.nobodys(now); open = None; }
                        _ => { wake.reached(now); open = None; }
                    }
                }
            }
        }
    }
}
