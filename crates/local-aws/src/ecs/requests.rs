//! What the calls carry, field for field as AWS names it. Unknown fields are ignored; what is required and missing is
//! found by the call itself, which has AWS's words for it.

use serde::{Deserialize, Serialize};

pub mod capacity;
pub mod clusters;
pub mod definitions;
pub mod instances;
pub mod tags;
pub mod tasks;

pub use capacity::{GroupProvider, ManagedScaling, StrategyItem};
pub use clusters::CreateCluster;
pub use definitions::RegisterTaskDefinition;
pub use tasks::{
    ContainerOverride, DescribeTasks, ListTasks, PlacementConstraint, PlacementStrategy, RunTask, StartTask, StopTask,
    TaskOverride,
};

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its key.
    #[serde(default)]
    pub key: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
}
