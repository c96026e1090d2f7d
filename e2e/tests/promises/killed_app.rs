//! kill -9 of the app: what is registered heals, and the next request is answered.

use std::time::Duration;

use e2e::definitions::Pace;
use e2e::world::Options;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{LIMIT, field, must, world};

#[tokio::test]
async fn after_kill_9_of_the_app_the_next_request_is_answered_by_a_new_task() {
    let pace = Pace { idle: Duration::from_secs(3600), app_start: Duration::ZERO };
    let mut world = world(Options { pace, ..Options::default() }).await;
    let (_, body) = must(world.get("/host").await);
    must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);
    let first = field(&body, "task");

    let pid = field(&body, "pid").as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a process id");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the app runs");
    let now = must(world.until("the task to stop", LIMIT, |now| now.living_tasks("demo").next().is_none()).await);
    assert_eq!(now.tasks_of("demo").next().and_then(|task| task.exit_code), Some(137));

    let (status, body) = must(world.get("/host").await);
    assert_eq!(status, 200, "{body}");
    assert_ne!(field(&body, "task"), first);
    let old = first.as_str().and_then(|arn| arn.rsplit('/').next()).expect("an ARN").to_owned();
    must(
        world
            .until("only the new task to be registered", LIMIT, |now| {
                now.registered("demo.service").count() == 1
                    && now.registered("demo.service").all(|registration| registration.instance_id != old)
            })
            .await,
    );
    must(world.end().await);
}
