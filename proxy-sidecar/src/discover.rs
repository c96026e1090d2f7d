//! Asks DNS for a service's backends when [`crate::decide::lookup`] says so, and names what it finds.
//!
//! A records only, with a trailing dot (trap 16), and no cache of our own: the record's TTL decides when the next
//! question is due.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::sleep;

use crate::decide::backends::{Named, Source, Supervision};
use crate::decide::lookup::Lookups;
use crate::service::Service;

/// For how long hickory may keep a negative answer (trap 1).
const NEGATIVE: Duration = Duration::from_secs(1);

/// A zone that remembers negative answers for longer than this is worth a warning.
const LONG_NEGATIVE: Duration = Duration::from_secs(5);

/// Makes a resolver of these servers; of the system's where there are none.
///
/// # Errors
/// The system's configuration cannot be read.
pub fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = match servers {
        [] => TokioResolver::builder_tokio()?,
        some => {
            let servers = some.iter().map(|server| {
                let mut config = NameServerConfig::udp_and_tcp(server.ip());
                config.connections.iter_mut().for_each(|c| c.port = server.port());
                config
            });
            let config = ResolverConfig::from_name_servers(servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.negative_max_ttl = Some(NEGATIVE);
    options.timeout = Duration::from_secs(1);
    options.attempts = 2;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

/// Asks for one service, for ever.
#[derive(Debug)]
pub struct Discovery {
    /// The service.
    pub service: Arc<Service>,
    /// Whom to ask.
    pub resolver: TokioResolver,
    /// `--namespace`.
    pub namespace: String,
    /// `--backend-port`.
    pub backend_port: NonZeroU16,
    /// `--status-port`.
    pub status_port: NonZeroU16,
}

enum Found {
    Addresses(Vec<Ipv4Addr>, Duration),
    Nothing(Option<Duration>),
}

impl Discovery {
    /// Asks when it may and names what it finds.
    pub async fn run(self) {
        let clock = self.service.clock;
        let name = format!("{}.service.{}.", self.service.name, self.namespace);
        let mut lookups = Lookups::new(clock.now());
        let mut changes = self.service.changes();
        let mut warned = false;
        loop {
            let due = lookups.due(self.service.situation(), clock.now());
            let wait = due.map(|due| due.since(clock.now()));
            tokio::select! {
                () = sleep(wait.unwrap_or_default()), if wait.is_some() => (),
                () = self.service.until_watch_broke() => {
                    lookups.watch_broke(clock.now());
                    continue;
                }
                changed = changes.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            }
            match self.ask(&name).await {
                Found::Addresses(addresses, ttl) => {
                    lookups.answered(ttl, clock.now());
                    addresses.into_iter().for_each(|address| self.name(address));
                }
                Found::Nothing(negative) => {
                    if let Some(negative) = negative.filter(|n| *n > LONG_NEGATIVE && !warned) {
                        warned = true;
                        tracing::warn!(service = %self.service.name, namespace = self.namespace, seconds = negative.as_secs(),
                            "zone remembers missing names for long, set its SOA TTL to 1");
                    }
                    lookups.no_answer(negative, clock.now());
                }
            }
        }
    }

    async fn ask(&self, name: &str) -> Found {
        match self.resolver.lookup(name, RecordType::A).await {
            Ok(answer) => {
                let mut ttl = u32::MAX;
                let mut addresses = Vec::new();
                for record in answer.answers() {
                    if let RData::A(a) = &record.data {
                        addresses.push(a.0);
                        ttl = ttl.min(record.ttl);
                    }
                }
                tracing::debug!(service = %self.service.name, ?addresses, ttl, "name resolved");
                Found::Addresses(addresses, Duration::from_secs(ttl.into()))
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                tracing::debug!(service = %self.service.name, code = %none.response_code, "name has no record");
                let minimum = none.soa.as_ref().map(|soa| soa.data.minimum);
                let negative = none.negative_ttl.into_iter().chain(minimum).max();
                Found::Nothing(negative.map(|seconds| Duration::from_secs(seconds.into())))
            }
            Err(error) => {
                tracing::warn!(service = %self.service.name, error = %daemon::exit::chain(&error), "name not resolved");
                Found::Nothing(None)
            }
        }
    }

    fn name(&self, address: Ipv4Addr) {
        self.service.name_backend(Named {
            at: SocketAddr::new(IpAddr::V4(address), self.backend_port.get()),
            status_port: self.status_port.get(),
            source: Source::Dns,
            supervision: Supervision::Unknown,
            task: None,
        });
    }
}
