//! Builds the parts, joins them, and ends them in order.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use cloud_map::Registrar;
use daemon::exit::Code;
use daemon::moment::Clock;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::config::{Mode, Settings};
use crate::decide::backends::{Named, Source, Supervision};
use crate::decide::health::Pace;
use crate::discover::{Discovery, resolver};
use crate::forward::{Forward, redirect};
use crate::keep_alive::keep_alive;
use crate::listen::room::Room;
use crate::listen::{self, Front};
use crate::metrics::Counts;
use crate::register::{self, Registered};
use crate::service::{Limits, Service};
use crate::stage::Stage;
use crate::tls::{Tls, TlsError, reload};
use crate::wake::ecs::Ecs;
use crate::wake::follow::Follower;
use crate::wake::{Aws, Waker};
use crate::watch::{Following, follow_all, fresh_id};
use crate::{admin, memory, pair};

/// Attempts of AWS calls end after this, whatever hangs.
const AWS_ATTEMPT: Duration = Duration::from_secs(5);
const AWS_CALL: Duration = Duration::from_secs(15);

/// While requests are held, ramps and rests end in small steps.
const QUICK_TICK: Duration = Duration::from_millis(100);
const TICK: Duration = Duration::from_secs(1);

/// Callers that may wait to be accepted; the kernel has a bound of its own (`net.core.somaxconn`).
const ACCEPT_QUEUE: u32 = 4096;

/// For writing what the held are told at the deadline.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Why the proxy could not start.
#[derive(Debug, thiserror::Error)]
enum CannotStart {
    #[error("cannot listen on {0}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
    #[error("cannot read the system's DNS settings")]
    Resolver(#[source] hickory_resolver::net::NetError),
    #[error("cannot serve TLS")]
    Tls(#[source] TlsError),
    #[error("cannot handle signals")]
    Signals(#[source] std::io::Error),
    #[error("{} is no address", register::METADATA_VARIABLE)]
    Metadata(#[source] http::uri::InvalidUri),
}

/// Runs until it is asked to end, or until a pair's service has gone.
///
/// One thread: under a quarter of a CPU a second one would only burn the quota sooner. Everything that a request
/// touches is either its own or behind a lock that is held for plain computation, so one such runtime for each core can
/// come, each with its own listener and pools.
#[must_use]
pub fn run(settings: Settings) -> Code {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return Code::Failed;
        }
    };
    let ended = runtime.block_on(serve(settings));
    // What is left hangs in somebody else's answer.
    runtime.shutdown_background();
    ended.unwrap_or_else(|error| {
        tracing::error!(error = %daemon::exit::chain(&error), "cannot start");
        Code::Failed
    })
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

async fn serve(settings: Settings) -> Result<Code, CannotStart> {
    let signals = |kind| signal(kind).map_err(CannotStart::Signals);
    let mut signals =
        Signals { terminate: signals(SignalKind::terminate())?, interrupt: signals(SignalKind::interrupt())? };
    let listener = bind(settings.listen)?;
    let encrypted = settings.entry.tls.as_ref();
    let tls = match encrypted {
        Some(encrypted) => Some((bind(encrypted.listen)?, Tls::load(&encrypted.settings).map_err(CannotStart::Tls)?)),
        None => None,
    };
    let admin_listener = bind(settings.admin_listen)?;
    let admin = admin_listener.local_addr().map_err(|error| CannotStart::Listen(settings.admin_listen, error))?;
    let clock = Clock::start();
    let services = services(&settings, clock);
    let aws_config = match settings.run_task.is_some() {
        true => Some(aws_config().await),
        false => None,
    };
    let registrar = aws_config.as_ref().map(|config| Arc::new(Registrar::new(config, &settings.namespace)));

    let mut background = JoinSet::new();
    spawn_service_loops(&mut background, &settings, &services, aws_config.as_ref(), registrar.as_ref())?;
    let counts = Arc::new(Counts::default());
    background.spawn(admin::serve(admin_listener, services.clone(), Arc::clone(&counts), settings.mode));

    let (stage, stages) = watch::channel(Stage::Open);
    let own = listener.local_addr().map_err(|error| CannotStart::Listen(settings.listen, error))?;
    let forward = Forward {
        default_service: settings.default_service.as_ref().and_then(|name| find(&services, name)),
        services: services.clone(),
        hold_timeout: settings.hold_timeout,
        limits: settings.limits,
        response_timeout: settings.response_timeout,
        dialling: settings.dialling,
        upstream: settings.upstream_protocol,
        upgrades: settings.upgrades.clone(),
        forwarded: settings.forwarded,
        redirect_to: encrypted.and_then(|tls| tls.redirect_to),
        hsts: encrypted.and_then(|tls| redirect::hsts(tls.hsts)?.to_str().ok().map(str::to_owned)),
        counts: Arc::clone(&counts),
        stage: stages.clone(),
    };
    let front = Arc::new(Front {
        forward,
        times: settings.times,
        trust: settings.entry.trust.clone(),
        proxy_protocol: settings.entry.proxy_protocol,
        clock,
    });
    let room = Room::of_process(settings.most);
    let mut served = JoinSet::new();
    served.spawn(listen::serve(listener, None, Arc::clone(&front), room.clone(), stages.clone()));
    let own_tls = match (encrypted, tls) {
        (Some(encrypted), Some((listener, tls))) => {
            background.spawn(reload::follow(tls.clone()));
            let own = listener.local_addr().map_err(|error| CannotStart::Listen(encrypted.listen, error))?;
            served.spawn(listen::serve(listener, Some(tls), front, room, stages));
            Some(own)
        }
        _ => None,
    };
    let registered = register_itself(&mut background, &settings, own, registrar)?;
    tracing::info!(listen = %own, tls_listen = own_tls.map(tracing::field::display), %admin, services = services.len(), mode = ?settings.mode, "proxy started");

    let code = tokio::select! {
        () = signals.any() => Code::Asked,
        () = until_gone(&settings, &services) => Code::ServiceGone,
    };
    tracing::info!(code = code as u8, "proxy ending");
    let orderly = {
        // While it is still registered it accepts; what is accepted needs time as well.
        let leave_within = settings.drain_timeout / 2;
        close(&stage, &services, registered, leave_within, &mut served)
    };
    if timeout(settings.drain_timeout, orderly).await.is_err() {
        tracing::warn!(timeout_s = settings.drain_timeout.as_secs(), "drain timeout, cutting what is left");
        // Those still held are told; the others had their time.
        services.iter().for_each(Service::shut_down);
        sleep(LAST_WORDS).await;
    }
    stage.send_replace(Stage::Stop);
    tracing::info!("proxy ended");
    Ok(code)
}

/// Ends in order (rule X9): nobody finds it any more, nothing new comes, what is under way ends.
async fn close(
    stage: &watch::Sender<Stage>,
    services: &[Arc<Service>],
    registered: Option<oneshot::Receiver<Registered>>,
    leave_within: Duration,
    served: &mut JoinSet<()>,
) {
    stage.send_replace(Stage::Leaving);
    if let Some(Ok(registered)) = registered.map(|mut r| r.try_recv())
        && timeout(leave_within, registered.deregister()).await.is_err()
    {
        tracing::warn!("proxy not deregistered in time");
    }
    stage.send_replace(Stage::Closing);
    while served.join_next().await.is_some() {}
    // Tunnels live on after the connections that carried them.
    while services.iter().any(|service| service.is_busy()) {
        sleep(QUICK_TICK).await;
    }
}

/// The runtime's own listener lets 128 callers wait to be accepted; the next one's connection comes a second late.
fn bind(at: std::net::SocketAddr) -> Result<TcpListener, CannotStart> {
    let listen = || {
        let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(at)?;
        // What is accepted takes these from its listener, which saves each connection five system calls.
        socket.set_nodelay(true)?;
        keep_alive(&socket);
        socket.listen(ACCEPT_QUEUE)
    };
    listen().map_err(|error| CannotStart::Listen(at, error))
}

fn services(settings: &Settings, clock: Clock) -> Vec<Arc<Service>> {
    let limits = Limits {
        hold_max: settings.hold_max as usize,
        hold_timeout: settings.hold_timeout,
        start_grace: settings.start_grace,
        max_tasks: settings.run_task.as_ref().map_or(0, |run| run.max_tasks),
        wakes: settings.run_task.is_some(),
    };
    let names = settings.all_services();
    names.into_iter().map(|name| Service::new(name, limits, settings.mode == Mode::Pair, clock)).collect()
}

fn find(services: &[Arc<Service>], name: &task_state::ServiceName) -> Option<Arc<Service>> {
    services.iter().find(|service| service.name == *name).cloned()
}

async fn aws_config() -> aws_config::SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(AWS_ATTEMPT).operation_timeout(AWS_CALL).build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await
}

fn spawn_service_loops(
    background: &mut JoinSet<()>,
    settings: &Settings,
    services: &[Arc<Service>],
    aws_config: Option<&aws_config::SdkConfig>,
    registrar: Option<&Arc<Registrar>>,
) -> Result<(), CannotStart> {
    let aws = match (&settings.run_task, aws_config, registrar) {
        (Some(run_task), Some(config), Some(registrar)) => {
            let ecs = Arc::new(Ecs::new(config, run_task.clone()));
            let (follower, following) = Follower::new(Arc::clone(&ecs));
            background.spawn(following);
            Some(Aws { ecs, follower, registrar: Arc::clone(registrar) })
        }
        _ => None,
    };
    let following = Following {
        id: fresh_id(),
        token: settings.token.clone(),
        pace: Pace::new(settings.health_interval),
        interval: settings.health_interval,
        check: settings.health_check.clone(),
    };
    let resolver = match settings.backends.is_empty() {
        true => Some(resolver(&settings.dns_servers).map_err(CannotStart::Resolver)?),
        false => None,
    };
    background.spawn(tidy());
    for service in services {
        for at in &settings.backends {
            service.name_backend(Named {
                at: *at,
                status_port: settings.status_port.get(),
                source: Source::Fixed,
                supervision: Supervision::Unknown,
                task: None,
            });
        }
        if let Some(resolver) = &resolver {
            let discovery = Discovery {
                service: Arc::clone(service),
                resolver: resolver.clone(),
                namespace: settings.namespace.clone(),
                backend_port: settings.backend_port,
                status_port: settings.status_port,
            };
            background.spawn(discovery.run());
        }
        let waker = Waker {
            service: Arc::clone(service),
            aws: aws.clone(),
            backend_port: settings.backend_port,
            status_port: settings.status_port,
            token: settings.token.clone(),
            start_grace: settings.start_grace,
        };
        background.spawn(waker.run());
        background.spawn(follow_all(Arc::clone(service), following.clone()));
        background.spawn(tick(Arc::clone(service), settings.dialling.idle));
    }
    Ok(())
}

/// A crowd that has left, or is parked, leaves its memory behind; nothing else might ever be done that gives it back.
async fn tidy() {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        memory::give_back();
    }
}

async fn tick(service: Arc<Service>, idle: Duration) {
    let mut changes = service.changes();
    let mut ticked = Instant::now();
    loop {
        // A change may have begun a hold. It puts off no tick: a service of many words would never have one.
        let wait = if service.is_holding() { QUICK_TICK } else { TICK };
        tokio::select! {
            () = sleep_until(ticked + wait) => {
                service.tick(idle);
                ticked = Instant::now();
            }
            _ = changes.changed(), if wait == TICK => (),
        }
    }
}

fn register_itself(
    background: &mut JoinSet<()>,
    settings: &Settings,
    own: std::net::SocketAddr,
    registrar: Option<Arc<Registrar>>,
) -> Result<Option<oneshot::Receiver<Registered>>, CannotStart> {
    let (Ok(metadata), Some(registrar), Some(service)) =
        (std::env::var(register::METADATA_VARIABLE), registrar, settings.default_service.clone())
    else {
        return Ok(None);
    };
    let Some(port) = std::num::NonZeroU16::new(own.port()) else { return Ok(None) };
    let metadata = metadata.parse().map_err(CannotStart::Metadata)?;
    let (done, registered) = oneshot::channel();
    background.spawn(async move {
        // Where nobody waits any more the proxy is ending.
        let _ = done.send(register::register(registrar, metadata, service, own.ip(), port).await);
    });
    Ok(Some(registered))
}

async fn until_gone(settings: &Settings, services: &[Arc<Service>]) {
    match (settings.mode, services.first()) {
        (Mode::Pair, Some(service)) => pair::until_gone(Arc::clone(service), settings).await,
        (Mode::Pair | Mode::Resident, _) => std::future::pending().await,
    }
}
