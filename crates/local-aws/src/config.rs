//! The settings of local-aws, as a table.

use std::net::SocketAddr;
use std::path::PathBuf;

use daemon::logging::Logging;
use daemon::parse::{self, Expected};
use daemon::settings::{Given, Program, Setting, Stop};

use crate::pace::Pace;
use crate::runtime::Publish;

/// What tasks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tasks {
    /// Docker containers.
    Docker,
    /// Child processes on addresses of their own.
    Process,
    /// Nothing: they only seem to run.
    Simulated,
}

/// The settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the APIs and the page are.
    pub listen: SocketAddr,
    /// Where the DNS is.
    pub dns_listen: Option<SocketAddr>,
    /// Where the caching resolver is.
    pub resolver_listen: Option<SocketAddr>,
    /// How fast AWS's own waits pass.
    pub pace: Pace,
    /// What tasks are.
    pub tasks: Tasks,
    /// The program that each host runs.
    pub agent: Option<PathBuf>,
    /// More of its environment.
    pub agent_env: Vec<(String, String)>,
    /// What images start, with processes.
    pub images: Vec<(String, Vec<String>)>,
    /// What exists from the start.
    pub world: Option<PathBuf>,
    /// What goes wrong when.
    pub scenario: Option<PathBuf>,
    /// Whether calls are throttled as AWS throttles them.
    pub throttle: bool,
    /// What ids, orders and chances begin with; a new one for each start unless said.
    pub seed: Option<u64>,
    /// The first two bytes of every address.
    pub network: [u8; 2],
    /// The Docker network that tasks join.
    pub docker_network: String,
    /// Where tasks reach local-aws, if not where it listens.
    pub task_endpoint: Option<String>,
    /// Ports of the machine that lead to tasks, with Docker.
    pub publish: Vec<Publish>,
    /// Proxies that are asked for their callers.
    pub proxy_admins: Vec<SocketAddr>,
}

const PROGRAM: Program = Program {
    name: "local-aws",
    version: env!("CARGO_PKG_VERSION"),
    about: "A small AWS on one machine: ECS, Cloud Map, Auto Scaling, SQS, instance metadata and DNS.",
    prefix: "LOCAL_AWS",
    settings: &[
        Setting::new("listen", "ADDR:PORT", "Where the APIs and the page are; port 0 finds a free one.")
            .default("127.0.0.1:4566"),
        Setting::new("dns-listen", "ADDR:PORT", "Where the DNS is, on UDP and TCP; none without it."),
        Setting::new("resolver-listen", "ADDR:PORT", "Where a caching resolver is, as a VPC has one; none without it."),
        Setting::new("time-factor", "NUMBER", "How much faster AWS's own waits pass: with 60 a minute takes a second.")
            .default("1"),
        Setting::new(
            "tasks",
            "docker|process|simulated",
            "What tasks are: containers, child processes, or nothing that runs.",
        )
        .default("process"),
        Setting::new("agent", "PATH", "The instance-agent that is started for each host; none without it."),
        Setting::new("agent-env", "NAME=VALUE", "More of the agents' environment.").several(),
        Setting::new("image", "NAME=PROGRAM WORDS", "What an image starts, where tasks are processes.").several(),
        Setting::new(
            "world",
            "FILE",
            "What exists from the start: a JSON array of {\"call\": \"ecs.CreateCluster\", \"with\": {...}}.",
        ),
        Setting::new(
            "scenario",
            "FILE",
            "What goes wrong when: a JSON array of {\"at\": \"5s\", \"fault\": {...}}, as POST /_faults takes them.",
        ),
        Setting::new("throttle", "on|off", "Whether calls are throttled by AWS's token buckets.").default("on"),
        Setting::new("seed", "NUMBER", "Makes ids, orders and chances the same again; the log says which it was."),
        Setting::new("network", "A.B.0.0/16", "The addresses of hosts and, where they are processes, of tasks.")
            .default("127.42.0.0/16"),
        Setting::new("docker-network", "NAME", "The Docker network that tasks join."),
        Setting::new("task-endpoint", "URL", "Where tasks reach local-aws, if not where it listens."),
        Setting::new(
            "proxy-admin",
            "ADDR:PORT",
            "The admin port of a proxy, which is asked for its callers: they are in GET /_wakes and on the page.",
        )
        .several(),
        Setting::new(
            "publish",
            "HOSTPORT:CONTAINERPORT=FAMILY",
            "A port of the machine for the first task of a family (Docker).",
        )
        .several(),
    ],
    trailing: None,
    epilogue: "Example:\n  local-aws --world world.json --time-factor 60 --agent ./instance-agent --image app=./app\n  \
               AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws ecs list-tasks --cluster doze\n\n\
               Exit codes: 0 asked to end, 1 something it needs failed (the log says what), 64 bad settings.\n",
};

/// Reads arguments and environment.
///
/// # Errors
/// What is to be said instead of running.
pub fn read() -> Result<(Settings, Logging), Stop> {
    settings(PROGRAM.read()?)
}

fn settings(mut given: Given) -> Result<(Settings, Logging), Stop> {
    let logging = given.logging();
    let settings = Settings {
        listen: given.value("listen", parse::socket_address),
        dns_listen: given.optional("dns-listen", parse::socket_address),
        resolver_listen: given.optional("resolver-listen", parse::socket_address),
        pace: given.value("time-factor", pace),
        tasks: given.value("tasks", tasks),
        agent: given.optional("agent", parse::text).map(PathBuf::from),
        agent_env: given.several("agent-env", pair),
        images: given.several("image", image),
        world: given.optional("world", parse::text).map(PathBuf::from),
        scenario: given.optional("scenario", parse::text).map(PathBuf::from),
        throttle: given.value("throttle", on_off),
        seed: given.optional("seed", seed),
        network: given.value("network", network),
        docker_network: given.optional("docker-network", parse::text).unwrap_or_default(),
        task_endpoint: given.optional("task-endpoint", url),
        publish: given.several("publish", publish),
        proxy_admins: given.several("proxy-admin", parse::socket_address),
    };
    match settings.tasks {
        Tasks::Docker => {
            if settings.docker_network.is_empty() {
                given.problem("--tasks docker needs --docker-network: the network that tasks join");
            }
            if settings.task_endpoint.is_none() && settings.listen.ip().is_unspecified() {
                given.problem("--tasks docker needs --task-endpoint: containers cannot reach an unspecified address");
            }
            if given.is_given("image") {
                given.problem("--image is for --tasks process: containers have images of their own");
            }
        }
        Tasks::Process => {
            for flag in ["docker-network", "publish"] {
                if given.is_given(flag) {
                    given.problem(format!("--{flag} is for --tasks docker"));
                }
            }
        }
        Tasks::Simulated => {
            for flag in ["docker-network", "publish", "image"] {
                if given.is_given(flag) {
                    given.problem(format!("--{flag} is for tasks that run, not for --tasks simulated"));
                }
            }
        }
    }
    given.finish(Some((settings, logging)))
}

fn pace(text: &str) -> Result<Pace, Expected> {
    text.parse().ok().and_then(Pace::times).ok_or("a number above zero such as 60")
}

fn on_off(text: &str) -> Result<bool, Expected> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("on or off"),
    }
}

fn seed(text: &str) -> Result<u64, Expected> {
    text.parse().map_err(|_| "a whole number from 0 to 18446744073709551615")
}

fn tasks(text: &str) -> Result<Tasks, Expected> {
    match text {
        "docker" => Ok(Tasks::Docker),
        "process" => Ok(Tasks::Process),
        "simulated" => Ok(Tasks::Simulated),
        _ => Err("docker, process or simulated"),
    }
}

fn pair(text: &str) -> Result<(String, String), Expected> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("NAME=VALUE"),
    }
}

fn image(text: &str) -> Result<(String, Vec<String>), Expected> {
    const EXPECTED: Expected = "NAME=PROGRAM, with the program's words after it";
    let (name, words) = pair(text).map_err(|_| EXPECTED)?;
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() { Err(EXPECTED) } else { Ok((name, words)) }
}

fn network(text: &str) -> Result<[u8; 2], Expected> {
    const EXPECTED: Expected = "a /16 of 127.0.0.0/8 such as 127.42.0.0/16";
    let address = text.strip_suffix("/16").ok_or(EXPECTED)?;
    match address.parse::<std::net::Ipv4Addr>().map_err(|_| EXPECTED)?.octets() {
        [127, second, 0, 0] => Ok([127, second]),
        _ => Err(EXPECTED),
    }
}

fn url(text: &str) -> Result<String, Expected> {
    const EXPECTED: Expected = "a URL such as http://10.0.0.10:4566";
    let url = text.trim_end_matches('/');
    match url.strip_prefix("http://") {
        Some(rest) if !rest.is_empty() && !rest.contains('/') => Ok(url.to_owned()),
        Some(_) | None => Err(EXPECTED),
    }
}

fn publish(text: &str) -> Result<Publish, Expected> {
    const EXPECTED: Expected = "HOSTPORT:CONTAINERPORT=FAMILY such as 9050:9050=demo";
    let (ports, family) = pair(text).map_err(|_| EXPECTED)?;
    let (host, container) = ports.split_once(':').ok_or(EXPECTED)?;
    let port = |text: &str| parse::port(text).map(u16::from).map_err(|_| EXPECTED);
    Ok(Publish { host_port: port(host)?, container_port: port(container)?, family })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(arguments: &[&str]) -> Result<Settings, String> {
        let arguments = std::iter::once("local-aws").chain(arguments.iter().copied()).map(Into::into);
        let given = PROGRAM.given(arguments.collect::<Vec<std::ffi::OsString>>(), []);
        match given.and_then(settings) {
            Ok((settings, _)) => Ok(settings),
            Err(Stop::Bad(text) | Stop::Told(text)) => Err(text),
        }
    }

    #[test]
    fn without_a_setting_it_listens_on_4566_and_runs_processes() {
        let settings = given(&[]).expect("accepted");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:4566");
        assert_eq!((settings.tasks, settings.network, settings.dns_listen), (Tasks::Process, [127, 42], None));
    }

    #[test]
    fn images_ports_and_environments_are_read_as_they_are_written() {
        let settings = given(&["--image", "app=/bin/app -- x", "--agent-env", "A=b=c"]).expect("accepted");
        assert_eq!(settings.images, [("app".to_owned(), vec!["/bin/app".into(), "--".into(), "x".into()])]);
        assert_eq!(settings.agent_env, [("A".to_owned(), "b=c".to_owned())]);
        let docker = ["--tasks", "docker", "--docker-network", "doze", "--publish", "9050:9051=demo"];
        let publish = Publish { host_port: 9050, container_port: 9051, family: "demo".to_owned() };
        assert_eq!(given(&docker).expect("accepted").publish, [publish]);
    }

    #[test]
    fn what_would_be_guessed_at_is_refused() {
        for bad in [
            ["--time-factor", "0"],
            ["--time-factor", "fast"],
            ["--throttle", "sometimes"],
            ["--seed", "-1"],
            ["--network", "10.0.0.0/16"],
            ["--network", "127.42.0.0/24"],
            ["--image", "app="],
            ["--publish", "9050=demo"],
            ["--task-endpoint", "10.0.0.1"],
            ["--tasks", "docker"],
            ["--tasks", "pretend"],
            ["--docker-network", "doze"],
        ] {
            assert!(given(&bad).is_err(), "{bad:?} was accepted");
        }
    }
}
