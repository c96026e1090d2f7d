//! How instances are written.

use super::groups::launch_template;
use crate::auto_scaling::model::Instance;
use crate::host::{IMAGE, INSTANCE_TYPE};
use crate::query::xml::Content;

/// As DescribeAutoScalingInstances writes it: with its group, and its health in capitals.
pub(super) fn details(instance: &Instance) -> Content {
    let mut fields = fields(instance, &health(instance).to_uppercase());
    fields.push(("AutoScalingGroupName", (&instance.group).into()));
    fields.push(("ImageId", IMAGE.into()));
    Content::Fields(fields)
}

/// As a group shows it.
pub(super) fn instance(instance: &Instance) -> Content {
    let mut fields = fields(instance, health(instance));
    fields.push(("ImageId", IMAGE.into()));
    Content::Fields(fields)
}

fn health(instance: &Instance) -> &'static str {
    if instance.healthy() && !instance.lifecycle.is_ending() { "Healthy" } else { "Unhealthy" }
}

fn fields(instance: &Instance, health: &str) -> Vec<(&'static str, Content)> {
    let mut fields = vec![
        ("InstanceId", (&instance.id).into()),
        ("InstanceType", INSTANCE_TYPE.into()),
        ("AvailabilityZone", (&instance.zone).into()),
        ("LifecycleState", instance.lifecycle.name().into()),
        ("HealthStatus", health.into()),
        ("ProtectedFromScaleIn", instance.protected.into()),
    ];
    if let Some(template) = &instance.launch_template {
        fields.push(("LaunchTemplate", launch_template(template)));
    }
    if let Some(configuration) = &instance.launch_configuration {
        fields.push(("LaunchConfigurationName", configuration.into()));
    }
    fields
}
