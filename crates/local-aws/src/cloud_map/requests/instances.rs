//! Of instances, and of those who look for them.

use std::collections::BTreeMap;

use serde::Deserialize;

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
