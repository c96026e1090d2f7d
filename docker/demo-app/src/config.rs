//! The settings of the demo app.

use std::net::SocketAddr;
use std::time::Duration;

use daemon::logging::Logging;
use daemon::parse;
use daemon::settings::{Given, Program, Setting, Stop};

/// The settings, as `--help` shows them.
pub const PROGRAM: Program = Program {
    name: "demo-app",
    version: env!("CARGO_PKG_VERSION"),
    about: "A service to show: a page, who answered, streams, WebSockets and load.",
    prefix: "DEMO",
    settings: &[
        Setting::new("listen", "ADDR:PORT", "Where it listens.").default("0.0.0.0:9050").env("LISTEN"),
        Setting::new("start-delay", "DURATION", "How long it waits before it listens, as a slow app would.")
            .default("0")
            .env("START_DELAY"),
        Setting::new("service-name", "NAME", "The service it is a task of, as it is shown.").env("SERVICE_NAME"),
        Setting::new(
            "metadata",
            "URL",
            "ECS's task metadata endpoint, version 4: ECS sets the variable. Without it the task is not known.",
        )
        .env("ECS_CONTAINER_METADATA_URI_V4"),
    ],
    trailing: None,
    epilogue: "\
Paths:
  /                                a page to look at
  /host                            who answered, as JSON
  /ws                              WebSocket: echoes
  /stream                          server-sent events, one a second
  POST /echo                       the body, streamed back
  /slow/{seconds}                  answers after 0 to 600 seconds
  /stress-cpu/{percent}/{seconds}  keeps one core 1 to 100 percent busy for up to 60 seconds
  /healthz                         ok

Example:
  LISTEN=127.0.0.1:9050 demo-app

SIGTERM and SIGINT: takes nothing new, finishes what is in flight, ends with 0.
Exit codes: 0 asked to end, 1 it cannot listen, 64 bad settings.
",
};

/// What the settings say.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How long it waits before it listens.
    pub start_delay: Duration,
    /// The service it is a task of.
    pub service: Option<String>,
    /// The task metadata endpoint.
    pub metadata: Option<String>,
    /// How it logs.
    pub logging: Logging,
}

impl Settings {
    /// Reads them from what was given.
    ///
    /// # Errors
    /// [`Stop::Bad`] with every setting that is wrong.
    pub fn from_given(mut given: Given) -> Result<Self, Stop> {
        let settings = Settings {
            listen: given.value("listen", parse::socket_address),
            start_delay: given.value("start-delay", parse::duration),
            service: given.optional("service-name", parse::text),
            metadata: given.optional("metadata", parse::text),
            logging: given.logging(),
        };
        given.finish(Some(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(environment: &[(&str, &str)]) -> Result<Settings, Stop> {
        let environment: Vec<_> = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        PROGRAM.given(["demo-app".into()], environment).and_then(Settings::from_given)
    }

    #[test]
    fn it_listens_on_9050_at_once_unless_told_otherwise() {
        let plain = settings(&[]).expect("no setting is needed");
        assert_eq!(plain.listen, SocketAddr::from(([0, 0, 0, 0], 9050)));
        assert_eq!(plain.start_delay, Duration::ZERO);
        let told = settings(&[("LISTEN", "127.0.0.1:1"), ("START_DELAY", "2s"), ("SERVICE_NAME", "shop")]);
        let told = told.expect("good settings");
        assert_eq!((told.listen.port(), told.start_delay.as_secs(), told.service.as_deref()), (1, 2, Some("shop")));
    }

    #[test]
    fn a_bad_start_delay_is_refused_and_not_guessed_at() {
        assert!(matches!(settings(&[("START_DELAY", "soon")]), Err(Stop::Bad(text)) if text.contains("START_DELAY")));
    }
}
