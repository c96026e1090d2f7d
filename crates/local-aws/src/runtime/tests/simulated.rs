use super::*;

#[tokio::test]
async fn a_simulated_task_starts_at_its_address_and_ends_when_it_is_told() {
    let mut world = World::new(RuntimeSettings::Simulated).await;
    for (id, killed, code) in [("asked", false, 0), ("killed", true, 137)] {
        world.runtime.start(task(id, vec![shell("app", "none", "")]));
        assert_eq!(world.started().await, (Ipv4Addr::new(127, 42, 1, 10), Vec::new()));
        match killed {
            true => world.runtime.kill(id),
            false => world.runtime.stop(id),
        }
        assert_eq!(world.exited().await, ("app".to_owned(), code));
    }
    world.runtime.end().await;
}

#[tokio::test]
async fn a_frozen_simulated_task_does_not_hear_that_it_is_to_stop() {
    let mut world = World::new(RuntimeSettings::Simulated).await;
    let mut container = shell("app", "none", "");
    container.stop_timeout = Duration::from_millis(100);
    world.runtime.start(task("t1", vec![container]));
    world.started().await;
    world.runtime.freeze("t1");
    world.runtime.stop("t1");
    assert_eq!(world.exited().await.1, 137);
    world.runtime.end().await;
}
