//! The limits of an instance's id and attributes (API reference of RegisterInstance; quotas of the developer guide).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::model::Service;
use super::requests::RegisterInstance;
use crate::refusal::Refusal;

/// Refuses what Cloud Map refuses at once.
///
/// # Errors
/// `InvalidInput`.
pub(super) fn check(service: &Service, request: &RegisterInstance) -> Result<(), Refusal> {
    let id = &request.instance_id;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_/:.@-".contains(&byte);
    if id.is_empty() || id.len() > 64 || !id.bytes().all(allowed) {
        return Err(invalid("InstanceId must be 1 to 64 characters of 0-9 a-z A-Z _ / : . @ -"));
    }
    let attributes = &request.attributes;
    let custom = attributes.keys().filter(|key| !key.starts_with("AWS_")).count();
    if custom > 30 {
        return Err(invalid("An instance can have at most 30 custom attributes."));
    }
    let mut total = 0;
    for (key, value) in attributes {
        total += key.chars().count() + value.chars().count();
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| (33..=126).contains(&byte)) {
            return Err(invalid("An attribute's key must be 1 to 255 characters of ASCII 33 to 126."));
        }
        if value.chars().count() > 1024 {
            return Err(invalid("An attribute's value must be at most 1024 characters."));
        }
    }
    if total > 5000 {
        return Err(invalid("The attributes of an instance must be at most 5000 characters together."));
    }
    check_records(service, attributes)
}

fn check_records(service: &Service, attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let has = |kind: &str| service.dns.iter().flat_map(|dns| &dns.dns_records).any(|record| record.kind == kind);
    match attributes.get("AWS_INSTANCE_IPV4") {
        Some(address) if address.parse::<Ipv4Addr>().is_err() => {
            return Err(invalid("AWS_INSTANCE_IPV4 must be an IPv4 address."));
        }
        None if has("A") => return Err(invalid("AWS_INSTANCE_IPV4 is required for services with A records.")),
        Some(_) | None => {}
    }
    match attributes.get("AWS_INSTANCE_PORT") {
        Some(port) if port.parse::<u16>().is_err() => Err(invalid("AWS_INSTANCE_PORT must be a port.")),
        None if has("SRV") => Err(invalid("AWS_INSTANCE_PORT is required for services with SRV records.")),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", message)
}
