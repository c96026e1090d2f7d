mod calls;
mod capacity;
mod cloud;
mod hosts;
mod placement;

use std::net::Ipv4Addr;
use std::time::Duration;

use daemon::moment::Moment;
use proptest::prelude::*;
use serde_json::json;

use super::model::{Ecs, Effect};
use super::placement::Resources;
use super::requests::instances::ListContainerInstances;
use super::requests::{DescribeTasks, RunTask, StopTask};
use super::task::{Desired, LastStatus, StopCode, Task};
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::Pace;

const SIZE: Resources = Resources { cpu: 2048, memory: 952 };
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 42, 1, 10);

fn ecs() -> Ecs {
    let mut ecs = Ecs::new(Account::default(), Pace::REAL, Ids::new(1));
    let read = |value| serde_json::from_value(value).expect("a request");
    ecs.create_capacity_provider(
        serde_json::from_value(json!({ "name": "doze", "autoScalingGroupProvider": {
            "autoScalingGroupArn": "doze", "managedScaling": { "status": "ENABLED" } } }))
        .expect("a request"),
    )
    .expect("made");
    ecs.create_cluster(Moment::START, read(json!({ "clusterName": "doze", "capacityProviders": ["doze", "FARGATE"] })))
        .expect("made");
    let container = json!({ "name": "app", "image": "demo", "command": ["x"] });
    let side = json!({ "name": "side", "image": "side", "essential": false });
    let register = json!({ "family": "demo", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "containerDefinitions": [container, side] });
    ecs.register_task_definition(Moment::START, serde_json::from_value(register).expect("a request")).expect("made");
    ecs
}

fn run(token: Option<&str>, provider: &str) -> RunTask {
    let strategy = json!([{ "capacityProvider": provider, "weight": 1 }]);
    let request = json!({
        "cluster": "doze", "taskDefinition": "demo", "clientToken": token, "capacityProviderStrategy": strategy,
    });
    serde_json::from_value(request).expect("a request")
}

fn started(ecs: &mut Ecs, now: Moment) -> String {
    let id = ecs.run_task(now, &run(None, "doze")).expect("accepted").tasks[0].id.clone();
    ecs.advance(now);
    ecs.started(now, &id, ADDRESS, &[]);
    ecs.advance(now);
    id
}

fn host(ecs: &mut Ecs, name: &str) -> String {
    ecs.register_host(Moment::START, (name, "eu-west-1a"), "doze", Some("doze".to_owned()), SIZE)
}

fn status(ecs: &Ecs, id: &str) -> LastStatus {
    ecs.task(id).expect("a task").last_status
}

#[test]
fn a_token_is_answered_with_the_first_answer_even_when_its_task_is_over() {
    let mut ecs = ecs();
    let first = ecs.run_task(Moment::START, &run(Some("t"), "doze")).expect("accepted");
    let id = first.tasks[0].id.clone();
    let stop = StopTask { cluster: Some("doze".to_owned()), task: id.clone(), reason: None };
    ecs.stop_task(Moment::millis(5), &stop).expect("stopped");
    assert_eq!(status(&ecs, &id), LastStatus::Stopped);
    let again = ecs.run_task(Moment::millis(9), &run(Some("t"), "doze")).expect("accepted");
    assert_eq!(again.tasks, first.tasks);
    assert_eq!(ecs.tasks().len(), 1);
    let other = ecs.run_task(Moment::millis(9), &run(Some("t"), "FARGATE")).expect_err("another call");
    assert_eq!(other.code, "ConflictException");
    assert_eq!(other.fields, [("resourceIds", json!([first.tasks[0].arn]))]);
    // A day later the token is nobody's.
    let later = Moment::after_start(Duration::from_secs(25 * 3600));
    ecs.advance(later);
    assert_eq!(ecs.run_task(later, &run(Some("t"), "FARGATE")).expect("accepted").tasks.len(), 1);
}

#[test]
fn when_an_essential_container_ends_the_others_are_stopped_and_the_task_says_why() {
    let mut ecs = ecs();
    host(&mut ecs, "i-1");
    let id = started(&mut ecs, Moment::START);
    ecs.take_effects();
    ecs.exited(Moment::millis(10), &id, "app", 3);
    assert_eq!(status(&ecs, &id), LastStatus::Stopping);
    assert_eq!(ecs.take_effects(), [Effect::Stopping { task: id.clone() }]);
    ecs.exited(Moment::millis(20), &id, "side", 143);
    assert_eq!(status(&ecs, &id), LastStatus::Deprovisioning);
    ecs.advance(ecs.deadline().expect("a deadline"));
    let task = ecs.task(&id).expect("a task");
    assert_eq!((task.last_status, task.stop_code), (LastStatus::Stopped, Some(StopCode::EssentialContainerExited)));
    assert_eq!(task.stopped_reason.as_deref(), Some("Essential container in task exited"));
    assert_eq!(task.containers.iter().map(|c| c.exit_code).collect::<Vec<_>>(), [Some(3), Some(143)]);
}

#[test]
fn a_container_that_is_not_essential_may_end_alone() {
    let mut ecs = ecs();
    host(&mut ecs, "i-1");
    let id = started(&mut ecs, Moment::START);
    ecs.exited(Moment::millis(10), &id, "side", 0);
    assert_eq!((status(&ecs, &id), ecs.task(&id).expect("a task").desired), (LastStatus::Running, Desired::Running));
}

#[test]
fn a_task_passes_through_every_status_in_order_when_it_is_stopped() {
    let mut ecs = ecs();
    let id = ecs.run_task(Moment::START, &run(None, "doze")).expect("accepted").tasks[0].id.clone();
    let mut seen = vec![status(&ecs, &id)];
    let mut note = |ecs: &Ecs| seen.push(status(ecs, &id));
    host(&mut ecs, "i-1");
    ecs.advance(Moment::millis(1));
    note(&ecs);
    ecs.started(Moment::millis(2), &id, ADDRESS, &[]);
    note(&ecs);
    ecs.advance(Moment::millis(2));
    note(&ecs);
    let stop = StopTask { cluster: Some("doze".to_owned()), task: id.clone(), reason: None };
    ecs.stop_task(Moment::millis(3), &stop).expect("stopped");
    note(&ecs);
    ecs.advance(Moment::millis(4));
    note(&ecs);
    ecs.exited(Moment::millis(5), &id, "app", 0);
    ecs.exited(Moment::millis(5), &id, "side", 0);
    note(&ecs);
    ecs.advance(Moment::after_start(Duration::from_secs(60)));
    note(&ecs);
    use LastStatus::{Activating, Deactivating, Deprovisioning, Pending, Provisioning, Running, Stopped, Stopping};
    assert_eq!(seen, [Provisioning, Pending, Activating, Running, Deactivating, Stopping, Deprovisioning, Stopped]);
}

#[test]
fn a_host_that_goes_takes_its_tasks_with_it_and_is_inactive() {
    let mut ecs = ecs();
    let arn = host(&mut ecs, "i-1");
    let id = started(&mut ecs, Moment::START);
    ecs.host_gone(Moment::millis(10), "i-1");
    let task = ecs.task(&id).expect("a task");
    assert_eq!((task.last_status, task.stop_code), (LastStatus::Stopped, Some(StopCode::TerminationNotice)));
    assert_eq!(task.containers[0].exit_code, None);
    assert!(
        ecs.list_instances(&ListContainerInstances { cluster: Some("doze".to_owned()), ..Default::default() })
            .expect("listed")
            .0
            .is_empty()
    );
    assert_eq!(ecs.instance(&arn).expect("an instance").status.name(), "INACTIVE");
}

#[test]
fn a_task_nobody_makes_room_for_is_given_up_and_a_stopped_one_is_forgotten_after_an_hour() {
    let mut ecs = ecs();
    let id = ecs.run_task(Moment::START, &run(None, "doze")).expect("accepted").tasks[0].id.clone();
    let given_up = ecs.deadline().expect("a deadline");
    ecs.advance(given_up - Duration::from_millis(1));
    assert_eq!(status(&ecs, &id), LastStatus::Provisioning);
    ecs.advance(given_up);
    assert_eq!(ecs.task(&id).expect("a task").stop_code, Some(StopCode::TaskFailedToStart));
    ecs.advance(given_up + Duration::from_secs(3600));
    assert_eq!(ecs.task(&id), None);
    let named = DescribeTasks { cluster: Some("doze".to_owned()), tasks: vec![id], ..Default::default() };
    assert_eq!(ecs.describe_tasks(given_up, &named).expect("described").1.len(), 1);
}

/// What is counted must be what a look at every task says.
fn recount(ecs: &Ecs) {
    let kept = ecs.kept();
    let mut waiting: Vec<&Task> = kept.values().filter(|task| task.waits()).collect();
    waiting.sort_by_key(|task| task.number);
    assert_eq!(kept.waiting().collect::<Vec<_>>(), waiting);
    assert_eq!(kept.next_due(), kept.values().filter_map(|task| task.due(Pace::REAL)).min());
    for instance in ecs.container_instances() {
        let here = || kept.values().filter(|task| task.instance.as_ref() == Some(&instance.arn));
        let holding = || here().filter(|task| task.last_status < LastStatus::Stopped);
        let wanted = |status: fn(&LastStatus) -> bool| {
            here().filter(|task| task.desired == Desired::Running && status(&task.last_status)).count()
        };
        let load = kept.load(&instance.arn).cloned().unwrap_or_default();
        assert_eq!(load.running, wanted(|status| *status == LastStatus::Running));
        assert_eq!(load.pending, wanted(|status| *status < LastStatus::Running));
        assert_eq!(load.used, holding().fold(Resources::default(), |used, task| used.with(task.wants())));
        assert_eq!(load.holding.len(), holding().count());
        assert_eq!(load.tasks.len(), here().count());
    }
    let counted = kept.counted("doze");
    let of = |status: LastStatus| kept.values().filter(|task| task.last_status == status).count();
    assert_eq!(counted.waiting, waiting.len());
    assert_eq!(counted.running_ec2 + counted.running_fargate, of(LastStatus::Running));
    assert_eq!(counted.live, kept.len() - of(LastStatus::Stopped));
    for task in kept.values() {
        assert_eq!(kept.of_container(&task.containers[0].docker_id), Some(task));
        let in_group = kept.of_group("doze", &task.group).any(|one| one.id == task.id);
        assert_eq!(in_group, task.desired == Desired::Running);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Run(bool),
    Stop(usize),
    Started(usize),
    Exited(usize, bool),
    Failed(usize),
    Pass(u64),
    HostComes,
    HostGoes(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        any::<bool>().prop_map(Step::Run),
        any::<usize>().prop_map(Step::Stop),
        any::<usize>().prop_map(Step::Started),
        any::<(usize, bool)>().prop_map(|(task, app)| Step::Exited(task, app)),
        any::<usize>().prop_map(Step::Failed),
        (0u64..20_000).prop_map(Step::Pass),
        Just(Step::HostComes),
        any::<usize>().prop_map(Step::HostGoes),
    ];
    proptest::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn whatever_happens_no_task_goes_back_no_host_is_overfull_and_every_start_is_told_once(steps in steps()) {
        let mut ecs = ecs();
        let mut now = Moment::START;
        let mut hosts = 0;
        let mut known: Vec<(String, LastStatus)> = Vec::new();
        let mut placed: Vec<String> = Vec::new();
        let mut stopped: Vec<String> = Vec::new();
        for step in steps {
            let pick = |number: usize| (!known.is_empty()).then(|| known[number % known.len()].0.clone());
            match step {
                Step::Run(fargate) => {
                    let request = run(None, if fargate { "FARGATE" } else { "doze" });
                    let ran = ecs.run_task(now, &request).expect("accepted");
                    known.push((ran.tasks[0].id.clone(), LastStatus::Provisioning));
                }
                Step::Stop(task) => if let Some(task) = pick(task) {
                    let _ = ecs.stop_task(now, &StopTask { cluster: Some("doze".into()), task, reason: None });
                },
                // The runtime speaks only of what has a place.
                Step::Started(task) => if let Some(task) = pick(task).filter(|task| placed.contains(task)) {
                    ecs.started(now, &task, ADDRESS, &[]);
                },
                Step::Exited(task, app) => if let Some(task) = pick(task).filter(|task| placed.contains(task)) {
                    ecs.exited(now, &task, if app { "app" } else { "side" }, 0);
                },
                Step::Failed(task) => if let Some(task) = pick(task).filter(|task| placed.contains(task)) {
                    ecs.failed(now, &task, "CannotPullContainerError: no");
                },
                Step::Pass(millis) => now = now + Duration::from_millis(millis),
                Step::HostComes => { hosts += 1; host(&mut ecs, &format!("i-{hosts}")); }
                Step::HostGoes(number) => if hosts > 0 { ecs.host_gone(now, &format!("i-{}", number % hosts + 1)); },
            }
            ecs.advance(now);
            for effect in ecs.take_effects() {
                match effect {
                    Effect::Placed { task } => { prop_assert!(!placed.contains(&task)); placed.push(task); }
                    Effect::Stopped { task } => { prop_assert!(!stopped.contains(&task)); stopped.push(task); }
                    Effect::Orphaned { .. } | Effect::Provisioning { .. } | Effect::Running { .. } | Effect::Stopping { .. }
                    | Effect::Draining { .. } | Effect::Active { .. } => {}
                    Effect::Protected { .. } | Effect::Unprotected { .. } | Effect::Service { .. } => {}
                }
            }
            known.retain(|(id, _)| ecs.task(id).is_some());
            for (id, before) in &mut known {
                let task = ecs.task(id).expect("kept");
                prop_assert!(task.last_status >= *before, "{:?} after {:?}", task.last_status, before);
                prop_assert_eq!(task.last_status == LastStatus::Stopped, stopped.contains(id));
                prop_assert!(task.desired == Desired::Running || task.stop_code.is_some());
                *before = task.last_status;
            }
            for instance in ecs.container_instances() {
                let here = ecs.tasks().into_iter().filter(|t| t.instance.as_ref() == Some(&instance.arn) && t.last_status < LastStatus::Stopped);
                prop_assert!(here.map(|task| task.memory).sum::<u32>() <= instance.registered.memory);
            }
            recount(&ecs);
        }
    }
}
