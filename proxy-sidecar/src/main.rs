//! Settings, logging, run, exit code.

use daemon::exit::Code;
use proxy_sidecar::config::{PROGRAM, Settings};

fn main() -> Code {
    let settings = match PROGRAM.read().and_then(Settings::from_given) {
        Ok(settings) => settings,
        Err(stop) => return stop.say(),
    };
    daemon::logging::start(&settings.logging);
    proxy_sidecar::run(settings)
}
