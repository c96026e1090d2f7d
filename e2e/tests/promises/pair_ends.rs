//! A pair: one proxy task for one service. It wakes its service, and ends by itself when that has gone.

use e2e::definitions::NAME;
use e2e::world::Options;
use serde_json::json;

use crate::{LIMIT, must, world};

#[tokio::test]
async fn a_pair_proxy_wakes_its_service_and_exits_after_five_failures_when_it_has_gone() {
    let mut world = world(Options::default()).await;
    let body = json!({ "cluster": NAME, "taskDefinition": "pair-proxy", "launchType": "FARGATE", "count": 1 });
    must(world.ecs("RunTask", &body).await);

    let now = must(
        world
            .until("the pair to be awake and both to be registered", LIMIT, |now| {
                now.registered("pair.service").count() == 1 && now.registered("pair.proxy").count() == 1
            })
            .await,
    );
    let address = now.registered("pair.proxy").next().and_then(|r| r.attributes.get("AWS_INSTANCE_IPV4").cloned());
    let url = format!("http://{}:9060/host", address.expect("a registration has an address"));
    let answer = world.http().get(url).send().await.expect("the proxy task answers at its registered address");
    assert_eq!(answer.status(), 200);

    let now =
        must(world.until("the proxy task to end", LIMIT, |now| now.living_tasks("pair-proxy").next().is_none()).await);
    let proxy = now.tasks_of("pair-proxy").next().expect("it was there");
    assert_eq!(proxy.exit_code, Some(3), "a pair proxy whose service has gone says so by its exit code");
    assert_eq!(now.registered("pair.proxy").count(), 0, "it left its own registration behind");
    must(world.until("zero", LIMIT, |now| now.is_zero()).await);
    must(world.end().await);
}
