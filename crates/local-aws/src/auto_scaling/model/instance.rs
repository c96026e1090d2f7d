//! An instance of a group: a host as Auto Scaling knows it.

use daemon::moment::Moment;

use super::hooks::Wait;
use super::lifecycle::Lifecycle;
use super::machine::{Machine, SpotNotice};
use crate::auto_scaling::requests::LaunchTemplate;

/// Why an instance is unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Illness {
    /// EC2 does not run it.
    MachineIsOff,
    /// SetInstanceHealth said so.
    SaidSo,
}

/// An instance of a group: a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `i-` and 17 hex digits.
    pub id: String,
    /// Counts the instances: what came first.
    pub number: u64,
    /// Its group.
    pub group: String,
    /// Its zone.
    pub zone: String,
    /// What it was launched from.
    pub launch_template: Option<LaunchTemplate>,
    /// What it was launched from, before there were templates.
    pub launch_configuration: Option<String>,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// When `lifecycle` last changed.
    pub since: Moment,
    /// What it is on its way to be; none before its first transition.
    pub target: Option<&'static str>,
    /// The machine under it.
    pub machine: Machine,
    /// Why it is unhealthy; none while it is well.
    pub illness: Option<Illness>,
    /// Whether scale-in spares it.
    pub protected: bool,
    /// Whether its ECS agent has been told to register.
    pub joined: bool,
    /// Whether it is a spot instance.
    pub spot: bool,
    /// The notice of its interruption.
    pub notice: Option<SpotNotice>,
    /// When it was recommended to rebalance.
    pub rebalance: Option<Moment>,
    /// The lifecycle hooks that it waits for.
    pub waits: Vec<Wait>,
    /// The id of the activity that goes on with it.
    pub activity: Option<String>,
    /// When it was launched.
    pub launched_at: Moment,
}

impl Instance {
    /// Whether nothing has found it unhealthy.
    #[must_use]
    pub const fn healthy(&self) -> bool {
        self.illness.is_none()
    }

    pub(super) fn move_to(&mut self, at: Moment, lifecycle: Lifecycle) {
        self.lifecycle = lifecycle;
        self.since = at;
        self.target = Some(lifecycle.target());
    }
}
