//! SetInstanceProtection.

use super::lifecycle::Lifecycle;
use super::{AutoScaling, Effect, validation};
use crate::auto_scaling::requests::SetInstanceProtection;
use crate::refusal::Refusal;

impl AutoScaling {
    /// SetInstanceProtection: all of the instances or none.
    ///
    /// # Errors
    /// No such group or instance; an instance in a state that has no protection.
    pub fn set_protection(&mut self, request: &SetInstanceProtection) -> Result<(), Refusal> {
        let group = &request.auto_scaling_group_name;
        self.group_named(group)?;
        if request.instance_ids.is_empty() || request.instance_ids.len() > 50 {
            return Err(validation("InstanceIds must name 1 to 50 instances"));
        }
        for id in &request.instance_ids {
            let instance = self.live_of(group, id)?;
            if !matches!(instance.lifecycle, Lifecycle::InService | Lifecycle::EnteringStandby | Lifecycle::Standby) {
                return Err(validation(format!(
                    "The instance {id} is not in InService or EnteringStandby or Standby."
                )));
            }
        }
        for id in &request.instance_ids {
            self.protect(id, request.protected_from_scale_in);
        }
        Ok(())
    }

    /// Protects an instance, or lifts its protection, whatever its state: what ECS does for itself.
    pub fn protect(&mut self, id: &str, protected: bool) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.protected != protected {
            instance.protected = protected;
            let host = id.to_owned();
            self.effects.push(match protected {
                true => Effect::Protected { host },
                false => Effect::Unprotected { host },
            });
        }
    }
}
