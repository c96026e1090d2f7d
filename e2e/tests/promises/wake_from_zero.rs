//! A request to a service that does not exist wakes it and is answered by it.

use e2e::world::Options;

use crate::{LIMIT, field, must, world};

#[tokio::test]
async fn a_request_wakes_a_service_from_zero_hosts_and_gets_its_answer() {
    let mut world = world(Options::default()).await;
    assert!(must(world.snapshot().await).is_zero(), "something was there before anybody asked");

    let (status, body) = must(world.get("/host").await);
    assert_eq!(status, 200, "{body}");
    let now = must(world.snapshot().await);
    let task = now.living_tasks("demo").next().expect("somebody answered");
    assert_eq!(task.service.as_deref(), Some("demo"));
    assert_eq!(field(&body, "task").as_str(), Some(task.arn.as_str()), "another task answered");

    let now = must(world.until("a registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);
    let registration = now.registered("demo.service").next().expect("just seen");
    let task = now.living_tasks("demo").next().expect("still there");
    assert!(task.arn.ends_with(&registration.instance_id));
    assert_eq!(registration.attributes.get("AWS_INSTANCE_IPV4"), task.address.as_ref());
    assert_eq!(registration.attributes.get("DOZE_TASK"), Some(&task.arn));
    assert!(now.living_hosts().filter(|host| host.lifecycle == "InService").all(|host| host.protected));
    must(world.end().await);
}

#[tokio::test]
async fn a_second_request_is_answered_by_the_same_task_without_another_wake() {
    let world = world(Options::default()).await;
    let (_, first) = must(world.get("/host").await);
    let (_, second) = must(world.get("/host").await);
    assert_eq!(field(&first, "task"), field(&second, "task"));
    assert_eq!(must(world.snapshot().await).tasks_of("demo").count(), 1);
    must(world.end().await);
}
