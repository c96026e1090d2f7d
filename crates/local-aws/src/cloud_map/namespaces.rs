//! The calls that make, change and remove namespaces. All are asynchronous.

use daemon::moment::Moment;

use super::model::{CloudMap, Namespace, NamespaceKind};
use super::operations::Subject;
use super::refusals::{in_use, invalid, not_found, too_many};
use super::requests::{CreateNamespace, NamespaceChange, Properties, UpdateNamespace};
use super::tags::check_tags;
use super::work::Work;
use crate::refusal::Refusal;

/// The quota of namespaces in a region (developer guide, quotas).
const MOST: usize = 50;

/// How long a private zone's negative answers were kept before it could be set; the API names no default.
const SOA_TTL: u32 = 300;

/// The largest TTL of the API.
pub(super) const MOST_TTL: i64 = 2_147_483_647;

impl CloudMap {
    /// CreatePrivateDnsNamespace, CreatePublicDnsNamespace, CreateHttpNamespace; the operation's id.
    ///
    /// # Errors
    /// `InvalidInput`, `NamespaceAlreadyExists` (with the one that is there), `ResourceLimitExceeded`,
    /// `TooManyTagsException`; `DuplicateRequest` while one of the name is being made.
    pub fn create_namespace(
        &mut self,
        now: Moment,
        kind: NamespaceKind,
        request: CreateNamespace,
    ) -> Result<String, Refusal> {
        check_name(kind, &request.name)?;
        check_tags(&request.tags)?;
        check_words(request.description.as_deref(), request.creator_request_id.as_deref())?;
        match (kind, &request.vpc, &request.properties) {
            (NamespaceKind::DnsPrivate, None, _) => return Err(invalid("Vpc is required.")),
            (NamespaceKind::Http, _, Some(_)) => return Err(invalid("An HTTP namespace has no DNS properties.")),
            (NamespaceKind::DnsPrivate | NamespaceKind::DnsPublic | NamespaceKind::Http, _, _) => {}
        }
        let soa_ttl = request.properties.as_ref().map_or(Ok(SOA_TTL), soa_ttl)?;
        let id = format!("ns-{}", self.ids.letters(16));
        let namespace = Namespace {
            arn: self.account.arn("servicediscovery", &format!("namespace/{id}")),
            kind,
            http_name: self.http_name(&request.name),
            name: request.name,
            soa_ttl,
            description: request.description,
            creator_request_id: request.creator_request_id.clone().unwrap_or_else(|| self.ids.uuid()),
            created_at: now,
            taken: 0,
            id,
        };
        let same = |there: &&Namespace| there.kind == kind && there.name.eq_ignore_ascii_case(&namespace.name);
        let there = self.namespaces.values().find(same).map(already_exists);
        let work = Work::CreateNamespace(namespace, request.tags);
        if let Some(before) = self.retried(&work, request.creator_request_id.as_ref()) {
            return before;
        }
        if let Some(refusal) = there {
            return Err(refusal);
        }
        self.alone(&work.subject())?;
        if self.namespaces.len() + self.operations.names_under_way() >= MOST {
            return Err(too_many("The account has as many namespaces as it may have."));
        }
        Ok(self.accept(now, work, request.creator_request_id))
    }

    /// "If you reuse Name for namespace creation, a generated hash is added to HttpName to distinguish the two" (API
    /// reference of DiscoverInstances).
    fn http_name(&mut self, name: &str) -> String {
        let taken = self.namespaces.values().any(|there| there.http_name.eq_ignore_ascii_case(name));
        let coming = [NamespaceKind::Http, NamespaceKind::DnsPrivate, NamespaceKind::DnsPublic]
            .into_iter()
            .any(|kind| self.operations.under_way(&Subject::Name(kind.name(), name.to_lowercase())).is_some());
        if taken || coming { format!("{name}-{}", self.ids.letters(8)) } else { name.to_owned() }
    }

    /// UpdatePrivateDnsNamespace, UpdatePublicDnsNamespace, UpdateHttpNamespace; the operation's id.
    ///
    /// # Errors
    /// `InvalidInput`, `NamespaceNotFound`; `DuplicateRequest` while the namespace is being changed or removed.
    pub fn update_namespace(
        &mut self,
        now: Moment,
        kind: NamespaceKind,
        request: UpdateNamespace,
    ) -> Result<String, Refusal> {
        let namespace = self.namespace(&request.id)?;
        if namespace.kind != kind {
            return Err(invalid(format!("The namespace {} is of type {}.", namespace.id, namespace.kind.name())));
        }
        let change = request.namespace;
        check_words(change.description.as_deref(), request.updater_request_id.as_deref())?;
        match (kind, &change) {
            (NamespaceKind::Http, NamespaceChange { properties: Some(_), .. }) => {
                return Err(invalid("An HTTP namespace has no DNS properties."));
            }
            (NamespaceKind::Http, NamespaceChange { description: None, .. }) => {
                return Err(invalid("Description is required."));
            }
            (_, NamespaceChange { description: None, properties: None }) => {
                return Err(invalid("There is nothing to change."));
            }
            (NamespaceKind::Http | NamespaceKind::DnsPrivate | NamespaceKind::DnsPublic, _) => {}
        }
        change.properties.as_ref().map(soa_ttl).transpose()?;
        let work = Work::UpdateNamespace { namespace: namespace.id.clone(), change };
        if let Some(before) = self.retried(&work, request.updater_request_id.as_ref()) {
            return before;
        }
        self.alone(&work.subject())?;
        Ok(self.accept(now, work, request.updater_request_id))
    }

    /// DeleteNamespace; the operation's id.
    ///
    /// # Errors
    /// `NamespaceNotFound`, `ResourceInUse` while it has services; `DuplicateRequest` while it is being changed or removed.
    pub fn delete_namespace(&mut self, now: Moment, id: &str) -> Result<String, Refusal> {
        let namespace = self.namespace(id)?.id.clone();
        let work = Work::DeleteNamespace { namespace };
        self.alone(&work.subject())?;
        if let Work::DeleteNamespace { namespace } = &work
            && self.services_of(namespace).next().is_some()
        {
            return Err(in_use("The namespace still contains services."));
        }
        Ok(self.accept(now, work, None))
    }

    /// A namespace in which something may be made: one that is being removed is none any more.
    pub(super) fn namespace_to_use(&self, id: &str) -> Result<&Namespace, Refusal> {
        let namespace = self.namespace(id)?;
        let under_way = self.operations.under_way(&Subject::Namespace(namespace.id.clone()));
        match under_way.and_then(|id| self.operation(id).ok()).map(|operation| &operation.work) {
            Some(Work::DeleteNamespace { .. }) => {
                Err(not_found("NamespaceNotFound", format!("Namespace {id} is being deleted.")))
            }
            Some(_) | None => Ok(namespace),
        }
    }
}

fn already_exists(there: &Namespace) -> Refusal {
    Refusal::new("NamespaceAlreadyExists", format!("Namespace {} already exists.", there.name))
        .with("CreatorRequestId", there.creator_request_id.clone())
        .with("NamespaceId", there.id.clone())
}

fn soa_ttl(properties: &Properties) -> Result<u32, Refusal> {
    let ttl = properties.dns_properties.soa.ttl;
    match u32::try_from(ttl) {
        Ok(seconds) if ttl <= MOST_TTL => Ok(seconds),
        Ok(_) | Err(_) => Err(invalid("SOA TTL must be between 0 and 2147483647.")),
    }
}

/// The limits of a description and a request id.
pub(super) fn check_words(description: Option<&str>, request_id: Option<&str>) -> Result<(), Refusal> {
    if description.is_some_and(|text| text.chars().count() > 1024) {
        return Err(invalid("Description must be at most 1024 characters."));
    }
    if request_id.is_some_and(|id| id.chars().count() > 64) {
        return Err(invalid("CreatorRequestId must be at most 64 characters."));
    }
    Ok(())
}

/// The patterns of the API's `NamespaceNameHttp`, `NamespaceNamePrivate` and `NamespaceNamePublic`, and what a zone's name
/// must be besides.
fn check_name(kind: NamespaceKind, name: &str) -> Result<(), Refusal> {
    let most = match kind {
        NamespaceKind::Http => 1024,
        NamespaceKind::DnsPrivate | NamespaceKind::DnsPublic => 253,
    };
    if name.is_empty() || name.len() > most || !name.bytes().all(|b| b.is_ascii_graphic()) || name.starts_with("arn:") {
        return Err(invalid(format!("Name must be 1 to {most} visible ASCII characters and no ARN.")));
    }
    let alphanumeric = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let host = |label: &str| {
        let bytes = label.bytes();
        bytes.clone().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && alphanumeric(bytes.clone().next())
            && alphanumeric(bytes.last())
    };
    let labels = || name.split('.');
    match kind {
        NamespaceKind::Http => Ok(()),
        NamespaceKind::DnsPrivate | NamespaceKind::DnsPublic if labels().any(|it| !(1..=63).contains(&it.len())) => {
            Err(invalid("Name must be labels of 1 to 63 characters."))
        }
        NamespaceKind::DnsPublic if labels().count() < 2 || !labels().all(host) => {
            Err(invalid("Name must be a domain name such as example.com."))
        }
        NamespaceKind::DnsPrivate | NamespaceKind::DnsPublic => Ok(()),
    }
}
