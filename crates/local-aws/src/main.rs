//! `local-aws [options]`: settings, logging, run, exit code.

use daemon::exit::Code;

fn main() -> Code {
    match local_aws::config::read() {
        Ok((settings, logging)) => {
            daemon::logging::start(&logging);
            local_aws::run::run(settings)
        }
        Err(stop) => stop.say(),
    }
}
