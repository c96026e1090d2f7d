//! The calls about tasks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{StrategyItem, Tag};
use crate::ecs::definition::NameValue;

/// What RunTask changes of one container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerOverride {
    /// Which container.
    pub name: String,
    /// Replaces its command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Added to its environment, or replacing what has the same name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<NameValue>,
    /// CPU units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i32>,
    /// MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// MiB reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i32>,
    /// Everything else: kept, not used.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What RunTask changes of the task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskOverride {
    /// By container.
    pub container_overrides: Vec<ContainerOverride>,
    /// CPU of the whole task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of the whole task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Roles and storage: kept, not used.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A placement constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlacementConstraint {
    /// `distinctInstance` or `memberOf`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of `memberOf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// A placement strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlacementStrategy {
    /// `random`, `spread` or `binpack`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// By what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// RunTask.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunTask {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Family, `family:revision` or ARN.
    pub task_definition: String,
    /// How many, 1 to 10.
    pub count: Option<i32>,
    /// Where from.
    pub capacity_provider_strategy: Vec<StrategyItem>,
    /// `EC2` or `FARGATE`.
    pub launch_type: Option<String>,
    /// Changes to what the definition says.
    pub overrides: TaskOverride,
    /// Which hosts it may be on.
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Which of those it prefers.
    pub placement_strategy: Vec<PlacementStrategy>,
    /// Who asked.
    pub started_by: Option<String>,
    /// `family:<family>` unless said.
    pub group: Option<String>,
    /// The same token is the same call.
    pub client_token: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// `TASK_DEFINITION`, `NONE`.
    pub propagate_tags: Option<String>,
    /// Whether ECS adds tags of its own.
    #[serde(rename = "enableECSManagedTags")]
    pub enable_ecs_managed_tags: bool,
    /// Whether commands may be executed in it: kept, not used.
    pub enable_execute_command: bool,
    /// Fargate's: `LATEST` unless said.
    pub platform_version: Option<String>,
    /// Subnets and security groups: kept, not used.
    pub network_configuration: Option<Value>,
    /// Volumes: kept, not used.
    pub volume_configurations: Vec<Value>,
}

/// StartTask.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StartTask {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Ids or ARNs, at most 10.
    pub container_instances: Vec<String>,
    /// Family, `family:revision` or ARN.
    pub task_definition: String,
    /// Changes to what the definition says.
    pub overrides: TaskOverride,
    /// Who asked.
    pub started_by: Option<String>,
    /// `family:<family>` unless said.
    pub group: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// `TASK_DEFINITION`, `NONE`.
    pub propagate_tags: Option<String>,
    /// Whether ECS adds tags of its own.
    #[serde(rename = "enableECSManagedTags")]
    pub enable_ecs_managed_tags: bool,
    /// Whether commands may be executed in it: kept, not used.
    pub enable_execute_command: bool,
    /// Subnets and security groups: kept, not used.
    pub network_configuration: Option<Value>,
}

/// StopTask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StopTask {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Id or ARN.
    pub task: String,
    /// Becomes `stoppedReason`.
    pub reason: Option<String>,
}

/// ListTasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListTasks {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Id or ARN.
    pub container_instance: Option<String>,
    /// The task definition's family.
    pub family: Option<String>,
    /// Who asked for them.
    pub started_by: Option<String>,
    /// An ECS service's name or ARN.
    pub service_name: Option<String>,
    /// `RUNNING` unless said.
    pub desired_status: Option<String>,
    /// `EC2` or `FARGATE`.
    pub launch_type: Option<String>,
    /// At most 100.
    pub max_results: Option<i32>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// DescribeTasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DescribeTasks {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Ids or ARNs, at most 100.
    pub tasks: Vec<String>,
    /// `TAGS`.
    pub include: Vec<String>,
}
