//! A service that nobody uses goes to sleep, and its host with it; and it wakes as often as one likes.

use e2e::world::Options;

use crate::{LIMIT, must, world};

#[tokio::test]
async fn nobody_asking_ends_with_nothing_left_and_the_next_request_wakes_it_again() {
    let mut world = world(Options::default()).await;
    for round in 1..=2 {
        let (status, body) = must(world.get("/host").await);
        assert_eq!(status, 200, "round {round}: {body}");
        must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);
        must(world.until("zero", LIMIT, |now| now.is_zero()).await);
        let now = must(world.snapshot().await);
        assert_eq!(now.tasks_of("demo").count(), round, "round {round}");
        assert!(now.tasks_of("demo").all(|task| task.exit_code == Some(0)), "an app did not end by itself: {now:?}");
    }
    must(world.end().await);
}

#[tokio::test]
async fn a_registration_goes_before_its_task_stops() {
    let mut world = world(Options::default()).await;
    must(world.get("/host").await);
    must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);
    let now = must(world.until("its end", LIMIT, |now| now.registered("demo.service").count() == 0).await);
    let task = now.living_tasks("demo").next().expect("the task had stopped before it was deregistered");
    assert_eq!(task.last_status, "RUNNING");
    must(world.end().await);
}
