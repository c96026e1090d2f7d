//! The zones as the DNS has them: which names exist, indexed so that a query looks at no other service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::model::{Instance, Namespace, NamespaceKind};
use super::requests::RecordType;
use super::spread::{Change, Published};

/// A name in a zone: the namespace's id, and the labels from the last to the first.
type Key = (String, String);

/// What the zones have.
#[derive(Debug, Default)]
pub(super) struct ZoneFile {
    /// The namespaces' ids by the names of their zones.
    zones: BTreeMap<String, String>,
    /// By service id.
    services: BTreeMap<String, Entry>,
    names: BTreeMap<Key, Node>,
}

/// A service in its zone.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// None before its records are known here, and after they have gone.
    pub(super) published: Option<Published>,
    pub(super) instances: BTreeMap<String, Arc<Instance>>,
}

/// Who is at a name.
#[derive(Debug, Default)]
struct Node {
    services: BTreeSet<String>,
    /// Hosts that SRV records name: a service's id and an instance's.
    hosts: BTreeSet<(String, String)>,
}

/// What is at a name.
#[derive(Debug)]
pub(super) enum Here<'a> {
    /// Nothing, and nothing below it.
    Nothing,
    /// Nothing but names below it: it exists (RFC 8020).
    Below,
    /// A service with instances.
    Service(&'a Entry, &'a Published),
    /// A host that a SRV record names, and the record's TTL.
    Host(&'a Instance, i64),
}

impl ZoneFile {
    /// The namespaces have changed. Of two zones with one name the private one is seen, as in its VPC.
    pub(super) fn set_zones<'a>(&mut self, namespaces: impl Iterator<Item = &'a Namespace>) {
        let mut named: Vec<&Namespace> = namespaces.filter(|namespace| namespace.kind.has_zone()).collect();
        named.sort_by_key(|namespace| namespace.kind == NamespaceKind::DnsPrivate);
        self.zones = named.into_iter().map(|it| (it.name.to_lowercase(), it.id.clone())).collect();
    }

    /// The namespace whose zone is the most specific one for a name.
    pub(super) fn zone_of(&self, name: &str) -> Option<&str> {
        let mut rest = name;
        loop {
            if let Some(id) = self.zones.get(rest) {
                return Some(id);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// What is at a name of a namespace's zone.
    pub(super) fn look(&self, namespace: &str, name: &str) -> Here<'_> {
        let key = (namespace.to_owned(), reversed(name));
        if let Some(node) = self.names.get(&key) {
            if let Some((entry, published)) = node.services.first().and_then(|id| self.published(id)) {
                return Here::Service(entry, published);
            }
            let host = node.hosts.first().and_then(|(service, id)| {
                let (entry, published) = self.published(service)?;
                Some((entry.instances.get(id)?, srv_ttl(published)?))
            });
            if let Some((instance, ttl)) = host {
                return Here::Host(instance, ttl);
            }
        }
        let below = (namespace.to_owned(), key.1 + ".");
        match self.names.range(&below..).next() {
            Some(((of, next), _)) if of == namespace && next.starts_with(&below.1) => Here::Below,
            Some(_) | None => Here::Nothing,
        }
    }

    fn published(&self, service: &str) -> Option<(&Entry, &Published)> {
        let entry = self.services.get(service)?;
        Some((entry, entry.published.as_ref()?))
    }

    /// The DNS comes to see a change.
    pub(super) fn apply(&mut self, change: Change) {
        let id = match &change {
            Change::Instance { service, .. } | Change::Records { service, .. } => service.clone(),
        };
        match change {
            Change::Instance { id: instance, now, .. } => {
                self.unlist(&id, &instance);
                let entry = self.services.entry(id.clone()).or_default();
                match now {
                    Some(now) => drop(entry.instances.insert(instance.clone(), now)),
                    None => drop(entry.instances.remove(&instance)),
                }
                self.list(&id, &instance);
            }
            Change::Records { now, .. } => {
                let there: Vec<String> =
                    self.services.get(&id).iter().flat_map(|entry| entry.instances.keys().cloned()).collect();
                there.iter().for_each(|instance| self.unlist(&id, instance));
                self.services.entry(id.clone()).or_default().published = now;
                there.iter().for_each(|instance| self.list(&id, instance));
            }
        }
        if self.services.get(&id).is_some_and(|entry| entry.published.is_none() && entry.instances.is_empty()) {
            self.services.remove(&id);
        }
    }

    /// Writes the names of an instance down, where it is there.
    fn list(&mut self, service: &str, instance: &str) {
        let Some((_, published)) = self.published(service).filter(|(e, _)| e.instances.contains_key(instance)) else {
            return;
        };
        let (own, host) = keys(published, instance);
        self.names.entry(own).or_default().services.insert(service.to_owned());
        if let Some(host) = host {
            self.names.entry(host).or_default().hosts.insert((service.to_owned(), instance.to_owned()));
        }
    }

    /// Strikes the names of an instance out, where it is there.
    fn unlist(&mut self, service: &str, instance: &str) {
        let Some((entry, published)) = self.published(service).filter(|(e, _)| e.instances.contains_key(instance))
        else {
            return;
        };
        let last = entry.instances.len() == 1;
        let (own, host) = keys(published, instance);
        if last {
            self.strike(&own, |node| {
                node.services.remove(service);
            });
        }
        if let Some(host) = host {
            self.strike(&host, |node| {
                node.hosts.remove(&(service.to_owned(), instance.to_owned()));
            });
        }
    }

    fn strike(&mut self, key: &Key, strike: impl FnOnce(&mut Node)) {
        if let Some(node) = self.names.get_mut(key) {
            strike(node);
            if node.services.is_empty() && node.hosts.is_empty() {
                self.names.remove(key);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The host that an instance's SRV record names: "a concatenation of … InstanceId …, the name of the service, the name
/// of the namespace" (API reference of DnsRecord).
pub(super) fn host_name(published: &Published, instance: &str) -> String {
    format!("{}.{}", instance.to_lowercase(), published.name)
}

/// The name of the service, and where it has SRV records, that of the host.
fn keys(published: &Published, instance: &str) -> (Key, Option<Key>) {
    let key = |name: &str| (published.namespace.clone(), reversed(name));
    (key(&published.name), srv_ttl(published).map(|_| key(&host_name(published, instance))))
}

fn srv_ttl(published: &Published) -> Option<i64> {
    published.dns.dns_records.iter().find(|record| record.kind == RecordType::Srv).map(|record| record.ttl)
}

fn reversed(name: &str) -> String {
    let mut labels: Vec<&str> = name.split('.').collect();
    labels.reverse();
    labels.join(".")
}
