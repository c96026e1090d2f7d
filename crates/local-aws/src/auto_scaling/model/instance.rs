//! An instance of a group: a host as Auto Scaling knows it.

use daemon::moment::Moment;

use super::lifecycle::Lifecycle;
use super::machine::{Machine, SpotNotice};

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
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// When `lifecycle` last changed.
    pub since: Moment,
    /// What it is on its way to be; none before its first transition.
    pub target: Option<&'static str>,
    /// The machine under it.
    pub machine: Machine,
    /// Whether its health checks found it well.
    pub healthy: bool,
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
    /// When it was launched.
    pub launched_at: Moment,
}

impl Instance {
    pub(super) fn move_to(&mut self, at: Moment, lifecycle: Lifecycle) {
        self.lifecycle = lifecycle;
        self.since = at;
        self.target = Some(lifecycle.target());
    }
}
