//! How groups are written.

use super::{instances, page, tags, values};
use crate::auto_scaling::model::{AutoScaling, DEFAULT_COOLDOWN, Group, WarmPool};
use crate::auto_scaling::requests::{
    Describe, GroupSettings, InstancesDistribution, LaunchTemplate, MixedInstancesPolicy, Override,
};
use crate::pace::Wall;
use crate::query::xml::Content;
use crate::refusal::Refusal;

/// DescribeAutoScalingGroups.
pub(super) fn describe(scaling: &AutoScaling, wall: &Wall, request: &Describe) -> Result<Content, Refusal> {
    let names = &request.auto_scaling_group_names;
    let found = scaling.groups().filter(|g| names.is_empty() || names.contains(&g.name));
    let found = found.filter(|group| passes(group, request));
    let with_instances = request.include_instances.unwrap_or(true);
    let all = found.map(|g| (g.name.clone(), group(scaling, g, wall, with_instances))).collect();
    page(request, "AutoScalingGroups", 100, all)
}

/// `tag-key`, `tag-value` and `tag:<key>`: each has to hold.
fn passes(group: &Group, request: &Describe) -> bool {
    let keys = values(&request.filters, "tag-key").all(|keys| group.tags.keys().any(|key| keys.contains(key)));
    let has_one_of = |values: &[String]| group.tags.values().any(|tag| values.contains(&tag.value));
    let valued = values(&request.filters, "tag-value").all(has_one_of);
    let tagged = request.filters.iter().all(|filter| match filter.name.strip_prefix("tag:") {
        Some(key) => group.tags.get(key).is_some_and(|tag| filter.values.contains(&tag.value)),
        None => true,
    });
    keys && valued && tagged
}

fn group(scaling: &AutoScaling, group: &Group, wall: &Wall, with_instances: bool) -> Content {
    let settings = &group.settings;
    let here = scaling.instances();
    let here = here.iter().filter(|i| with_instances && i.group == group.name);
    let here = here.filter(|i| !i.lifecycle.is_over() && !i.lifecycle.in_pool());
    let suspended = group.suspended.iter().map(|(process, since)| {
        let reason = format!("User suspended at {}", wall.iso(*since));
        Content::Fields(vec![("ProcessName", process.name().into()), ("SuspensionReason", reason.into())])
    });
    let policies = settings.termination_policies.clone().filter(|policies| !policies.is_empty());
    let policies = policies.unwrap_or_else(|| vec!["Default".to_owned()]);
    let mut fields = vec![
        ("AutoScalingGroupName", (&group.name).into()),
        ("AutoScalingGroupARN", (&group.arn).into()),
        ("MinSize", group.min.into()),
        ("MaxSize", group.max.into()),
        ("DesiredCapacity", group.desired.into()),
        ("DefaultCooldown", settings.default_cooldown.unwrap_or(DEFAULT_COOLDOWN).into()),
        ("AvailabilityZones", Content::List(group.zones.iter().map(Into::into).collect())),
        ("LoadBalancerNames", Content::List(Vec::new())),
        ("TargetGroupARNs", Content::List(Vec::new())),
        ("HealthCheckType", settings.health_check_type.clone().unwrap_or_else(|| "EC2".to_owned()).into()),
        ("HealthCheckGracePeriod", settings.health_check_grace_period.unwrap_or(0).into()),
        ("Instances", Content::List(here.map(|i| instances::instance(i)).collect())),
        ("CreatedTime", wall.iso(group.created_at).into()),
        ("SuspendedProcesses", Content::List(suspended.collect())),
        ("VPCZoneIdentifier", settings.vpc_zone_identifier.clone().unwrap_or_default().into()),
        ("EnabledMetrics", Content::List(Vec::new())),
        ("Tags", Content::List(group.tags.iter().map(|(key, tag)| tags::tag(group, key, tag)).collect())),
        ("TerminationPolicies", Content::List(policies.iter().map(Into::into).collect())),
        ("NewInstancesProtectedFromScaleIn", group.protects_new().into()),
    ];
    fields.extend(kept(settings));
    if group.deleting {
        fields.push(("Status", "Delete in progress".into()));
    }
    if let Some(pool) = &group.warm_pool {
        fields.push(("WarmPoolConfiguration", warm_pool(pool)));
        fields.push(("WarmPoolSize", scaling.pooled(&group.name).count().into()));
    }
    Content::Fields(fields)
}

/// What is only kept and shown.
fn kept(settings: &GroupSettings) -> Vec<(&'static str, Content)> {
    let text = |name: &'static str, value: &Option<String>| value.as_ref().map(|value| (name, value.into()));
    let number = |name: &'static str, value: Option<u32>| value.map(|value| (name, value.into()));
    [
        text("LaunchConfigurationName", &settings.launch_configuration_name),
        settings.launch_template.as_ref().map(|template| ("LaunchTemplate", launch_template(template))),
        settings.mixed_instances_policy.as_ref().map(|policy| ("MixedInstancesPolicy", mixed(policy))),
        text("ServiceLinkedRoleARN", &settings.service_linked_role_arn),
        number("MaxInstanceLifetime", settings.max_instance_lifetime),
        settings.capacity_rebalance.map(|rebalances| ("CapacityRebalance", rebalances.into())),
        text("Context", &settings.context),
        text("DesiredCapacityType", &settings.desired_capacity_type),
        number("DefaultInstanceWarmup", settings.default_instance_warmup),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A launch template, as it was given.
pub(super) fn launch_template(template: &LaunchTemplate) -> Content {
    let fields = [
        ("LaunchTemplateId", &template.launch_template_id),
        ("LaunchTemplateName", &template.launch_template_name),
        ("Version", &template.version),
    ];
    said(fields)
}

fn mixed(policy: &MixedInstancesPolicy) -> Content {
    let template = policy.launch_template.as_ref().map(|template| {
        let specification = template.launch_template_specification.as_ref();
        let specification = specification.map(|spec| ("LaunchTemplateSpecification", launch_template(spec)));
        let overrides = Content::List(template.overrides.iter().map(overridden).collect());
        let fields = specification.into_iter().chain([("Overrides", overrides)]);
        ("LaunchTemplate", Content::Fields(fields.collect()))
    });
    let shares = policy.instances_distribution.as_ref().map(|shares| ("InstancesDistribution", distribution(shares)));
    Content::Fields(template.into_iter().chain(shares).collect())
}

fn overridden(one: &Override) -> Content {
    let texts = [("InstanceType", &one.instance_type), ("WeightedCapacity", &one.weighted_capacity)];
    let template = one.launch_template_specification.as_ref();
    let template = template.map(|spec| ("LaunchTemplateSpecification", launch_template(spec)));
    let texts = texts.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value.into())));
    Content::Fields(texts.chain(template).collect())
}

/// With the defaults of the API reference.
fn distribution(shares: &InstancesDistribution) -> Content {
    let text = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned()).into();
    let mut fields = vec![
        ("OnDemandAllocationStrategy", text(&shares.on_demand_allocation_strategy, "prioritized")),
        ("OnDemandBaseCapacity", shares.on_demand_base_capacity.unwrap_or(0).into()),
        ("OnDemandPercentageAboveBaseCapacity", shares.on_demand_percentage_above_base_capacity.unwrap_or(100).into()),
        ("SpotAllocationStrategy", text(&shares.spot_allocation_strategy, "lowest-price")),
    ];
    fields.extend(shares.spot_instance_pools.map(|pools| ("SpotInstancePools", pools.into())));
    fields.extend(shares.spot_max_price.as_ref().map(|price| ("SpotMaxPrice", price.into())));
    Content::Fields(fields)
}

/// The configuration of a warm pool.
pub(super) fn warm_pool(pool: &WarmPool) -> Content {
    let mut fields = vec![("MinSize", pool.min.into()), ("PoolState", pool.state.name().into())];
    fields.extend(pool.max_prepared.map(|most| ("MaxGroupPreparedCapacity", most.into())));
    if pool.deleting {
        fields.push(("Status", "PendingDelete".into()));
    }
    Content::Fields(fields)
}

/// The fields that were said.
pub(super) fn said<const N: usize>(fields: [(&'static str, &Option<String>); N]) -> Content {
    let there = fields.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value.into())));
    Content::Fields(there.collect())
}
