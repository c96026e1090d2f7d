//! Tasks of an ECS service are protected while they are used; ECS takes only those that nobody uses.

use std::time::Duration;

use e2e::definitions::NAME;
use e2e::world::{Options, World};
use serde_json::{Value, json};

use crate::{LIMIT, must, world};

/// A service whose two tasks are supervised as tasks of an ECS service; no proxy is in front of it.
async fn create(world: &World) {
    let definition = json!({
        "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "300",
        "taskRoleArn": "arn:aws:iam::000000000000:role/web",
        "containerDefinitions": [{
            "name": "app", "image": "doze-demo", "essential": true, "stopTimeout": 30,
            "portMappings": [{ "containerPort": 9050 }, { "containerPort": 9051 }],
            "environment": [
                { "name": "SERVICE_NAME", "value": "web" },
                { "name": "LISTEN", "value": "{TASK_ADDRESS}:9050" },
                { "name": "SUPERVISOR_LISTEN", "value": "{TASK_ADDRESS}:9051" },
                { "name": "SUPERVISOR_APP_ADDRESS", "value": "{TASK_ADDRESS}" },
                { "name": "SUPERVISOR_SHUTDOWN_FILE", "value": "{TASK_DIR}/shutdown" },
                { "name": "SUPERVISOR_IDLE_TIMEOUT", "value": "2s" },
                { "name": "SUPERVISOR_TASK_PROTECTION", "value": "true" },
                { "name": "LOG_FORMAT", "value": "json" },
            ],
        }],
    });
    must(world.ecs("RegisterTaskDefinition", &definition).await);
    let service = json!({
        "cluster": NAME, "serviceName": "web", "taskDefinition": "web", "desiredCount": 2,
        "capacityProviderStrategy": [{ "capacityProvider": NAME, "weight": 1 }],
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
    });
    must(world.ecs("CreateService", &service).await);
}

/// Whether ECS spares this task.
async fn is_protected(world: &World, task: &str) -> bool {
    let answer = must(world.ecs("GetTaskProtection", &json!({ "cluster": NAME, "tasks": [task] })).await);
    answer["protectedTasks"][0]["protectionEnabled"] == Value::Bool(true)
}

async fn until_protected(world: &World, task: &str, wanted: bool) {
    let waited = tokio::time::timeout(LIMIT, async {
        while is_protected(world, task).await != wanted {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never protected={wanted}: {task}"));
}

async fn wants(world: &World, count: u32) {
    let update = json!({ "cluster": NAME, "service": "web", "desiredCount": count });
    must(world.ecs("UpdateService", &update).await);
}

#[tokio::test]
async fn a_service_that_shrinks_loses_only_the_task_that_nobody_uses() {
    let mut world = world(Options::default()).await;
    create(&world).await;
    let running = |now: &e2e::snapshot::Snapshot| {
        now.living_tasks("web").filter(|task| task.last_status == "RUNNING" && task.address.is_some()).count() == 2
    };
    let now = must(world.until("two tasks", LIMIT, running).await);
    let tasks: Vec<_> = now.living_tasks("web").cloned().collect();
    let (used, idle) = (&tasks[0], &tasks[1]);
    let url = format!("http://{}:9050/host", used.address.as_deref().expect("an address"));
    let client = world.http().clone();
    let caller = tokio::spawn(async move {
        loop {
            // It may not listen yet; what is asked then is no use of it. A connection that is kept is waited for in a drain.
            let _ = client.get(&url).header("connection", "close").send().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    until_protected(&world, &used.arn, true).await;
    until_protected(&world, &idle.arn, false).await;
    assert!(is_protected(&world, &used.arn).await, "who is used is protected");
    let now = must(world.snapshot().await);
    assert_eq!(now.tasks_of("web").count(), 2, "the idle task was replaced: {now:?}");

    wants(&world, 1).await;
    let now = must(world.until("one task", LIMIT, |now| now.living_tasks("web").count() == 1).await);
    assert_eq!(now.living_tasks("web").next().map(|task| &task.arn), Some(&used.arn));
    assert!(is_protected(&world, &used.arn).await);

    // Not even an order to have none takes it while it is used.
    wants(&world, 0).await;
    tokio::time::timeout(Duration::from_secs(3), std::future::pending::<()>()).await.expect_err("time passes");
    assert_eq!(must(world.snapshot().await).living_tasks("web").count(), 1);
    caller.abort();
    must(world.until("none", LIMIT, |now| now.living_tasks("web").count() == 0).await);
    assert_eq!(must(world.snapshot().await).tasks_of("web").count(), 2);
    must(world.end().await);
}
