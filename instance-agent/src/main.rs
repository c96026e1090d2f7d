//! Settings, logging, run, exit code.

use daemon::exit::{Code, chain};
use instance_agent::config::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Code {
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(stop) => return stop.say(),
    };
    daemon::logging::start(&settings.logging);
    match instance_agent::run::run(settings).await {
        Ok(()) => Code::Asked,
        Err(error) => {
            tracing::error!(error = chain(&error), "agent cannot run");
            Code::Failed
        }
    }
}
