//! What the DNS answers of the namespaces.

use std::sync::Arc;

use super::model::{CloudMap, Instance};
use super::requests::{RecordType, RoutingPolicy};
use super::spread::Published;
use super::zones::{Entry, Here, host_name};
use crate::views::{RecordData, RecordKind, Records, Routing, ZoneView};

impl CloudMap {
    /// What there is of a name (lower case, no final dot).
    #[must_use]
    pub fn records(&self, name: &str, kind: RecordKind) -> Records {
        let Some(namespace) = self.zones.zone_of(name).and_then(|id| self.namespaces.get(id)) else {
            return Records::NotOurs;
        };
        let zone = ZoneView { name: namespace.name.to_lowercase(), soa_ttl: namespace.soa_ttl };
        match self.zones.look(&namespace.id, name) {
            Here::Service(entry, published) => of_service(zone, entry, published, kind),
            Here::Host(instance, ttl) => of_host(zone, instance, ttl, kind),
            Here::Below => Records::NoData(zone),
            Here::Nothing if name == zone.name => Records::NoData(zone),
            Here::Nothing => Records::NoSuchName(zone),
        }
    }
}

fn of_service(zone: ZoneView, entry: &Entry, published: &Published, kind: RecordKind) -> Records {
    let routing = match published.dns.routing_policy {
        RoutingPolicy::Multivalue => Routing::Multivalue,
        RoutingPolicy::Weighted => Routing::Weighted,
    };
    let wanted = |record: RecordType| {
        let kind_of = match record {
            RecordType::A => RecordKind::A,
            RecordType::Aaaa => RecordKind::Aaaa,
            RecordType::Srv => RecordKind::Srv,
            // A name that stands for another has nothing else, so that is the answer to every question.
            RecordType::Cname => return true,
        };
        kind == kind_of || kind == RecordKind::Any
    };
    for record in published.dns.dns_records.iter().filter(|record| wanted(record.kind)) {
        let data = healthy(entry)
            .into_iter()
            .filter_map(|(id, instance)| {
                Some(match record.kind {
                    RecordType::A => RecordData::A(instance.ipv4?),
                    RecordType::Aaaa => RecordData::Aaaa(instance.ipv6?),
                    RecordType::Srv => RecordData::Srv { port: instance.port?, target: host_name(published, id) },
                    RecordType::Cname => {
                        RecordData::Cname(instance.attributes.get("AWS_INSTANCE_CNAME")?.to_lowercase())
                    }
                })
            })
            .collect::<Vec<_>>();
        if !data.is_empty() {
            return Records::Found { zone, ttl: ttl(record.ttl), data, routing };
        }
    }
    Records::NoData(zone)
}

/// The healthy instances; all where none is: "if no instances are healthy, Route 53 responds to DNS queries as if all of
/// the instances were healthy" (API reference of DnsConfig, weighted), "up to eight unhealthy records" (Route 53's
/// developer guide, multivalue).
fn healthy(entry: &Entry) -> Vec<(&String, &Arc<Instance>)> {
    let healthy: Vec<_> = entry.instances.iter().filter(|(_, instance)| instance.healthy).collect();
    if healthy.is_empty() { entry.instances.iter().collect() } else { healthy }
}

fn of_host(zone: ZoneView, instance: &Instance, seconds: i64, kind: RecordKind) -> Records {
    let a = instance.ipv4.map(RecordData::A).filter(|_| matches!(kind, RecordKind::A | RecordKind::Any));
    let aaaa = instance.ipv6.map(RecordData::Aaaa).filter(|_| matches!(kind, RecordKind::Aaaa | RecordKind::Any));
    match a.or(aaaa) {
        Some(data) => Records::Found { zone, ttl: ttl(seconds), data: vec![data], routing: Routing::Multivalue },
        None => Records::NoData(zone),
    }
}

/// A TTL that was checked when it came in.
fn ttl(seconds: i64) -> u32 {
    u32::try_from(seconds).unwrap_or(0)
}
