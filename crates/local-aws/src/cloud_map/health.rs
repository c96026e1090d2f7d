//! Custom health checks: somebody else finds out, Cloud Map waits half a minute and believes it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use daemon::moment::Moment;

use super::model::{CloudMap, Service};
use super::refusals::not_found;
use super::requests::{CustomHealthStatus, UpdateHealth};
use crate::refusal::Refusal;

/// "Cloud Map waits for approximately 30 seconds after receiving an UpdateInstanceCustomHealthStatus request before
/// changing the status" (API reference of HealthCheckCustomConfig). Divided by the time factor.
const WAITS: Duration = Duration::from_secs(30);

/// A service's id and an instance's.
type Subject = (String, String);

/// What is to change.
#[derive(Debug, Default)]
pub(super) struct Health {
    waiting: BTreeMap<Subject, (bool, (Moment, u64))>,
    due: BTreeMap<(Moment, u64), Subject>,
    count: u64,
}

impl Health {
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// The check of an instance is gone, or a new one: what was to change does not.
    pub(super) fn forget(&mut self, service: &str, instance: &str) {
        if let Some((_, due)) = self.waiting.remove(&(service.to_owned(), instance.to_owned())) {
            self.due.remove(&due);
        }
    }

    fn wait(&mut self, at: Moment, subject: Subject, healthy: bool) {
        self.count += 1;
        let due = (at, self.count);
        self.waiting.insert(subject.clone(), (healthy, due));
        self.due.insert(due, subject);
    }

    fn next(&mut self, at: Moment) -> Option<(Subject, bool)> {
        let first = self.due.first_entry().filter(|first| first.key().0 <= at)?;
        let subject = first.remove();
        let (healthy, _) = self.waiting.remove(&subject)?;
        Some((subject, healthy))
    }
}

/// What is known of an instance's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthStatus {
    /// Well.
    Healthy,
    /// Unwell.
    Unhealthy,
    /// Nobody says, or not yet.
    Unknown,
}

impl HealthStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            HealthStatus::Healthy => "HEALTHY",
            HealthStatus::Unhealthy => "UNHEALTHY",
            HealthStatus::Unknown => "UNKNOWN",
        }
    }
}

impl CloudMap {
    /// UpdateInstanceCustomHealthStatus. "Sending a second or subsequent request with the same value before 30 seconds
    /// has passed doesn't accelerate the change"; one with the other value takes it back.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InstanceNotFound`, `CustomHealthNotFound`.
    pub fn update_health(&mut self, now: Moment, request: &UpdateHealth) -> Result<(), Refusal> {
        let service = self.service(&request.service_id)?;
        if service.custom_health_check.is_none() {
            return Err(not_found("CustomHealthNotFound", "The service has no custom health check."));
        }
        let is = self.instance(&service.id, &request.instance_id)?.healthy;
        let becomes = match request.status {
            CustomHealthStatus::Healthy => true,
            CustomHealthStatus::Unhealthy => false,
        };
        let subject = (service.id.clone(), request.instance_id.clone());
        match self.health.waiting.get(&subject) {
            Some((waiting, _)) if *waiting == becomes => return Ok(()),
            Some(_) => self.health.forget(&subject.0, &subject.1),
            None => {}
        }
        if is != becomes {
            self.health.wait(now + self.pace.of(WAITS), subject, becomes);
        }
        Ok(())
    }

    /// Believes what has waited long enough.
    pub(super) fn change_health(&mut self, at: Moment, then: Moment) {
        while let Some(((service, id), healthy)) = self.health.next(at) {
            let Some(there) = self.services.get_mut(&service).and_then(|of| of.instances.get_mut(&id)) else {
                continue;
            };
            Arc::make_mut(there).healthy = healthy;
            let changed = Arc::clone(there);
            self.tell(then, &service, &id, Some(changed), false);
        }
    }
}

/// What is said of an instance's health. Nobody makes the checks that Route 53 would make: they are UNKNOWN for good.
pub(super) fn status(service: &Service, healthy: bool) -> HealthStatus {
    match (&service.custom_health_check, healthy) {
        (Some(_), true) => HealthStatus::Healthy,
        (Some(_), false) => HealthStatus::Unhealthy,
        (None, _) => HealthStatus::Unknown,
    }
}
