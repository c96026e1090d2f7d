//! Public suites that nobody here wrote, against the running proxy: h2load, curl and slowhttptest from Debian, redbot,
//! websockets, grpcio and h2 from PyPI.
//!
//! They need programs from outside, so they run only when `E2E_SUITES=1` says so (`.ci/run` does), and say that they
//! were skipped otherwise. Nothing is installed but a virtual environment under the target directory; what else is
//! missing is named.

mod debian;
mod front;
mod origin;
mod pypi;

use std::process::Command;

/// Whether the suites are to run.
fn wanted() -> bool {
    let wanted = std::env::var("E2E_SUITES").as_deref() == Ok("1");
    if !wanted {
        println!("skipped: the suites come from Debian and PyPI; E2E_SUITES=1 runs them");
    }
    wanted
}

/// Runs a command to its end, and gives what it said. Fails with it where it did not end well.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{command:?}\n{said}");
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    said
}
