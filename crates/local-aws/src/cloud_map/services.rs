//! The calls that make, change and remove services. Only the change is asynchronous.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::model::{CloudMap, Namespace, NamespaceKind, Service, name_key};
use super::namespaces::{MOST_TTL, check_words};
use super::operations::Subject;
use super::refusals::{in_use, invalid};
use super::requests::{CreateService, DnsRecord, HealthCheckConfig, RecordType, RoutingPolicy, UpdateService};
use super::tags::check_tags;
use super::work::Work;
use crate::account::last_part;
use crate::ids::Ids;
use crate::refusal::Refusal;

impl CloudMap {
    /// CreateService: at once, unlike what happens to instances.
    ///
    /// # Errors
    /// `NamespaceNotFound`, `InvalidInput`, `TooManyTagsException`; `ServiceAlreadyExists`, which carries the id.
    pub fn create_service(&mut self, now: Moment, request: CreateService) -> Result<&Service, Refusal> {
        let named = request.namespace_id.as_ref().or(request.dns_config.as_ref().and_then(|d| d.namespace_id.as_ref()));
        let namespace = self.namespace_to_use(named.ok_or_else(|| invalid("NamespaceId is required."))?)?;
        check(namespace, &request)?;
        let (key, namespace) = (name_key(namespace, &request.name), namespace.id.clone());
        if let Some(there) = self.names.get(&key).and_then(|id| self.services.get(id)) {
            // The same call again is answered as the first time.
            return match is_retry(there, &request) {
                true => self.service(&there.id),
                false => Err(already_exists(there)),
            };
        }
        let id = self.service_id(&key);
        let service = Service {
            arn: self.account.arn("servicediscovery", &format!("service/{id}")),
            name: request.name,
            namespace,
            dns: request.dns_config,
            health_check: request.health_check_config,
            custom_health_check: request.health_check_custom_config,
            description: request.description,
            creator_request_id: request.creator_request_id.unwrap_or_else(|| self.ids.uuid()),
            created_at: now,
            attributes: BTreeMap::new(),
            instances: BTreeMap::new(),
            taken: 0,
            id: id.clone(),
        };
        self.put_tags(&service.arn, request.tags);
        self.services.insert(id.clone(), service);
        self.names.insert(key, id.clone());
        self.spread.begin(&id);
        self.publish(now, &id, true);
        self.service(&id)
    }

    /// A service that is made again has the id that it had (terraform-provider-aws #46930): it comes from the name.
    fn service_id(&self, (namespace, name): &(String, String)) -> String {
        let mut seed = self.salt;
        for byte in namespace.bytes().chain([0]).chain(name.bytes()) {
            seed = Ids::new(seed ^ u64::from(byte)).number();
        }
        format!("srv-{}", Ids::new(seed).letters(16))
    }

    /// UpdateService; the operation's id. "If you omit any existing DnsRecords or HealthCheckConfig configurations from
    /// an UpdateService request, the configurations are deleted from the service."
    ///
    /// # Errors
    /// `ServiceNotFound`, `InvalidInput`; `DuplicateRequest` while another change is under way.
    pub fn update_service(&mut self, now: Moment, request: UpdateService) -> Result<String, Refusal> {
        let service = self.service(&request.id)?;
        let namespace = self.namespace(&service.namespace)?;
        if namespace.kind == NamespaceKind::Http {
            return Err(invalid("A service of an HTTP namespace cannot be updated."));
        }
        let change = request.service;
        check_words(change.description.as_deref(), None)?;
        let records = change.dns_config.map(|dns| dns.dns_records).unwrap_or_default();
        let has = |kind| service.dns.iter().flat_map(|dns| &dns.dns_records).any(|record| record.kind == kind);
        if !records.iter().all(|record| has(record.kind)) {
            return Err(invalid("The record type of a service cannot be updated."));
        }
        if !records.is_empty() {
            check_records(&records)?;
        }
        let kinds: Vec<RecordType> = records.iter().map(|record| record.kind).collect();
        check_health(namespace, change.health_check_config.as_ref(), service.custom_health_check.is_some(), &kinds)?;
        let dns = service.dns.clone().map(|mut dns| {
            dns.dns_records = records;
            dns
        });
        let work = Work::UpdateService {
            service: service.id.clone(),
            description: change.description,
            dns,
            health_check: change.health_check_config,
        };
        self.alone(&work.subject())?;
        Ok(self.accept(now, work, None))
    }

    /// DeleteService: at once.
    ///
    /// # Errors
    /// `ServiceNotFound`; `ResourceInUse` while there are instances, or some are coming or the service is being changed.
    pub fn delete_service(&mut self, now: Moment, id: &str) -> Result<(), Refusal> {
        let service = self.service(id)?;
        let changing = self.operations.under_way(&Subject::Service(service.id.clone())).is_some();
        if service.taken > 0 || changing {
            return Err(in_use("The service still contains registered instances."));
        }
        let (id, arn) = (service.id.clone(), service.arn.clone());
        let key = self.namespace(&service.namespace).map(|namespace| name_key(namespace, &service.name));
        if let Ok(key) = key {
            self.names.remove(&key);
        }
        self.services.remove(&id);
        self.tags.remove(&arn);
        self.spread.end(&id);
        self.publish(now, &id, false);
        Ok(())
    }
}

fn is_retry(there: &Service, request: &CreateService) -> bool {
    request.creator_request_id.as_ref() == Some(&there.creator_request_id)
        && request.dns_config == there.dns
        && request.health_check_config == there.health_check
        && request.health_check_custom_config == there.custom_health_check
        && request.description == there.description
}

fn already_exists(there: &Service) -> Refusal {
    Refusal::new("ServiceAlreadyExists", "Service already exists.")
        .with("CreatorRequestId", there.creator_request_id.clone())
        .with("ServiceId", there.id.clone())
        .with("ServiceArn", there.arn.clone())
}

fn check(namespace: &Namespace, request: &CreateService) -> Result<(), Refusal> {
    check_service_name(&request.name)?;
    check_tags(&request.tags)?;
    check_words(request.description.as_deref(), request.creator_request_id.as_deref())?;
    match request.kind.as_deref() {
        Some("HTTP") if request.dns_config.is_some() => return Err(invalid("A service of type HTTP has no records.")),
        Some("HTTP") | None => {}
        Some(_) => return Err(invalid("Type must be HTTP.")),
    }
    let mut kinds = Vec::new();
    if let Some(dns) = &request.dns_config {
        if !namespace.kind.has_zone() {
            return Err(invalid("A service of an HTTP namespace has no records."));
        }
        let same = |id: &String| last_part(id) == namespace.id;
        if !dns.namespace_id.as_ref().is_none_or(same) {
            return Err(invalid("NamespaceId and DnsConfig.NamespaceId differ."));
        }
        check_records(&dns.dns_records)?;
        kinds.extend(dns.dns_records.iter().map(|record| record.kind));
        if kinds == [RecordType::Cname] && dns.routing_policy != RoutingPolicy::Weighted {
            return Err(invalid("The routing policy of a service with CNAME records must be WEIGHTED."));
        }
    }
    let custom = request.health_check_custom_config.as_ref();
    if custom.is_some_and(|custom| !(1..=10).contains(&custom.failure_threshold)) {
        return Err(invalid("FailureThreshold must be between 1 and 10."));
    }
    check_health(namespace, request.health_check_config.as_ref(), custom.is_some(), &kinds)
}

/// The pattern of the API's `ServiceName`: labels of letters, digits, `-` and `_`, at most 127 characters together.
fn check_service_name(name: &str) -> Result<(), Refusal> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let label = |label: &str| {
        let bytes = label.as_bytes();
        match bytes {
            [only] => only.is_ascii_alphanumeric(),
            [first, inner @ .., last] => {
                word(*first)
                    && word(*last)
                    && bytes.len() <= 63
                    && inner.iter().all(|byte| word(*byte) || *byte == b'-')
            }
            [] => false,
        }
    };
    if name == "." || (name.len() <= 127 && name.split('.').all(label)) {
        return Ok(());
    }
    Err(invalid("Name must be labels of 1 to 63 letters, digits, - and _, together at most 127 characters."))
}

/// "You can specify values for Type in the following combinations: A, AAAA, A and AAAA, SRV, CNAME" (API reference).
fn check_records(records: &[DnsRecord]) -> Result<(), Refusal> {
    let mut kinds: Vec<RecordType> = records.iter().map(|record| record.kind).collect();
    kinds.sort_unstable();
    match kinds[..] {
        [_] | [RecordType::A, RecordType::Aaaa] => {}
        _ => return Err(invalid("DnsRecords must be A, AAAA, A and AAAA, SRV, or CNAME.")),
    }
    if records.iter().any(|record| !(0..=MOST_TTL).contains(&record.ttl)) {
        return Err(invalid("TTL must be between 0 and 2147483647."));
    }
    Ok(())
}

fn check_health(
    namespace: &Namespace,
    check: Option<&HealthCheckConfig>,
    custom: bool,
    records: &[RecordType],
) -> Result<(), Refusal> {
    let Some(check) = check else { return Ok(()) };
    if custom {
        return Err(invalid("Either HealthCheckConfig or HealthCheckCustomConfig can be specified, not both."));
    }
    if namespace.kind == NamespaceKind::DnsPrivate {
        return Err(invalid("HealthCheckConfig is for public DNS and HTTP namespaces only."));
    }
    if records.contains(&RecordType::Cname) {
        return Err(invalid("HealthCheckConfig cannot be specified with CNAME records."));
    }
    if check.failure_threshold.is_some_and(|threshold| !(1..=10).contains(&threshold)) {
        return Err(invalid("FailureThreshold must be between 1 and 10."));
    }
    match (check.kind.as_str(), &check.resource_path) {
        ("TCP", Some(_)) => Err(invalid("A TCP health check has no ResourcePath.")),
        ("HTTP" | "HTTPS", Some(path)) if path.len() > 255 => Err(invalid("ResourcePath is too long.")),
        ("HTTP" | "HTTPS" | "TCP", _) => Ok(()),
        (_, _) => Err(invalid("The type of a health check must be HTTP, HTTPS or TCP.")),
    }
}
