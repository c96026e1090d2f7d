//! What calls about lifecycle hooks carry.

use serde::Deserialize;

use super::maybe_number;

/// PutLifecycleHook. What is not said stays as it is when the hook exists.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutLifecycleHook {
    /// The group.
    pub auto_scaling_group_name: String,
    /// The hook.
    #[serde(flatten)]
    pub hook: HookSpecification,
}

/// A hook of CreateAutoScalingGroup or PutLifecycleHook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HookSpecification {
    /// Its name.
    pub lifecycle_hook_name: String,
    /// `autoscaling:EC2_INSTANCE_LAUNCHING` or `autoscaling:EC2_INSTANCE_TERMINATING`.
    pub lifecycle_transition: Option<String>,
    /// Seconds until the default result.
    #[serde(default, deserialize_with = "maybe_number")]
    pub heartbeat_timeout: Option<u32>,
    /// `CONTINUE` or `ABANDON`.
    pub default_result: Option<String>,
    /// Kept and shown.
    pub notification_metadata: Option<String>,
    /// Kept and shown: nobody is notified.
    #[serde(rename = "NotificationTargetARN")]
    pub notification_target_arn: Option<String>,
    /// Kept and shown.
    #[serde(rename = "RoleARN")]
    pub role_arn: Option<String>,
}

/// DeleteLifecycleHook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LifecycleHookNamed {
    /// The group.
    pub auto_scaling_group_name: String,
    /// The hook.
    pub lifecycle_hook_name: String,
}

/// CompleteLifecycleAction and RecordLifecycleActionHeartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LifecycleAction {
    /// The group's name or ARN.
    pub auto_scaling_group_name: String,
    /// The hook.
    pub lifecycle_hook_name: String,
    /// The token of the notification.
    pub lifecycle_action_token: Option<String>,
    /// The instance; one of the two is enough.
    pub instance_id: Option<String>,
    /// `CONTINUE` or `ABANDON`; of CompleteLifecycleAction only.
    pub lifecycle_action_result: Option<String>,
}
