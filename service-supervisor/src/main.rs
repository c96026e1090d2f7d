//! `service-supervisor [options] -- command args…`

use std::process::ExitCode;

fn main() -> ExitCode {
    match service_supervisor::config::read() {
        Ok((settings, logging)) => {
            daemon::logging::start(&logging);
            ExitCode::from(service_supervisor::run::run(settings))
        }
        Err(stop) => ExitCode::from(stop.say() as u8),
    }
}
