//! Of services.

use serde::{Deserialize, Serialize};

use super::Tag;

/// CreateService.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateService {
    /// Dots are allowed: `demo.service`.
    pub name: String,
    /// Id or ARN.
    #[serde(default)]
    pub namespace_id: Option<String>,
    /// The same id is the same call.
    #[serde(default)]
    pub creator_request_id: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// Its records.
    #[serde(default)]
    pub dns_config: Option<DnsConfig>,
    /// Checks that Route 53 makes: public and HTTP namespaces only.
    #[serde(default)]
    pub health_check_config: Option<HealthCheckConfig>,
    /// Checks that somebody else makes.
    #[serde(default)]
    pub health_check_custom_config: Option<HealthCheckCustomConfig>,
    /// `HTTP`: no records, although the namespace has a zone.
    #[serde(default, rename = "Type")]
    pub kind: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// The records of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DnsConfig {
    /// Where the namespace was named before it had a field of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_id: Option<String>,
    /// How many records an answer has.
    #[serde(default)]
    pub routing_policy: RoutingPolicy,
    /// Which kinds.
    pub dns_records: Vec<DnsRecord>,
}

/// How many records an answer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RoutingPolicy {
    /// Up to eight.
    #[default]
    Multivalue,
    /// One.
    Weighted,
}

/// A kind of record and its TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// `A`.
    #[serde(rename = "Type")]
    pub kind: RecordType,
    /// Seconds: 0 to 2147483647.
    #[serde(rename = "TTL")]
    pub ttl: i64,
}

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Hosts and ports.
    Srv,
    /// Another name.
    Cname,
}

/// A check that Route 53 makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthCheckConfig {
    /// `HTTP`, `HTTPS` or `TCP`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Not with TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_path: Option<String>,
    /// 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i64>,
}

/// A check that somebody else makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthCheckCustomConfig {
    /// "No longer supported and is always set to 1" (API reference).
    #[serde(default = "one")]
    pub failure_threshold: i64,
}

const fn one() -> i64 {
    1
}

/// UpdateService.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateService {
    /// Id or ARN.
    pub id: String,
    /// What it becomes.
    pub service: ServiceChange,
}

/// What a service becomes: records and checks that are left out are deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceChange {
    /// For people.
    pub description: Option<String>,
    /// Its records.
    pub dns_config: Option<DnsConfigChange>,
    /// The check that Route 53 makes.
    pub health_check_config: Option<HealthCheckConfig>,
}

/// The records that a service is to have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DnsConfigChange {
    /// Of the kinds that it has already.
    pub dns_records: Vec<DnsRecord>,
}

/// GetServiceAttributes, UpdateServiceAttributes and DeleteServiceAttributes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OfService<T> {
    /// Id or ARN.
    pub service_id: String,
    /// What is set, or the keys that go.
    pub attributes: T,
}

/// GetServiceAttributes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OneService {
    /// Id or ARN.
    pub service_id: String,
}
