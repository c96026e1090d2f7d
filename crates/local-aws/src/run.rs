//! Starts everything, waits until it is asked to end, and leaves nothing behind.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use daemon::exit::{Code, chain};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::{Settings, Tasks};
use crate::dns::{self, Dns};
use crate::faults::Injection;
use crate::reconcile::{Agents, Reconciler};
use crate::runtime::{self, DockerSettings, ProcessSettings, Runtime, RuntimeSettings};
use crate::world::scenario::{self, Scenario};
use crate::world::{World, settings, start};
use crate::{proxies, server};

/// Why local-aws cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its port is taken, or the address is not this machine's.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The DNS's port is.
    #[error("cannot serve DNS")]
    Dns(#[source] dns::Error),
    /// The world file cannot be read.
    #[error("cannot read the world file {0:?}")]
    WorldFile(PathBuf, #[source] std::io::Error),
    /// The world file does not make a world.
    #[error("the world file {0:?} is wrong")]
    World(PathBuf, #[source] start::Error),
    /// The scenario file cannot be read.
    #[error("cannot read the scenario file {0:?}")]
    ScenarioFile(PathBuf, #[source] std::io::Error),
    /// The scenario file is wrong.
    #[error("the scenario file {0:?} is wrong")]
    Scenario(PathBuf, #[source] scenario::Error),
    /// Tasks cannot be run.
    #[error("cannot run tasks")]
    Runtime(#[source] runtime::Error),
}

/// Runs until SIGTERM or SIGINT. One thread does everything: children are tied to the life of the thread that started
/// them, so that nothing survives local-aws, however it ends.
#[must_use]
pub fn run(settings: Settings) -> Code {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(error = chain(&error), "cannot start");
            return Code::Failed;
        }
    };
    runtime.block_on(async {
        let (Ok(mut terminated), Ok(mut interrupted)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::error!("cannot listen for signals");
            return Code::Failed;
        };
        let running = match Running::start(settings).await {
            Ok(running) => running,
            Err(error) => {
                tracing::error!(error = chain(&error), "cannot start");
                return Code::Failed;
            }
        };
        let display = |address: Option<SocketAddr>| address.map(tracing::field::display);
        let (dns, resolver) = (display(running.dns_address()), display(running.resolver_address()));
        tracing::info!(listen = %running.address, dns, resolver, "ready");
        tokio::select! {
            _ = terminated.recv() => tracing::info!("SIGTERM: ending everything"),
            _ = interrupted.recv() => tracing::info!("SIGINT: ending everything"),
        }
        running.end().await;
        Code::Asked
    })
}

/// A local AWS that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it knows.
    pub world: World,
    dns: Option<Dns>,
    resolver: Option<Dns>,
    server: JoinHandle<()>,
    asking: JoinHandle<()>,
    reconciler: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Starts it: when this returns, it listens and the world file's world exists.
    ///
    /// # Errors
    /// [`Error`]; nothing is left of it then.
    pub async fn start(settings: Settings) -> Result<Running, Error> {
        let listener = TcpListener::bind(settings.listen).await.map_err(|e| Error::Listen(settings.listen, e))?;
        let address = listener.local_addr().map_err(|e| Error::Listen(settings.listen, e))?;
        let own = reached_at(address);
        let task_endpoint = settings.task_endpoint.clone().unwrap_or_else(|| format!("http://{own}"));
        let seed = settings.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        tracing::info!(seed, "the same --seed makes the same ids, orders and chances");
        let world = World::new(settings::Settings {
            pace: settings.pace,
            network: settings.network,
            gives_addresses: settings.tasks != Tasks::Docker,
            task_endpoint: task_endpoint.clone(),
            seed,
            throttle: settings.throttle,
            ..settings::Settings::default()
        });
        if let Some(file) = &settings.world {
            let text = std::fs::read_to_string(file).map_err(|e| Error::WorldFile(file.clone(), e))?;
            world.make(&text).map_err(|e| Error::World(file.clone(), e))?;
        }
        if let Some(file) = &settings.scenario {
            let text = std::fs::read_to_string(file).map_err(|e| Error::ScenarioFile(file.clone(), e))?;
            world.follow(Scenario::read(&text).map_err(|e| Error::Scenario(file.clone(), e))?);
        }
        let dns = match settings.dns_listen {
            Some(at) => Some(Dns::listen(at, Arc::new(world.clone()), seed).await.map_err(Error::Dns)?),
            None => None,
        };
        let resolver = match settings.resolver_listen {
            Some(at) => Some(Dns::resolve(at, Arc::new(world.clone()), seed).await.map_err(Error::Dns)?),
            None => None,
        };
        let for_tasks = |dns: &Option<Dns>| dns.as_ref().map(|dns| dns_for_tasks(dns.at(), &task_endpoint));
        let (dns_server, resolver_address) = (for_tasks(&dns), for_tasks(&resolver));
        let (events, happened) = mpsc::unbounded_channel();
        let tasks = runtime_settings(&settings, dns_server, resolver_address);
        let runtime = Runtime::new(tasks, events.clone()).await.map_err(Error::Runtime)?;
        let agents = settings.agent.map(|program| Agents {
            program,
            endpoint: format!("http://{own}"),
            region: crate::account::Account::default().region,
            environment: settings.agent_env,
        });
        let (stop, stopped) = watch::channel(false);
        let reconciler = Reconciler::new(world.clone(), runtime, agents, events);
        let reconciler = tokio::spawn(reconciler.run(happened, stopped.clone()));
        let asking = tokio::spawn(proxies::ask(settings.proxy_admins, world.clone(), stopped.clone()));
        let server = tokio::spawn(server::serve(listener, world.clone(), stopped));
        Ok(Running { address, world, dns, resolver, server, asking, reconciler, stop })
    }

    /// Lets something go wrong; the fault's id.
    ///
    /// # Errors
    /// Whom it is to happen to does not exist, or does not run.
    pub fn inject(&self, injection: Injection) -> Result<u64, String> {
        self.world.inject(injection)
    }

    /// Where the DNS listens.
    #[must_use]
    pub fn dns_address(&self) -> Option<SocketAddr> {
        self.dns.as_ref().map(Dns::at)
    }

    /// Where the caching resolver listens.
    #[must_use]
    pub fn resolver_address(&self) -> Option<SocketAddr> {
        self.resolver.as_ref().map(Dns::at)
    }

    /// Ends it: when this returns, nothing that it started is left and its ports are free.
    pub async fn end(self) {
        let _ = self.stop.send(true);
        // The tasks end while AWS still answers: a task that takes its leave can.
        let _ = self.reconciler.await;
        self.server.abort();
        let _ = self.server.await;
        let _ = self.asking.await;
        for dns in [self.dns, self.resolver].into_iter().flatten() {
            dns.close().await;
        }
    }
}

fn runtime_settings(
    settings: &Settings,
    dns_server: Option<SocketAddr>,
    resolver: Option<SocketAddr>,
) -> RuntimeSettings {
    match settings.tasks {
        Tasks::Process => {
            let images = settings.images.iter().cloned().collect();
            RuntimeSettings::Process(ProcessSettings { images, dns_server, resolver })
        }
        Tasks::Simulated => RuntimeSettings::Simulated,
        Tasks::Docker => RuntimeSettings::Docker(DockerSettings {
            network: settings.docker_network.clone(),
            publish: settings.publish.clone(),
            dns_server,
            resolver,
        }),
    }
}

/// How this machine's own programs reach an address that is listened on.
fn reached_at(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from(([127, 0, 0, 1], address.port())),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

/// Where tasks reach the DNS: it is on the machine that they reach AWS on.
fn dns_for_tasks(dns: SocketAddr, task_endpoint: &str) -> SocketAddr {
    let host = task_endpoint.trim_start_matches("http://").split([':', '/']).next().unwrap_or_default();
    match host.parse::<IpAddr>() {
        Ok(ip) if dns.ip().is_unspecified() => SocketAddr::new(ip, dns.port()),
        Ok(_) | Err(_) => reached_at(dns),
    }
}
