//! What the calls carry, field for field as AWS names it. Unknown fields are ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// CreatePrivateDnsNamespace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreatePrivateDnsNamespace {
    /// `local`.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// The VPC: kept, not used.
    pub vpc: String,
    /// The same id is the same call.
    #[serde(default)]
    pub creator_request_id: Option<String>,
    /// Where `SOA.TTL` is.
    #[serde(default)]
    pub properties: Option<Properties>,
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
    /// Seconds that "there is no such name" may be remembered.
    #[serde(rename = "TTL")]
    pub ttl: u32,
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
}

/// The records of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DnsConfig {
    /// Where the namespace was named before it had a field of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_id: Option<String>,
    /// `MULTIVALUE` or `WEIGHTED`.
    #[serde(default = "multivalue")]
    pub routing_policy: String,
    /// `A`, `SRV` …
    pub dns_records: Vec<DnsRecord>,
}

fn multivalue() -> String {
    "MULTIVALUE".to_owned()
}

/// A kind of record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// `A`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Seconds.
    #[serde(rename = "TTL")]
    pub ttl: u32,
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

/// DiscoverInstances and DiscoverInstancesRevision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Discover {
    /// `local`.
    pub namespace_name: String,
    /// `demo.service`.
    pub service_name: String,
    /// At most 1000; 100 unless said.
    #[serde(default)]
    pub max_results: Option<usize>,
    /// Only instances with all of these.
    #[serde(default)]
    pub query_parameters: BTreeMap<String, String>,
    /// Only instances with all of these, where there are any.
    #[serde(default)]
    pub optional_parameters: BTreeMap<String, String>,
    /// Without health checks every instance is healthy.
    #[serde(default)]
    pub health_status: Option<String>,
}

/// A filter of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// `NAME`, `TYPE`, `NAMESPACE_ID` …
    pub name: String,
    /// What it may be.
    pub values: Vec<String>,
}

/// ListNamespaces, ListServices and ListInstances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct List {
    /// Of ListInstances.
    pub service_id: String,
    /// All must fit.
    pub filters: Vec<Filter>,
    /// At most 100.
    pub max_results: Option<usize>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// GetNamespace, GetService and GetOperation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct One {
    /// Of a namespace or service.
    pub id: String,
    /// Of an operation.
    pub operation_id: String,
}
