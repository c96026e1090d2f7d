use serde_json::{Value, json};

use crate::ecs::service::tests::world::World;

fn protect(world: &mut World, tasks: &[String], more: &Value) -> Value {
    let mut body = json!({ "cluster": "c", "tasks": tasks, "protectionEnabled": true });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    world.ask("UpdateTaskProtection", body)
}

fn ids(world: &World) -> Vec<String> {
    world.tasks().iter().map(|task| task.id.clone()).collect()
}

#[test]
fn a_protection_lasts_two_hours_unless_said_and_is_gone_when_its_time_is_over() {
    let mut world = World::new(1);
    world.create(&json!({}));
    let all = ids(&world);
    let answer = protect(&mut world, &all[..1], &json!({}));
    assert_eq!(answer["protectedTasks"][0]["expirationDate"], json!(7200.0));
    protect(&mut world, &all[1..], &json!({ "expiresInMinutes": 1 }));
    world.pass(61);
    let get = json!({ "cluster": "c", "tasks": all });
    let answer = world.ask("GetTaskProtection", get.clone());
    let enabled: Vec<&Value> = (0..2).map(|place| &answer["protectedTasks"][place]["protectionEnabled"]).collect();
    assert_eq!(enabled, [&json!(true), &json!(false)]);
    assert_eq!(answer["protectedTasks"][1].get("expirationDate"), None);
    protect(&mut world, &all[..1], &json!({ "protectionEnabled": false }));
    assert_eq!(world.ask("GetTaskProtection", get)["protectedTasks"][0]["protectionEnabled"], json!(false));
}

#[test]
fn a_protected_task_outlives_scale_in_until_its_protection_ends() {
    let mut world = World::new(1);
    world.create(&json!({}));
    world.pass(60);
    let all = ids(&world);
    protect(&mut world, &all, &json!({ "expiresInMinutes": 10 }));
    world.update(&json!({ "desiredCount": 1 }));
    world.pass(300);
    assert_eq!(ids(&world), all);
    let text = "The number of protected tasks are more than the desired count of tasks.";
    assert!(world.service().events.iter().any(|event| event.message.contains(text)));
    world.pass(310);
    assert_eq!(ids(&world).len(), 1);
}

#[test]
fn more_tasks_than_desired_cannot_be_protected() {
    let mut world = World::new(2);
    world.create(&json!({}));
    world.pass(60);
    let old = ids(&world);
    protect(&mut world, &old, &json!({}));
    world.update(&json!({ "forceNewDeployment": true }));
    let new: Vec<String> = ids(&world).into_iter().filter(|id| !old.contains(id)).collect();
    let answer = protect(&mut world, &new[..1], &json!({}));
    assert_eq!(answer["failures"][0]["reason"], "DEPLOYMENT_BLOCKED");
    assert_eq!(answer["protectedTasks"], json!([]));
    protect(&mut world, &old[..1], &json!({ "protectionEnabled": false }));
    assert_eq!(protect(&mut world, &new[..1], &json!({}))["failures"], json!([]));
}

#[test]
fn standalone_tasks_are_not_valid_and_unknown_ones_are_missing() {
    let mut world = World::new(1);
    let ran = world.ask("RunTask", json!({ "cluster": "c", "taskDefinition": "demo", "launchType": "EC2" }));
    let arn = ran["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned();
    let answer = protect(&mut world, &[arn, "0123456789abcdef".to_owned()], &json!({}));
    let reasons: Vec<&Value> = (0..2).map(|place| &answer["failures"][place]["reason"]).collect();
    assert_eq!(reasons, [&json!("TASK_NOT_VALID"), &json!("MISSING")]);
    for body in [
        json!({ "cluster": "c", "tasks": [], "protectionEnabled": true }),
        json!({ "cluster": "c", "tasks": vec!["x"; 11], "protectionEnabled": true }),
        json!({ "cluster": "c", "tasks": ["x"], "protectionEnabled": true, "expiresInMinutes": 0 }),
        json!({ "cluster": "c", "tasks": ["x"], "protectionEnabled": true, "expiresInMinutes": 2881 }),
        json!({ "cluster": "c", "tasks": ["x"] }),
    ] {
        let refused = world.try_ask("UpdateTaskProtection", body).expect_err("refused");
        assert_eq!(refused.code, "InvalidParameterException");
    }
}
