//! kill -9 of the app, again and again: its task starts it anew, and once that is hopeless another task answers. What
//! comes meanwhile is held and answered, and what is registered heals.

use std::time::Duration;

use e2e::definitions::Pace;
use e2e::world::{Options, World};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::{LIMIT, field, must, world};

/// How often the supervisor starts a failing app again (the default of `--restart-budget`).
const BUDGET: usize = 5;

async fn kill_app(world: &mut World, body: &str) {
    let pid = field(body, "pid").as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a process id");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the app runs");
    // Until it is reaped its sockets may still take a request, which is lost with it as any that was under way.
    must(world.until("the killed app to be reaped", LIMIT, |_| kill(Pid::from_raw(pid), None).is_err()).await);
}

fn task(body: &str) -> Value {
    field(body, "task")
}

#[tokio::test]
async fn after_kill_9_of_the_app_the_next_request_is_answered_by_the_same_task_and_at_last_by_a_new_one() {
    let pace = Pace { idle: Duration::from_secs(3600), app_start: Duration::ZERO };
    let mut world = world(Options { pace, ..Options::default() }).await;
    let (_, mut body) = must(world.get("/host").await);
    must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);
    let first = task(&body);

    for start in 1..=BUDGET {
        kill_app(&mut world, &body).await;
        let before = body;
        let status;
        (status, body) = must(world.get("/host").await);
        assert_eq!(status, 200, "start {start}: {body}");
        assert_eq!(task(&body), first, "start {start}");
        assert_ne!(field(&body, "pid"), field(&before, "pid"), "start {start}");
    }

    kill_app(&mut world, &body).await;
    let now = must(world.until("the task to stop", LIMIT, |now| now.living_tasks("demo").next().is_none()).await);
    assert_eq!(now.tasks_of("demo").next().and_then(|task| task.exit_code), Some(137));
    let (status, body) = must(world.get("/host").await);
    assert_eq!(status, 200, "{body}");
    assert_ne!(task(&body), first);
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
