use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn at(secs: u64) -> Moment {
    Moment::millis(secs * 1000)
}

/// Asked for at once, and confirmed a second later.
fn protected() -> Protection {
    let mut protection = Protection::new(HOUR, 0, Moment::START);
    assert_eq!(protection.ask(Moment::START), Some(true));
    assert_eq!(protection.answered(Said::Is(true), at(1)), Some(News::On));
    protection
}

#[test]
fn protection_is_asked_for_at_once_and_renewed_at_half_its_time() {
    let mut protection = protected();
    assert!(protection.holds(at(1)));
    assert_eq!(protection.due(), Some(at(1800)));
    assert_eq!(protection.ask(at(1799)), None);
    assert_eq!(protection.ask(at(1800)), Some(true));
    assert!(protection.holds(at(1801)), "asking for more takes nothing away");
    assert_eq!(protection.answered(Said::Is(true), at(1802)), None, "a renewal is no news");
    assert_eq!(protection.due(), Some(at(3600)));
}

#[test]
fn its_time_counts_from_the_sending() {
    let protection = protected();
    assert!(protection.holds(at(3599)));
    assert!(!protection.holds(at(3600)));
}

#[test]
fn it_counts_as_gone_from_the_moment_its_end_is_asked_for() {
    let mut protection = protected();
    protection.want(false, at(10));
    assert!(protection.holds(at(10)));
    assert_eq!(protection.ask(at(10)), Some(false));
    assert!(!protection.holds(at(10)));
    assert_eq!(protection.answered(Said::Is(false), at(11)), Some(News::Off));
    assert_eq!(protection.due(), None, "nothing more is asked until it is wanted again");
    protection.want(true, at(500));
    assert_eq!(protection.ask(at(500)), Some(true));
    assert!(!protection.holds(at(500)), "not before it is confirmed");
    assert_eq!(protection.answered(Said::Is(true), at(501)), Some(News::On));
    assert!(protection.holds(at(501)));
}

#[test]
fn an_answer_that_says_the_opposite_is_no_confirmation() {
    let mut protection = Protection::new(HOUR, 0, Moment::START);
    assert_eq!(protection.ask(Moment::START), Some(true));
    assert!(matches!(protection.answered(Said::Is(false), at(1)), Some(News::Hindered(_))));
    assert!(!protection.holds(at(1)) && protection.due().is_some());
}

#[test]
fn a_standalone_task_asks_once_and_then_never() {
    let mut protection = Protection::new(HOUR, 0, Moment::START);
    assert_eq!(protection.ask(Moment::START), Some(true));
    assert!(!protection.holds(Moment::START));
    assert_eq!(protection.answered(Said::NotValid, at(1)), Some(News::NotValid));
    assert!(protection.holds(at(1)) && !protection.is_of_service());
    assert_eq!(protection.due(), None);
    protection.want(false, at(2));
    protection.want(true, at(3));
    assert_eq!(protection.ask(at(9_999)), None);
}

#[test]
fn a_task_that_was_protected_before_stays_one_of_a_service() {
    let mut protection = protected();
    assert_eq!(protection.ask(at(1800)), Some(true));
    assert!(matches!(protection.answered(Said::NotValid, at(1801)), Some(News::Hindered(_))));
    assert!(protection.is_of_service() && protection.due().is_some());
}

#[test]
fn a_refusal_is_retried_more_and_more_seldom_and_told_once() {
    let mut protection = Protection::new(HOUR, 0, Moment::START);
    let blocked = || Said::Refused("DEPLOYMENT_BLOCKED".into());
    let (mut now, mut told) = (Moment::START, 0);
    for _ in 0..10 {
        now = protection.due().expect("it is wanted");
        assert_eq!(protection.ask(now), Some(true));
        told += usize::from(protection.answered(blocked(), now).is_some());
        assert!(!protection.holds(now));
    }
    assert_eq!(told, 1);
    assert_eq!(protection.due(), Some(now + Duration::from_secs(60)));
    assert_eq!(protection.describe(now), "not confirmed; the last answer was DEPLOYMENT_BLOCKED");
}

#[test]
fn an_end_without_an_answer_cannot_undo_a_later_protection() {
    let mut protection = protected();
    protection.want(false, at(10));
    assert_eq!(protection.ask(at(10)), Some(false));
    protection.answered(Said::Unclear("no answer".into()), at(16));
    protection.want(true, at(17));
    assert_eq!(protection.due(), Some(at(20)), "by then the agent has given the earlier question up");
}

/// What may happen between a supervisor and its agent.
#[derive(Clone, Debug)]
enum Step {
    Want(bool),
    /// The question under way is answered; where the answer says nothing, it may be carried out so much later.
    Answer(u8, Option<u64>),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let late = prop::option::of(0..u64::try_from(MAY_BE_LATE.as_millis()).expect("ten seconds"));
    let step = prop_oneof![
        any::<bool>().prop_map(Step::Want),
        (0u8..4, late).prop_map(|(kind, late)| Step::Answer(kind, late)),
        prop_oneof![0u64..100, 0u64..5_000, 0u64..100_000].prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn whatever_the_agent_does_protection_that_counts_as_held_is_held(steps in steps()) {
        let lasts = Duration::from_secs(60);
        let mut protection = Protection::new(lasts, 0, Moment::START);
        let (mut now, mut under_way) = (Moment::START, None::<(bool, Moment)>);
        // What ECS carries out, and when.
        let mut carried_out: Vec<(Moment, bool)> = Vec::new();
        for step in steps {
            match step {
                Step::Want(on) => protection.want(on, now),
                Step::Answer(kind, late) => if let Some((on, sent)) = under_way.take() {
                    let said = match (kind, late) {
                        (0, _) => Said::Refused("no".into()),
                        (1, Some(late)) => {
                            // Asked for before its patience is over, or carried out meanwhile.
                            carried_out.push((sent + Duration::from_millis(late), on));
                            Said::Unclear("no answer".into())
                        }
                        (1, None) => Said::Unclear("no answer".into()),
                        _ => {
                            carried_out.push((now, on));
                            Said::Is(on)
                        }
                    };
                    protection.answered(said, now);
                },
                Step::Pass(millis) => now = now + Duration::from_millis(millis),
            }
            if let Some(on) = protection.ask(now) {
                prop_assert!(under_way.is_none(), "two questions at once");
                under_way = Some((on, now));
            }
            if protection.holds(now) {
                let last = carried_out.iter().filter(|(at, _)| *at <= now).max_by_key(|(at, _)| *at);
                prop_assert!(last.is_some_and(|(at, on)| *on && now < *at + lasts), "{carried_out:?} at {now}");
            }
        }
    }

    #[test]
    fn it_comes_to_what_is_wanted_once_the_agent_obeys(steps in steps(), on in any::<bool>()) {
        let mut protection = Protection::new(Duration::from_secs(60), 7, Moment::START);
        let mut now = Moment::START;
        for step in steps {
            match step {
                Step::Want(on) => protection.want(on, now),
                Step::Answer(0, _) => drop(protection.answered(Said::Refused("no".into()), now)),
                Step::Answer(..) => drop(protection.answered(Said::Unclear("?".into()), now)),
                Step::Pass(millis) => now = now + Duration::from_millis(millis),
            }
            protection.ask(now);
        }
        protection.want(on, now);
        // The one under way is answered; then as many questions as it takes.
        protection.answered(Said::Unclear("?".into()), now);
        for _ in 0..3 {
            let Some(due) = protection.due() else { break };
            now = now.max(due);
            let Some(asked) = protection.ask(now) else { break };
            protection.answered(Said::Is(asked), now);
            if protection.holds(now) { break }
        }
        prop_assert_eq!(protection.holds(now), on);
        prop_assert_eq!(protection.describe(now), if on { "on" } else { "off" });
    }
}
