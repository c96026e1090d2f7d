//! The calls about task definitions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{PlacementConstraint, Tag};
use crate::ecs::definition::ContainerDefinition;

/// RegisterTaskDefinition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegisterTaskDefinition {
    /// The family.
    pub family: String,
    /// Its containers.
    #[serde(skip_serializing)]
    pub container_definitions: Vec<ContainerDefinition>,
    /// `bridge`, `host`, `awsvpc` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<String>,
    /// CPU of the whole task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of the whole task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// What its tasks must be able to run on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires_compatibilities: Vec<String>,
    /// Where its tasks may be put.
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Volumes: kept, and mounted nowhere.
    pub volumes: Vec<Value>,
    /// Tags.
    #[serde(skip_serializing)]
    pub tags: Vec<Tag>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// DescribeTaskDefinition and DeregisterTaskDefinition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NameTaskDefinition {
    /// Family, `family:revision` or ARN.
    pub task_definition: String,
    /// `TAGS`.
    pub include: Vec<String>,
}

/// ListTaskDefinitions and ListTaskDefinitionFamilies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListTaskDefinitions {
    /// A family; for families, what their names begin with.
    pub family_prefix: Option<String>,
    /// Of which status.
    pub status: Option<String>,
    /// `ASC` or `DESC`.
    pub sort: Option<String>,
    /// At most 100.
    pub max_results: Option<i32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// DeleteTaskDefinitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeleteTaskDefinitions {
    /// `family:revision` or ARN, at most 10.
    pub task_definitions: Vec<String>,
}
