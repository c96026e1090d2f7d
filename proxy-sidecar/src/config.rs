//! Every setting of the proxy.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use daemon::logging::Logging;
use daemon::parse;
use daemon::settings::{Given, Program, Stop};
use task_state::{ServiceName, Token};

pub use crate::config::entry::Entry;
use crate::forward::UpstreamProtocol;
use crate::listen::Times;
use crate::listen::room::Most;
use crate::upstream::Dialling;

pub mod entry;
mod table;

/// The proxy as its user sees it.
pub const PROGRAM: Program = Program {
    name: "proxy-sidecar",
    version: env!("CARGO_PKG_VERSION"),
    about: "Holds requests for a sleeping ECS service, wakes it, and sends them on when it is ready.",
    prefix: "PROXY",
    settings: table::SETTINGS,
    trailing: None,
    epilogue: EPILOGUE,
};

const EPILOGUE: &str = "\
Example: one resident proxy in front of two services, which it wakes by RunTask:
  proxy-sidecar --mode resident --services shop,blog --cluster main --capacity-provider hosts
A request for http://shop.example.org/ goes to shop.service.local:9050.

Example: a pair, one proxy for one service, which ends when the service has gone:
  SERVICE_NAME=shop proxy-sidecar --cluster main --capacity-provider hosts

AWS is configured the standard way: AWS_REGION, AWS_ENDPOINT_URL, the SDK's credential chain.

Exit codes: 0 asked to end; 1 something it cannot do without failed; 3 the service of a pair has gone; 64 bad settings.";

/// How the proxy is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One proxy for one service; ends with it.
    Pair,
    /// Stays, in front of one or more services.
    Resident,
}

/// How backends without a supervisor are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// `GET` of this path; an answer below 500 is healthy.
    Http(http::uri::PathAndQuery),
    /// A connection is healthy.
    Tcp,
}

/// How tasks are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTask {
    /// The cluster.
    pub cluster: String,
    /// The task definition with `{service}` in it.
    pub task_definition: String,
    /// The container that is told its service's name.
    pub container: String,
    /// The capacity provider; none is the cluster's default strategy.
    pub capacity_provider: Option<String>,
    /// No task is started where ECS has this many.
    pub max_tasks: u32,
    /// Subnets; none where the task definition's network mode needs none.
    pub subnets: Vec<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
}

/// The settings of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How lines are logged.
    pub logging: Logging,
    /// Pair or resident.
    pub mode: Mode,
    /// The services that are told apart by host name.
    pub services: Vec<ServiceName>,
    /// The service for every other host.
    pub default_service: Option<ServiceName>,
    /// Where callers connect.
    pub listen: SocketAddr,
    /// Where `/healthz` and `/status` are.
    pub admin_listen: SocketAddr,
    /// The Cloud Map namespace.
    pub namespace: String,
    /// DNS servers; none are the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// The app's port.
    pub backend_port: NonZeroU16,
    /// The supervisor's port.
    pub status_port: NonZeroU16,
    /// What supervisors are shown.
    pub token: Option<Token>,
    /// Fixed backends.
    pub backends: Vec<SocketAddr>,
    /// How backends without a supervisor are checked.
    pub health_check: HealthCheck,
    /// The time between checks that succeed.
    pub health_interval: Duration,
    /// Failed rounds that end a pair.
    pub health_failures: u32,
    /// How long a service may take to come up first.
    pub start_grace: Duration,
    /// How long callers may take.
    pub times: Times,
    /// How many connections there may be.
    pub most: Most,
    /// What heads may have at most.
    pub limits: http1::Limits,
    /// How connections to backends are made and kept.
    pub dialling: Dialling,
    /// How long a backend may take to begin its answer.
    pub response_timeout: Option<Duration>,
    /// What backends are spoken to in.
    pub upstream_protocol: UpstreamProtocol,
    /// The protocols that are tunnelled.
    pub upgrades: Vec<String>,
    /// Whether `Forwarded` is added.
    pub forwarded: bool,
    /// How long a request is held.
    pub hold_timeout: Duration,
    /// How many are held at once.
    pub hold_max: u32,
    /// How tasks are run; none where nothing is woken.
    pub run_task: Option<RunTask>,
    /// How callers come in.
    pub entry: Entry,
    /// How long requests may take once it was asked to end.
    pub drain_timeout: Duration,
}

impl Settings {
    /// Reads the settings out of what was given.
    ///
    /// # Errors
    /// [`Stop::Bad`] with every problem.
    pub fn from_given(mut given: Given) -> Result<Settings, Stop> {
        let settings = Settings {
            logging: given.logging(),
            mode: given.value("mode", mode),
            services: given.several("services", ServiceName::setting),
            default_service: given.optional("service-name", ServiceName::setting),
            listen: given.value("listen", parse::socket_address),
            admin_listen: given.value("admin-listen", parse::socket_address),
            namespace: given.value("namespace", namespace),
            dns_servers: given.several("dns-server", parse::socket_address),
            backend_port: given.value("backend-port", parse::port),
            status_port: given.value("status-port", parse::port),
            token: given.optional("token", Token::setting),
            backends: given.several("backend", parse::socket_address),
            health_check: given.value("health-path", health_check),
            health_interval: given.value("health-interval", parse::positive_duration),
            health_failures: given.value("health-failures", parse::positive_count),
            start_grace: given.value("start-grace", parse::duration),
            times: Times {
                header: given.value("header-timeout", parse::positive_duration),
                idle: given.value("idle-timeout", parse::positive_duration),
            },
            most: Most {
                connections: given.optional("max-connections", parse::positive_count),
                per_address: given.optional("max-connections-per-address", parse::positive_count),
            },
            limits: http1::Limits {
                bytes: given.value("max-head", longest_head) as usize,
                fields: given.value("max-fields", most_fields) as usize,
            },
            dialling: Dialling {
                connect: given.value("connect-timeout", parse::positive_duration),
                idle: given.value("upstream-idle-timeout", parse::duration),
            },
            response_timeout: given.optional("response-timeout", parse::positive_duration),
            upstream_protocol: given.value("upstream-protocol", upstream_protocol),
            upgrades: given.several("upgrade", upgrade),
            forwarded: given.is_on("forwarded"),
            hold_timeout: given.value("hold-timeout", parse::positive_duration),
            hold_max: given.value("hold-max", parse::count),
            run_task: run_task(&mut given),
            entry: Entry::from_given(&mut given),
            drain_timeout: given.value("drain-timeout", parse::duration),
        };
        settings.check_together(&mut given);
        given.finish(Some(settings))
    }

    /// Every service, each once.
    #[must_use]
    pub fn all_services(&self) -> Vec<ServiceName> {
        let mut all: Vec<ServiceName> = self.services.iter().chain(&self.default_service).cloned().collect();
        all.sort();
        all.dedup();
        all
    }

    fn check_together(&self, given: &mut Given) {
        // A bad name is reported on its own; that none is left of it is no second problem.
        let named = given.is_given("service-name");
        let listed = given.is_given("services");
        match self.mode {
            Mode::Pair if !named => {
                given.problem("SERVICE_NAME is missing: a pair has one service, and this is its name");
            }
            Mode::Pair if listed => given.problem("--services is for --mode resident; a pair has one service"),
            Mode::Resident if !named && !listed => {
                given.problem("SERVICE_NAME and --services are missing: one of them has to say what is served");
            }
            Mode::Pair | Mode::Resident => (),
        }
        if !self.backends.is_empty() {
            if self.run_task.is_some() {
                given.problem("--backend and --wake run-task exclude each other: a fixed backend is not woken");
            }
            if self.all_services().len() > 1 {
                given.problem("--backend is for one service, and several are named");
            }
        }
    }
}

fn run_task(given: &mut Given) -> Option<RunTask> {
    let cluster = given.optional("cluster", parse::text);
    let wanted = given.optional("wake", wake).unwrap_or(given.is_given("cluster"));
    let rest = RunTask {
        cluster: cluster.clone().unwrap_or_default(),
        task_definition: given.value("task-definition", parse::text),
        container: given.value("container", parse::text),
        capacity_provider: given.optional("capacity-provider", parse::text),
        max_tasks: given.value("max-tasks", parse::positive_count),
        subnets: given.several("subnets", parse::text),
        security_groups: given.several("security-groups", parse::text),
    };
    if wanted && !given.is_given("cluster") {
        given.problem("PROXY_CLUSTER (--cluster) is missing: --wake run-task needs it");
    }
    if rest.subnets.is_empty() && !rest.security_groups.is_empty() {
        given.problem("--security-groups needs --subnets");
    }
    (wanted && cluster.is_some()).then_some(rest)
}

fn mode(text: &str) -> Result<Mode, parse::Expected> {
    match text {
        "pair" => Ok(Mode::Pair),
        "resident" => Ok(Mode::Resident),
        _ => Err("pair or resident"),
    }
}

/// Whether tasks are run.
fn wake(text: &str) -> Result<bool, parse::Expected> {
    match text {
        "none" => Ok(false),
        "run-task" => Ok(true),
        _ => Err("none or run-task"),
    }
}

fn longest_head(text: &str) -> Result<u32, parse::Expected> {
    parse::count(text).ok().filter(|bytes| (1_024..=1_048_576).contains(bytes)).ok_or("a number from 1024 to 1048576")
}

fn most_fields(text: &str) -> Result<u32, parse::Expected> {
    parse::count(text).ok().filter(|count| (1..=1_024).contains(count)).ok_or("a number from 1 to 1024")
}

fn upstream_protocol(text: &str) -> Result<UpstreamProtocol, parse::Expected> {
    match text {
        "auto" => Ok(UpstreamProtocol::Auto),
        "http1" => Ok(UpstreamProtocol::Http1),
        "h2c" => Ok(UpstreamProtocol::H2c),
        _ => Err("auto, http1 or h2c"),
    }
}

/// `h2c` would make a connection that nobody here understands any more.
fn upgrade(text: &str) -> Result<String, parse::Expected> {
    let is_token = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/+".contains(&b));
    let fits = is_token && !["h2c", "h2", "tls/1.0"].iter().any(|never| text.eq_ignore_ascii_case(never));
    if fits { Ok(text.to_ascii_lowercase()) } else { Err("a protocol's name such as websocket, and not h2c or TLS") }
}

fn namespace(text: &str) -> Result<String, parse::Expected> {
    let fits = (1..=190).contains(&text.len()) && text.split('.').all(|label| ServiceName::setting(label).is_ok());
    if fits { Ok(text.to_owned()) } else { Err("a DNS name such as local") }
}

fn health_check(text: &str) -> Result<HealthCheck, parse::Expected> {
    match text {
        "tcp" => Ok(HealthCheck::Tcp),
        path if path.starts_with('/') => {
            path.parse().map(HealthCheck::Http).map_err(|_| "a path such as /health, or tcp")
        }
        _ => Err("a path such as /health, or tcp"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(environment: &[(&str, &str)], arguments: &[&str]) -> Result<Settings, Stop> {
        let arguments = std::iter::once("proxy-sidecar").chain(arguments.iter().copied()).map(Into::into);
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        PROGRAM.given(arguments.collect::<Vec<std::ffi::OsString>>(), environment).and_then(Settings::from_given)
    }

    fn problems(environment: &[(&str, &str)], arguments: &[&str]) -> String {
        match settings(environment, arguments) {
            Err(Stop::Bad(text)) => text,
            other => panic!("expected bad settings, got {other:?}"),
        }
    }

    #[test]
    fn a_pair_needs_nothing_but_its_services_name() {
        let settings = settings(&[("SERVICE_NAME", "shop")], &[]).expect("good settings");
        assert_eq!(settings.mode, Mode::Pair);
        assert_eq!(settings.listen.port(), 9060);
        assert_eq!(settings.hold_max, 10_000);
        assert_eq!(settings.run_task, None);
        assert!(problems(&[], &[]).contains("SERVICE_NAME is missing"));
    }

    #[test]
    fn a_cluster_means_that_it_wakes() {
        let arguments = ["--mode", "resident", "--services", "shop", "--services", "blog", "--cluster", "main"];
        let with = settings(&[], &arguments).expect("good settings");
        assert_eq!(with.run_task.as_ref().map(|r| r.cluster.as_str()), Some("main"));
        assert_eq!(with.all_services().len(), 2);
        let off = settings(&[], &[&arguments[..], &["--wake", "none"]].concat()).expect("good settings");
        assert_eq!(off.run_task, None);
    }

    #[test]
    fn every_bad_setting_is_listed_at_once() {
        let text = problems(
            &[("PROXY_HOLD_TIMEOUT", "0s"), ("PROXY_HODL_MAX", "1"), ("PROXY_TOKEN", "of two words")],
            &["--mode", "resident", "--wake", "run-task", "--health-path", "health", "--namespace", "a..b"],
        );
        for part in
            ["PROXY_HOLD_TIMEOUT", "PROXY_HODL_MAX", "--health-path", "--namespace", "PROXY_CLUSTER", "SERVICE_NAME"]
        {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        assert!(text.contains("PROXY_TOKEN") && !text.contains("of two words"), "a secret is printed:\n{text}");
    }

    #[test]
    fn fixed_backends_are_not_woken_and_serve_one_service() {
        let arguments = [
            "--mode",
            "resident",
            "--services",
            "a,b",
            "--services",
            "c",
            "--backend",
            "127.0.0.1:1",
            "--cluster",
            "c",
        ];
        let text = problems(&[("SERVICE_NAME", "b")], &arguments);
        assert!(text.contains("--services is \"a,b\""), "{text}");
        assert!(text.contains("exclude each other") && text.contains("several are named"), "{text}");
    }
}
