//! Groups: CreateAutoScalingGroup, UpdateAutoScalingGroup, DeleteAutoScalingGroup.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::activities::Cause;
use super::hooks::Hook;
use super::processes::Process;
use super::tags::Tag;
use super::warm_pool::WarmPool;
use super::{AutoScaling, validation};
use crate::auto_scaling::requests::{
    CreateAutoScalingGroup, DeleteAutoScalingGroup, GroupSettings, UpdateAutoScalingGroup,
};
use crate::refusal::Refusal;

/// How many hosts a group may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: u32,
}

/// How the zones of a group stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// They are in balance, or nothing is done about it.
    Even,
    /// They are not.
    Uneven {
        /// Since when.
        since: Moment,
    },
    /// An instance comes up in the emptiest zone, over the desired capacity.
    Rebalancing,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Hosts at least.
    pub min: u32,
    /// Hosts at most.
    pub max: u32,
    /// Hosts wanted.
    pub desired: u32,
    /// Why `desired` last changed.
    pub reason: Option<Cause>,
    /// The zones its hosts are in.
    pub zones: Vec<String>,
    /// What else it is set to.
    pub settings: GroupSettings,
    /// By key.
    pub tags: BTreeMap<String, Tag>,
    /// Processes that are suspended, and since when.
    pub suspended: BTreeMap<Process, Moment>,
    /// By name.
    pub hooks: BTreeMap<String, Hook>,
    /// Its warm pool.
    pub warm_pool: Option<WarmPool>,
    /// Whether it ends with its last instance.
    pub deleting: bool,
    /// When its last activity ended, and which that was.
    pub cools_since: Option<(Moment, String)>,
    /// How its zones stand.
    pub balance: Balance,
    /// When it was made.
    pub created_at: Moment,
}

impl Group {
    /// Whether its hosts are protected from birth.
    #[must_use]
    pub fn protects_new(&self) -> bool {
        self.settings.new_instances_protected_from_scale_in.unwrap_or(false)
    }

    /// Whether a process is not suspended.
    #[must_use]
    pub fn does(&self, process: Process) -> bool {
        !self.suspended.contains_key(&process)
    }
}

impl AutoScaling {
    /// CreateAutoScalingGroup. Unlike on AWS it needs no launch template and no zone: hosts have one size here, and
    /// every region three zones.
    ///
    /// # Errors
    /// `AlreadyExists`; sizes that contradict each other; tags and hooks that make no sense.
    pub fn create_group(&mut self, now: Moment, request: CreateAutoScalingGroup) -> Result<(), Refusal> {
        let name = request.auto_scaling_group_name;
        if name.is_empty() || name.chars().count() > 255 {
            return Err(validation(format!(
                "1 validation error detected: Value '{name}' at 'autoScalingGroupName' failed to satisfy constraint: \
                 Member must have length between 1 and 255"
            )));
        }
        if let Some(there) = self.groups.get(&name) {
            let pending = if there.deleting { " and is pending delete" } else { "" };
            return Err(Refusal::new(
                "AlreadyExists",
                format!(
                    "AutoScalingGroup by this name already exists - A group with the name {name} already \
                     exists{pending}"
                ),
            ));
        }
        let bounds = Bounds { min: request.min_size, max: request.max_size };
        let desired = request.desired_capacity.unwrap_or(bounds.min);
        fits(bounds, desired)?;
        one_launch(&request.settings)?;
        let zones = self.zones_of(&request.settings, None);
        let resource = format!("autoScalingGroup:{}:autoScalingGroupName/{name}", self.ids.uuid());
        let mut group = Group {
            arn: self.account.arn("autoscaling", &resource),
            name: name.clone(),
            min: bounds.min,
            max: bounds.max,
            desired,
            reason: Some((
                now,
                format!(
                    "a user request created an AutoScalingGroup changing the desired capacity from 0 to {desired}."
                ),
            )),
            zones,
            settings: request.settings,
            tags: BTreeMap::new(),
            suspended: BTreeMap::new(),
            hooks: BTreeMap::new(),
            warm_pool: None,
            deleting: false,
            cools_since: None,
            balance: Balance::Even,
            created_at: now,
        };
        for tag in request.tags {
            group.put_tag(tag)?;
        }
        for hook in request.lifecycle_hook_specification_list {
            group.put_hook(hook)?;
        }
        self.groups.insert(name, group);
        Ok(())
    }

    /// UpdateAutoScalingGroup. What is not said stays; a least or greatest size that the group's size contradicts moves
    /// the desired capacity.
    ///
    /// # Errors
    /// No such group; sizes that contradict each other.
    pub fn update_group(&mut self, now: Moment, request: UpdateAutoScalingGroup) -> Result<(), Refusal> {
        let name = &request.auto_scaling_group_name;
        if !self.groups.contains_key(name) {
            return Err(validation("AutoScalingGroup name not found - null"));
        }
        let group = self.change_group(name)?.clone();
        let bounds = Bounds { min: request.min_size.unwrap_or(group.min), max: request.max_size.unwrap_or(group.max) };
        let moved = match bounds.min <= bounds.max {
            true => group.desired.clamp(bounds.min, bounds.max),
            false => group.desired,
        };
        let desired = request.desired_capacity.unwrap_or(moved);
        fits(bounds, desired)?;
        one_launch(&request.settings)?;
        let zones = self.zones_of(&request.settings, Some(group.zones));
        let Some(group) = self.groups.get_mut(name) else { return Ok(()) };
        if desired != group.desired {
            let text = format!(
                "a user request update of AutoScalingGroup constraints to min: {}, max: {}, desired: {desired} changing \
                 the desired capacity from {} to {desired}.",
                bounds.min, bounds.max, group.desired
            );
            group.reason = Some((now, text));
        }
        (group.min, group.max, group.desired, group.zones) = (bounds.min, bounds.max, desired, zones);
        group.settings = std::mem::take(&mut group.settings).changed_by(request.settings);
        Ok(())
    }

    /// DeleteAutoScalingGroup.
    ///
    /// # Errors
    /// No such group; without force, one that has instances, or some that are going.
    pub fn delete_group(&mut self, now: Moment, request: &DeleteAutoScalingGroup) -> Result<(), Refusal> {
        let name = &request.auto_scaling_group_name;
        if !self.groups.contains_key(name) {
            let none = format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found");
            return Err(validation(none));
        }
        let here: Vec<(String, bool)> = self
            .of(name)
            .filter(|instance| !instance.lifecycle.is_over())
            .map(|instance| (instance.id.clone(), instance.lifecycle.is_ending()))
            .collect();
        if !request.force_delete {
            if here.iter().any(|(_, ending)| !ending) {
                return Err(Refusal::new(
                    "ResourceInUse",
                    "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance \
                     request(s) still in the group.",
                ));
            }
            if !here.is_empty() {
                return Err(Refusal::new(
                    "ScalingActivityInProgress",
                    "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that \
                     group.",
                ));
            }
        }
        if let Some(group) = self.groups.get_mut(name) {
            group.deleting = true;
            // "This action also deletes any outstanding lifecycle actions" (API reference).
            group.hooks.clear();
            (group.min, group.max, group.desired) = (0, 0, 0);
        }
        for (id, ending) in here {
            if ending {
                self.abandon_waits(now, &id);
            }
            self.begin_termination(now, &id, vec![(now, "a user request deleted the group.".to_owned())]);
        }
        Ok(())
    }

    /// A group that is deleted ends with its last instance.
    pub(super) fn end_deleted_groups(&mut self) {
        let over = |group: &Group| group.deleting && self.of(&group.name).all(|i| i.lifecycle.is_over());
        let ended: Vec<String> = self.groups.values().filter(|g| over(g)).map(|g| g.name.clone()).collect();
        for name in ended {
            self.groups.remove(&name);
        }
    }

    fn zones_of(&self, settings: &GroupSettings, before: Option<Vec<String>>) -> Vec<String> {
        if let Some(zones) = settings.availability_zones.as_ref().filter(|zones| !zones.is_empty()) {
            return zones.clone();
        }
        let subnets = settings.vpc_zone_identifier.as_ref().map(|subnets| subnets.split(',').count());
        match (subnets, before) {
            (None, Some(before)) => before,
            (subnets, _) => (0..subnets.unwrap_or(3).clamp(1, 3)).map(|number| self.account.zone(number)).collect(),
        }
    }
}

fn fits(bounds: Bounds, desired: u32) -> Result<(), Refusal> {
    let Bounds { min, max } = bounds;
    if max < min {
        return Err(validation("Max bound, must be greater than or equal to min bound"));
    }
    if !(min..=max).contains(&desired) {
        return Err(validation(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )));
    }
    Ok(())
}

fn one_launch(settings: &GroupSettings) -> Result<(), Refusal> {
    let said = [
        settings.launch_configuration_name.is_some(),
        settings.launch_template.is_some(),
        settings.mixed_instances_policy.is_some(),
    ];
    if said.iter().filter(|said| **said).count() > 1 {
        return Err(validation(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or \
             MixedInstancesPolicy parameter.",
        ));
    }
    let policy = settings.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
    let specification = policy.and_then(|template| template.launch_template_specification.as_ref());
    for template in settings.launch_template.iter().chain(specification) {
        if template.launch_template_id.is_some() == template.launch_template_name.is_some() {
            return Err(validation("Valid requests must contain either launchTemplateId or LaunchTemplateName"));
        }
    }
    Ok(())
}
