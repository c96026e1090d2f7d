//! What the DNS has of the namespaces.

use std::net::Ipv4Addr;

use super::model::{CloudMap, Namespace};
use crate::views::Records;

impl CloudMap {
    /// What there is of a name (lower case, no final dot), and the zone it is in.
    #[must_use]
    pub fn records(&self, name: &str, want_a: bool) -> (Records, String) {
        let Some(zone) = self.zone_of(name) else { return (Records::NotOurs, String::new()) };
        let soa_minimum = zone.soa_ttl;
        let here = || {
            let services = self.services.values().filter(|service| service.namespace == zone.id);
            services.filter(|service| !service.instances.is_empty()).map(|service| (self.full_name(service), service))
        };
        let records = if let Some((_, service)) = here().find(|(full, _)| full == name) {
            let ttl = service.dns.iter().flat_map(|dns| &dns.dns_records).find(|r| r.kind == "A").map(|r| r.ttl);
            let addresses: Vec<Ipv4Addr> = service
                .instances
                .values()
                .filter_map(|instance| instance.attributes.get("AWS_INSTANCE_IPV4")?.parse().ok())
                .collect();
            match ttl {
                Some(ttl) if want_a && !addresses.is_empty() => Records::Addresses { ttl, addresses },
                Some(_) | None => Records::NoData { soa_minimum },
            }
        } else if name == zone.name || here().any(|(full, _)| full.ends_with(&format!(".{name}"))) {
            // The zone itself, or a name that only has names below it.
            Records::NoData { soa_minimum }
        } else {
            Records::NoSuchName { soa_minimum }
        };
        (records, zone.name.clone())
    }

    /// The most specific zone that the name is in.
    fn zone_of(&self, name: &str) -> Option<&Namespace> {
        self.namespaces
            .values()
            .filter(|zone| name == zone.name || name.ends_with(&format!(".{}", zone.name)))
            .max_by_key(|zone| zone.name.len())
    }
}
