//! The rules of an instance's id and attributes (API reference of RegisterInstance; quotas of the developer guide).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::model::{Namespace, NamespaceKind, Service};
use super::refusals::invalid;
use super::requests::{RecordType, RegisterInstance, RoutingPolicy};
use crate::refusal::Refusal;

const ALIAS: &str = "AWS_ALIAS_DNS_NAME";
const CNAME: &str = "AWS_INSTANCE_CNAME";
const EC2: &str = "AWS_EC2_INSTANCE_ID";
const HEALTH: &str = "AWS_INIT_HEALTH_STATUS";
const IPV4: &str = "AWS_INSTANCE_IPV4";
const IPV6: &str = "AWS_INSTANCE_IPV6";
const PORT: &str = "AWS_INSTANCE_PORT";

/// What Cloud Map itself gives a meaning; whatever else there is, is custom.
const ITS_OWN: [&str; 7] = [ALIAS, CNAME, EC2, HEALTH, IPV4, IPV6, PORT];

/// Refuses what Cloud Map refuses at once.
///
/// # Errors
/// `InvalidInput`.
pub(super) fn check(namespace: &Namespace, service: &Service, request: &RegisterInstance) -> Result<(), Refusal> {
    let id = &request.instance_id;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_/:.@-".contains(&byte);
    if id.is_empty() || id.len() > 64 || !id.bytes().all(allowed) {
        return Err(invalid("InstanceId must be 1 to 64 characters of 0-9 a-z A-Z _ / : . @ -"));
    }
    let attributes = &request.attributes;
    check_limits(attributes)?;
    check_values(attributes)?;
    check_combinations(namespace, service, attributes)?;
    check_records(service, attributes)
}

fn check_limits(attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if attributes.keys().filter(|key| !ITS_OWN.contains(&key.as_str())).count() > 30 {
        return Err(invalid("An instance can have at most 30 custom attributes."));
    }
    let mut total = 0;
    for (key, value) in attributes {
        total += key.chars().count() + value.chars().count();
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("An attribute's key must be 1 to 255 characters of ASCII 33 to 126."));
        }
        // The pattern of the API's `AttrValue`: visible ASCII, with blanks and tabs after the first character.
        let written = value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t');
        if value.len() > 1024 || !written || value.starts_with([' ', '\t']) {
            return Err(invalid("An attribute's value must be at most 1024 visible ASCII characters."));
        }
    }
    if total > 5000 {
        return Err(invalid("The attributes of an instance must be at most 5000 characters together."));
    }
    Ok(())
}

fn check_values(attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let bad = |key: &str, good: fn(&str) -> bool| attributes.get(key).is_some_and(|value| !good(value));
    if bad(IPV4, |value| value.parse::<Ipv4Addr>().is_ok()) {
        return Err(invalid("AWS_INSTANCE_IPV4 must be an IPv4 address."));
    }
    if bad(IPV6, |value| value.parse::<Ipv6Addr>().is_ok()) {
        return Err(invalid("AWS_INSTANCE_IPV6 must be an IPv6 address."));
    }
    if bad(PORT, |value| value.parse::<u16>().is_ok()) {
        return Err(invalid("AWS_INSTANCE_PORT must be a port."));
    }
    if bad(HEALTH, |value| matches!(value, "HEALTHY" | "UNHEALTHY")) {
        return Err(invalid("AWS_INIT_HEALTH_STATUS must be HEALTHY or UNHEALTHY."));
    }
    let name = |value: &str| value.len() <= 253 && value.trim_end_matches('.').split('.').all(is_label);
    if bad(CNAME, name) || bad(ALIAS, name) {
        return Err(invalid("AWS_INSTANCE_CNAME and AWS_ALIAS_DNS_NAME must be domain names."));
    }
    Ok(())
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn check_combinations(
    namespace: &Namespace,
    service: &Service,
    attributes: &BTreeMap<String, String>,
) -> Result<(), Refusal> {
    let has = |key: &str| attributes.contains_key(key);
    if has(HEALTH) && service.custom_health_check.is_none() {
        return Err(invalid("AWS_INIT_HEALTH_STATUS is for services with a custom health check."));
    }
    if has(EC2) {
        if namespace.kind != NamespaceKind::Http {
            return Err(invalid("AWS_EC2_INSTANCE_ID is for HTTP namespaces only."));
        }
        if attributes.keys().any(|key| key != EC2 && key != HEALTH) {
            return Err(invalid("With AWS_EC2_INSTANCE_ID only AWS_INIT_HEALTH_STATUS can be specified."));
        }
    }
    if has(ALIAS) {
        let addresses = records(service).iter().any(|kind| matches!(kind, RecordType::A | RecordType::Aaaa));
        let weighted = service.dns.as_ref().is_some_and(|dns| dns.routing_policy == RoutingPolicy::Weighted);
        if !addresses || !weighted {
            return Err(invalid("AWS_ALIAS_DNS_NAME is for services with A or AAAA records and WEIGHTED routing."));
        }
        if [IPV4, IPV6, PORT, CNAME].iter().any(|key| has(key)) {
            return Err(invalid("With AWS_ALIAS_DNS_NAME no AWS_INSTANCE attribute can be specified."));
        }
    }
    Ok(())
}

fn check_records(service: &Service, attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let has = |key: &str| attributes.contains_key(key);
    if has(ALIAS) {
        return Ok(());
    }
    for kind in records(service) {
        let (there, refusal) = match kind {
            RecordType::A => (has(IPV4), "AWS_INSTANCE_IPV4 is required for services with A records."),
            RecordType::Aaaa => (has(IPV6), "AWS_INSTANCE_IPV6 is required for services with AAAA records."),
            RecordType::Cname => (has(CNAME), "AWS_INSTANCE_CNAME is required for services with CNAME records."),
            RecordType::Srv if !has(PORT) => (false, "AWS_INSTANCE_PORT is required for services with SRV records."),
            RecordType::Srv => (
                has(IPV4) || has(IPV6),
                "AWS_INSTANCE_IPV4 or AWS_INSTANCE_IPV6 is required for services with SRV records.",
            ),
        };
        if !there {
            return Err(invalid(refusal));
        }
    }
    match service.health_check.is_some() && !has(PORT) && !has(EC2) {
        true => Err(invalid("AWS_INSTANCE_PORT is required for services with a health check.")),
        false => Ok(()),
    }
}

fn records(service: &Service) -> Vec<RecordType> {
    service.dns.iter().flat_map(|dns| &dns.dns_records).map(|record| record.kind).collect()
}

/// Writes down the address of an EC2 instance: "when the AWS_EC2_INSTANCE_ID attribute is specified, then the
/// AWS_INSTANCE_IPV4 attribute will be filled out with the primary private IPv4 address".
///
/// # Errors
/// `InvalidInput` for an instance that does not exist.
pub(super) fn with_address(
    mut attributes: BTreeMap<String, String>,
    hosts: &BTreeMap<String, Ipv4Addr>,
) -> Result<BTreeMap<String, String>, Refusal> {
    if let Some(id) = attributes.get(EC2) {
        let address = hosts.get(id).ok_or_else(|| invalid(format!("The EC2 instance {id} does not exist.")))?;
        attributes.insert(IPV4.to_owned(), address.to_string());
    }
    Ok(attributes)
}
