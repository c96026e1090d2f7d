//! DescribeLifecycleHooks.

use crate::auto_scaling::model::{AutoScaling, Hook, validation};
use crate::auto_scaling::requests::{Describe, is_null};
use crate::query::xml::Content;
use crate::refusal::Refusal;

/// DescribeLifecycleHooks.
pub(super) fn describe(scaling: &AutoScaling, request: &Describe) -> Result<Content, Refusal> {
    let name = request.auto_scaling_group_name.as_deref().ok_or_else(|| is_null("AutoScalingGroupName"))?;
    let group = scaling
        .group(name)
        .ok_or_else(|| validation(format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")))?;
    let named = &request.lifecycle_hook_names;
    if let Some(unknown) = named.iter().find(|name| !group.hooks.contains_key(*name)) {
        return Err(validation(format!("No Lifecycle Hook found with name: {unknown}")));
    }
    let hooks = group.hooks.values().filter(|hook| named.is_empty() || named.contains(&hook.name));
    Ok(Content::Fields(vec![("LifecycleHooks", Content::List(hooks.map(|one| hook(name, one)).collect()))]))
}

fn hook(group: &str, hook: &Hook) -> Content {
    let given = &hook.specification;
    let mut fields = vec![
        ("LifecycleHookName", (&hook.name).into()),
        ("AutoScalingGroupName", group.into()),
        ("LifecycleTransition", hook.transition.name().into()),
        ("HeartbeatTimeout", hook.heartbeat.into()),
        ("GlobalTimeout", hook.global_timeout().into()),
        ("DefaultResult", hook.default_result.name().into()),
    ];
    fields.extend(given.notification_target_arn.as_ref().map(|arn| ("NotificationTargetARN", arn.into())));
    fields.extend(given.role_arn.as_ref().map(|arn| ("RoleARN", arn.into())));
    fields.extend(given.notification_metadata.as_ref().map(|text| ("NotificationMetadata", text.into())));
    Content::Fields(fields)
}
