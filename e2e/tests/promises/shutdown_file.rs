//! `touch /tmp/shutdown` puts a service to sleep by the same path.

use std::time::Duration;

use e2e::definitions::Pace;
use e2e::world::Options;

use crate::{LIMIT, field, must, world};

#[tokio::test]
async fn the_shutdown_file_puts_a_service_to_sleep_that_would_stay_awake() {
    let pace = Pace { idle: Duration::from_secs(3600), app_start: Duration::ZERO };
    let mut world = world(Options { pace, ..Options::default() }).await;
    let (_, body) = must(world.get("/host").await);
    must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);

    let pid = field(&body, "pid").as_u64().expect("the app tells its process id");
    std::fs::write(shutdown_file_of(pid), b"").expect("the task's directory is there");

    let now =
        must(world.until("the registration to go", LIMIT, |now| now.registered("demo.service").count() == 0).await);
    assert_eq!(now.living_tasks("demo").count(), 1, "the task stopped before it was deregistered");
    let now = must(world.until("zero", LIMIT, |now| now.is_zero()).await);
    assert!(now.tasks_of("demo").all(|task| task.exit_code == Some(0)));
    must(world.end().await);
}

/// The task's own shutdown file, from the environment that its supervisor and app were given.
fn shutdown_file_of(pid: u64) -> String {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("the app runs");
    let mut variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let variable = variables.find_map(|v| v.strip_prefix("SUPERVISOR_SHUTDOWN_FILE=").map(str::to_owned));
    variable.expect("the task definition names a shutdown file")
}
