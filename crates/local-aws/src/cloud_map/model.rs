//! Namespaces, services, instances: what Cloud Map knows, and its synchronous calls.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::attributes::invalid;
use super::operations::Operation;
use super::requests::{CreateService, Discover, DnsConfig, List};
use crate::account::{Account, last_part};
use crate::ids::Ids;
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

/// A namespace: a private zone of the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// `ns-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `local`.
    pub name: String,
    /// Seconds that "there is no such name" may be remembered.
    pub soa_ttl: u32,
    /// For people.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Moment,
}

/// An instance of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its address, port and what its owner wrote.
    pub attributes: BTreeMap<String, String>,
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
    /// Its records.
    pub dns: Option<DnsConfig>,
    /// For people.
    pub description: Option<String>,
    /// Of the call that made it.
    pub creator_request_id: String,
    /// When it was made.
    pub created_at: Moment,
    /// Its instances by id.
    pub instances: BTreeMap<String, Instance>,
    /// Grows with each change of the instances.
    pub revision: u64,
}

/// Cloud Map.
#[derive(Debug)]
pub struct CloudMap {
    pub(super) account: Account,
    pub(super) ids: Ids,
    /// By id.
    pub(super) namespaces: BTreeMap<String, Namespace>,
    /// By id.
    pub(super) services: BTreeMap<String, Service>,
    /// By id.
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) effects: Vec<Effect>,
}

impl CloudMap {
    /// An account without anything in it.
    #[must_use]
    pub fn new(account: Account, ids: Ids) -> Self {
        CloudMap {
            account,
            ids,
            namespaces: BTreeMap::new(),
            services: BTreeMap::new(),
            operations: BTreeMap::new(),
            effects: Vec::new(),
        }
    }

    /// What has come of time passing since the last time this was asked.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
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
        format!("{}.{zone}", service.name).to_lowercase()
    }

    /// CreateService: at once, unlike what happens to instances.
    ///
    /// # Errors
    /// `NamespaceNotFound`, `InvalidInput`; `ServiceAlreadyExists`, which carries the id.
    pub fn create_service(&mut self, now: Moment, request: CreateService) -> Result<&Service, Refusal> {
        let named = request.namespace_id.as_ref().or(request.dns_config.as_ref().and_then(|d| d.namespace_id.as_ref()));
        let namespace = self.namespace(named.ok_or_else(|| invalid("NamespaceId is required."))?)?.id.clone();
        let labels = || request.name.split('.').all(|label| (1..=63).contains(&label.len()));
        if request.name.len() > 127 || !labels() {
            return Err(invalid("Name must be labels of 1 to 63 characters, together at most 127."));
        }
        let taken =
            |service: &&Service| service.namespace == namespace && service.name.eq_ignore_ascii_case(&request.name);
        if let Some(there) = self.services.values().find(taken) {
            // The same call again is answered as the first time.
            return match request.creator_request_id.as_ref() == Some(&there.creator_request_id) {
                true => self.service(&there.id),
                false => Err(already_exists(there)),
            };
        }
        let id = format!("srv-{}", self.ids.letters(16));
        let service = Service {
            arn: self.account.arn("servicediscovery", &format!("service/{id}")),
            name: request.name,
            namespace,
            dns: request.dns_config,
            description: request.description,
            creator_request_id: request.creator_request_id.unwrap_or_else(|| self.ids.uuid()),
            created_at: now,
            instances: BTreeMap::new(),
            revision: 1,
            id: id.clone(),
        };
        self.services.insert(id.clone(), service);
        self.service(&id)
    }

    /// A namespace by id or ARN.
    ///
    /// # Errors
    /// `NamespaceNotFound`.
    pub fn namespace(&self, id: &str) -> Result<&Namespace, Refusal> {
        let none = || Refusal::new("NamespaceNotFound", format!("Namespace {id} not found."));
        self.namespaces.get(last_part(id)).ok_or_else(none)
    }

    /// A service by id or ARN.
    ///
    /// # Errors
    /// `ServiceNotFound`.
    pub fn service(&self, id: &str) -> Result<&Service, Refusal> {
        let none = || Refusal::new("ServiceNotFound", format!("Service {id} not found."));
        self.services.get(last_part(id)).ok_or_else(none)
    }

    /// An instance.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InstanceNotFound`.
    pub fn instance(&self, service: &str, id: &str) -> Result<&Instance, Refusal> {
        let none = || Refusal::new("InstanceNotFound", format!("Instance {id} not found."));
        self.service(service)?.instances.get(id).ok_or_else(none)
    }

    /// A service by its names, as clients discover it.
    ///
    /// # Errors
    /// `NamespaceNotFound`, `ServiceNotFound`.
    pub fn discovered(&self, request: &Discover) -> Result<&Service, Refusal> {
        let name = &request.namespace_name;
        let namespace = self
            .namespaces
            .values()
            .find(|namespace| namespace.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| Refusal::new("NamespaceNotFound", format!("Namespace {name} not found.")))?;
        let name = &request.service_name;
        self.services
            .values()
            .find(|service| service.namespace == namespace.id && service.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| Refusal::new("ServiceNotFound", format!("Service {name} not found.")))
    }

    /// DiscoverInstances: in no particular order, at most as many as asked for.
    ///
    /// # Errors
    /// As [`CloudMap::discovered`]; a number of results out of range.
    pub fn discover(&mut self, request: &Discover) -> Result<(Vec<(String, Instance)>, u64), Refusal> {
        let most = request.max_results.unwrap_or(100);
        if !(1..=1000).contains(&most) {
            return Err(invalid("MaxResults must be between 1 and 1000."));
        }
        let service = self.discovered(request)?;
        let revision = service.revision;
        let has = |instance: &Instance, wanted: &BTreeMap<String, String>| {
            wanted.iter().all(|(key, value)| instance.attributes.get(key) == Some(value))
        };
        let unhealthy_only = request.health_status.as_deref() == Some("UNHEALTHY");
        let mut found: Vec<(String, Instance)> = service
            .instances
            .iter()
            .filter(|(_, instance)| !unhealthy_only && has(instance, &request.query_parameters))
            .map(|(id, instance)| (id.clone(), instance.clone()))
            .collect();
        if found.iter().any(|(_, instance)| has(instance, &request.optional_parameters)) {
            found.retain(|(_, instance)| has(instance, &request.optional_parameters));
        }
        let mut order: Vec<(u64, (String, Instance))> = found.into_iter().map(|it| (self.ids.number(), it)).collect();
        order.sort_by_key(|(place, _)| *place);
        Ok((order.into_iter().take(most).map(|(_, instance)| instance).collect(), revision))
    }

    /// ListNamespaces: those that fit the filters.
    #[must_use]
    pub fn list_namespaces(&self, request: &List) -> Vec<&Namespace> {
        let fits = |namespace: &&Namespace| {
            request.filters.iter().all(|filter| match filter.name.as_str() {
                "NAME" | "HTTP_NAME" => filter.values.contains(&namespace.name),
                "TYPE" => filter.values.iter().any(|value| value == "DNS_PRIVATE"),
                _ => true,
            })
        };
        self.namespaces.values().filter(fits).collect()
    }

    /// ListServices: those that fit the filters.
    #[must_use]
    pub fn list_services(&self, request: &List) -> Vec<&Service> {
        let fits = |service: &&Service| {
            request
                .filters
                .iter()
                .filter(|filter| filter.name == "NAMESPACE_ID")
                .all(|filter| filter.values.iter().any(|id| last_part(id) == service.namespace))
        };
        self.services.values().filter(fits).collect()
    }
}

fn already_exists(there: &Service) -> Refusal {
    Refusal::new("ServiceAlreadyExists", "Service already exists.")
        .with("CreatorRequestId", there.creator_request_id.clone())
        .with("ServiceId", there.id.clone())
        .with("ServiceArn", there.arn.clone())
}
