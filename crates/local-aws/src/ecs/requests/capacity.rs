//! The calls about capacity providers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tag;

/// One capacity provider of a strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StrategyItem {
    /// Its name.
    pub capacity_provider: String,
    /// Its share.
    pub weight: i32,
    /// How many tasks it gets first.
    pub base: i32,
}

/// PutClusterCapacityProviders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PutClusterCapacityProviders {
    /// Name or ARN.
    pub cluster: Option<String>,
    /// Names of capacity providers.
    pub capacity_providers: Option<Vec<String>>,
    /// Used where RunTask names neither a strategy nor a launch type.
    pub default_capacity_provider_strategy: Option<Vec<StrategyItem>>,
}

/// CreateCapacityProvider.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateCapacityProvider {
    /// Its name.
    pub name: String,
    /// What it provides.
    pub auto_scaling_group_provider: Option<AskedProvider>,
    /// ECS Managed Instances: not here.
    pub managed_instances_provider: Option<Value>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// UpdateCapacityProvider.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateCapacityProvider {
    /// Its name.
    pub name: String,
    /// What it is to provide. The group stays.
    pub auto_scaling_group_provider: Option<AskedProvider>,
    /// ECS Managed Instances: not here.
    pub managed_instances_provider: Option<Value>,
}

/// The Auto Scaling group behind a capacity provider, as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AskedProvider {
    /// The group's ARN, or its name.
    pub auto_scaling_group_arn: Option<String>,
    /// Managed scaling.
    pub managed_scaling: Option<AskedScaling>,
    /// `ENABLED` or `DISABLED`.
    pub managed_termination_protection: Option<String>,
    /// `ENABLED` or `DISABLED`.
    pub managed_draining: Option<String>,
}

/// Managed scaling, as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AskedScaling {
    /// `ENABLED` or `DISABLED`.
    pub status: Option<String>,
    /// Per cent.
    pub target_capacity: Option<i32>,
    /// Hosts.
    pub minimum_scaling_step_size: Option<i32>,
    /// Hosts.
    pub maximum_scaling_step_size: Option<i32>,
    /// Seconds.
    pub instance_warmup_period: Option<i32>,
}

/// The Auto Scaling group behind a capacity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupProvider {
    /// The group's ARN, or its name.
    pub auto_scaling_group_arn: String,
    /// Managed scaling.
    pub managed_scaling: ManagedScaling,
    /// `ENABLED` or `DISABLED`.
    pub managed_termination_protection: String,
    /// `ENABLED` (as AWS has it unless said) or `DISABLED`.
    pub managed_draining: String,
}

/// Managed scaling of a capacity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedScaling {
    /// `ENABLED` or `DISABLED`.
    pub status: String,
    /// Per cent of the group that should be used.
    pub target_capacity: u32,
    /// How many hosts one look may add at least.
    pub minimum_scaling_step_size: u32,
    /// How many hosts one look may add at most.
    pub maximum_scaling_step_size: u32,
    /// Seconds until a new host counts.
    pub instance_warmup_period: u32,
}

impl Default for ManagedScaling {
    /// The defaults of the API reference; that it is off unless it is asked for is only seen elsewhere (moto).
    fn default() -> Self {
        ManagedScaling {
            status: "DISABLED".to_owned(),
            target_capacity: 100,
            minimum_scaling_step_size: 1,
            maximum_scaling_step_size: 10_000,
            instance_warmup_period: 300,
        }
    }
}

/// DescribeCapacityProviders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DescribeCapacityProviders {
    /// Names or ARNs; all unless said.
    pub capacity_providers: Vec<String>,
    /// Only those of this cluster.
    pub cluster: Option<String>,
    /// `TAGS`.
    pub include: Vec<String>,
    /// At most 10.
    pub max_results: Option<i32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// DeleteCapacityProvider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeleteCapacityProvider {
    /// Name or ARN.
    pub capacity_provider: String,
}
