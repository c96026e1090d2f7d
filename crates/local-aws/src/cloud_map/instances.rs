//! The calls that register and deregister instances: asynchronous, one at a time for each instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use daemon::moment::Moment;

use super::attributes::{check, with_address};
use super::model::{CloudMap, Instance, Service};
use super::namespaces::check_words;
use super::refusals::too_many;
use super::requests::{OneInstance, RegisterInstance};
use super::work::Work;
use crate::refusal::Refusal;

/// The quota of instances of a service, "not adjustable" (developer guide, quotas).
const MOST_OF_A_SERVICE: usize = 1000;
/// The quota of instances of a namespace (developer guide, quotas).
const MOST_OF_A_NAMESPACE: usize = 2000;

impl CloudMap {
    /// RegisterInstance; the operation's id. An instance that is there gets these attributes instead of its own.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InvalidInput`, `ResourceLimitExceeded`; `DuplicateRequest` while another operation of this
    /// instance is under way.
    pub fn register(&mut self, now: Moment, request: RegisterInstance) -> Result<String, Refusal> {
        let service = self.service(&request.service_id)?;
        let namespace = self.namespace(&service.namespace)?;
        check_words(None, request.creator_request_id.as_deref())?;
        check(namespace, service, &request)?;
        let new = !service.instances.contains_key(&request.instance_id);
        let full = new && (service.taken >= MOST_OF_A_SERVICE || namespace.taken >= MOST_OF_A_NAMESPACE);
        let attributes = with_address(request.attributes, &self.hosts)?;
        let becomes = Arc::new(instance(service, attributes, request.creator_request_id.clone()));
        let (service, namespace) = (service.id.clone(), namespace.id.clone());
        let work = Work::Register { service: service.clone(), instance: request.instance_id, becomes, new };
        if let Some(before) = self.retried(&work, request.creator_request_id.as_ref()) {
            return before;
        }
        self.alone(&work.subject())?;
        if full {
            return Err(too_many("The service or its namespace has as many instances as it may have."));
        }
        if new {
            self.services.get_mut(&service).into_iter().for_each(|service| service.taken += 1);
            self.namespaces.get_mut(&namespace).into_iter().for_each(|namespace| namespace.taken += 1);
        }
        Ok(self.accept(now, work, request.creator_request_id))
    }

    /// DeregisterInstance; the operation's id.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InstanceNotFound`; `DuplicateRequest` while another operation of this instance is under way.
    pub fn deregister(&mut self, now: Moment, request: &OneInstance) -> Result<String, Refusal> {
        let service = self.service(&request.service_id)?.id.clone();
        let work = Work::Deregister { service: service.clone(), instance: request.instance_id.clone() };
        self.alone(&work.subject())?;
        self.instance(&service, &request.instance_id)?;
        Ok(self.accept(now, work, None))
    }
}

/// An instance with attributes that were checked.
fn instance(service: &Service, attributes: BTreeMap<String, String>, creator_request_id: Option<String>) -> Instance {
    let unhealthy = attributes.get("AWS_INIT_HEALTH_STATUS").is_some_and(|status| status == "UNHEALTHY");
    Instance {
        healthy: !(unhealthy && service.custom_health_check.is_some()),
        ipv4: attributes.get("AWS_INSTANCE_IPV4").and_then(|address| address.parse().ok()),
        ipv6: attributes.get("AWS_INSTANCE_IPV6").and_then(|address| address.parse().ok()),
        port: attributes.get("AWS_INSTANCE_PORT").and_then(|port| port.parse().ok()),
        attributes,
        creator_request_id,
    }
}
