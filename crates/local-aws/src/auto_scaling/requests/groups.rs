//! What calls about groups carry.

use serde::Deserialize;

use super::{HookSpecification, list, maybe_list, maybe_number, maybe_switch, number, switch};

/// CreateAutoScalingGroup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateAutoScalingGroup {
    /// Its name.
    pub auto_scaling_group_name: String,
    /// Hosts at least.
    #[serde(deserialize_with = "number")]
    pub min_size: u32,
    /// Hosts at most.
    #[serde(deserialize_with = "number")]
    pub max_size: u32,
    /// Hosts wanted; the least unless said.
    #[serde(default, deserialize_with = "maybe_number")]
    pub desired_capacity: Option<u32>,
    /// Lifecycle hooks that it has from the start.
    #[serde(default, deserialize_with = "list")]
    pub lifecycle_hook_specification_list: Vec<HookSpecification>,
    /// Tags.
    #[serde(default, deserialize_with = "list")]
    pub tags: Vec<TagRequest>,
    /// Everything else.
    #[serde(flatten)]
    pub settings: GroupSettings,
}

/// UpdateAutoScalingGroup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateAutoScalingGroup {
    /// Which.
    pub auto_scaling_group_name: String,
    /// Hosts at least.
    #[serde(default, deserialize_with = "maybe_number")]
    pub min_size: Option<u32>,
    /// Hosts at most.
    #[serde(default, deserialize_with = "maybe_number")]
    pub max_size: Option<u32>,
    /// Hosts wanted.
    #[serde(default, deserialize_with = "maybe_number")]
    pub desired_capacity: Option<u32>,
    /// Everything else.
    #[serde(flatten)]
    pub settings: GroupSettings,
}

/// What a group is set to besides its sizes. What is none was never said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GroupSettings {
    /// Kept and shown.
    pub launch_configuration_name: Option<String>,
    /// Kept and shown.
    pub launch_template: Option<LaunchTemplate>,
    /// Kept and shown; its distribution says which hosts are spot instances.
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
    /// Seconds.
    #[serde(deserialize_with = "maybe_number")]
    pub default_cooldown: Option<u32>,
    /// The zones its hosts are in.
    #[serde(deserialize_with = "maybe_list")]
    pub availability_zones: Option<Vec<String>>,
    /// `EC2` unless said.
    pub health_check_type: Option<String>,
    /// Seconds.
    #[serde(deserialize_with = "maybe_number")]
    pub health_check_grace_period: Option<u32>,
    /// Subnets, separated by commas.
    #[serde(rename = "VPCZoneIdentifier")]
    pub vpc_zone_identifier: Option<String>,
    /// In which order.
    #[serde(deserialize_with = "maybe_list")]
    pub termination_policies: Option<Vec<String>>,
    /// Whether its hosts are protected from birth.
    #[serde(deserialize_with = "maybe_switch")]
    pub new_instances_protected_from_scale_in: Option<bool>,
    /// Kept and shown.
    #[serde(rename = "ServiceLinkedRoleARN")]
    pub service_linked_role_arn: Option<String>,
    /// Kept and shown, in seconds.
    #[serde(deserialize_with = "maybe_number")]
    pub max_instance_lifetime: Option<u32>,
    /// Kept and shown.
    #[serde(deserialize_with = "maybe_switch")]
    pub capacity_rebalance: Option<bool>,
    /// Kept and shown.
    pub context: Option<String>,
    /// Kept and shown.
    pub desired_capacity_type: Option<String>,
    /// Kept and shown, in seconds.
    #[serde(deserialize_with = "maybe_number")]
    pub default_instance_warmup: Option<u32>,
}

impl GroupSettings {
    /// These, and what is newer in `newer`. A launch template, a launch configuration and a mixed instances policy
    /// replace each other.
    #[must_use]
    pub fn changed_by(self, newer: GroupSettings) -> Self {
        let launches = [
            newer.launch_configuration_name.is_some(),
            newer.launch_template.is_some(),
            newer.mixed_instances_policy.is_some(),
        ];
        let before = match launches.contains(&true) {
            true => (None, None, None),
            false => (self.launch_configuration_name, self.launch_template, self.mixed_instances_policy),
        };
        GroupSettings {
            launch_configuration_name: newer.launch_configuration_name.or(before.0),
            launch_template: newer.launch_template.or(before.1),
            mixed_instances_policy: newer.mixed_instances_policy.or(before.2),
            default_cooldown: newer.default_cooldown.or(self.default_cooldown),
            availability_zones: newer.availability_zones.or(self.availability_zones),
            health_check_type: newer.health_check_type.or(self.health_check_type),
            health_check_grace_period: newer.health_check_grace_period.or(self.health_check_grace_period),
            vpc_zone_identifier: newer.vpc_zone_identifier.or(self.vpc_zone_identifier),
            termination_policies: newer.termination_policies.or(self.termination_policies),
            new_instances_protected_from_scale_in: newer
                .new_instances_protected_from_scale_in
                .or(self.new_instances_protected_from_scale_in),
            service_linked_role_arn: newer.service_linked_role_arn.or(self.service_linked_role_arn),
            max_instance_lifetime: newer.max_instance_lifetime.or(self.max_instance_lifetime),
            capacity_rebalance: newer.capacity_rebalance.or(self.capacity_rebalance),
            context: newer.context.or(self.context),
            desired_capacity_type: newer.desired_capacity_type.or(self.desired_capacity_type),
            default_instance_warmup: newer.default_instance_warmup.or(self.default_instance_warmup),
        }
    }
}

/// Which launch template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LaunchTemplate {
    /// `lt-…`.
    pub launch_template_id: Option<String>,
    /// Its name.
    pub launch_template_name: Option<String>,
    /// `$Default` unless said.
    pub version: Option<String>,
}

/// Several instance types, on demand and spot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MixedInstancesPolicy {
    /// What is launched.
    pub launch_template: Option<MixedLaunchTemplate>,
    /// In which proportion.
    pub instances_distribution: Option<InstancesDistribution>,
}

/// What a mixed instances policy launches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MixedLaunchTemplate {
    /// The template.
    pub launch_template_specification: Option<LaunchTemplate>,
    /// What differs from it, by instance type.
    #[serde(deserialize_with = "list")]
    pub overrides: Vec<Override>,
}

/// What differs from a launch template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Override {
    /// `t3.micro`.
    pub instance_type: Option<String>,
    /// A number, as text.
    pub weighted_capacity: Option<String>,
    /// Another template.
    pub launch_template_specification: Option<LaunchTemplate>,
}

/// How many instances are on demand, how many spot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InstancesDistribution {
    /// Kept and shown.
    pub on_demand_allocation_strategy: Option<String>,
    /// The first so many are on demand.
    #[serde(deserialize_with = "maybe_number")]
    pub on_demand_base_capacity: Option<u32>,
    /// Per cent of the rest.
    #[serde(deserialize_with = "maybe_number")]
    pub on_demand_percentage_above_base_capacity: Option<u32>,
    /// Kept and shown.
    pub spot_allocation_strategy: Option<String>,
    /// Kept and shown.
    #[serde(deserialize_with = "maybe_number")]
    pub spot_instance_pools: Option<u32>,
    /// Kept and shown.
    pub spot_max_price: Option<String>,
}

/// DeleteAutoScalingGroup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteAutoScalingGroup {
    /// Which.
    pub auto_scaling_group_name: String,
    /// With its instances, the protected ones too.
    #[serde(default, deserialize_with = "switch")]
    pub force_delete: bool,
}

/// SetDesiredCapacity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetDesiredCapacity {
    /// The group.
    pub auto_scaling_group_name: String,
    /// Hosts wanted.
    #[serde(deserialize_with = "number")]
    pub desired_capacity: u32,
    /// Whether it is refused while the group cools down.
    #[serde(default, deserialize_with = "switch")]
    pub honor_cooldown: bool,
}

/// SuspendProcesses and ResumeProcesses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Processes {
    /// The group.
    pub auto_scaling_group_name: String,
    /// Which; all without.
    #[serde(default, deserialize_with = "list")]
    pub scaling_processes: Vec<String>,
}

/// CreateOrUpdateTags.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tags {
    /// Which.
    #[serde(deserialize_with = "list")]
    pub tags: Vec<TagRequest>,
}

/// DeleteTags.
pub type DeleteTags = Tags;

/// A tag as a call has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagRequest {
    /// The group's name; of CreateAutoScalingGroup it may be missing.
    pub resource_id: Option<String>,
    /// `auto-scaling-group`.
    pub resource_type: Option<String>,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Option<String>,
    /// Whether instances get it.
    #[serde(default, deserialize_with = "switch")]
    pub propagate_at_launch: bool,
}
