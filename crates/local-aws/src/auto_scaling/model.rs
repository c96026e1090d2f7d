//! Groups and their instances: what exists, and what comes of changes. What single calls do and what time changes is in
//! the files beside this one.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::ids::Ids;
use crate::pace::Pace;
use crate::refusal::Refusal;

mod activities;
mod capacity;
mod desired;
mod group;
mod hooks;
mod instance;
mod lifecycle;
mod machine;
mod passing;
mod processes;
mod protection;
mod standby;
mod tags;
mod terminate;
mod victim;
mod warm_pool;

pub use activities::{Activity, ActivityStatus, Cause};
pub use desired::DEFAULT_COOLDOWN;
pub use group::{Balance, Bounds, Group};
pub use hooks::{ActionResult, Hook, Transition, Wait};
pub use instance::{Illness, Instance};
pub use lifecycle::{Lifecycle, PoolState, Step};
pub use machine::{Machine, SpotAction, SpotNotice};
pub use processes::Process;
pub use tags::Tag;
pub use warm_pool::WarmPool;

use activities::Activities;

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
    /// An instance waits for its group's lifecycle hooks.
    Waits {
        /// Its id.
        host: String,
        /// Its state.
        lifecycle: Lifecycle,
    },
    /// An instance is in the warm pool.
    Pooled {
        /// Its id.
        host: String,
    },
    /// An instance comes out of the warm pool.
    Unpooled {
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

/// EC2 Auto Scaling.
#[derive(Debug)]
pub struct AutoScaling {
    account: Account,
    pace: Pace,
    ids: Ids,
    groups: BTreeMap<String, Group>,
    instances: BTreeMap<String, Instance>,
    activities: Activities,
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
            activities: Activities::default(),
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

    /// The instances of a group.
    pub(super) fn of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.instances.values().filter(move |instance| instance.group == group)
    }

    /// The instance, unless there is none or it is off.
    fn live(&self, id: &str) -> Result<&Instance, Refusal> {
        self.instances.get(id).filter(|instance| !instance.lifecycle.is_over()).ok_or_else(|| {
            validation(format!("Instance Id not found - No managed instance found for instance ID: {id}"))
        })
    }

    /// The instance of a group, unless there is none or it is off.
    fn live_of(&self, group: &str, id: &str) -> Result<&Instance, Refusal> {
        let instance = self.live(id)?;
        match instance.group == group {
            true => Ok(instance),
            false => Err(validation(format!("The instance {id} is not part of Auto Scaling group {group}."))),
        }
    }

    fn group_named(&self, name: &str) -> Result<&Group, Refusal> {
        self.groups.get(name).ok_or_else(|| no_group(name))
    }

    fn change_group(&mut self, name: &str) -> Result<&mut Group, Refusal> {
        let group = self.groups.get_mut(name).ok_or_else(|| no_group(name))?;
        match group.deleting {
            false => Ok(group),
            true => Err(validation(format!("AutoScalingGroup {name} is pending delete"))),
        }
    }
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

fn no_group(name: &str) -> Refusal {
    validation(format!("AutoScalingGroup name not found - no such group: {name}"))
}
