//! EnterStandby and ExitStandby.

use daemon::moment::Moment;

use super::activities::ActivityStatus;
use super::lifecycle::{Lifecycle, Step};
use super::{AutoScaling, validation};
use crate::auto_scaling::requests::{EnterStandby, ExitStandby};
use crate::refusal::Refusal;

impl AutoScaling {
    /// EnterStandby: all of the instances or none. The ids of the activities.
    ///
    /// # Errors
    /// No such group or instance; one that is not in service; a decrement below the group's least.
    pub fn enter_standby(&mut self, now: Moment, request: &EnterStandby) -> Result<Vec<String>, Refusal> {
        let name = &request.auto_scaling_group_name;
        let ids = self.each(name, &request.instance_ids, Lifecycle::InService)?;
        let group = self.change_group(name)?;
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let (before, mut after) = (group.desired, group.desired);
        if request.should_decrement_desired_capacity {
            after = before
                .checked_sub(count)
                .filter(|after| *after >= group.min)
                .ok_or_else(|| sizes(group, &format!("place into standby {count} instance")))?;
            group.desired = after;
        }
        let mut activities = Vec::new();
        for id in ids {
            if let Some(instance) = self.instances.get_mut(&id) {
                instance.move_to(now, Lifecycle::EnteringStandby);
            }
            let shrinking = match after < before {
                true => format!(", shrinking the capacity from {before} to {after}"),
                false => String::new(),
            };
            let why = format!("instance {id} was moved to standby in response to a user request{shrinking}.");
            let text = format!("Moving EC2 instance to Standby: {id}");
            activities.push(self.begin_activity(now, &id, text, vec![(now, why)], ActivityStatus::InProgress));
        }
        Ok(activities)
    }

    /// ExitStandby: all of the instances or none; the group wants so many more. The ids of the activities.
    ///
    /// # Errors
    /// No such group or instance; one that is not in standby; more than the group's greatest.
    pub fn exit_standby(&mut self, now: Moment, request: &ExitStandby) -> Result<Vec<String>, Refusal> {
        let name = &request.auto_scaling_group_name;
        let ids = self.each(name, &request.instance_ids, Lifecycle::Standby)?;
        let group = self.change_group(name)?;
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let (before, after) = (group.desired, group.desired.saturating_add(count));
        if after > group.max {
            return Err(sizes(group, &format!("take out of standby {count} instance")));
        }
        group.desired = after;
        let mut activities = Vec::new();
        for id in ids {
            if let Some(instance) = self.instances.get_mut(&id) {
                instance.move_to(now, Lifecycle::Pending(Step::Going));
            }
            let why = format!(
                "instance {id} was moved out of standby in response to a user request, increasing the capacity from \
                 {before} to {after}."
            );
            let text = format!("Moving EC2 instance out of Standby: {id}");
            activities.push(self.begin_activity(now, &id, text, vec![(now, why)], ActivityStatus::PreInService));
        }
        Ok(activities)
    }

    fn each(&self, group: &str, ids: &[String], lifecycle: Lifecycle) -> Result<Vec<String>, Refusal> {
        self.group_named(group)?;
        let mut each: Vec<String> = Vec::new();
        for id in ids {
            if self.live_of(group, id)?.lifecycle != lifecycle {
                return Err(validation(format!("The instance {id} is not in {}.", lifecycle.name())));
            }
            if !each.contains(id) {
                each.push(id.clone());
            }
        }
        Ok(each)
    }
}

fn sizes(group: &super::Group, what: &str) -> Refusal {
    validation(format!(
        "AutoScalingGroup {} has min-size={}, max-size={}, and desired-size={}. To {what}, please update the \
         AutoScalingGroup sizes appropriately.",
        group.name, group.min, group.max, group.desired
    ))
}
