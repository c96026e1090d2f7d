//! What the DNS has of the namespaces.

use std::net::Ipv4Addr;

use super::model::{CloudMap, Instance, Namespace};
use crate::views::{RecordData, RecordKind, Records, Routing, ZoneView};

impl CloudMap {
    /// What there is of a name (lower case, no final dot).
    #[must_use]
    pub fn records(&self, name: &str, kind: RecordKind) -> Records {
        let Some(zone) = self.zone_of(name) else { return Records::NotOurs };
        let view = ZoneView { name: zone.name.clone(), soa_ttl: zone.soa_ttl };
        let want_a = matches!(kind, RecordKind::A | RecordKind::Any);
        let here = || {
            let services = self.services.values().filter(|service| service.namespace == zone.id);
            services.filter(|service| !service.instances.is_empty()).map(|service| (self.full_name(service), service))
        };
        if let Some((_, service)) = here().find(|(full, _)| full == name) {
            let ttl = service.dns.iter().flat_map(|dns| &dns.dns_records).find(|r| r.kind == "A").map(|r| r.ttl);
            let address = |instance: &Instance| instance.attributes.get("AWS_INSTANCE_IPV4")?.parse::<Ipv4Addr>().ok();
            let data: Vec<RecordData> = service.instances.values().filter_map(address).map(RecordData::A).collect();
            match ttl {
                Some(ttl) if want_a && !data.is_empty() => {
                    Records::Found { zone: view, ttl, data, routing: Routing::Multivalue }
                }
                Some(_) | None => Records::NoData(view),
            }
        } else if name == zone.name || here().any(|(full, _)| full.ends_with(&format!(".{name}"))) {
            // The zone itself, or a name that only has names below it.
            Records::NoData(view)
        } else {
            Records::NoSuchName(view)
        }
    }

    /// The most specific zone that the name is in.
    fn zone_of(&self, name: &str) -> Option<&Namespace> {
        self.namespaces
            .values()
            .filter(|zone| name == zone.name || name.ends_with(&format!(".{}", zone.name)))
            .max_by_key(|zone| zone.name.len())
    }
}
