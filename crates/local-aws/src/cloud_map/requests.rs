//! What the calls carry, field for field as AWS names it. Unknown fields are ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// At most 128 characters.
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

/// CreatePrivateDnsNamespace, CreatePublicDnsNamespace and CreateHttpNamespace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateNamespace {
    /// `local`.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// The VPC of a private one: required there, kept, not used.
    #[serde(default)]
    pub vpc: Option<String>,
    /// The same id is the same call.
    #[serde(default)]
    pub creator_request_id: Option<String>,
    /// Where `SOA.TTL` is; not of an HTTP namespace.
    #[serde(default)]
    pub properties: Option<Properties>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// Properties of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Properties {
    /// Those of its zone.
    pub dns_properties: DnsProperties,
}

/// Properties of a namespace's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsProperties {
    /// Its start of authority.
    #[serde(rename = "SOA")]
    pub soa: Soa,
}

/// A start of authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soa {
    /// Seconds that "there is no such name" may be remembered: 0 to 2147483647.
    #[serde(rename = "TTL")]
    pub ttl: i64,
}

/// UpdatePrivateDnsNamespace, UpdatePublicDnsNamespace and UpdateHttpNamespace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateNamespace {
    /// Id or ARN.
    pub id: String,
    /// The same id is the same call.
    #[serde(default)]
    pub updater_request_id: Option<String>,
    /// What changes.
    pub namespace: NamespaceChange,
}

/// What changes in a namespace; what is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NamespaceChange {
    /// For people; required for an HTTP namespace.
    pub description: Option<String>,
    /// Where `SOA.TTL` is.
    pub properties: Option<Properties>,
}

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

/// RegisterInstance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegisterInstance {
    /// Id or ARN.
    pub service_id: String,
    /// At most 64 characters.
    pub instance_id: String,
    /// The same id is the same call.
    #[serde(default)]
    pub creator_request_id: Option<String>,
    /// `AWS_INSTANCE_IPV4` and one's own.
    pub attributes: BTreeMap<String, String>,
}

/// DeregisterInstance and GetInstance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OneInstance {
    /// Id or ARN.
    pub service_id: String,
    /// As it was registered.
    pub instance_id: String,
}

/// UpdateInstanceCustomHealthStatus.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateHealth {
    /// Id or ARN.
    pub service_id: String,
    /// As it was registered.
    pub instance_id: String,
    /// What it is to be.
    pub status: CustomHealthStatus,
}

/// What somebody else found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CustomHealthStatus {
    /// Well.
    Healthy,
    /// Unwell.
    Unhealthy,
}

/// DiscoverInstances and DiscoverInstancesRevision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Discover {
    /// `local`.
    pub namespace_name: String,
    /// `demo.service`.
    pub service_name: String,
    /// At most 1000; 100 unless said.
    #[serde(default)]
    pub max_results: Option<i64>,
    /// Only instances with all of these.
    #[serde(default)]
    pub query_parameters: BTreeMap<String, String>,
    /// Only instances with all of these, where there are any.
    #[serde(default)]
    pub optional_parameters: BTreeMap<String, String>,
    /// Only instances in this health; not minded by services without a check.
    #[serde(default)]
    pub health_status: HealthStatusFilter,
    /// Whose namespace it is.
    #[serde(default)]
    pub owner_account: Option<String>,
}

/// Which instances DiscoverInstances gives.
///
/// The API reference names no default. HEALTHY here: whoever does not say what they want gets the fewest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HealthStatusFilter {
    /// The healthy ones.
    #[default]
    Healthy,
    /// The unhealthy ones.
    Unhealthy,
    /// All.
    All,
    /// The healthy ones, or all where there is none.
    HealthyOrElseAll,
}

/// A filter of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// `NAME`, `TYPE`, `NAMESPACE_ID` …
    pub name: String,
    /// What it may be.
    pub values: Vec<String>,
    /// How it is compared.
    #[serde(default)]
    pub condition: Condition,
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Condition {
    /// Is the one value.
    #[default]
    Eq,
    /// Is one of the values.
    In,
    /// Is between the first and the second value.
    Between,
    /// Begins with the one value.
    BeginsWith,
}

/// The lists, and GetInstancesHealthStatus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct List {
    /// Of ListInstances and GetInstancesHealthStatus.
    pub service_id: String,
    /// Of GetInstancesHealthStatus: only these.
    pub instances: Option<Vec<String>>,
    /// All must fit.
    pub filters: Vec<Filter>,
    /// 1 to 100.
    pub max_results: Option<i64>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// GetNamespace, GetService, DeleteNamespace and DeleteService.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct One {
    /// Id or ARN.
    pub id: String,
}

/// GetOperation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OneOperation {
    /// Its id.
    pub operation_id: String,
}

/// TagResource, UntagResource and ListTagsForResource.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tagged {
    /// Of a namespace or service.
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    /// Of TagResource.
    #[serde(default)]
    pub tags: Option<Vec<Tag>>,
    /// Of UntagResource.
    #[serde(default)]
    pub tag_keys: Option<Vec<String>>,
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
