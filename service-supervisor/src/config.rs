//! What was set: every setting read by its table, the bad ones all refused at once.

mod fit;
mod processes;
mod table;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use daemon::logging::Format;
use daemon::parse;
use daemon::settings::{Given, Stop};
use task_state::{ServiceName, Token};

pub use self::table::PROGRAM;
use self::values::{address, file_path, idle_timeout, log_metrics, percent, protection_time};
use crate::app::Signals;
use crate::arguments;
use crate::asking::target::Ready;
use crate::decide::ignore::Ignore;
use crate::decide::policy::{Asks, Policy};
use crate::decide::restart::RestartPolicy;
use crate::decide::signals::{Rewrites, SignalNumber};
use crate::kernel::variables;
use crate::log;
use crate::sockets::Whose;
use crate::status::access::Access;

/// What was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The service.
    pub service: ServiceName,
    /// The only local address whose sockets are judged; none: any.
    pub app_address: Option<IpAddr>,
    /// Whether others use the same network.
    pub network_is_shared: bool,
    /// Where 9051 is.
    pub listen: SocketAddr,
    /// The shutdown file.
    pub shutdown_file: PathBuf,
    /// The busy file, where there is one.
    pub busy_file: Option<PathBuf>,
    /// Who may ask what on 9051.
    pub access: Access,
    /// How signals reach the app.
    pub signals: Signals,
    /// What says that the app is ready, where listening is not enough.
    pub ready: Option<Ready>,
    /// For how long to be protected at a time in a task of an ECS service; none: not at all.
    pub protection: Option<Duration>,
    /// How to decide.
    pub policy: Policy,
    /// The app: its program and arguments, byte for byte.
    pub command: Vec<OsString>,
}

impl Settings {
    /// Which sockets are the app's.
    #[must_use]
    pub fn whose(&self) -> Whose {
        let Settings { policy, app_address, network_is_shared, .. } = self;
        Whose { ports: policy.ports.clone(), address: *app_address, network_is_shared: *network_is_shared }
    }
}

/// `LOG` and `LOG_FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logging {
    /// What is written: this and what is graver.
    pub threshold: log::Level,
    /// JSON or text; by default JSON when standard error is not a terminal.
    pub format: Option<Format>,
}

/// Reads the process's arguments and environment.
///
/// # Errors
/// [`Stop`] where there is nothing to run.
pub fn read(arguments: Vec<OsString>) -> Result<(Settings, Logging), Stop> {
    settings(arguments::given(&PROGRAM, arguments, &environment())?)
}

/// Where the supervisor tells its state, for somebody else who wants to ask it.
///
/// # Errors
/// [`Stop`] where that cannot be known.
pub fn listen(arguments: Vec<OsString>) -> Result<SocketAddr, Stop> {
    let mut given = arguments::given(&PROGRAM, arguments, &environment())?;
    let listen = given.value("listen", parse::socket_address);
    if !given.trailing().is_empty() {
        given.problem("health takes no command: expected --listen, or nothing");
    }
    given.finish(Some(listen))
}

/// The variables that may say something to the supervisor. The others are not even copied: there may be many, and the
/// app waits.
fn environment() -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let own: Vec<&[u8]> = PROGRAM.all().filter_map(|setting| setting.env).map(str::as_bytes).collect();
    let is_read = |name: &[u8]| name.starts_with(PROGRAM.prefix.as_bytes()) || own.contains(&name);
    let read = variables().filter(|(name, _)| is_read(name));
    read.map(|(name, value)| (text(name), text(value))).collect()
}

fn settings(mut given: Given) -> Result<(Settings, Logging), Stop> {
    let service = given.required("service-name", ServiceName::setting);
    let ports = ports(&mut given);
    let app_address = given.optional("app-address", address);
    let network_is_shared = given.value("network", |text| match text {
        "own" => Ok(false),
        "shared" => Ok(true),
        _ => Err("own or shared"),
    });
    let listen = given.value("listen", parse::socket_address);
    let idle_timeout = given.value("idle-timeout", idle_timeout);
    let shutdown_file = given.value("shutdown-file", file_path);
    let busy_file = given.optional("busy-file", file_path);
    let restart = RestartPolicy {
        when: given.value("restart", processes::when),
        budget: given.value("restart-budget", parse::count),
        delay: given.value("restart-delay", parse::positive_duration),
    };
    let rewrites = Rewrites::new(given.several("rewrite", processes::rewrite));
    let signals =
        Signals { scope: given.value("signal-scope", processes::scope), to_end: rewrites.of(SignalNumber::TERM) };
    let policy = Policy {
        ports,
        idle_timeout: (!idle_timeout.is_zero()).then_some(idle_timeout),
        drain_timeout: given.value("drain-timeout", parse::positive_duration),
        drain_min: given.value("drain-min", parse::duration),
        stop_grace: given.value("stop-grace", parse::positive_duration),
        min_awake: given.value("min-awake", parse::duration),
        ready_timeout: given.value("ready-timeout", parse::positive_duration),
        longest_answer: given.value("longest-answer", parse::positive_duration),
        stop_timeout: given.value("stop-timeout", parse::positive_duration),
        measures: given.optional("log-metrics", log_metrics).is_some(),
        busy_file: busy_file.is_some(),
        busy_max: given.value("busy-max", parse::positive_duration),
        busy_cpu: Some(given.value("busy-cpu", percent)).filter(|busy| *busy > 0),
        ignore: Ignore { loopback: given.is_on("ignore-loopback"), networks: given.several("ignore-peer", str::parse) },
        max_quiet_stream: Some(given.value("max-quiet-stream", parse::duration)).filter(|limit| !limit.is_zero()),
        peer_gone: given.value("peer-gone", parse::positive_duration),
        restart,
        rewrites,
        observe: given.is_on("observe"),
        // Who can be asked is known once the environment has been looked at.
        asks: Asks::default(),
    };
    let ready = given.optional("ready", Ready::parse);
    let protection_time = given.value("task-protection-time", protection_time);
    let protection = given.is_on("task-protection").then_some(protection_time);
    let logging =
        Logging { threshold: given.value("log", log::filter), format: given.optional("log-format", parse::log_format) };
    let command = given.trailing().to_vec();
    fit::refuse_what_cannot_fit(&policy, listen, &command, &mut given);
    let access = Access { token: given.optional("token", Token::setting) };
    let settings = service.map(|service| Settings {
        service,
        app_address,
        network_is_shared,
        listen,
        shutdown_file,
        busy_file,
        access,
        signals,
        ready,
        protection,
        policy,
        command,
    });
    given.finish(settings).map(|settings| (settings, logging))
}

/// None where the app is a job that accepts nothing.
fn ports(given: &mut Given) -> Vec<u16> {
    let ports: Vec<Option<u16>> = given.several("app-port", |text| match text {
        "none" => Ok(None),
        port => parse::port(port).map(|port| Some(port.get())).map_err(|_| "a port from 1 to 65535, or none"),
    });
    if ports.len() > 1 && ports.contains(&None) {
        given.problem("--app-port is none and a port: expected one or the other");
    }
    ports.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
