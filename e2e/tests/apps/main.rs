//! Apps as they are, unchanged, under the supervisor in containers: nginx and PostgreSQL of Debian, uvicorn and gunicorn
//! of PyPI, Tomcat on Java 17. [`lives`] has what every one of them has to do, their own files what each needs besides,
//! and [`surroundings`] what containers and images come with.
//!
//! They build images, so they run only when `E2E_CONTAINERS=1` says so (`.ci/run` does), and say that they were skipped
//! otherwise. Everything goes over published ports of 127.0.0.1, and any number of them can run side by side.

mod client;
mod container;
mod images;
#[macro_use]
mod lives;
mod java;
mod nginx;
mod postgresql;
mod python;
mod surroundings;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Far more than anything here takes, so that a busy machine is no failure.
const LIMIT: Duration = Duration::from_secs(240);

/// An app, as its image starts it.
#[derive(Debug)]
struct App {
    /// The target in `image/Dockerfile`.
    image: &'static str,
    /// Where it listens.
    port: u16,
    /// Its command, where it is another than the image's.
    command: &'static [&'static str],
    /// Asks it something; an error where it does not answer rightly.
    ask: fn(SocketAddr) -> io::Result<()>,
    /// What it exits with after the signal that the supervisor stops it by, and so what `docker stop` shows.
    stopped: i32,
}

/// Whether these tests are wanted; says so where they are not.
fn wanted() -> bool {
    let wanted = std::env::var_os("E2E_CONTAINERS").is_some();
    if !wanted {
        eprintln!("skipped: E2E_CONTAINERS=1 runs the container tests");
    }
    wanted
}

/// Waits for something, with a limit.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
