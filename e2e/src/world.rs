//! A world: local-aws with its definitions, a resident proxy beside it, and waiting for states.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::binaries::Binaries;
use crate::definitions::{self, NAME, Pace, TOKEN};
use crate::network::Network;
use crate::process::Process;
use crate::timeline::{Timeline, Weight};

mod ask;

/// How long a program gets to end by itself when a world ends.
const GRACE: Duration = Duration::from_secs(10);
/// The same where a world is dropped, by a test that has failed as a rule: tasks have two seconds of it.
const DROP_GRACE: Duration = Duration::from_secs(5);

/// What kind of world.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How quickly services sleep.
    pub pace: Pace,
    /// `--idle-grace` of the agents.
    pub idle_grace: Duration,
    /// Where local-aws listens; its own /16 where not given.
    pub page: Option<SocketAddr>,
    /// Where the resident proxy listens; the world's own /16 where not given.
    pub proxy: Option<SocketAddr>,
    /// `--start-grace` of the resident proxy; its default where not given.
    pub start_grace: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            pace: Pace { idle: Duration::from_secs(2), app_start: Duration::from_millis(300) },
            idle_grace: Duration::from_secs(2),
            page: None,
            proxy: None,
            start_grace: None,
        }
    }
}

/// Why a world is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or process of its own.
    #[error("cannot {0}")]
    Start(&'static str, #[source] std::io::Error),
    /// A program ended that should run.
    #[error("{0} has ended ({1}); its lines are in the time line")]
    Ended(String, std::process::ExitStatus),
    /// A state was not reached.
    #[error("waited {limit:?} for {what}")]
    NotReached {
        /// Which.
        what: String,
        /// For how long.
        limit: Duration,
    },
    /// A call of local-aws or of the service failed.
    #[error("{0} failed")]
    Call(String, #[source] reqwest::Error),
    /// AWS said no.
    #[error("{0} was answered: {1}")]
    Refused(String, String),
}

/// A running world. Ended by [`World::end`]; when dropped, everything is ended and waited for, so that nothing is left on
/// its network when that is free for another.
#[derive(Debug)]
pub struct World {
    /// What happened.
    pub timeline: Timeline,
    cloud: Process,
    proxies: Vec<Process>,
    page: SocketAddr,
    proxy: SocketAddr,
    admin: SocketAddr,
    directory: PathBuf,
    http: reqwest::Client,
    _network: Network,
}

impl World {
    /// Starts local-aws and a resident proxy in front of the services `demo` and `pair`; nothing is awake.
    ///
    /// # Errors
    /// [`Error`]; what was started is stopped.
    pub async fn start(binaries: &Binaries, options: Options, timeline: Timeline) -> Result<Self, Error> {
        let network = Network::claim();
        let page = options.page.unwrap_or(network.own(1, 4566));
        let dns = network.own(1, 5353);
        let proxy = options.proxy.unwrap_or(network.own(2, 9060));
        let admin = network.own(2, 9061);
        let directory = fresh_directory().map_err(|e| Error::Start("make a directory of its own", e))?;
        let world_file = directory.join("world.json");
        std::fs::write(&world_file, definitions::calls(options.pace).to_string())
            .map_err(|e| Error::Start("write the world's definitions", e))?;

        let arguments =
            cloud_arguments(binaries, &network, (page, dns, admin), &world_file.to_string_lossy(), options.idle_grace);
        let json = vec![("LOG_FORMAT".to_owned(), "json".to_owned()), log_filter()];
        let cloud = Process::start("local-aws", binaries.path("local-aws"), &arguments, &json, &timeline)
            .map_err(|e| Error::Start("start local-aws", e))?;
        let http = reqwest::Client::new();
        let mut world = World {
            timeline: timeline.clone(),
            cloud,
            proxies: Vec::new(),
            page,
            proxy,
            admin,
            directory,
            http,
            _network: network,
        };
        world.until("local-aws to answer", Duration::from_secs(10), |_| true).await?;
        tokio::spawn(follow_events(world.http.clone(), format!("http://{page}/_events?after=0"), timeline.clone()));

        let mut environment = proxy_environment(page, dns, proxy, admin);
        environment.extend(
            options.start_grace.map(|grace| ("PROXY_START_GRACE".to_owned(), format!("{}ms", grace.as_millis()))),
        );
        let started = Process::start("proxy", binaries.path("proxy-sidecar"), &[], &environment, &timeline)
            .map_err(|e| Error::Start("start proxy-sidecar", e))?;
        world.proxies.push(started);
        let deadline = Instant::now() + Duration::from_secs(10);
        while tokio::net::TcpStream::connect(proxy).await.is_err() {
            world.all_run()?;
            if Instant::now() > deadline {
                return Err(Error::NotReached { what: "the proxy to listen".into(), limit: Duration::from_secs(10) });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(world)
    }

    /// Where local-aws listens.
    #[must_use]
    pub const fn page(&self) -> SocketAddr {
        self.page
    }

    /// The resident proxy's URL of `path`, which starts with `/`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.proxy)
    }

    /// The resident proxy's address.
    #[must_use]
    pub const fn proxy(&self) -> SocketAddr {
        self.proxy
    }

    /// A client without a pool to share: each caller of a test has its own connections.
    #[must_use]
    pub const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Ends everything in order: proxies, then local-aws with all that it started.
    ///
    /// # Errors
    /// When something could not be waited for.
    pub async fn end(mut self) -> Result<(), Error> {
        for proxy in &mut self.proxies {
            proxy.stop(GRACE).await.map_err(|e| Error::Start("stop a proxy", e))?;
        }
        self.cloud.stop(GRACE).await.map_err(|e| Error::Start("stop local-aws", e))?;
        Ok(())
    }

    fn all_run(&mut self) -> Result<(), Error> {
        for process in std::iter::once(&mut self.cloud).chain(&mut self.proxies) {
            if let Some(status) = process.ended().map_err(|e| Error::Start("look after a program", e))? {
                return Err(Error::Ended(process.name().to_owned(), status));
            }
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("E2E_TIMELINE").is_some() {
            eprintln!("What happened:\n{}", self.timeline.print());
        }
        for process in self.proxies.iter_mut().chain([&mut self.cloud]) {
            process.stop_blocking(DROP_GRACE);
        }
        // Left behind it would only take room; nobody can be told any more.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn cloud_arguments(
    binaries: &Binaries,
    network: &Network,
    (page, dns, admin): (SocketAddr, SocketAddr, SocketAddr),
    world_file: &str,
    idle_grace: Duration,
) -> Vec<String> {
    let path = |name: &str| binaries.path(name).to_string_lossy().into_owned();
    let demo = format!("doze-demo={} -- {}", path("service-supervisor"), path("demo-app"));
    let (log_name, log_value) = log_filter();
    [
        ("--listen", page.to_string()),
        ("--dns-listen", dns.to_string()),
        ("--network", network.cidr()),
        ("--tasks", "process".into()),
        ("--time-factor", "60".into()),
        ("--world", world_file.into()),
        ("--proxy-admin", admin.to_string()),
        ("--image", demo),
        ("--image", format!("doze-proxy={}", path("proxy-sidecar"))),
        ("--agent", path("instance-agent")),
        ("--agent-env", format!("AGENT_IDLE_GRACE={}ms", idle_grace.as_millis())),
        ("--agent-env", format!("AGENT_TOKEN={TOKEN}")),
        ("--agent-env", "LOG_FORMAT=json".into()),
        ("--agent-env", format!("{log_name}={log_value}")),
    ]
    .into_iter()
    .flat_map(|(flag, value)| [flag.to_owned(), value])
    .collect()
}

fn proxy_environment(
    page: SocketAddr,
    dns: SocketAddr,
    listen: SocketAddr,
    admin: SocketAddr,
) -> Vec<(String, String)> {
    [
        ("SERVICE_NAME", "demo".to_owned()),
        ("PROXY_MODE", "resident".into()),
        ("PROXY_SERVICES", "demo,pair".into()),
        ("PROXY_LISTEN", listen.to_string()),
        ("PROXY_ADMIN_LISTEN", admin.to_string()),
        ("PROXY_DNS_SERVER", dns.to_string()),
        ("PROXY_CLUSTER", NAME.into()),
        ("PROXY_CAPACITY_PROVIDER", NAME.into()),
        ("PROXY_TOKEN", TOKEN.into()),
        ("AWS_ENDPOINT_URL", format!("http://{page}")),
        ("AWS_REGION", "eu-west-1".into()),
        ("AWS_ACCESS_KEY_ID", "local".into()),
        ("AWS_SECRET_ACCESS_KEY", "local".into()),
        ("LOG_FORMAT", "json".into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .chain([log_filter()])
    .collect()
}

/// `LOG` for the programs: what `E2E_LOG` says, or the usual.
fn log_filter() -> (String, String) {
    ("LOG".to_owned(), std::env::var("E2E_LOG").unwrap_or_else(|_| "info".to_owned()))
}

fn fresh_directory() -> std::io::Result<PathBuf> {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("doze-world-{}-{number}", std::process::id()));
    std::fs::create_dir(&directory)?;
    Ok(directory)
}

/// Reads server-sent events into the time line until local-aws ends.
async fn follow_events(http: reqwest::Client, url: String, timeline: Timeline) {
    let mut response = match http.get(&url).send().await {
        Ok(response) => response,
        Err(error) => return timeline.add("e2e", format!("no events: {error}"), Weight::Warning),
    };
    let mut begun = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        begun.extend_from_slice(&bytes);
        while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = begun.drain(..=end).collect();
            if let Some(data) = String::from_utf8_lossy(&line).strip_prefix("data:") {
                timeline.event(data.trim());
            }
        }
    }
}
