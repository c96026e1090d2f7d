//! What the calls carry, field for field as AWS names it. Unknown fields are ignored.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::definition::{ContainerDefinition, NameValue};

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
}

/// CreateCluster.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateCluster {
    /// `default` unless said.
    pub cluster_name: Option<String>,
    /// Names of capacity providers.
    pub capacity_providers: Vec<String>,
    /// Used where RunTask names neither a strategy nor a launch type.
    pub default_capacity_provider_strategy: Vec<StrategyItem>,
}

/// PutClusterCapacityProviders.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutClusterCapacityProviders {
    /// Name or ARN.
    pub cluster: String,
    /// Names of capacity providers.
    pub capacity_providers: Vec<String>,
    /// Used where RunTask names neither a strategy nor a launch type.
    pub default_capacity_provider_strategy: Vec<StrategyItem>,
}

/// One capacity provider of a strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyItem {
    /// Its name.
    pub capacity_provider: String,
    /// Its share.
    #[serde(default)]
    pub weight: u32,
    /// How many tasks it gets first.
    #[serde(default)]
    pub base: u32,
}

/// CreateCapacityProvider.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCapacityProvider {
    /// Its name.
    pub name: String,
    /// What it provides.
    pub auto_scaling_group_provider: GroupProvider,
}

/// The Auto Scaling group behind a capacity provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupProvider {
    /// The group's ARN, or its name.
    pub auto_scaling_group_arn: String,
    /// Managed scaling.
    #[serde(default)]
    pub managed_scaling: ManagedScaling,
    /// `ENABLED` or `DISABLED`.
    #[serde(default = "disabled")]
    pub managed_termination_protection: String,
    /// `ENABLED` (as AWS has it unless said) or `DISABLED`.
    #[serde(default = "enabled")]
    pub managed_draining: String,
}

fn disabled() -> String {
    "DISABLED".to_owned()
}

fn enabled() -> String {
    "ENABLED".to_owned()
}

/// Managed scaling of a capacity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedScaling {
    /// `ENABLED` or `DISABLED`.
    pub status: String,
    /// Per cent of the group that should be used.
    pub target_capacity: u32,
    /// How many hosts one look may add at least.
    pub minimum_scaling_step_size: u32,
    /// How many hosts one look may add at most.
    pub maximum_scaling_step_size: u32,
    /// Seconds until a new host counts.
    pub instance_warmup_period: u32,
}

impl Default for ManagedScaling {
    fn default() -> Self {
        ManagedScaling {
            status: "ENABLED".to_owned(),
            target_capacity: 100,
            minimum_scaling_step_size: 1,
            maximum_scaling_step_size: 10_000,
            instance_warmup_period: 300,
        }
    }
}

/// RegisterTaskDefinition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterTaskDefinition {
    /// The family.
    pub family: String,
    /// Its containers.
    #[serde(skip_serializing)]
    pub container_definitions: Vec<ContainerDefinition>,
    /// `bridge`, `host`, `awsvpc` or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<String>,
    /// CPU of the whole task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of the whole task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

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
    pub cpu: Option<u32>,
    /// MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    /// MiB reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<u32>,
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
}

/// RunTask.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunTask {
    /// Name or ARN; `default` unless said.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Family, `family:revision` or ARN.
    pub task_definition: String,
    /// How many, 1 to 10.
    #[serde(default)]
    pub count: Option<u32>,
    /// Where from.
    #[serde(default)]
    pub capacity_provider_strategy: Vec<StrategyItem>,
    /// `EC2` or `FARGATE`.
    #[serde(default)]
    pub launch_type: Option<String>,
    /// Changes to what the definition says.
    #[serde(default)]
    pub overrides: TaskOverride,
    /// Who asked.
    #[serde(default)]
    pub started_by: Option<String>,
    /// `family:<family>` unless said.
    #[serde(default)]
    pub group: Option<String>,
    /// The same token is the same call.
    #[serde(default)]
    pub client_token: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Subnets and security groups: kept, not used.
    #[serde(default)]
    pub network_configuration: Option<Value>,
}

/// StopTask.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StopTask {
    /// Name or ARN; `default` unless said.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Id or ARN.
    pub task: String,
    /// Becomes `stoppedReason`.
    #[serde(default)]
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
    pub max_results: Option<usize>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// Calls that name a cluster and things in it: DescribeTasks, DescribeContainerInstances, DescribeClusters,
/// DescribeCapacityProviders, DescribeTaskDefinition, ListContainerInstances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Named {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Of DescribeTasks.
    pub tasks: Vec<String>,
    /// Of DescribeContainerInstances and UpdateContainerInstancesState.
    pub container_instances: Vec<String>,
    /// Of DescribeClusters.
    pub clusters: Vec<String>,
    /// Of DescribeCapacityProviders.
    pub capacity_providers: Vec<String>,
    /// Of DescribeTaskDefinition.
    pub task_definition: String,
    /// Of UpdateContainerInstancesState and ListContainerInstances.
    pub status: Option<String>,
    /// `TAGS`.
    pub include: Vec<String>,
}

/// An attribute of a container instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `container-instance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    /// The container instance, id or ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
}

/// PutAttributes and DeleteAttributes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Attributes {
    /// Name or ARN; `default` unless said.
    #[serde(default)]
    pub cluster: Option<String>,
    /// At most 10.
    pub attributes: Vec<Attribute>,
}

/// ListAttributes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListAttributes {
    /// Name or ARN; `default` unless said.
    #[serde(default)]
    pub cluster: Option<String>,
    /// `container-instance`.
    pub target_type: String,
    /// Only those of this name.
    #[serde(default)]
    pub attribute_name: Option<String>,
    /// Only those of this value.
    #[serde(default)]
    pub attribute_value: Option<String>,
}
