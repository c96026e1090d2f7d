//! Of namespaces.

use serde::{Deserialize, Serialize};

use super::Tag;

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
