//! redbot, websockets, grpcio and h2, each a Python program of this folder that starts its own origin.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::front::{Front, free};
use crate::{run, wanted};

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites")
}

/// The Python of a virtual environment with exactly what the requirements name. It lies under the target directory and
/// is found again until they change.
fn python() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let file = programs().join("requirements.txt");
        let mut hasher = DefaultHasher::new();
        std::fs::read_to_string(&file).expect("the requirements").hash(&mut hasher);
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("suites-{:016x}", hasher.finish()));
        let (python, complete) = (place.join("bin/python"), place.join("complete"));
        if !complete.exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place));
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--no-deps", "-r"]).arg(&file));
            std::fs::write(complete, "").expect("the target directory is writable");
        }
        python
    })
}

/// Runs a program with the ports of its origin and of the proxy in front of it.
fn passes(program: &str, arguments: &[&str]) {
    if !wanted() {
        return;
    }
    let origin = free();
    let mut front = Front::of(origin, arguments);
    let mut command = Command::new(python());
    command.arg("-B").arg(programs().join(program)).args([origin.port().to_string(), front.at.port().to_string()]);
    run(&mut command);
    front.expect_running();
}

#[test]
fn redbot_finds_behind_the_proxy_what_it_finds_at_the_origin() {
    passes("redbot_pages.py", &[]);
}

#[test]
fn websockets_of_python_pass() {
    passes("websockets_echo.py", &[]);
}

#[test]
fn calls_of_grpcio_pass() {
    passes("grpcio_calls.py", &[]);
}

#[test]
fn frames_of_h2_pass() {
    passes("h2_frames.py", &[]);
}
