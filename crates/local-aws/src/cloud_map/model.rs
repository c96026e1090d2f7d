//! Namespaces, services, instances: what Cloud Map knows, and how it is looked up.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use daemon::moment::Moment;

use super::health::Health;
use super::operations::Operations;
use super::refusals::not_found;
use super::requests::{DnsConfig, HealthCheckConfig, HealthCheckCustomConfig};
use super::spread::Spread;
use super::zones::ZoneFile;
use crate::account::{Account, last_part};
use crate::ids::Ids;
use crate::pace::Pace;
use crate::refusal::Refusal;

/// What came of time passing, to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An instance is registered (again).
    Registered {
        /// `demo.service.local`.
        name: String,
        /// Its id.
        instance: String,
    },
    /// An instance is no longer registered.
    Deregistered {
        /// `demo.service.local`.
        name: String,
        /// Its id.
        instance: String,
    },
}

/// What a namespace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamespaceKind {
    /// Names for API calls alone.
    Http,
    /// A zone that a VPC sees.
    DnsPrivate,
    /// A zone that all see.
    DnsPublic,
}

impl NamespaceKind {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            NamespaceKind::Http => "HTTP",
            NamespaceKind::DnsPrivate => "DNS_PRIVATE",
            NamespaceKind::DnsPublic => "DNS_PUBLIC",
        }
    }

    /// Whether it has a zone.
    #[must_use]
    pub const fn has_zone(self) -> bool {
        match self {
            NamespaceKind::Http => false,
            NamespaceKind::DnsPrivate | NamespaceKind::DnsPublic => true,
        }
    }
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// `ns-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub kind: NamespaceKind,
    /// `local`.
    pub name: String,
    /// What DiscoverInstances calls it: its name, with a hash where another namespace had the name before.
    pub http_name: String,
    /// Seconds that "there is no such name" may be remembered.
    pub soa_ttl: u32,
    /// For people.
    pub description: Option<String>,
    /// Of the call that made it.
    pub creator_request_id: String,
    /// When it was made.
    pub created_at: Moment,
    /// Its instances, and those that are coming.
    pub(super) taken: usize,
}

/// An instance of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its address, port and what its owner wrote.
    pub attributes: BTreeMap<String, String>,
    /// What its custom health check says; true without one.
    pub healthy: bool,
    /// Of the call that registered it last.
    pub creator_request_id: Option<String>,
    /// `AWS_INSTANCE_IPV4`, read.
    pub(super) ipv4: Option<Ipv4Addr>,
    /// `AWS_INSTANCE_IPV6`, read.
    pub(super) ipv6: Option<Ipv6Addr>,
    /// `AWS_INSTANCE_PORT`, read.
    pub(super) port: Option<u16>,
}

/// A service: a name in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `srv-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `demo.service`.
    pub name: String,
    /// The namespace's id.
    pub namespace: String,
    /// Its records; none where it is for API calls alone.
    pub dns: Option<DnsConfig>,
    /// Checks that Route 53 makes.
    pub health_check: Option<HealthCheckConfig>,
    /// Checks that somebody else makes.
    pub custom_health_check: Option<HealthCheckCustomConfig>,
    /// For people.
    pub description: Option<String>,
    /// Of the call that made it.
    pub creator_request_id: String,
    /// When it was made.
    pub created_at: Moment,
    /// Its own attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its instances by id.
    pub instances: BTreeMap<String, Arc<Instance>>,
    /// Its instances, and those that are coming.
    pub(super) taken: usize,
}

/// Cloud Map.
#[derive(Debug)]
pub struct CloudMap {
    pub(super) account: Account,
    pub(super) pace: Pace,
    pub(super) ids: Ids,
    /// What the ids of services are made from, beside their names.
    pub(super) salt: u64,
    /// By id.
    pub(super) namespaces: BTreeMap<String, Namespace>,
    /// By id.
    pub(super) services: BTreeMap<String, Service>,
    /// The services' ids by namespace and name, as the namespace compares names.
    pub(super) names: BTreeMap<(String, String), String>,
    /// By ARN.
    pub(super) tags: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) operations: Operations,
    pub(super) spread: Spread,
    pub(super) health: Health,
    /// The addresses of EC2 instances.
    pub(super) hosts: BTreeMap<String, Ipv4Addr>,
    pub(super) zones: ZoneFile,
    pub(super) effects: VecDeque<Effect>,
}

impl CloudMap {
    /// An account without anything in it.
    #[must_use]
    pub fn new(account: Account, pace: Pace, mut ids: Ids) -> Self {
        CloudMap {
            account,
            pace,
            salt: ids.number(),
            spread: Spread::new(Ids::new(ids.number())),
            ids,
            namespaces: BTreeMap::new(),
            services: BTreeMap::new(),
            names: BTreeMap::new(),
            tags: BTreeMap::new(),
            operations: Operations::default(),
            zones: ZoneFile::default(),
            health: Health::default(),
            hosts: BTreeMap::new(),
            effects: VecDeque::new(),
        }
    }

    /// What has come of time passing since the last time this was asked.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        self.effects.drain(..).collect()
    }

    /// An EC2 instance has this address; or it is gone.
    pub fn know_host(&mut self, id: &str, address: Option<Ipv4Addr>) {
        match address {
            Some(address) => drop(self.hosts.insert(id.to_owned(), address)),
            None => drop(self.hosts.remove(id)),
        }
    }

    /// Every namespace.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.values()
    }

    /// Every service.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// The name that the DNS has for a service: `demo.service.local`.
    #[must_use]
    pub fn full_name(&self, service: &Service) -> String {
        let zone = self.namespaces.get(&service.namespace).map_or("", |namespace| namespace.name.as_str());
        match service.name.as_str() {
            "." => zone.to_lowercase(),
            name => format!("{name}.{zone}").to_lowercase(),
        }
    }

    /// A namespace by id or ARN.
    ///
    /// # Errors
    /// `NamespaceNotFound`.
    pub fn namespace(&self, id: &str) -> Result<&Namespace, Refusal> {
        let none = || not_found("NamespaceNotFound", format!("Namespace {id} not found."));
        self.namespaces.get(last_part(id)).ok_or_else(none)
    }

    /// A service by id or ARN.
    ///
    /// # Errors
    /// `ServiceNotFound`.
    pub fn service(&self, id: &str) -> Result<&Service, Refusal> {
        let none = || not_found("ServiceNotFound", format!("Service {id} not found."));
        self.services.get(last_part(id)).ok_or_else(none)
    }

    /// An instance.
    ///
    /// # Errors
    /// `ServiceNotFound`; `InstanceNotFound`, also where it "was recently registered, and information about the instance
    /// hasn't propagated yet" (the error's documentation), which happens while spreading is made late.
    pub fn instance(&self, service: &str, id: &str) -> Result<&Instance, Refusal> {
        let service = self.service(service)?;
        let found = service.instances.get(id).filter(|_| !self.spread.is_late() || self.spread.sees(&service.id, id));
        found.map(AsRef::as_ref).ok_or_else(|| not_found("InstanceNotFound", format!("Instance {id} not found.")))
    }

    /// The services of a namespace.
    pub(super) fn services_of<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a String> {
        let names = self.names.range((namespace.to_owned(), String::new())..);
        names.take_while(move |((of, _), _)| of == namespace).map(|(_, id)| id)
    }
}

/// How a namespace compares the names of services: "for services that are accessible by DNS queries, you can't create
/// multiple services with names that differ only by case" (API reference of CreateService).
pub(super) fn name_key(namespace: &Namespace, name: &str) -> (String, String) {
    let name = if namespace.kind.has_zone() { name.to_lowercase() } else { name.to_owned() };
    (namespace.id.clone(), name)
}
