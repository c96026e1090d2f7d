//! What all other tests rely on: a world that a failed test drops is gone before its network is free for the next one.

use std::net::TcpListener;
use std::time::Instant;

use e2e::world::Options;

use crate::{LIMIT, field, must, world};

#[tokio::test]
async fn a_world_that_is_dropped_has_ended_with_all_its_tasks() {
    let world = world(Options::default()).await;
    let (_, body) = must(world.get("/host").await);
    let app = format!("/proc/{}/environ", field(&body, "pid"));
    // What has ended and is not waited for yet has no environment.
    let lives = || !std::fs::read(&app).unwrap_or_default().is_empty();
    assert!(lives());
    let (page, proxy) = (world.page(), world.proxy());
    drop(world);
    for port in [page, proxy] {
        assert!(TcpListener::bind(port).is_ok(), "{port} is taken");
    }
    // The kernel ends an app whose supervisor has gone, a moment later.
    let began = Instant::now();
    while lives() {
        assert!(began.elapsed() < LIMIT, "the app of a task lives on");
        std::thread::yield_now();
    }
}
