//! A request that comes while a service is falling asleep calls it back.

use e2e::world::Options;

use crate::{LIMIT, field, must, world};

#[tokio::test]
async fn a_request_during_an_idle_drain_is_answered_by_the_same_task() {
    let mut world = world(Options::default()).await;
    let (_, body) = must(world.get("/host").await);
    must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);
    // The registration goes when a drain begins; the task stays until every lease has ended and the record's time is over.
    must(world.until("a drain to begin", LIMIT, |now| now.registered("demo.service").count() == 0).await);

    let (status, again) = must(world.get("/host").await);
    assert_eq!(status, 200, "{again}");
    assert_eq!(field(&again, "task"), field(&body, "task"), "another task was started instead");
    must(world.until("it to be registered again", LIMIT, |now| now.registered("demo.service").count() == 1).await);
    assert_eq!(must(world.snapshot().await).tasks_of("demo").count(), 1);
    must(world.until("zero in the end", LIMIT, |now| now.is_zero()).await);
    must(world.end().await);
}
