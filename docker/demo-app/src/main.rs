//! The demo service. `demo-app --help` says what it does; the tour is in `lib.rs`.

use daemon::exit::Code;
use daemon::logging;
use demo_app::config::{PROGRAM, Settings};

#[tokio::main]
async fn main() -> Code {
    let settings = match PROGRAM.read().and_then(Settings::from_given) {
        Ok(settings) => settings,
        Err(stop) => return stop.say(),
    };
    logging::start(&settings.logging);
    match demo_app::run::run(&settings).await {
        Ok(()) => Code::Asked,
        Err(error) => {
            tracing::error!(cause = daemon::exit::chain(&error), "the demo cannot run");
            Code::Failed
        }
    }
}
