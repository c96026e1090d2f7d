use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Facts, Hindrance, Phase, Plan, Step, TaskFact, Wanted};

fn task(number: u64, current: bool, phase: Phase) -> TaskFact {
    TaskFact { id: format!("t{number}"), number, host: None, current, phase, protected: false, leaves: false }
}

fn replica(desired: usize, percents: (u32, u32), tasks: Vec<TaskFact>) -> Facts {
    let (minimum_percent, maximum_percent) = percents;
    Facts { wanted: Wanted::Replica(desired), minimum_percent, maximum_percent, may_start: true, tasks }
}

fn starts(plan: &Plan) -> usize {
    plan.steps.iter().filter(|step| matches!(step, Step::Start | Step::StartOn(_))).count()
}

fn stopped(plan: &Plan) -> Vec<&str> {
    let stopped = plan.steps.iter().filter_map(|step| match step {
        Step::Stop(id) => Some(id.as_str()),
        Step::Start | Step::StartOn(_) => None,
    });
    stopped.collect()
}

/// Does what the plan says.
fn apply(facts: &mut Facts, plan: &Plan) {
    for step in &plan.steps {
        let next = facts.tasks.iter().map(|task| task.number).max().unwrap_or(0) + 1;
        match step {
            Step::Stop(id) => {
                let task = facts.tasks.iter_mut().find(|task| task.id == *id).expect("a task of the service");
                task.phase = Phase::Stopping;
            }
            Step::Start => facts.tasks.push(task(next, true, Phase::Waiting)),
            Step::StartOn(host) => {
                facts.tasks.push(TaskFact { host: Some(host.clone()), ..task(next, true, Phase::Waiting) });
            }
        }
    }
}

/// Every task comes one phase further.
fn pass(facts: &mut Facts) {
    facts.tasks.retain(|task| task.phase != Phase::Stopping);
    for task in &mut facts.tasks {
        task.phase = match task.phase {
            Phase::Stopping => Phase::Stopping,
            Phase::Waiting => Phase::Young,
            Phase::Young | Phase::Healthy => Phase::Healthy,
        };
    }
}

#[test]
fn a_rolling_update_starts_twice_as_many_and_stops_the_old_ones_when_the_new_ones_are_healthy() {
    let old = (1..=4).map(|number| task(number, false, Phase::Healthy)).collect();
    let mut facts = replica(4, (100, 200), old);
    let plan = Plan::new(&facts);
    assert_eq!((starts(&plan), stopped(&plan).len()), (4, 0));
    apply(&mut facts, &plan);
    pass(&mut facts);
    assert_eq!(Plan::new(&facts).steps, [], "the new ones run, but do not count as healthy yet");
    pass(&mut facts);
    assert_eq!(stopped(&Plan::new(&facts)), ["t1", "t2", "t3", "t4"]);
}

#[test]
fn with_half_as_the_minimum_half_of_the_tasks_go_first_and_their_place_is_taken_when_they_have_gone() {
    let old = (1..=4).map(|number| task(number, false, Phase::Healthy)).collect();
    let mut facts = replica(4, (50, 100), old);
    let plan = Plan::new(&facts);
    assert_eq!((starts(&plan), stopped(&plan).len()), (0, 2));
    apply(&mut facts, &plan);
    assert_eq!(Plan::new(&facts).steps, [], "what is being stopped still takes its place");
    pass(&mut facts);
    assert_eq!(starts(&Plan::new(&facts)), 2);
}

#[test]
fn minimum_and_maximum_that_leave_no_room_are_said_to_be_in_the_way() {
    // 150 % of one task is one task.
    let facts = replica(1, (100, 150), vec![task(1, false, Phase::Healthy)]);
    let plan = Plan::new(&facts);
    assert_eq!((plan.steps, plan.hindrance), (vec![], Some(Hindrance::Configuration)));
}

#[test]
fn a_service_that_shrinks_spares_the_protected_ones_and_waits_for_them_if_they_are_too_many() {
    let mut tasks: Vec<TaskFact> = (1..=5).map(|number| task(number, true, Phase::Healthy)).collect();
    for task in &mut tasks[..3] {
        task.protected = true;
    }
    let mut facts = replica(2, (100, 200), tasks);
    let plan = Plan::new(&facts);
    assert_eq!((stopped(&plan), plan.hindrance), (vec!["t5", "t4"], Some(Hindrance::Protected)));
    apply(&mut facts, &plan);
    pass(&mut facts);
    assert_eq!(Plan::new(&facts).steps, []);
    facts.tasks[0].protected = false;
    assert_eq!(stopped(&Plan::new(&facts)), ["t1"]);
}

#[test]
fn a_service_that_shrinks_keeps_its_tasks_apart() {
    let on = |number, host: &str| TaskFact { host: Some(host.to_owned()), ..task(number, true, Phase::Healthy) };
    let facts = replica(2, (0, 200), vec![on(1, "a"), on(2, "b"), on(3, "a"), on(4, "a")]);
    assert_eq!(stopped(&Plan::new(&facts)), ["t4", "t3"]);
}

#[test]
fn what_runs_on_a_draining_host_goes_when_its_replacement_is_healthy_but_what_only_waits_there_goes_at_once() {
    let leaving = |number, phase| TaskFact { leaves: true, ..task(number, true, phase) };
    let mut facts = replica(2, (100, 200), vec![leaving(1, Phase::Healthy), leaving(2, Phase::Waiting)]);
    let plan = Plan::new(&facts);
    assert_eq!((starts(&plan), stopped(&plan)), (2, vec!["t2"]));
    apply(&mut facts, &plan);
    pass(&mut facts);
    assert_eq!(Plan::new(&facts).steps, []);
    pass(&mut facts);
    assert_eq!(stopped(&Plan::new(&facts)), ["t1"]);
    facts.tasks[0].protected = true;
    assert_eq!(stopped(&Plan::new(&facts)), ["t4"], "the protected one stays, so its replacement is one too many");
}

#[test]
fn a_daemon_has_one_task_on_each_host_and_on_a_draining_one_it_goes_last() {
    let hosts = |names: &[&str]| Wanted::Daemon(names.iter().map(|name| (*name).to_owned()).collect());
    let mut facts = Facts { wanted: hosts(&["a", "b"]), ..replica(0, (0, 100), vec![]) };
    let plan = Plan::new(&facts);
    assert_eq!(plan.steps, [Step::StartOn("a".to_owned()), Step::StartOn("b".to_owned())]);
    apply(&mut facts, &plan);
    pass(&mut facts);
    pass(&mut facts);
    assert!(Plan::new(&facts).steady);
    facts.wanted = hosts(&["a"]);
    assert_eq!(Plan::new(&facts).steps, [], "other tasks still run on b");
    facts.tasks[1].leaves = true;
    assert_eq!(stopped(&Plan::new(&facts)), ["t2"]);
}

#[test]
fn a_new_deployment_of_a_daemon_starts_where_the_old_one_has_stopped() {
    let old = |number, host: &str| TaskFact { host: Some(host.to_owned()), ..task(number, false, Phase::Healthy) };
    let wanted = Wanted::Daemon(vec!["a".to_owned(), "b".to_owned()]);
    let mut facts = Facts { wanted, ..replica(0, (50, 100), vec![old(1, "a"), old(2, "b")]) };
    let plan = Plan::new(&facts);
    assert_eq!(plan.steps, [Step::Stop("t1".to_owned())]);
    apply(&mut facts, &plan);
    assert_eq!(Plan::new(&facts).steps, []);
    pass(&mut facts);
    assert_eq!(Plan::new(&facts).steps, [Step::StartOn("a".to_owned())]);
}

fn any_task() -> impl Strategy<Value = TaskFact> {
    let phase = prop::sample::select(vec![Phase::Stopping, Phase::Waiting, Phase::Young, Phase::Healthy]);
    let host = prop::sample::select(vec![None, Some("a"), Some("b"), Some("c")]);
    (any::<bool>(), phase, any::<bool>(), any::<bool>(), host).prop_map(|(current, phase, protected, leaves, host)| {
        TaskFact { host: host.map(str::to_owned), protected, leaves, ..task(0, current, phase) }
    })
}

fn numbered(mut tasks: Vec<TaskFact>) -> Vec<TaskFact> {
    for (number, task) in (1..).zip(&mut tasks) {
        (task.number, task.id) = (number, format!("t{number}"));
    }
    tasks
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let hosts = prop::sample::subsequence(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], 0..=3);
    let wanted = prop_oneof![(0usize..8).prop_map(Wanted::Replica), hosts.prop_map(Wanted::Daemon)];
    let tasks = prop::collection::vec(any_task(), 0..12).prop_map(numbered);
    (wanted, 0u32..=100, 100u32..=300, any::<bool>(), tasks).prop_map(
        |(wanted, minimum_percent, maximum_percent, may_start, tasks)| {
            let daemon = matches!(wanted, Wanted::Daemon(_));
            let maximum_percent = if daemon { 100 } else { maximum_percent };
            // A daemon's tasks are on a host from their first moment.
            let placed = |task: &TaskFact| !daemon || task.host.is_some();
            let tasks = tasks.into_iter().filter(placed).collect();
            Facts { wanted, minimum_percent, maximum_percent, may_start, tasks }
        },
    )
}

proptest! {
    #[test]
    fn a_plan_never_stops_a_protected_task_nor_one_twice(facts in any_facts()) {
        let plan = Plan::new(&facts);
        let stopped = stopped(&plan);
        prop_assert_eq!(stopped.iter().collect::<BTreeSet<_>>().len(), stopped.len());
        for id in stopped {
            let task = facts.tasks.iter().find(|task| task.id == id).expect("a task of the service");
            prop_assert!(!task.protected && task.phase > Phase::Stopping, "{task:?}");
        }
    }

    #[test]
    fn a_plan_never_takes_a_service_below_its_minimum_nor_starts_beyond_its_maximum(facts in any_facts()) {
        let plan = Plan::new(&facts);
        if starts(&plan) > 0 {
            match &facts.wanted {
                Wanted::Replica(_) => prop_assert!(facts.tasks.len() + starts(&plan) <= facts.maximum()),
                // One on each host, whatever stands on hosts that are not wanted any more.
                Wanted::Daemon(hosts) => prop_assert!(starts(&plan) <= hosts.len()),
            }
        }
        let wanted_at = |task: &TaskFact| match &facts.wanted {
            Wanted::Replica(_) => true,
            Wanted::Daemon(hosts) => task.host.as_ref().is_some_and(|host| hosts.contains(host)),
        };
        let healthy = |task: &&TaskFact| task.phase == Phase::Healthy && wanted_at(task);
        let stopped = stopped(&plan);
        let lost = facts.tasks.iter().filter(healthy).filter(|task| stopped.contains(&task.id.as_str())).count();
        if lost > 0 {
            prop_assert!(facts.tasks.iter().filter(healthy).count() - lost >= facts.minimum());
        }
    }

    #[test]
    fn a_second_plan_is_empty(facts in any_facts()) {
        let mut facts = facts;
        let plan = Plan::new(&facts);
        apply(&mut facts, &plan);
        prop_assert_eq!(Plan::new(&facts).steps, []);
    }

    #[test]
    fn when_nothing_fails_a_service_reaches_its_desired_count_or_says_what_is_in_the_way(facts in any_facts()) {
        let mut facts = Facts { may_start: true, ..facts };
        let least = facts.minimum();
        let had = facts.tasks.iter().filter(|task| task.phase == Phase::Healthy).count();
        for _ in 0..100 {
            let plan = Plan::new(&facts);
            apply(&mut facts, &plan);
            if let Wanted::Replica(_) = facts.wanted {
                let healthy = facts.tasks.iter().filter(|task| task.phase == Phase::Healthy).count();
                prop_assert!(healthy >= least.min(had), "{} of {}", healthy, least);
            }
            pass(&mut facts);
        }
        let plan = Plan::new(&facts);
        prop_assert_eq!(&plan.steps, &[]);
        match plan.hindrance {
            Some(Hindrance::Protected) => prop_assert!(facts.tasks.iter().any(|task| task.protected)),
            Some(Hindrance::Configuration) => {
                prop_assert!(facts.maximum() <= facts.minimum().max(facts.tasks.len()), "{facts:?}");
            }
            // A daemon beside tasks that hold a draining host stays there, and is not in the way.
            None => prop_assert!(plan.steady, "{plan:?} {facts:?}"),
        }
    }
}
