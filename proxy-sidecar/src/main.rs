//! Settings, logging, run, exit code.

use daemon::exit::Code;
use proxy_sidecar::config::{PROGRAM, Settings};

/// musl's own allocator is slow, and glibc's keeps what a crowd of callers once needed; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Code {
    let settings = match PROGRAM.read().and_then(Settings::from_given) {
        Ok(settings) => settings,
        Err(stop) => return stop.say(),
    };
    daemon::logging::start(&settings.logging);
    proxy_sidecar::run(settings)
}
