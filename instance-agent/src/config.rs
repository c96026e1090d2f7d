//! Every setting of the agent: name, meaning, default, parser.

use std::net::SocketAddr;
use std::time::Duration;

use daemon::logging::Logging;
use daemon::parse;
use daemon::settings::{Given, Program, Setting, Stop};
use reqwest::Url;
use task_state::Token;

/// The agent as its user sees it from outside.
pub const PROGRAM: Program = Program {
    name: "instance-agent",
    version: env!("CARGO_PKG_VERSION"),
    about: "Registers the ECS tasks of this EC2 host in Cloud Map, protects the host from scale-in, and releases it \
            when it has been empty for a while.",
    prefix: "AGENT",
    settings: &[
        Setting::new("admin-listen", "ADDR:PORT", "Where GET /healthz and GET /status are served, for people.")
            .default("127.0.0.1:9071"),
        Setting::new("introspection", "URL", "The ECS agent's introspection API.").default("http://127.0.0.1:51678"),
        Setting::new("poll", "DURATION", "How often the ECS agent is asked for the tasks of this host.")
            .default("500ms"),
        Setting::new("namespace", "NAME", "The Cloud Map namespace in which tasks are registered.").default("local"),
        Setting::new("idle-grace", "DURATION", "How long the host has to be empty before it is released.")
            .default("60s"),
        Setting::new("token", "TOKEN", "What supervisors are shown, where they have --token.").secret(),
    ],
    trailing: None,
    epilogue: "\
Example, as a systemd unit on the host:
  ExecStart=/usr/bin/instance-agent --idle-grace 5m

AWS is configured the standard way: AWS_REGION, AWS_ENDPOINT_URL, AWS_EC2_METADATA_SERVICE_ENDPOINT, the instance's role.

Exit codes:
  0   asked to end (SIGTERM, SIGINT); registrations are kept, because the tasks still run
  1   something it cannot do without failed; the log says what
  64  bad settings; each is listed on standard error",
};

/// What the settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the status is served.
    pub admin_listen: SocketAddr,
    /// The ECS agent's introspection API, ending in a slash.
    pub introspection: Url,
    /// The pause between looks at the tasks.
    pub poll: Duration,
    /// The Cloud Map namespace.
    pub namespace: String,
    /// How long the host has to be empty.
    pub idle_grace: Duration,
    /// What supervisors are shown.
    pub token: Option<Token>,
    /// How to log.
    pub logging: Logging,
}

impl Settings {
    /// Reads the process's own arguments and environment.
    ///
    /// # Errors
    /// [`Stop`] where there is nothing to run.
    pub fn read() -> Result<Self, Stop> {
        Self::from(PROGRAM.read()?)
    }

    fn from(mut given: Given) -> Result<Self, Stop> {
        let settings = Settings {
            admin_listen: given.value("admin-listen", parse::socket_address),
            introspection: given.value("introspection", base_url),
            poll: given.value("poll", parse::positive_duration),
            namespace: given.value("namespace", parse::text),
            idle_grace: given.value("idle-grace", parse::duration),
            token: given.optional("token", Token::setting),
            logging: given.logging(),
        };
        given.finish(Some(settings))
    }
}

fn base_url(text: &str) -> Result<Url, parse::Expected> {
    const EXPECTED: parse::Expected = "a URL such as http://127.0.0.1:51678";
    let mut url: Url = text.parse().map_err(|_| EXPECTED)?;
    if url.scheme() != "http" || !url.has_host() || url.query().is_some() {
        return Err(EXPECTED);
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Result<Settings, Stop> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from(PROGRAM.given(["instance-agent".into()], environment)?)
    }

    #[test]
    fn every_setting_has_a_default_that_is_right_on_an_ecs_host() {
        let settings = read(&[]).expect("defaults");
        assert_eq!(settings.introspection.as_str(), "http://127.0.0.1:51678/");
        assert_eq!((settings.poll, settings.idle_grace), (Duration::from_millis(500), Duration::from_secs(60)));
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        let bad = [
            ("AGENT_POLL", "0"),
            ("AGENT_INTROSPECTION", "https://x?y"),
            ("AGENT_IDLE_GRACES", "1m"),
            ("AGENT_ADMIN_LISTEN", "here"),
            ("AGENT_TOKEN", "of two words"),
        ];
        let Err(Stop::Bad(text)) = read(&bad) else { panic!("accepted") };
        for (name, _) in bad {
            assert!(text.contains(name), "{name} is not in:\n{text}");
        }
        assert!(!text.contains("of two words"), "a secret is printed:\n{text}");
    }
}
