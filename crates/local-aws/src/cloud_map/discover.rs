//! DiscoverInstances and DiscoverInstancesRevision: what can be found by name, a little late.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::health::{HealthStatus, status};
use super::model::{CloudMap, Instance, Service, name_key};
use super::refusals::{invalid, not_found};
use super::requests::{Discover, HealthStatusFilter};
use crate::ids::Ids;
use crate::refusal::Refusal;

/// An instance that was discovered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// What it is.
    pub instance: Arc<Instance>,
    /// Its health; none where the service has no check.
    pub health: Option<HealthStatus>,
}

impl CloudMap {
    /// A service by its names, as clients discover it.
    ///
    /// # Errors
    /// `NamespaceNotFound`, `ServiceNotFound`; `InvalidInput` for another account.
    pub fn discovered(&self, request: &Discover) -> Result<&Service, Refusal> {
        if request.owner_account.as_ref().is_some_and(|owner| owner.len() != 12) {
            return Err(invalid("OwnerAccount must have 12 digits."));
        }
        let name = &request.namespace_name;
        let mine = request.owner_account.as_ref().is_none_or(|owner| *owner == self.account.id);
        let namespace = self
            .namespaces
            .values()
            .find(|namespace| mine && namespace.http_name.eq_ignore_ascii_case(name))
            .ok_or_else(|| not_found("NamespaceNotFound", format!("Namespace {name} not found.")))?;
        let name = &request.service_name;
        let id = self.names.get(&name_key(namespace, name));
        id.and_then(|id| self.services.get(id))
            .ok_or_else(|| not_found("ServiceNotFound", format!("Service {name} not found.")))
    }

    /// DiscoverInstances: in no particular order, at most as many as asked for; and the revision.
    ///
    /// # Errors
    /// As [`CloudMap::discovered`]; a number of results out of range.
    pub fn discover(&mut self, request: &Discover) -> Result<(Vec<Found>, u64), Refusal> {
        let most = usize::try_from(request.max_results.unwrap_or(100)).ok().filter(|most| (1..=1000).contains(most));
        let most = most.ok_or_else(|| invalid("MaxResults must be between 1 and 1000."))?;
        let mut chance = Ids::new(self.ids.number());
        let service = self.discovered(request)?;
        let checked = service.custom_health_check.is_some() || service.health_check.is_some();
        let Some(seen) = self.spread.seen(&service.id) else { return Ok((Vec::new(), 0)) };
        let mut found: Vec<(&String, &Arc<Instance>)> =
            seen.instances.iter().filter(|(_, instance)| has(instance, &request.query_parameters)).collect();
        if !request.optional_parameters.is_empty() {
            let fits = |(_, instance): &(&String, &Arc<Instance>)| has(instance, &request.optional_parameters);
            if found.iter().any(fits) {
                found.retain(fits);
            }
        }
        if checked {
            let any = found.iter().any(|(_, instance)| instance.healthy);
            found.retain(|(_, instance)| match request.health_status {
                HealthStatusFilter::Healthy => instance.healthy,
                HealthStatusFilter::Unhealthy => !instance.healthy,
                HealthStatusFilter::All => true,
                HealthStatusFilter::HealthyOrElseAll => instance.healthy || !any,
            });
        }
        // Fisher and Yates, as far as it is needed.
        for place in 0..found.len().min(most) {
            let left = found.len() - place;
            let draw = usize::try_from(chance.number() % left as u64).unwrap_or(0);
            found.swap(place, place + draw);
        }
        found.truncate(most);
        let found = found.into_iter().map(|(id, instance)| Found {
            id: id.clone(),
            instance: Arc::clone(instance),
            health: checked.then(|| status(service, instance.healthy)),
        });
        Ok((found.collect(), seen.revision))
    }

    /// DiscoverInstancesRevision: grows with registrations and deregistrations, not with health.
    ///
    /// # Errors
    /// As [`CloudMap::discovered`].
    pub fn revision(&self, request: &Discover) -> Result<u64, Refusal> {
        let service = self.discovered(request)?;
        Ok(self.spread.seen(&service.id).map_or(0, |seen| seen.revision))
    }
}

fn has(instance: &Instance, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| instance.attributes.get(key) == Some(value))
}
