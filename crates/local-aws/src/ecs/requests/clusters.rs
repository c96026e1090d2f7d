//! The calls about clusters.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{StrategyItem, Tag};

/// A setting of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterSetting {
    /// `containerInsights`.
    pub name: String,
    /// `enabled`, `disabled` or `enhanced`.
    pub value: String,
}

/// CreateCluster.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateCluster {
    /// `default` unless said.
    pub cluster_name: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Settings.
    pub settings: Vec<ClusterSetting>,
    /// ExecuteCommand and storage: kept, not used.
    pub configuration: Option<Value>,
    /// Names of capacity providers.
    pub capacity_providers: Vec<String>,
    /// Used where RunTask names neither a strategy nor a launch type.
    pub default_capacity_provider_strategy: Vec<StrategyItem>,
    /// Service Connect: kept, not used.
    pub service_connect_defaults: Option<Value>,
}

/// UpdateCluster and UpdateClusterSettings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateCluster {
    /// Name or ARN.
    pub cluster: Option<String>,
    /// Settings.
    pub settings: Option<Vec<ClusterSetting>>,
    /// ExecuteCommand and storage: kept, not used.
    pub configuration: Option<Value>,
    /// Service Connect: kept, not used.
    pub service_connect_defaults: Option<Value>,
}

/// DeleteCluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DeleteCluster {
    /// Name or ARN.
    pub cluster: Option<String>,
}

/// DescribeClusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DescribeClusters {
    /// Names or ARNs; `default` unless said.
    pub clusters: Vec<String>,
    /// `ATTACHMENTS`, `CONFIGURATIONS`, `SETTINGS`, `STATISTICS`, `TAGS`.
    pub include: Vec<String>,
}

/// ListClusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListClusters {
    /// At most 100.
    pub max_results: Option<i32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}
