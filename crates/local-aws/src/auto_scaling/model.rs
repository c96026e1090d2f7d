//! Groups and their instances, and the calls that change them. What time changes is in `passing.rs`.

use std::collections::BTreeMap;

use daemon::moment::Moment;

use super::requests::{CreateAutoScalingGroup, SetDesiredCapacity, SetInstanceProtection, TerminateInstance};
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::Pace;
use crate::refusal::Refusal;

mod capacity;
mod instance;
mod lifecycle;
mod machine;
mod passing;

pub use instance::Instance;
pub use lifecycle::{Lifecycle, PoolState, Step};
pub use machine::{Machine, SpotAction, SpotNotice};

/// What came of time passing or of a call: something to do outside, or something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An instance is being launched.
    Launched {
        /// Its id.
        host: String,
        /// Its group.
        group: String,
    },
    /// An instance has booted: its programs run.
    Booted {
        /// Its id.
        host: String,
        /// Its group.
        group: String,
    },
    /// The ECS agent of an instance registers.
    Joins {
        /// Its id.
        host: String,
        /// Its group.
        group: String,
    },
    /// EC2 gave notice that it takes the machine.
    SpotNotice {
        /// Its id.
        host: String,
        /// What will happen.
        action: SpotAction,
    },
    /// EC2 recommends to rebalance.
    RebalanceRecommended {
        /// Its id.
        host: String,
    },
    /// The machine of an instance went off without a word to what runs on it.
    Down {
        /// Its id.
        host: String,
    },
    /// ECS learns that the container instance of a lost machine is gone.
    Deregisters {
        /// Its id.
        host: String,
        /// Whether a spot interruption took it.
        reclaimed: bool,
    },
    /// An instance is protected from scale-in.
    Protected {
        /// Its id.
        host: String,
    },
    /// An instance is no longer protected from scale-in.
    Unprotected {
        /// Its id.
        host: String,
    },
    /// An instance is off; everything on it has gone.
    Terminated {
        /// Its id.
        host: String,
        /// Whether ECS deregisters its container instance with that.
        deregisters: bool,
    },
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
    /// The zones its hosts are in, in turn.
    pub zones: Vec<String>,
    /// Whether its hosts are protected from birth.
    pub protects_new: bool,
    /// When it was made.
    pub created_at: Moment,
}

/// EC2 Auto Scaling.
#[derive(Debug)]
pub struct AutoScaling {
    account: Account,
    pace: Pace,
    pub(super) ids: Ids,
    groups: BTreeMap<String, Group>,
    instances: BTreeMap<String, Instance>,
    launched: u64,
    effects: Vec<Effect>,
}

impl AutoScaling {
    /// An account without anything in it.
    #[must_use]
    pub fn new(account: Account, pace: Pace, ids: Ids) -> Self {
        AutoScaling {
            account,
            pace,
            ids,
            groups: BTreeMap::new(),
            instances: BTreeMap::new(),
            launched: 0,
            effects: Vec::new(),
        }
    }

    /// What has come of changes since the last time this was asked.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Every group.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// A group by its name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Every instance, the terminated ones for a while, the oldest first.
    #[must_use]
    pub fn instances(&self) -> Vec<&Instance> {
        let mut all: Vec<&Instance> = self.instances.values().collect();
        all.sort_by_key(|instance| instance.number);
        all
    }

    /// An instance by its id.
    #[must_use]
    pub fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.get(id)
    }

    /// CreateAutoScalingGroup.
    ///
    /// # Errors
    /// `AlreadyExists`; sizes that contradict each other.
    pub fn create_group(&mut self, now: Moment, request: CreateAutoScalingGroup) -> Result<(), Refusal> {
        let name = request.auto_scaling_group_name;
        if name.is_empty() {
            return Err(validation("AutoScalingGroupName must not be empty"));
        }
        if self.groups.contains_key(&name) {
            return Err(Refusal::new(
                "AlreadyExists",
                format!("AutoScalingGroup by this name already exists - A group with the name {name} already exists"),
            ));
        }
        let (min, max) = (request.min_size, request.max_size);
        let desired = request.desired_capacity.unwrap_or(min);
        if max < min {
            return Err(validation("Max bound, must be greater than or equal to min bound"));
        }
        if !(min..=max).contains(&desired) {
            return Err(validation(format!(
                "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
            )));
        }
        let zones = match request.availability_zones {
            none if none.is_empty() => (0..3).map(|number| self.account.zone(number)).collect(),
            given => given,
        };
        let resource = format!("autoScalingGroup:{}:autoScalingGroupName/{name}", self.ids.uuid());
        let group = Group {
            arn: self.account.arn("autoscaling", &resource),
            name: name.clone(),
            min,
            max,
            desired,
            zones,
            protects_new: request.new_instances_protected_from_scale_in,
            created_at: now,
        };
        self.groups.insert(name, group);
        Ok(())
    }

    /// SetDesiredCapacity.
    ///
    /// # Errors
    /// No such group; a number that its bounds do not allow.
    pub fn set_desired(&mut self, request: &SetDesiredCapacity) -> Result<(), Refusal> {
        let name = &request.auto_scaling_group_name;
        let none = || validation(format!("AutoScalingGroup name not found - no such group: {name}"));
        let group = self.groups.get_mut(name).ok_or_else(none)?;
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
        group.desired = wanted;
        Ok(())
    }

    /// Somebody lowers the desired capacity by `count`, to the group's least at most; what it is then.
    ///
    /// # Errors
    /// No such group.
    pub fn scale_in(&mut self, group: &str, count: u32) -> Result<u32, Refusal> {
        let none = || validation(format!("AutoScalingGroup name not found - no such group: {group}"));
        let group = self.groups.get_mut(group).ok_or_else(none)?;
        group.desired = group.desired.saturating_sub(count).max(group.min);
        Ok(group.desired)
    }

    /// SetInstanceProtection: all of the instances or none.
    ///
    /// # Errors
    /// No such group or instance; an instance in a state that has no protection.
    pub fn set_protection(&mut self, request: &SetInstanceProtection) -> Result<(), Refusal> {
        if request.instance_ids.is_empty() || request.instance_ids.len() > 50 {
            return Err(validation("InstanceIds must name 1 to 50 instances"));
        }
        for id in &request.instance_ids {
            let instance = self.live(id)?;
            if instance.group != request.auto_scaling_group_name {
                return Err(validation(format!(
                    "The instance {id} is not part of Auto Scaling group {}.",
                    request.auto_scaling_group_name
                )));
            }
            if !matches!(instance.lifecycle, Lifecycle::InService | Lifecycle::EnteringStandby | Lifecycle::Standby) {
                return Err(validation(format!(
                    "The instance {id} is not in InService or EnteringStandby or Standby."
                )));
            }
        }
        for id in &request.instance_ids {
            let Some(instance) = self.instances.get_mut(id) else { continue };
            if instance.protected != request.protected_from_scale_in {
                instance.protected = request.protected_from_scale_in;
                let host = id.clone();
                self.effects.push(match instance.protected {
                    true => Effect::Protected { host },
                    false => Effect::Unprotected { host },
                });
            }
        }
        Ok(())
    }

    /// TerminateInstanceInAutoScalingGroup: protection does not hinder it.
    ///
    /// # Errors
    /// No such instance; one that is being terminated already; a decrement below the group's least.
    pub fn terminate(&mut self, now: Moment, request: &TerminateInstance) -> Result<&Instance, Refusal> {
        let id = &request.instance_id;
        let instance = self.live(id)?;
        if instance.lifecycle.is_ending() {
            return Err(Refusal::new(
                "ScalingActivityInProgress",
                format!("Instance {id} is already being terminated."),
            ));
        }
        let group = instance.group.clone();
        if let Some(group) = self.groups.get_mut(&group).filter(|_| request.should_decrement_desired_capacity) {
            if group.desired <= group.min {
                return Err(validation(format!(
                    "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will violate \
                     group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower \
                     group's min size.",
                    group.min
                )));
            }
            group.desired -= 1;
        }
        self.begin_termination(now, id);
        self.live(id)
    }

    /// The instance, unless there is none or it is off.
    fn live(&self, id: &str) -> Result<&Instance, Refusal> {
        self.instances.get(id).filter(|instance| !instance.lifecycle.is_over()).ok_or_else(|| {
            validation(format!("Instance Id not found - No managed instance found for instance ID: {id}"))
        })
    }
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}
