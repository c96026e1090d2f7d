//! The promises of the whole system, one file for each. Every test has a world of its own: real programs, real sockets,
//! the real AWS wire protocols. They wait for states with a limit, and tell what happened when they fail.

mod called_back;
mod fifty_callers;
mod killed_app;
mod lost_host;
mod pair_ends;
mod protected_service;
mod shutdown_file;
mod sleep_to_zero;
mod wake_from_zero;
mod world_ends;

use std::time::Duration;

use e2e::binaries::Binaries;
use e2e::timeline::Timeline;
use e2e::world::{Error, Options, World};

/// Far more than anything here takes, so that a busy machine is no failure.
const LIMIT: Duration = Duration::from_secs(90);

/// A world with nothing awake.
async fn world(options: Options) -> World {
    let timeline = Timeline::default();
    match World::start(Binaries::for_tests(), options, timeline.clone()).await {
        Ok(world) => world,
        Err(error) => panic!("{}\n{}", daemon::exit::chain(&error), timeline.print()),
    }
}

/// The value, or a panic with the whole chain of what went wrong.
fn must<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("{}", daemon::exit::chain(&error)))
}

/// Who answered, of `GET /host`.
fn field(body: &str, name: &str) -> serde_json::Value {
    let host: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("/host gave {body:?}: {e}"));
    host.get(name).unwrap_or_else(|| panic!("no {name} in {body}")).clone()
}

/// Touches the shutdown file of the task that answered this `GET /host`.
fn put_to_sleep(body: &str) {
    let pid = field(body, "pid").as_u64().expect("the app tells its process id");
    std::fs::write(shutdown_file_of(pid), b"").expect("the task's directory is there");
}

/// The task's own shutdown file, from the environment that its supervisor and app were given.
fn shutdown_file_of(pid: u64) -> String {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("the app runs");
    let mut variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let variable = variables.find_map(|v| v.strip_prefix("SUPERVISOR_SHUTDOWN_FILE=").map(str::to_owned));
    variable.expect("the task definition names a shutdown file")
}
