//! Every setting: its name, its meaning, its default.

mod processes;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use daemon::logging::Format;
use daemon::parse;
use daemon::settings::{Given, Program, Setting, Stop};
use task_state::{ServiceName, Token};

use crate::app::Signals;
use crate::arguments;
use crate::asking::target::Ready;
use crate::decide::ignore::Ignore;
use crate::decide::load::Thousandths;
use crate::decide::policy::{Asks, LONGEST_GRACE, Policy, SHORTEST_DRAIN};
use crate::decide::restart::RestartPolicy;
use crate::decide::signals::{Rewrites, SignalNumber};
use crate::log;
use crate::sockets::Whose;
use crate::status::access::Access;

/// The shortest idle timeout that can be judged: the kernel's clocks and the looks need some margin.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// Each port costs a look of its own.
const MOST_PORTS: usize = 8;

const EPILOGUE: &str = "\
Example, in a Dockerfile:
  ENTRYPOINT [\"/service-supervisor\", \"--idle-timeout\", \"10m\", \"--\", \"/app\", \"--port\", \"9050\"]

As the health check of its container: service-supervisor health [--listen ADDR:PORT]. It prints one line and exits with 0
or 1. (To run an app named health, say -- health.)

Exit codes:
  the app's own     it ended by itself, or after a SIGTERM to the supervisor (128+n: signal n ended it)
  0                 the supervisor put it to sleep (idle, shutdown file) and it ended within --stop-grace
  1                 the supervisor could not do its work; the log says what failed
  64                the settings are wrong
  65                the app never accepted within --ready-timeout
  126, 127          the command could not be run, was not found";

/// The supervisor as its user sees it.
pub const PROGRAM: Program = Program {
    name: "service-supervisor",
    version: env!("CARGO_PKG_VERSION"),
    about: "Runs an app as PID 1 (or not), puts it to sleep when nobody uses it, and loses no request doing so.",
    prefix: "SUPERVISOR",
    settings: &[
        Setting::new("service-name", "NAME", "The service this is a task of.").env("SERVICE_NAME"),
        Setting::new(
            "app-port",
            "PORT",
            "The port on which the app accepts. It is ready when it listens on each. \"none\" for a job without a port.",
        )
        .default("9050")
        .several(),
        Setting::new(
            "app-address",
            "ADDRESS",
            "Judge only sockets on this local address, for an app that shares its network with others and listens on \
             exactly this address. By default sockets on any address are judged.",
        ),
        Setting::new(
            "network",
            "own|shared",
            "\"shared\" where other containers use the same network, as in ECS's host mode: only sockets that the app's own \
             processes opened are judged.",
        )
        .default("own"),
        Setting::new("listen", "ADDR:PORT", "Where the supervisor tells its state.").default("0.0.0.0:9051"),
        Setting::new("idle-timeout", "DURATION", "Sleep after so long without use; 0 is never.").default("300s"),
        Setting::new("shutdown-file", "PATH", "Sleep, used or not, when this file appears.").default("/tmp/shutdown"),
        Setting::new("stop-grace", "DURATION", "From SIGTERM to SIGKILL.").default("23s"),
        Setting::new("drain-timeout", "DURATION", "How long going to sleep may wait for connections to end.")
            .default("60s"),
        Setting::new("drain-min", "DURATION", "How long an idle drain lasts at least where no agent watches.")
            .default("10s"),
        Setting::new("min-awake", "DURATION", "Stay awake so long once ready, used or not.").default("0"),
        Setting::new(
            "ready",
            "URL",
            "What says that the app is ready: http://ADDRESS:PORT/PATH by a status under 400, tcp://ADDRESS:PORT by \
             accepting; ADDRESS is an IP address or localhost. It is asked once the app listens, and then every 5 s. By \
             default the app is ready when it listens.",
        ),
        Setting::new("ready-timeout", "DURATION", "Give up on an app that does not accept within this.").default("10m"),
        Setting::new(
            "busy-cpu",
            "PERCENT",
            "The app is in use while it takes more CPU than this: percent of one core, or of the container's limit where \
             that is less than a core. 0 is off.",
        )
        .default("5%"),
        Setting::new("ignore-loopback", "BOOL", "Connections from this machine or task itself are no use.")
            .default("false"),
        Setting::new(
            "ignore-peer",
            "ADDRESS",
            "Connections from here are no use, such as those of monitoring; an address or a network (10.0.0.0/16).",
        )
        .several(),
        Setting::new(
            "max-quiet-stream",
            "DURATION",
            "A connection on which for so long nothing but pings moved (1 KiB a minute) is no use any more; 0 is never.",
        )
        .default("24h"),
        Setting::new(
            "peer-gone",
            "DURATION",
            "A peer that acknowledges nothing for so long, though the kernel repeats what it has for it, is gone.",
        )
        .default("60s"),
        Setting::new("longest-answer", "DURATION", "For how long an unanswered request counts as use.").default("1h"),
        Setting::new(
            "stop-timeout",
            "DURATION",
            "How long ECS waits between SIGTERM and SIGKILL (stopTimeout). The drain of a SIGTERM, --stop-grace and 2 s \
             to spare have to fit.",
        )
        .default("30s"),
        Setting::new(
            "busy-file",
            "PATH",
            "The app is in use while somebody holds a lock (flock or fcntl) on this file, and when it was touched.",
        ),
        Setting::new(
            "busy-max",
            "DURATION",
            "How long a lease of PUT /busy may be, and how long the busy file counts in a row.",
        )
        .default("24h"),
        Setting::new(
            "token",
            "TOKEN",
            "What proxies, agents and whoever asks for /wake or /sleep have to show. By default nothing, and /sleep is \
             for the task itself.",
        )
        .secret(),
        Setting::new(
            "log-metrics",
            "emf",
            "Write the figures of /metrics to standard output each minute while awake, as CloudWatch reads them.",
        ),
        Setting::new("signal-scope", "child|group", "Whether signals go to the app's process or to its process group.")
            .default("child"),
        Setting::new(
            "rewrite",
            "FROM:TO",
            "Pass one signal on as another, by numbers or names: TERM:QUIT; 0 passes nothing on. SIGTERM is an order to \
             stop all the same, and so is what is rewritten to it.",
        )
        .several(),
        Setting::new(
            "restart",
            "on-failure|always|never",
            "After which ends of its own the app is started again; once it was told to end, it never is.",
        )
        .default("on-failure"),
        Setting::new("restart-budget", "COUNT", "How often in a row, without ten minutes of running in between.")
            .default("5"),
        Setting::new("restart-delay", "DURATION", "From the end to the start; each in a row waits twice as long.")
            .default("200ms"),
        Setting::switch(
            "task-protection",
            "In a task of an ECS service: keep ECS from stopping it while it is used, and wait for ECS to stop it when \
             nobody uses it, for ECS replaces a task that ends by itself. A standalone task goes to sleep as usual.",
        ),
        Setting::new(
            "task-protection-time",
            "DURATION",
            "How long protection is asked for at a time; renewed at half.",
        )
        .default("2h"),
        Setting::switch("observe", "Only say when idleness would put the app to sleep, and what that would save."),
    ],
    trailing: Some("COMMAND"),
    epilogue: EPILOGUE,
};

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

fn environment() -> BTreeMap<String, String> {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
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
        ignore: Ignore {
            loopback: given.value("ignore-loopback", parse::switch),
            networks: given.several("ignore-peer", str::parse),
        },
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
    refuse_what_cannot_fit(&policy, listen, &command, &mut given);
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

fn refuse_what_cannot_fit(policy: &Policy, listen: SocketAddr, command: &[OsString], given: &mut Given) {
    if command.is_empty() {
        given.problem("there is nothing to run: expected -- and the app's command at the end");
    }
    if policy.ports.contains(&listen.port()) {
        given.problem(format!("--app-port and --listen are both {}: expected two ports", listen.port()));
    }
    if policy.ports.len() > MOST_PORTS {
        given.problem(format!("--app-port is given {} times: expected {MOST_PORTS} at most", policy.ports.len()));
    }
    if policy.drain_timeout < SHORTEST_DRAIN {
        let shortest = SHORTEST_DRAIN.as_secs();
        given.problem(format!("--drain-timeout is shorter than {shortest} s, in which the leases of proxies end"));
    }
    if policy.drain_min > policy.drain_timeout {
        given.problem("--drain-min is longer than --drain-timeout");
    }
    if let Some(signal) = policy.rewrites.contradiction() {
        given.problem(format!("--rewrite gives signal {signal} two meanings: expected one"));
    }
    let needed = policy.least_stop_timeout();
    if given.is_given("stop-timeout") && needed > policy.stop_timeout {
        given.problem(format!(
            "--stop-timeout is shorter than {:.1} s, which the shortest drain (5 s), --stop-grace and 2 s to spare take",
            needed.as_secs_f64()
        ));
    } else if policy.stop_grace > LONGEST_GRACE && !given.is_given("stop-timeout") {
        let longest = LONGEST_GRACE.as_secs();
        given.problem(format!(
            "--stop-grace is longer than {longest} s: with the drain before it, it does not fit into ECS's longest \
             stopTimeout, 120 s"
        ));
    }
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

/// In thousandths.
fn percent(text: &str) -> Result<Thousandths, &'static str> {
    const EXPECTED: &str = "a percentage such as 5% or 0.5%, or 0 for off";
    let (whole, tenths) =
        text.strip_suffix('%').unwrap_or(text).split_once('.').unwrap_or((text.trim_end_matches('%'), "0"));
    let whole: Thousandths = whole.parse().map_err(|_| EXPECTED)?;
    match tenths.parse::<Thousandths>() {
        Ok(tenths) if tenths <= 9 && whole <= 100 => Ok(whole * 10 + tenths),
        Ok(_) | Err(_) => Err(EXPECTED),
    }
}

fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "an address such as 10.0.2.100")
}

fn idle_timeout(text: &str) -> Result<Duration, &'static str> {
    match parse::duration(text) {
        Ok(some) if some.is_zero() || some >= SHORTEST_IDLE => Ok(some),
        Ok(_) | Err(_) => Err("a duration of at least 1s, such as 300s or 5m, or 0 for never"),
    }
}

fn log_metrics(text: &str) -> Result<(), &'static str> {
    if text == "emf" { Ok(()) } else { Err("emf") }
}

/// What ECS takes: whole minutes, up to two days (API reference, UpdateTaskProtection).
fn protection_time(text: &str) -> Result<Duration, &'static str> {
    const LONGEST: Duration = Duration::from_secs(2880 * 60);
    match parse::duration(text) {
        Ok(some) if !some.is_zero() && some <= LONGEST && some.subsec_nanos() == 0 && some.as_secs() % 60 == 0 => {
            Ok(some)
        }
        Ok(_) | Err(_) => Err("whole minutes from 1m to 48h, such as 120m or 2h"),
    }
}

fn file_path(text: &str) -> Result<PathBuf, &'static str> {
    let path = parse::absolute_path(text)?;
    match (path.parent(), path.file_name()) {
        (Some(_), Some(_)) => Ok(path),
        (None, _) | (_, None) => Err("the absolute path of a file, such as /tmp/shutdown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, String> {
        let arguments = arguments.iter().map(OsString::from);
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        match arguments::given(&PROGRAM, arguments, &environment.collect()).and_then(settings) {
            Ok((settings, _)) => Ok(settings),
            Err(Stop::Told(text) | Stop::Bad(text)) => Err(text),
        }
    }

    #[test]
    fn a_name_and_a_command_are_enough() {
        let settings = read(&["--", "app", "-x"], &[("SERVICE_NAME", "demo")]).expect("settings");
        assert_eq!(settings.policy, crate::decide::policy::tests::defaults());
        assert_eq!(settings.command, ["app", "-x"]);
        assert_eq!(settings.listen.to_string(), "0.0.0.0:9051");
        assert_eq!(settings.shutdown_file, PathBuf::from("/tmp/shutdown"));
    }

    #[test]
    fn readiness_and_protection_are_read_or_refused() {
        let name = &[("SERVICE_NAME", "demo")];
        let given = |words: &[&str]| read(&[words, &["--", "app"]].concat(), name);
        let usual = given(&[]).expect("settings");
        assert_eq!((usual.ready, usual.protection, usual.policy.observe), (None, None, false));
        let words = ["--task-protection", "--ready", "tcp://127.0.0.1:9050", "--observe"];
        let said = given(&words).expect("settings");
        assert_eq!((said.protection, said.policy.observe), (Some(Duration::from_secs(7200)), true));
        assert!(said.ready.is_some());
        for (flag, bad) in [
            ("--ready", "http://app:80/"),
            ("--task-protection-time", "90s"),
            ("--task-protection-time", "49h"),
            ("--task-protection-time", "0"),
        ] {
            let text = given(&[flag, bad]).expect_err("refused");
            assert!(text.contains(flag) && text.contains(bad), "{text}");
        }
    }

    #[test]
    fn an_idle_timeout_of_0_is_never() {
        let never = read(&["--idle-timeout", "0", "--", "app"], &[("SERVICE_NAME", "demo")]).expect("settings");
        assert_eq!(never.policy.idle_timeout, None);
    }

    #[test]
    fn what_does_not_fit_into_ecs_patience_is_refused_where_that_is_known() {
        let with = |grace: &str, timeout: &[(&str, &str)]| {
            let environment = [&[("SERVICE_NAME", "demo")], timeout].concat();
            read(&["--stop-grace", grace, "--", "app"], &environment)
        };
        let stop_timeout = [("SUPERVISOR_STOP_TIMEOUT", "60s")];
        assert_eq!(with("53s", &stop_timeout).expect("fits").policy.signal_drain(), SHORTEST_DRAIN);
        let text = with("54s", &stop_timeout).expect_err("refused");
        assert!(text.contains("--stop-timeout is shorter than 61.0 s"), "{text}");
        // Without it ECS's usual 30 s are assumed, which is no reason to refuse: it is warned of.
        assert!(with("54s", &[]).is_ok());
    }

    #[test]
    fn the_token_is_taken_and_never_printed() {
        let settings = read(&["--", "app"], &[("SERVICE_NAME", "demo"), ("SUPERVISOR_TOKEN", "s3cret")]);
        assert!(!format!("{settings:?}").contains("s3cret"));
        assert!(settings.is_ok_and(|settings| settings.access.token.is_some()));
        let text = read(&["--", "app"], &[("SERVICE_NAME", "demo"), ("SUPERVISOR_TOKEN", "of two words")]);
        let text = text.expect_err("refused");
        assert!(text.contains("SUPERVISOR_TOKEN") && !text.contains("of two words"), "{text}");
    }

    #[test]
    fn a_job_has_no_port_and_a_percentage_may_have_tenths() {
        let name = [("SERVICE_NAME", "demo")];
        let job = read(&["--app-port", "none", "--busy-cpu", "0.5%", "--", "job"], &name).expect("settings");
        assert_eq!((job.policy.ports.as_slice(), job.policy.busy_cpu), (&[][..], Some(5)));
        for (text, thousandths) in [("0", None), ("0%", None), ("7", Some(70)), ("100%", Some(1000))] {
            let settings = read(&["--busy-cpu", text, "--", "job"], &name).expect("settings");
            assert_eq!(settings.policy.busy_cpu, thousandths, "{text}");
        }
    }

    #[test]
    fn who_does_not_count_is_named_by_address_or_network() {
        let arguments =
            ["--ignore-peer", "10.0.0.0/16", "--ignore-peer", "fd00::1", "--ignore-loopback", "true", "--", "app"];
        let ignore = read(&arguments, &[("SERVICE_NAME", "demo")]).expect("settings").policy.ignore;
        let covers = |address: &str| ignore.covers(address.parse().expect("address"));
        assert!(covers("10.0.9.9") && covers("fd00::1") && covers("127.0.0.1") && !covers("10.1.0.1"));
    }

    #[test]
    fn settings_that_cannot_work_are_refused_all_at_once() {
        let bad = [
            ("SUPERVISOR_APP_PORT", "9051"),
            ("SUPERVISOR_IDLE_TIMEOUT", "10ms"),
            ("SUPERVISOR_STOP_GRACE", "10m"),
            ("SUPERVISOR_DRAIN_TIMEOUT", "4s"),
            ("SUPERVISOR_SHUTDOWN_FILE", "/"),
            ("SUPERVISOR_APP_ADDRESS", "here"),
            ("SUPERVISOR_BUSY_CPU", "101%"),
            ("SUPERVISOR_IGNORE_PEER", "10.0.0.0/33"),
            ("SUPERVISOR_NETWORK", "bridge"),
            ("SUPERVISOR_BUSY_FILE", "busy"),
            ("SUPERVISOR_LOG_METRICS", "statsd"),
        ];
        let text = read(&[], &bad).expect_err("refused");
        for part in [
            "SERVICE_NAME (--service-name) is missing",
            "nothing to run",
            "--app-port and --listen are both 9051",
            "SUPERVISOR_IDLE_TIMEOUT is \"10ms\"",
            "--stop-grace is longer than 113 s",
            "--drain-timeout is shorter than 5 s",
            "--drain-min is longer than --drain-timeout",
            "SUPERVISOR_SHUTDOWN_FILE",
            "SUPERVISOR_APP_ADDRESS",
            "SUPERVISOR_BUSY_FILE",
            "SUPERVISOR_LOG_METRICS is \"statsd\": expected emf",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }
}
