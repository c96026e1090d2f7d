//! `touch /tmp/shutdown` puts a service to sleep by the same path.

use std::time::Duration;

use e2e::definitions::Pace;
use e2e::world::Options;

use crate::{LIMIT, must, put_to_sleep, world};

#[tokio::test]
async fn the_shutdown_file_puts_a_service_to_sleep_that_would_stay_awake() {
    let pace = Pace { idle: Duration::from_secs(3600), app_start: Duration::ZERO };
    let mut world = world(Options { pace, ..Options::default() }).await;
    let (_, body) = must(world.get("/host").await);
    must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);

    put_to_sleep(&body);

    let now =
        must(world.until("the registration to go", LIMIT, |now| now.registered("demo.service").count() == 0).await);
    assert_eq!(now.living_tasks("demo").count(), 1, "the task stopped before it was deregistered");
    let now = must(world.until("zero", LIMIT, |now| now.is_zero()).await);
    assert!(now.tasks_of("demo").all(|task| task.exit_code == Some(0)));
    must(world.end().await);
}
