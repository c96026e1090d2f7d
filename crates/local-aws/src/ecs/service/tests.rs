mod calls;
mod chance;
pub(in crate::ecs) mod world;

use serde_json::json;

use super::Rollout;
use crate::ecs::task::{LastStatus, StopCode};
use world::{World, created};

#[test]
fn a_service_starts_what_is_desired_and_is_steady_when_it_is_healthy() {
    let mut world = World::new(1);
    let answer = world.create(&json!({}));
    assert_eq!((&answer["service"]["runningCount"], &answer["service"]["desiredCount"]), (&json!(0), &json!(2)));
    assert_eq!(world.service().primary().expect("one").rollout, Rollout::InProgress);
    assert_eq!(world.ecs.service_counts(world.service(), None), (2, 0));
    let deployment = world.service().primary().expect("one").id.clone();
    for task in world.tasks() {
        assert_eq!((task.group.as_str(), task.started_by.as_deref()), ("service:web", Some(deployment.as_str())));
    }
    assert_eq!((world.said("(service web) has started 2 tasks: (task "), world.said("steady")), (1, 0));
    world.pass(60);
    assert_eq!(world.said("(service web) has reached a steady state."), 1);
    let primary = world.service().primary().expect("one");
    assert_eq!(
        (primary.rollout, primary.reason.clone()),
        (Rollout::Completed, format!("ECS deployment {deployment} completed."))
    );
    world.pass(3600);
    assert_eq!(world.said("steady"), 1, "what stays the case is not said again");
}

#[test]
fn a_task_that_ends_or_whose_host_goes_is_replaced() {
    let mut world = World::new(2);
    world.create(&json!({}));
    world.pass(60);
    let (ended, now) = (world.tasks()[0].id.clone(), world.now);
    world.ecs.exited(now, &ended, "app", 1);
    world.pass(60);
    assert_eq!(world.tasks().len(), 2);
    assert_eq!(world.ecs.task(&ended).expect("kept").stop_code, Some(StopCode::EssentialContainerExited));
    let host = world.ecs.instance(world.tasks()[0].instance.as_deref().expect("a host")).expect("one").host.clone();
    let now = world.now;
    world.ecs.host_gone(now, &host);
    world.pass(60);
    assert_eq!((world.tasks().len(), world.ecs.service_counts(world.service(), None)), (2, (2, 0)));
    assert_eq!(world.said("steady"), 3, "each time it had to come back");
}

#[test]
fn a_new_definition_rolls_out_and_the_old_deployment_is_gone_when_its_tasks_are() {
    let mut world = World::new(2);
    world.create(&json!({}));
    world.pass(60);
    let old: Vec<String> = world.tasks().iter().map(|task| task.id.clone()).collect();
    let answer = world.update(&json!({ "taskDefinition": "demo:2" }));
    assert_eq!(answer["service"]["deployments"].as_array().expect("some").len(), 2);
    assert_eq!((world.tasks().len(), world.service().deployments.len()), (4, 2));
    world.pass(60);
    assert!(world.tasks().iter().all(|task| task.revision == 2));
    assert_eq!((world.tasks().len(), world.service().deployments.len()), (2, 1));
    let new = world.service().primary().expect("one").id.clone();
    for id in old {
        let task = world.ecs.task(&id).expect("kept");
        assert_eq!(task.stop_code, Some(StopCode::ServiceSchedulerInitiated));
        let reason = format!("Scaling activity initiated by (deployment {new})");
        assert_eq!(task.stopped_reason, Some(reason));
    }
    // The same again changes nothing, but for one that is forced.
    assert_eq!(
        world.update(&json!({ "taskDefinition": "demo:2" }))["service"]["deployments"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        world.update(&json!({ "forceNewDeployment": true }))["service"]["deployments"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn tasks_that_cannot_start_are_tried_less_and_less_often_until_the_service_is_updated() {
    let mut world = World::new(1);
    world.starts = false;
    world.create(&json!({ "desiredCount": 1 }));
    world.pass(3600);
    let attempts = world.ecs.tasks().len();
    assert!((5..=9).contains(&attempts), "{attempts} attempts in an hour");
    assert_eq!(world.said("(service web) is unable to consistently start tasks successfully."), 1);
    world.starts = true;
    world.update(&json!({ "taskDefinition": "demo:2" }));
    assert_eq!(world.ecs.service_counts(world.service(), None), (1, 0));
}

#[test]
fn a_circuit_breaker_gives_a_deployment_up_and_goes_back_to_the_last_that_completed() {
    let mut world = World::new(2);
    let breaker = json!({ "deploymentCircuitBreaker": { "enable": true, "rollback": true } });
    world.create(&json!({ "deploymentConfiguration": breaker }));
    world.pass(60);
    world.starts = false;
    world.update(&json!({ "taskDefinition": "demo:2" }));
    world.pass(300);
    assert_eq!(world.said("deployment failed: tasks failed to start."), 1);
    let primary = world.service().primary().expect("one");
    assert_eq!((primary.definition.ends_with("demo:1"), world.tasks().len()), (true, 2));
}

#[test]
fn what_finds_no_host_is_said_and_placed_when_there_is_one_or_waits_for_its_capacity_provider() {
    let mut world = World::new(0);
    world.create(&json!({ "desiredCount": 1 }));
    let text = "(service web) was unable to place a task because no container instance met all of its requirements. \
                Reason: No Container Instances were found in your cluster.";
    assert_eq!((world.said(text), world.tasks().len()), (1, 0));
    world.host("i-1");
    world.pass(60);
    assert_eq!(world.ecs.service_counts(world.service(), None), (1, 0));
    world.update(&json!({ "desiredCount": 5 }));
    assert_eq!((world.tasks().len(), world.said("has insufficient memory available.")), (3, 1));

    let mut world = World::new(0);
    let strategy = json!([{ "capacityProvider": "doze", "weight": 1 }]);
    let mut body = created(&json!({ "capacityProviderStrategy": strategy }));
    body.as_object_mut().expect("an object").remove("launchType");
    world.ask("CreateService", body);
    assert!(world.tasks().iter().all(|task| task.last_status == LastStatus::Provisioning));
    assert_eq!(world.ecs.service_counts(world.service(), None), (0, 2));
}

#[test]
fn tasks_of_services_leave_a_draining_host_by_themselves_and_standalone_ones_stay() {
    let mut world = World::new(1);
    world.ask("RunTask", json!({ "cluster": "c", "taskDefinition": "demo", "launchType": "EC2" }));
    world.create(&json!({}));
    world.pass(60);
    let (first, second) = (world.ecs.instances.keys().next().expect("a host").clone(), world.host("i-9"));
    world.ask(
        "UpdateContainerInstancesState",
        json!({ "cluster": "c", "containerInstances": [first], "status": "DRAINING" }),
    );
    assert_eq!((world.at(&first), world.at(&second)), (2, 2), "first the replacements");
    world.pass(60);
    assert_eq!((world.at(&first), world.at(&second)), (0, 2));
    let standalone = world.ecs.tasks().into_iter().find(|task| task.group == "family:demo").expect("one");
    assert_eq!(standalone.last_status, LastStatus::Running);
}

#[test]
fn placement_constraints_and_strategies_are_kept_shown_and_used() {
    let mut world = World::new(2);
    let hosts: Vec<String> = world.ecs.instances.keys().cloned().collect();
    let mark =
        |host: &str| json!({ "cluster": "c", "attributes": [{ "name": "kind", "value": "big", "targetId": host }] });
    world.ask("PutAttributes", mark(&hosts[1]));
    let only = json!({ "type": "memberOf", "expression": "attribute:kind == big" });
    let answer = world.create(&json!({ "placementConstraints": [only] }));
    assert_eq!(answer["service"]["placementConstraints"], json!([only]));
    assert_eq!((world.at(&hosts[0]), world.at(&hosts[1])), (0, 2));
    let apart = json!({ "type": "distinctInstance" });
    world.update(&json!({ "placementConstraints": [apart], "forceNewDeployment": true }));
    assert!(world.said("was unable to place a task because no container instance met all of its requirements.") > 0);
    let odd = json!({ "placementStrategy": [{ "type": "somehow" }], "serviceName": "odd" });
    assert_eq!(world.try_ask("CreateService", created(&odd)).expect_err("refused").code, "InvalidParameterException");
}

#[test]
fn a_daemon_leaves_a_host_that_no_longer_meets_its_constraints() {
    let mut world = World::new(2);
    let hosts: Vec<String> = world.ecs.instances.keys().cloned().collect();
    let attributes =
        |host: &str| json!({ "cluster": "c", "attributes": [{ "name": "kind", "value": "big", "targetId": host }] });
    world.ask("PutAttributes", attributes(&hosts[1]));
    let only = json!({ "type": "memberOf", "expression": "attribute:kind == big" });
    world.create(&json!({ "schedulingStrategy": "DAEMON", "placementConstraints": [only] }));
    assert_eq!((world.at(&hosts[0]), world.at(&hosts[1])), (0, 1));
    world.ask("DeleteAttributes", attributes(&hosts[1]));
    world.ask("PutAttributes", attributes(&hosts[0]));
    world.pass(60);
    assert_eq!((world.at(&hosts[0]), world.at(&hosts[1])), (1, 0));
}

#[test]
fn a_daemon_is_on_each_active_host_before_others_and_leaves_a_draining_one_after_them() {
    let mut world = World::new(2);
    world.create(&json!({ "schedulingStrategy": "DAEMON" }));
    world.pass(60);
    assert_eq!((world.tasks().len(), world.service().desired), (2, 2));
    let third = world.host("i-9");
    world.pass(0);
    assert_eq!(world.at(&third), 1);
    let ran = world.ask("RunTask", json!({ "cluster": "c", "taskDefinition": "demo", "launchType": "EC2" }));
    let arn = ran["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned();
    let host = world.ecs.task(arn.rsplit('/').next().expect("an id")).and_then(|t| t.instance.clone()).expect("a host");
    world.ask(
        "UpdateContainerInstancesState",
        json!({ "cluster": "c", "containerInstances": [host], "status": "DRAINING" }),
    );
    world.pass(600);
    assert_eq!(world.at(&host), 1);
    world.ask("StopTask", json!({ "cluster": "c", "task": arn }));
    world.pass(10);
    assert_eq!((world.at(&host), world.service().desired), (0, 2));
    world.ask("DeleteService", json!({ "cluster": "c", "service": "web" }));
    world.pass(10);
    assert_eq!(world.tasks().len(), 0);
}
