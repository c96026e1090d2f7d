//! What the calls carry, field for field as AWS names it. The Query protocol writes everything as text, the world file
//! writes JSON: numbers and switches are read from both. Unknown fields are ignored.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::model::validation;
use crate::refusal::Refusal;

mod groups;
mod hooks;
mod instances;
mod pools;

pub use groups::{
    CreateAutoScalingGroup, DeleteAutoScalingGroup, DeleteTags, GroupSettings, InstancesDistribution, LaunchTemplate,
    MixedInstancesPolicy, MixedLaunchTemplate, Override, Processes, SetDesiredCapacity, TagRequest, Tags,
    UpdateAutoScalingGroup,
};
pub use hooks::{HookSpecification, LifecycleAction, LifecycleHookNamed, PutLifecycleHook};
pub use instances::{EnterStandby, ExitStandby, SetInstanceHealth, SetInstanceProtection, TerminateInstance};
pub use pools::{DeleteWarmPool, InstanceReusePolicy, PutWarmPool};

/// What every Describe call has, and what each may name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Describe {
    /// Of groups; all without.
    #[serde(deserialize_with = "list")]
    pub auto_scaling_group_names: Vec<String>,
    /// Of a group's activities, hooks or warm pool.
    pub auto_scaling_group_name: Option<String>,
    /// Of instances; all without. Unknown ones are ignored.
    #[serde(deserialize_with = "list")]
    pub instance_ids: Vec<String>,
    /// Of activities; all without.
    #[serde(deserialize_with = "list")]
    pub activity_ids: Vec<String>,
    /// Of hooks; all without.
    #[serde(deserialize_with = "list")]
    pub lifecycle_hook_names: Vec<String>,
    /// What has to hold.
    #[serde(deserialize_with = "list")]
    pub filters: Vec<Filter>,
    /// Whether groups show their instances.
    #[serde(deserialize_with = "maybe_switch")]
    pub include_instances: Option<bool>,
    /// Whether activities of groups that are no more are shown.
    #[serde(deserialize_with = "maybe_switch")]
    pub include_deleted_groups: Option<bool>,
    /// How many at most.
    #[serde(deserialize_with = "maybe_number")]
    pub max_records: Option<u32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// A filter of a Describe call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Filter {
    /// What is looked at.
    pub name: String,
    /// One of these.
    #[serde(deserialize_with = "list")]
    pub values: Vec<String>,
}

/// Reads a call's body.
///
/// # Errors
/// `ValidationError`: in AWS's words for what is missing, in serde's for what has another form.
pub fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| {
        let text = error.to_string();
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        match missing {
            Some(field) => is_null(field),
            None => validation(format!("1 validation error detected: {text}")),
        }
    })
}

/// A required parameter is not there.
pub(super) fn is_null(field: &str) -> Refusal {
    let mut letters = field.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    let field: String = first.into_iter().chain(letters).collect();
    validation(format!(
        "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
    ))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Either<T> {
    Typed(T),
    Text(String),
}

fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    match Either::<i64>::deserialize(from).map_err(|_| D::Error::custom("expected a whole number"))? {
        Either::Typed(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no whole number"))),
    }
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = whole(from)?;
    u32::try_from(number).ok().filter(|number| i32::try_from(*number).is_ok()).ok_or_else(|| {
        D::Error::custom(format!(
            "Value '{number}' failed to satisfy constraint: Member must have value between 0 and 2147483647"
        ))
    })
}

fn maybe_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    number(from).map(Some)
}

/// A number where -1 means "none".
fn maybe_unset<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let number = whole(from)?;
    match (-1..=i64::from(i32::MAX)).contains(&number) {
        true => Ok(Some(number)),
        false => Err(D::Error::custom(format!(
            "Value '{number}' failed to satisfy constraint: Member must have value greater than or equal to -1"
        ))),
    }
}

fn switch<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match Either::<bool>::deserialize(from).map_err(|_| D::Error::custom("expected true or false"))? {
        Either::Typed(switch) => Ok(switch),
        Either::Text(text) => match text.as_str() {
            "true" | "True" | "1" => Ok(true),
            "false" | "False" | "0" => Ok(false),
            _ => Err(D::Error::custom(format!("{text:?} is neither true nor false"))),
        },
    }
}

fn maybe_switch<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    switch(from).map(Some)
}

/// A list; the Query protocol writes an empty one as an empty text.
fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Listed<T> {
        Items(Vec<T>),
        Text(String),
    }
    match Listed::<T>::deserialize(from).map_err(|_| D::Error::custom("expected a list"))? {
        Listed::Items(items) => Ok(items),
        Listed::Text(text) if text.is_empty() => Ok(Vec::new()),
        Listed::Text(_) => Err(D::Error::custom("expected a list")),
    }
}

fn maybe_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<T>>, D::Error> {
    list(from).map(Some)
}
