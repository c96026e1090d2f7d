//! TerminateInstanceInAutoScalingGroup and SetInstanceHealth, and how every termination begins.

use std::time::Duration;

use daemon::moment::Moment;

use super::activities::{ActivityStatus, Cause};
use super::hooks::Transition;
use super::lifecycle::{Lifecycle, Step};
use super::{Activity, AutoScaling, Illness, validation};
use crate::auto_scaling::requests::{SetInstanceHealth, TerminateInstance};
use crate::refusal::Refusal;

impl AutoScaling {
    /// TerminateInstanceInAutoScalingGroup: protection does not hinder it.
    ///
    /// # Errors
    /// No such instance, or one of a warm pool; one that is being terminated already; a decrement below the group's
    /// least.
    pub fn terminate(&mut self, now: Moment, request: &TerminateInstance) -> Result<&Activity, Refusal> {
        let id = &request.instance_id;
        let instance = self.live(id)?;
        if instance.lifecycle.in_pool() {
            return Err(validation(format!("The instance {id} is in a warm pool: this call cannot terminate it.")));
        }
        if instance.lifecycle.is_ending() {
            let blocks = match &instance.activity {
                Some(activity) => format!("Scaling activity {activity} is in progress and blocks this action"),
                None => format!("Instance {id} is already being terminated."),
            };
            return Err(Refusal::new("ScalingActivityInProgress", blocks));
        }
        let (group, counts) = (instance.group.clone(), instance.lifecycle.counts());
        let mut why = format!("instance {id} was taken out of service in response to a user request");
        if let Some(group) = self.groups.get_mut(&group).filter(|_| request.should_decrement_desired_capacity && counts)
        {
            if group.desired <= group.min {
                return Err(validation(format!(
                    "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will violate \
                     group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower \
                     group's min size.",
                    group.min
                )));
            }
            why.push_str(&format!(", shrinking the capacity from {} to {}", group.desired, group.desired - 1));
            group.desired -= 1;
        }
        why.push('.');
        let activity = self.begin_termination(now, id, vec![(now, why)]);
        activity.and_then(|id| self.activity(&id)).ok_or_else(|| validation(format!("The instance {id} is gone.")))
    }

    /// SetInstanceHealth: what is unhealthy is replaced.
    ///
    /// # Errors
    /// No such instance; another status.
    pub fn set_health(&mut self, now: Moment, request: &SetInstanceHealth) -> Result<(), Refusal> {
        let id = &request.instance_id;
        let illness = match request.health_status.as_str() {
            "Healthy" => None,
            "Unhealthy" => Some(Illness::SaidSo),
            _ => return Err(validation("Valid instance health states are: [Healthy, Unhealthy].")),
        };
        let instance = self.live(id)?;
        let grace = self.groups.get(&instance.group).and_then(|group| group.settings.health_check_grace_period);
        let grace = self.pace.of(Duration::from_secs(u64::from(grace.unwrap_or(0))));
        let graced = instance.lifecycle != Lifecycle::InService || instance.since + grace > now;
        let spared = instance.lifecycle.counts() && graced;
        if illness.is_some() && spared && request.should_respect_grace_period.unwrap_or(true) {
            return Ok(());
        }
        if let Some(instance) = self.instances.get_mut(id) {
            instance.illness = illness;
        }
        Ok(())
    }

    /// The termination of an instance begins: with its group's lifecycle hooks, where there are any. The activity that
    /// it is; none when it has begun before.
    pub(super) fn begin_termination(&mut self, now: Moment, id: &str, causes: Vec<Cause>) -> Option<String> {
        let instance = self.instances.get_mut(id)?;
        if instance.lifecycle.is_ending() {
            return None;
        }
        instance.waits.clear();
        let begins = match instance.lifecycle.in_pool() {
            true => Lifecycle::WarmedTerminating(Step::Going),
            false => Lifecycle::Terminating(Step::Going),
        };
        instance.move_to(now, begins);
        let description = format!("Terminating EC2 instance: {id}");
        let activity = self.begin_activity(now, id, description, causes, ActivityStatus::InProgress);
        self.begin_waits(now, id, Transition::Terminating);
        Some(activity)
    }
}
