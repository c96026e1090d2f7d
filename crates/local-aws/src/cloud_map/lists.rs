//! The lists: filters, pages and tokens.
//!
//! "Cloud Map gets MaxResults services and then filters them … It's possible that no services in the first MaxResults
//! services matched the specified criteria but that subsequent groups of MaxResults services do" (API reference; the same
//! of namespaces and operations). So it is here: a page may be empty and still have a next one.

use super::health::{HealthStatus, status};
use super::model::{CloudMap, Namespace, Service};
use super::operations::{Operation, OperationStatus};
use super::refusals::invalid;
use super::requests::{Condition, Filter, List};
use crate::account::last_part;
use crate::ids::Ids;
use crate::pace::Wall;
use crate::refusal::Refusal;

/// A page of a list, and the token of the next one.
pub(super) type Page<T> = (Vec<T>, Option<String>);

impl CloudMap {
    /// ListNamespaces.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub(super) fn list_namespaces(&self, request: &List) -> Result<Page<&Namespace>, Refusal> {
        for filter in &request.filters {
            match (filter.name.as_str(), filter.condition) {
                ("TYPE" | "NAME" | "HTTP_NAME", Condition::Eq | Condition::BeginsWith) => one_value(filter)?,
                ("RESOURCE_OWNER", Condition::Eq) => owner(filter)?,
                _ => return Err(unknown(filter)),
            }
        }
        let fits = |namespace: &Namespace, filter: &Filter| match filter.name.as_str() {
            "TYPE" => compare(filter, namespace.kind.name()),
            "NAME" => compare(filter, &namespace.name),
            "HTTP_NAME" => compare(filter, &namespace.http_name),
            _ => compare(filter, "SELF"),
        };
        let all = self.namespaces.iter().map(|(id, namespace)| (id.as_str(), namespace));
        self.page("namespaces", request, all, |it| request.filters.iter().all(|filter| fits(it, filter)))
    }

    /// ListServices.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub(super) fn list_services(&self, request: &List) -> Result<Page<&Service>, Refusal> {
        for filter in &request.filters {
            match (filter.name.as_str(), filter.condition) {
                ("NAMESPACE_ID", Condition::Eq) => one_value(filter)?,
                ("RESOURCE_OWNER", Condition::Eq) => owner(filter)?,
                _ => return Err(unknown(filter)),
            }
        }
        let fits = |service: &Service, filter: &Filter| match filter.name.as_str() {
            "NAMESPACE_ID" => filter.values.iter().any(|id| last_part(id) == service.namespace),
            _ => compare(filter, "SELF"),
        };
        let all = self.services.iter().map(|(id, service)| (id.as_str(), service));
        self.page("services", request, all, |it| request.filters.iter().all(|filter| fits(it, filter)))
    }

    /// ListOperations.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub(super) fn list_operations(&self, request: &List, wall: &Wall) -> Result<Page<&Operation>, Refusal> {
        for filter in &request.filters {
            match (filter.name.as_str(), filter.condition) {
                ("NAMESPACE_ID" | "SERVICE_ID", Condition::Eq) => one_value(filter)?,
                ("STATUS" | "TYPE", Condition::Eq) => one_value(filter)?,
                ("STATUS" | "TYPE", Condition::In) => {}
                ("UPDATE_DATE", Condition::Between) => drop(between(filter)?),
                _ => return Err(unknown(filter)),
            }
        }
        let fits = |operation: &Operation, filter: &Filter| match filter.name.as_str() {
            "NAMESPACE_ID" => filter.values.iter().any(|id| self.is_in(operation, last_part(id))),
            "SERVICE_ID" => {
                let targets = operation.work.targets();
                filter.values.iter().any(|id| targets.contains(&("SERVICE", last_part(id))))
            }
            // The API reference calls the status SUCCEED here, and SUCCESS elsewhere.
            "STATUS" if operation.status == OperationStatus::Success => {
                compare(filter, "SUCCESS") || compare(filter, "SUCCEED")
            }
            "STATUS" => compare(filter, operation.status.name()),
            "TYPE" => compare(filter, operation.work.kind()),
            _ => {
                between(filter).is_ok_and(|(from, to)| (from..=to).contains(&wall.epoch_seconds(operation.updated_at)))
            }
        };
        let all = self.operations.iter().map(|operation| (operation.id.as_str(), operation));
        self.page("operations", request, all, |it| request.filters.iter().all(|filter| fits(it, filter)))
    }

    /// Whether an operation is about a namespace or something in it.
    fn is_in(&self, operation: &Operation, namespace: &str) -> bool {
        operation.work.targets().into_iter().any(|(kind, id)| match kind {
            "NAMESPACE" => id == namespace,
            "SERVICE" => self.services.get(id).is_some_and(|service| service.namespace == namespace),
            _ => false,
        })
    }

    /// GetInstancesHealthStatus.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InvalidInput`; `InstanceNotFound` for one of those that were asked for.
    pub(super) fn list_health(&self, request: &List) -> Result<Page<(&str, HealthStatus)>, Refusal> {
        let service = self.service(&request.service_id)?;
        if let Some(asked) = &request.instances {
            if asked.is_empty() {
                return Err(invalid("Instances must have at least one id."));
            }
            for id in asked {
                self.instance(&service.id, id)?;
            }
        }
        // "There's a brief delay between when you register an instance and when the health status is available."
        let health = |id: &str, healthy| match self.spread.sees(&service.id, id) {
            true => status(service, healthy),
            false => HealthStatus::Unknown,
        };
        let wanted = |id: &String| request.instances.as_ref().is_none_or(|asked| asked.contains(id));
        let all = service.instances.iter().filter(|(id, _)| wanted(id));
        let all = all.map(|(id, instance)| (id.as_str(), (id.as_str(), health(id, instance.healthy))));
        self.page(&format!("health {}", service.id), request, all, |_| true)
    }

    /// The page of `all`, which is in the order of its keys, that a request asks for.
    pub(super) fn page<'a, T>(
        &self,
        list: &str,
        request: &List,
        all: impl Iterator<Item = (&'a str, T)>,
        fits: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, Refusal> {
        let size = usize::try_from(request.max_results.unwrap_or(100)).ok().filter(|size| (1..=100).contains(size));
        let size = size.ok_or_else(|| invalid("MaxResults must be between 1 and 100."))?;
        let scope = self.scope(list, request);
        let after = request.next_token.as_deref().map(|token| after(token, scope)).transpose()?;
        let mut rest = all.skip_while(|(key, _)| after.as_deref().is_some_and(|after| *key <= after)).peekable();
        let (mut page, mut last) = (Vec::new(), None);
        for (key, item) in rest.by_ref().take(size) {
            last = Some(key);
            if fits(&item) {
                page.push(item);
            }
        }
        let more = rest.peek().is_some();
        Ok((page, last.filter(|_| more).map(|last| token(last, scope))))
    }

    /// What a token is good for: the same list with the same filters.
    fn scope(&self, list: &str, request: &List) -> u64 {
        digest(self.salt, &format!("{list} {:?} {:?}", request.filters, request.instances))
    }
}

fn one_value(filter: &Filter) -> Result<(), Refusal> {
    match &filter.values[..] {
        [value] if (1..=255).contains(&value.len()) => Ok(()),
        _ => Err(invalid(format!("The filter {} must have exactly one value of 1 to 255 characters.", filter.name))),
    }
}

fn owner(filter: &Filter) -> Result<(), Refusal> {
    match filter.values[..] {
        [ref value] if value == "SELF" || value == "OTHER_ACCOUNTS" => Ok(()),
        _ => Err(invalid("RESOURCE_OWNER must be SELF or OTHER_ACCOUNTS.")),
    }
}

fn unknown(filter: &Filter) -> Refusal {
    invalid(format!("The filter {} with the condition {:?} is not supported.", filter.name, filter.condition))
}

fn between(filter: &Filter) -> Result<(f64, f64), Refusal> {
    let times: Vec<f64> = filter.values.iter().filter_map(|value| value.parse().ok()).collect();
    match times[..] {
        [from, to] if filter.values.len() == 2 && from <= to => Ok((from, to)),
        _ => Err(invalid("UPDATE_DATE must have a start and an end in seconds since 1970, the start first.")),
    }
}

fn compare(filter: &Filter, is: &str) -> bool {
    match filter.condition {
        Condition::Eq | Condition::In => filter.values.iter().any(|value| value == is),
        Condition::BeginsWith => filter.values.iter().any(|value| is.starts_with(value)),
        Condition::Between => false,
    }
}

/// A token says where a page ended, in a form that nobody should take apart.
fn token(last: &str, scope: u64) -> String {
    let mut chance = Ids::new(scope);
    let hidden: String = last.bytes().map(|byte| format!("{:02x}", byte ^ chance.number().to_le_bytes()[0])).collect();
    format!("{:016x}{hidden}", digest(scope, last))
}

fn after(token: &str, scope: u64) -> Result<String, Refusal> {
    let wrong = || invalid("The NextToken is not valid.");
    let (check, hidden) = token.split_at_checked(16).filter(|_| token.len() <= 4096).ok_or_else(wrong)?;
    let mut chance = Ids::new(scope);
    let mut bytes = Vec::new();
    for pair in hidden.as_bytes().chunks(2) {
        let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(pair, 16).map_err(|_| wrong())? ^ chance.number().to_le_bytes()[0]);
    }
    let last = String::from_utf8(bytes).map_err(|_| wrong())?;
    if check == format!("{:016x}", digest(scope, &last)) { Ok(last) } else { Err(wrong()) }
}

fn digest(seed: u64, text: &str) -> u64 {
    text.bytes().fold(seed, |state, byte| Ids::new(state ^ u64::from(byte)).number())
}
