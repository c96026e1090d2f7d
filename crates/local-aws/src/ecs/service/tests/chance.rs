//! Whatever happens, in any order.

use proptest::prelude::*;
use serde_json::json;

use super::super::Rollout;
use super::world::World;
use crate::ecs::task::StopCode;

#[derive(Clone, Debug)]
enum Happens {
    Desired(usize),
    Deploy,
    Protect(usize, bool),
    Exit(usize),
    HostGoes(usize),
    HostComes,
    Drain(usize),
    Fails(bool),
    Pass(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        (0usize..5).prop_map(Happens::Desired),
        Just(Happens::Deploy),
        (0usize..6, any::<bool>()).prop_map(|(task, on)| Happens::Protect(task, on)),
        (0usize..6).prop_map(Happens::Exit),
        (0usize..3).prop_map(Happens::HostGoes),
        Just(Happens::HostComes),
        (0usize..3).prop_map(Happens::Drain),
        any::<bool>().prop_map(Happens::Fails),
        (0u64..120).prop_map(Happens::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_the_scheduler_stops_no_protected_task_and_comes_to_rest_at_its_count(
        all in prop::collection::vec(happens(), 0..25),
    ) {
        let mut world = World::new(2);
        world.create(&json!({}));
        for (number, happens) in all.into_iter().enumerate() {
            let tasks: Vec<String> = world.tasks().iter().map(|task| task.id.clone()).collect();
            let instances: Vec<(String, String)> =
                world.ecs.container_instances().map(|i| (i.arn.clone(), i.host.clone())).collect();
            let now = world.now;
            match happens {
                Happens::Desired(desired) => drop(world.update(&json!({ "desiredCount": desired }))),
                Happens::Deploy => drop(world.update(&json!({ "forceNewDeployment": true }))),
                Happens::Protect(task, on) => {
                    if let Some(id) = tasks.get(task) {
                        let body = json!({ "cluster": "c", "tasks": [id], "protectionEnabled": on });
                        world.ask("UpdateTaskProtection", body);
                    }
                }
                Happens::Exit(task) => {
                    if let Some(id) = tasks.get(task) {
                        world.ecs.exited(now, id, "app", 0);
                    }
                }
                Happens::HostGoes(place) => {
                    if let Some((_, host)) = instances.get(place) {
                        world.ecs.host_gone(now, host);
                    }
                }
                Happens::HostComes => drop(world.host(&format!("i-more-{number}"))),
                Happens::Drain(place) => {
                    if let Some((arn, _)) = instances.get(place) {
                        let body = json!({ "cluster": "c", "containerInstances": [arn], "status": "DRAINING" });
                        world.ask("UpdateContainerInstancesState", body);
                    }
                }
                Happens::Fails(fails) => world.starts = !fails,
                Happens::Pass(seconds) => {
                    let protected: Vec<String> = world.ecs.protections.keys().cloned().collect();
                    world.pass(seconds);
                    for id in protected {
                        let code = world.ecs.task(&id).and_then(|task| task.stop_code);
                        prop_assert_ne!(code, Some(StopCode::ServiceSchedulerInitiated));
                    }
                }
            }
        }
        world.starts = true;
        for number in 0..4 {
            world.host(&format!("i-last-{number}"));
        }
        // Longer than any protection and any wait.
        world.pass(3 * 3600);
        prop_assert_eq!(world.tasks().len(), world.service().desired);
        prop_assert_eq!(world.service().deployments.len(), 1);
        prop_assert_eq!(world.service().primary().expect("one").rollout, Rollout::Completed);
    }
}
