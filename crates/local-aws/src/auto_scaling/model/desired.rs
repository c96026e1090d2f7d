//! How many hosts are wanted: SetDesiredCapacity, alarms, and what somebody does behind everyone's back.

use daemon::moment::Moment;

use super::processes::Process;
use super::{AutoScaling, Group, validation};
use crate::auto_scaling::requests::SetDesiredCapacity;
use crate::refusal::Refusal;

/// Seconds, unless the group says otherwise (API reference of CreateAutoScalingGroup).
pub const DEFAULT_COOLDOWN: u32 = 300;

impl AutoScaling {
    /// SetDesiredCapacity.
    ///
    /// # Errors
    /// No such group; a number that its bounds do not allow; a cooldown that is to be honoured.
    pub fn set_desired(&mut self, now: Moment, request: &SetDesiredCapacity) -> Result<(), Refusal> {
        let pace = self.pace;
        let group = self.change_group(&request.auto_scaling_group_name)?;
        let wanted = request.desired_capacity;
        let says = |relation: &str, bound: u32| {
            validation(format!(
                "New SetDesiredCapacity value {wanted} is {relation} value {bound} for the AutoScalingGroup."
            ))
        };
        if wanted > group.max {
            return Err(says("above max", group.max));
        }
        if wanted < group.min {
            return Err(says("below min", group.min));
        }
        let cooldown = u64::from(group.settings.default_cooldown.unwrap_or(DEFAULT_COOLDOWN));
        let cooldown = pace.of(std::time::Duration::from_secs(cooldown));
        if let Some((since, activity)) = &group.cools_since
            && request.honor_cooldown
            && *since + cooldown > now
        {
            return Err(Refusal::new(
                "ScalingActivityInProgress",
                format!("Scaling activity {activity} is in progress and blocks this action"),
            ));
        }
        group.want(now, wanted, "a user request explicitly set group desired capacity");
        Ok(())
    }

    /// An alarm of a scaling policy asks for another capacity, within the group's bounds. Nothing comes of it while
    /// `AlarmNotification` is suspended.
    pub fn alarm(&mut self, now: Moment, group: &str, desired: u32, alarm: &str) {
        let Ok(group) = self.change_group(group) else { return };
        if group.does(Process::AlarmNotification) {
            let desired = desired.min(group.max).max(group.min);
            group.want(now, desired, &format!("a monitor alarm {alarm} in state ALARM triggered a scaling policy"));
        }
    }

    /// Somebody lowers the desired capacity by `count`, to the group's least at most; what it is then.
    ///
    /// # Errors
    /// No such group.
    pub fn scale_in(&mut self, now: Moment, group: &str, count: u32) -> Result<u32, Refusal> {
        let group = self.change_group(group)?;
        let desired = group.desired.saturating_sub(count).max(group.min);
        group.want(now, desired, "a user request explicitly set group desired capacity");
        Ok(desired)
    }
}

impl Group {
    fn want(&mut self, now: Moment, desired: u32, why: &str) {
        if desired != self.desired {
            let text = format!("{why} changing the desired capacity from {} to {desired}.", self.desired);
            self.reason = Some((now, text));
            self.desired = desired;
        }
    }
}
