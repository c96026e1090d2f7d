//! The rules, one test for each promise.

use super::*;
use crate::plan::step::Kind;

#[test]
fn a_ready_task_is_registered_with_everything_that_is_known_of_it() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.settle();
    let registration = &world.cloud_map[&task];
    assert_eq!(registration.supervisor_port, Some(SUPERVISOR_PORT));
    assert_eq!((registration.revision.as_str(), registration.cluster.as_str()), ("demo:1", "c1"));
    assert_eq!(registration.host.as_ref().expect("a host").boot, "boot");
}

#[test]
fn a_task_that_is_not_ready_yet_is_not_registered() {
    let mut world = World::new();
    world.place(Life::Starting);
    world.settle();
    assert!(world.cloud_map.is_empty());
}

#[test]
fn a_task_without_a_supervisor_is_registered_once_its_port_answers() {
    let mut world = World::new();
    let task = world.place(Life::Starting);
    world.task(&task).supervised = false;
    world.settle();
    assert!(world.cloud_map.is_empty());
    world.task(&task).life = Life::Ready;
    world.settle();
    assert_eq!(world.cloud_map[&task].supervisor_port, None);
}

#[test]
fn a_drain_is_released_only_after_the_deregistration_and_the_records_ttl() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.settle();
    world.task(&task).life = Life::Draining(1);
    let began = world.now;
    world.until(|world| world.tasks[&task].released == Some(1));
    assert!(world.now.since(began) >= TTL && world.now.since(began) < TTL + Duration::from_secs(1));
}

#[test]
fn a_drain_that_was_called_back_is_registered_again_and_the_next_is_released_by_its_own_number() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.settle();
    world.task(&task).life = Life::Draining(1);
    world.until(|world| world.cloud_map.is_empty());
    world.task(&task).life = Life::Ready;
    world.settle();
    assert!(world.cloud_map.contains_key(&task));
    assert_eq!(world.tasks[&task].released, None, "a drain that was called back is not released");
    world.task(&task).life = Life::Draining(2);
    world.settle();
    assert_eq!(world.tasks[&task].released, Some(2));
}

#[test]
fn after_a_start_every_ready_task_is_registered_anew_and_what_stopped_meanwhile_is_removed() {
    let mut world = World::new();
    let (stays, ends) = (world.place(Life::Ready), world.place(Life::Ready));
    world.settle();
    world.task(&ends).life = Life::Stopped;
    world.kill();
    world.history.clear();
    world.settle();
    assert_eq!(world.cloud_map.keys().collect::<Vec<_>>(), [&stays]);
    assert!(world.history.iter().any(|line| line.contains(&format!("register {}", stays.id()))));
}

#[test]
fn a_broken_watch_and_a_failed_look_remove_nothing() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.settle();
    world.listing_fails = true;
    world.observed.note_word(&task, Word::Broken, world.now);
    let plan = Plan::new(&world.observed, &Policy::new(GRACE), world.now + Duration::from_secs(250));
    assert_eq!(plan.steps, []);
    assert_eq!(world.cloud_map.len(), 1);
}

#[test]
fn a_task_that_the_ecs_agent_forgot_is_removed_only_when_ecs_says_that_it_stopped() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.settle();
    // The ECS agent has lost its state: it lists nothing, though the task runs.
    let forgotten = |world: &mut World| {
        let now = world.now;
        world.observed.note_listing(now, Ok(Vec::new()), now);
        Plan::new(&world.observed, &Policy::new(GRACE), now)
    };
    let plan = forgotten(&mut world);
    assert_eq!(plan.steps, [Step::Prove { tasks: vec![task.clone()] }]);
    let answer = |stopped| {
        Outcome::Done(Done::Described(vec![(task.clone(), Described::Found { service: Some(demo()), stopped })]))
    };
    world.observed.note_outcome(&plan.steps[0], &answer(false), world.now);
    assert_eq!(forgotten(&mut world).steps, [], "it runs: nothing is removed, and the host is not empty");
    assert_eq!(world.observed.is_empty(), Some(false));
    world.observed.note_outcome(&plan.steps[0], &answer(true), world.now);
    assert_eq!(forgotten(&mut world).steps, [Step::Deregister { service: demo(), task }]);
}

#[test]
fn a_task_of_somebody_else_is_left_alone_and_counts_as_work() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.task(&task).ours = false;
    world.now = world.now + MINUTES;
    world.settle();
    assert!(world.cloud_map.is_empty() && world.terminated.is_none());
}

#[test]
fn another_service_at_the_tasks_address_is_not_taken_for_it() {
    let mut world = World::new();
    let task = world.place(Life::Starting);
    world.settle();
    let stranger = Word::Said {
        service: "other".parse().expect("a name"),
        task: None,
        state: State::Awake { ready: true },
        connection: 9,
    };
    world.observed.note_word(&task, stranger, world.now);
    assert!(!world.observed.tasks[&task].is_ready());
}

#[test]
fn protection_that_is_found_off_is_set_again() {
    let mut world = World::new();
    world.place(Life::Ready);
    world.protected = false;
    world.settle();
    assert!(world.protected);
}

#[test]
fn an_empty_host_is_released_in_the_order_of_the_protocol() {
    let mut world = World::new();
    world.settle();
    assert_eq!(world.terminated, Some(true));
    let steps: Vec<&str> = world.history.iter().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(
        steps,
        [
            "ask the Auto Scaling group about this host",
            "ask ECS about this container instance",
            "ask ECS for work on this host",
            "mark this host as being released",
            "set this host DRAINING",
            "ask ECS for work on this host",
            "terminate this host, the group wants one less",
        ]
    );
}

#[test]
fn a_host_that_the_group_wants_replaced_is_terminated_without_decrement() {
    let mut world = World::new();
    world.group = GroupSize { desired: 1, minimum: 0, in_service: 2 };
    world.settle();
    assert_eq!(world.terminated, Some(false));
}

#[test]
fn a_host_of_the_groups_minimum_is_kept() {
    let mut world = World::new();
    world.group = GroupSize { desired: 1, minimum: 1, in_service: 1 };
    world.now = world.now + MINUTES;
    world.settle();
    world.assert_goal();
    assert_eq!((world.terminated, world.status), (None, InstanceStatus::Active));
}

#[test]
fn work_that_was_placed_just_before_draining_makes_the_host_active_again() {
    let mut world = World::new();
    world.until(|world| world.status == InstanceStatus::Draining);
    // ECS shows it, the ECS agent does not yet.
    let task = world.place(Life::Ready);
    world.task(&task).shown_from = world.now + GRACE;
    world.settle();
    world.assert_goal();
    assert_eq!((world.status, world.marked), (InstanceStatus::Active, false));
}

#[test]
fn a_task_that_waits_for_a_host_keeps_it_three_times_and_not_for_ever() {
    let mut world = World::new();
    world.provisioning = 1;
    world.settle();
    assert_eq!(world.terminated, Some(true));
    assert!(world.now.since(Moment::START) >= 4 * GRACE, "each time it had the whole grace");
}

#[test]
fn a_mark_found_on_an_active_host_is_taken_off_before_anything_else() {
    let mut world = World::new();
    world.marked = true;
    world.until(|world| !world.marked);
    assert!(!world.history.iter().any(|line| line.contains("DRAINING")));
}

#[test]
fn an_agent_killed_while_draining_goes_on_where_the_last_one_was() {
    let mut world = World::new();
    world.until(|world| world.status == InstanceStatus::Draining);
    world.kill();
    world.history.clear();
    world.settle();
    assert_eq!(world.terminated, Some(true));
    assert!(!world.history.iter().any(|line| line.contains("ACTIVE")), "{:?}", world.history);
}

#[test]
fn a_host_that_an_operator_drains_is_left_alone() {
    let mut world = World::new();
    world.status = InstanceStatus::Draining;
    world.protected = false;
    for _ in 0..20 {
        world.now = world.now + GRACE;
        world.turn();
    }
    assert_eq!((world.status, world.terminated, world.protected), (InstanceStatus::Draining, None, false));
}

#[test]
fn a_refused_termination_leaves_the_host_draining_and_is_tried_again() {
    let mut world = World::new();
    world.until(|world| world.history.iter().filter(|line| line.contains("for work")).count() == 2);
    world.faults = vec![Fault::Refused; 3];
    world.until(|world| world.faults.is_empty());
    assert_eq!((world.status, world.protected, world.terminated), (InstanceStatus::Draining, true, None));
    world.settle();
    assert_eq!(world.terminated, Some(true));
}

#[test]
fn a_drain_is_not_released_while_a_registration_is_under_way() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.settle();
    world.task(&task).life = Life::Draining(1);
    world.until(|world| world.tasks[&task].released == Some(1));
    world.task(&task).life = Life::Ready;
    world.look();
    let plan = Plan::new(&world.observed, &Policy::new(GRACE), world.now);
    let [step @ Step::Register { .. }] = plan.steps.as_slice() else { panic!("{plan}") };
    world.observed.note_started(step, world.now);
    // Route 53 takes its time, and the next drain begins meanwhile.
    world.now = world.now + Duration::from_secs(30);
    world.task(&task).life = Life::Draining(2);
    world.look();
    let planned = |world: &World| Plan::new(&world.observed, &Policy::new(GRACE), world.now).steps;
    assert_eq!(planned(&world), []);
    world.observed.note_outcome(step, &Outcome::Done(Done::Registered), world.now);
    assert_eq!(planned(&world), [Step::Deregister { service: demo(), task }]);
}

#[test]
fn a_lost_task_that_still_runs_is_asked_for_more_and_more_seldom() {
    let mut world = World::new();
    let task = world.place(Life::Ready);
    world.settle();
    let began = world.now;
    let mut asked = 0;
    while world.now.since(began) < MINUTES {
        world.observed.note_listing(world.now, Ok(Vec::new()), world.now);
        let plan = Plan::new(&world.observed, &Policy::new(GRACE), world.now);
        for step in plan.steps.iter().filter(|step| matches!(step, Step::Prove { .. })) {
            asked += 1;
            world.observed.note_started(step, world.now);
            let runs = Described::Found { service: Some(demo()), stopped: false };
            let answer = Outcome::Done(Done::Described(vec![(task.clone(), runs)]));
            world.observed.note_outcome(step, &answer, world.now);
        }
        world.now = world.now + Duration::from_millis(500);
    }
    assert!((10..40).contains(&asked), "asked {asked} times in ten minutes");
}

#[test]
fn a_look_for_work_that_takes_long_is_not_made_again_at_once() {
    let mut world = World::new();
    world.until(|world| world.history.iter().any(|line| line.contains("ask ECS about this container instance")));
    world.now = world.now + MINUTES;
    world.look();
    let plan = Plan::new(&world.observed, &Policy::new(GRACE), world.now);
    let Some(step @ Step::LookForWork { .. }) = plan.steps.iter().find(|step| step.kind() == Kind::LookForWork) else {
        panic!("{plan}")
    };
    world.observed.note_started(step, world.now);
    let found = world.carry_out(step);
    // A cluster of thousands of tasks: many pages.
    world.now = world.now + Duration::from_secs(20);
    world.observed.note_outcome(step, &Outcome::Done(found), world.now);
    let steps = Plan::new(&world.observed, &Policy::new(GRACE), world.now).steps;
    assert!(steps.contains(&Step::Mark), "{steps:?}");
}
