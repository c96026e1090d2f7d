//! What calls about instances carry.

use serde::Deserialize;

use super::{list, maybe_switch, switch};

/// SetInstanceProtection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetInstanceProtection {
    /// At most 50.
    #[serde(deserialize_with = "list")]
    pub instance_ids: Vec<String>,
    /// The group.
    pub auto_scaling_group_name: String,
    /// Protected or not.
    #[serde(deserialize_with = "switch")]
    pub protected_from_scale_in: bool,
}

/// TerminateInstanceInAutoScalingGroup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TerminateInstance {
    /// Which.
    pub instance_id: String,
    /// Whether the group is to have one less, or to replace it.
    #[serde(deserialize_with = "switch")]
    pub should_decrement_desired_capacity: bool,
}

/// SetInstanceHealth.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetInstanceHealth {
    /// Which.
    pub instance_id: String,
    /// `Healthy` or `Unhealthy`.
    pub health_status: String,
    /// Whether the call does nothing in the group's grace period; it does so unless said.
    #[serde(default, deserialize_with = "maybe_switch")]
    pub should_respect_grace_period: Option<bool>,
}

/// EnterStandby.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnterStandby {
    /// Which.
    #[serde(default, deserialize_with = "list")]
    pub instance_ids: Vec<String>,
    /// The group.
    pub auto_scaling_group_name: String,
    /// Whether the group is to have less, or to replace them.
    #[serde(deserialize_with = "switch")]
    pub should_decrement_desired_capacity: bool,
}

/// ExitStandby.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExitStandby {
    /// Which.
    #[serde(default, deserialize_with = "list")]
    pub instance_ids: Vec<String>,
    /// The group.
    pub auto_scaling_group_name: String,
}
