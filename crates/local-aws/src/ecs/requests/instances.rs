//! The calls about container instances and their attributes.

use serde::{Deserialize, Serialize};

use super::Tag;

/// What a container instance has of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resource {
    /// `CPU`, `MEMORY`, `PORTS`.
    pub name: Option<String>,
    /// Where it is a number.
    pub integer_value: Option<i32>,
    /// Where it is a set of words.
    pub string_set_value: Vec<String>,
}

/// Versions on a container instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VersionInfo {
    /// The ECS agent's.
    pub agent_version: Option<String>,
}

/// RegisterContainerInstance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegisterContainerInstance {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// JSON with `instanceId`.
    pub instance_identity_document: Option<String>,
    /// What it has.
    pub total_resources: Vec<Resource>,
    /// Versions.
    pub version_info: VersionInfo,
    /// The one it is already.
    pub container_instance_arn: Option<String>,
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// ListContainerInstances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListContainerInstances {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// A cluster query expression.
    pub filter: Option<String>,
    /// Of which status.
    pub status: Option<String>,
    /// At most 100.
    pub max_results: Option<i32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// DescribeContainerInstances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DescribeContainerInstances {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Ids or ARNs.
    pub container_instances: Vec<String>,
    /// `TAGS`, `CONTAINER_INSTANCE_HEALTH`.
    pub include: Vec<String>,
}

/// UpdateContainerInstancesState.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateContainerInstancesState {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Ids or ARNs.
    pub container_instances: Vec<String>,
    /// `ACTIVE` or `DRAINING`.
    pub status: Option<String>,
}

/// DeregisterContainerInstance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeregisterContainerInstance {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Id or ARN.
    pub container_instance: Option<String>,
    /// With tasks on it, too.
    pub force: Option<bool>,
}

/// An attribute of a container instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `container-instance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    /// The container instance, id or ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
}

/// PutAttributes and DeleteAttributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// At most 10.
    pub attributes: Vec<Attribute>,
}

/// ListAttributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListAttributes {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// `container-instance`.
    pub target_type: Option<String>,
    /// Only those of this name.
    pub attribute_name: Option<String>,
    /// Only those of this value.
    pub attribute_value: Option<String>,
    /// At most 100.
    pub max_results: Option<i32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}
