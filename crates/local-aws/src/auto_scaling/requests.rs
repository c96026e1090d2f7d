//! What the calls carry, field for field as AWS names it. The Query protocol writes everything as text, the world file
//! writes JSON: numbers and switches are read from both. Unknown fields are ignored.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// CreateAutoScalingGroup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateAutoScalingGroup {
    /// Its name.
    pub auto_scaling_group_name: String,
    /// Hosts at least.
    #[serde(deserialize_with = "number")]
    pub min_size: u32,
    /// Hosts at most.
    #[serde(deserialize_with = "number")]
    pub max_size: u32,
    /// Hosts wanted; the least unless said.
    #[serde(default, deserialize_with = "maybe_number")]
    pub desired_capacity: Option<u32>,
    /// The zones its hosts are in, in turn.
    #[serde(default)]
    pub availability_zones: Vec<String>,
    /// Whether its hosts are protected from birth.
    #[serde(default, deserialize_with = "switch")]
    pub new_instances_protected_from_scale_in: bool,
}

/// DescribeAutoScalingGroups and DescribeAutoScalingInstances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Describe {
    /// Of groups; all without.
    pub auto_scaling_group_names: Vec<String>,
    /// Of instances; all without. Unknown ones are ignored.
    pub instance_ids: Vec<String>,
    /// At most 100 groups or 50 instances.
    #[serde(deserialize_with = "maybe_number")]
    pub max_records: Option<u32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// SetDesiredCapacity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetDesiredCapacity {
    /// The group.
    pub auto_scaling_group_name: String,
    /// Hosts wanted.
    #[serde(deserialize_with = "number")]
    pub desired_capacity: u32,
}

/// SetInstanceProtection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetInstanceProtection {
    /// At most 50.
    pub instance_ids: Vec<String>,
    /// The group.
    pub auto_scaling_group_name: String,
    /// Protected or not.
    #[serde(deserialize_with = "switch")]
    pub protected_from_scale_in: bool,
}

/// TerminateInstanceInAutoScalingGroup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TerminateInstance {
    /// Which.
    pub instance_id: String,
    /// Whether the group is to have one less, or to replace it.
    #[serde(deserialize_with = "switch")]
    pub should_decrement_desired_capacity: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Either<T> {
    Typed(T),
    Text(String),
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match Either::<u32>::deserialize(from).map_err(|_| D::Error::custom("expected a whole number, 0 or more"))? {
        Either::Typed(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no whole number"))),
    }
}

fn maybe_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    number(from).map(Some)
}

fn switch<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match Either::<bool>::deserialize(from).map_err(|_| D::Error::custom("expected true or false"))? {
        Either::Typed(switch) => Ok(switch),
        Either::Text(text) => text.parse().map_err(|_| D::Error::custom(format!("{text:?} is neither true nor false"))),
    }
}
