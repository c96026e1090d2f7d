//! What the calls about services carry, field for field as AWS names it. Unknown fields are ignored.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ecs::requests::{PlacementConstraint, PlacementStrategy, StrategyItem, Tag};

/// How deployments go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// Per cent of the desired tasks that may be there.
    pub maximum_percent: u32,
    /// Per cent of the desired tasks that have to be healthy.
    pub minimum_healthy_percent: u32,
    /// When to give a deployment up.
    pub deployment_circuit_breaker: CircuitBreaker,
    /// `ROLLING`.
    pub strategy: String,
}

/// What a call says of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GivenConfiguration {
    /// 200 unless said, 100 for daemons.
    pub maximum_percent: Option<u32>,
    /// 100 unless said, 0 for daemons.
    pub minimum_healthy_percent: Option<u32>,
    /// Off unless said.
    pub deployment_circuit_breaker: Option<CircuitBreaker>,
    /// Only `ROLLING` is here.
    pub strategy: Option<String>,
}

/// When to give a deployment up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitBreaker {
    /// Whether to.
    pub enable: bool,
    /// Whether to go back to the last deployment that completed.
    pub rollback: bool,
}

/// Of CreateService.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Controller {
    /// Only `ECS` is here.
    #[serde(rename = "type")]
    pub kind: String,
}

/// CreateService.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateService {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Its name.
    pub service_name: String,
    /// Family, `family:revision` or ARN.
    pub task_definition: Option<String>,
    /// Needed by replicas, refused to daemons.
    pub desired_count: Option<i64>,
    /// The same token is the same call.
    pub client_token: Option<String>,
    /// `EC2` or `FARGATE`.
    pub launch_type: Option<String>,
    /// Where from.
    pub capacity_provider_strategy: Vec<StrategyItem>,
    /// `REPLICA` unless said, or `DAEMON`.
    pub scheduling_strategy: Option<String>,
    /// How deployments go.
    pub deployment_configuration: GivenConfiguration,
    /// Only `ECS` is here.
    pub deployment_controller: Option<Controller>,
    /// Which hosts tasks may be on.
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Which of those they prefer.
    pub placement_strategy: Vec<PlacementStrategy>,
    /// Subnets and security groups: kept and shown.
    pub network_configuration: Option<Value>,
    /// Kept and shown.
    pub health_check_grace_period_seconds: Option<u32>,
    /// Cloud Map services.
    pub service_registries: Vec<Value>,
    /// None are here.
    pub load_balancers: Vec<Value>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Whether tasks are tagged with the cluster's and the service's name.
    #[serde(rename = "enableECSManagedTags")]
    pub enable_ecs_managed_tags: bool,
    /// `NONE` unless said, `SERVICE` or `TASK_DEFINITION`.
    pub propagate_tags: Option<String>,
    /// Kept and shown.
    pub enable_execute_command: bool,
    /// Everything else: only to know the same call again.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// UpdateService: what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateService {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Name or ARN.
    pub service: String,
    /// How many.
    pub desired_count: Option<i64>,
    /// Family, `family:revision` or ARN.
    pub task_definition: Option<String>,
    /// A new deployment even when nothing has changed.
    pub force_new_deployment: bool,
    /// Where from.
    pub capacity_provider_strategy: Option<Vec<StrategyItem>>,
    /// How deployments go.
    pub deployment_configuration: Option<GivenConfiguration>,
    /// Only `ECS` is here.
    pub deployment_controller: Option<Controller>,
    /// Which hosts tasks may be on.
    pub placement_constraints: Option<Vec<PlacementConstraint>>,
    /// Which of those they prefer.
    pub placement_strategy: Option<Vec<PlacementStrategy>>,
    /// Subnets and security groups.
    pub network_configuration: Option<Value>,
    /// Kept and shown.
    pub health_check_grace_period_seconds: Option<u32>,
    /// Cloud Map services.
    pub service_registries: Option<Vec<Value>>,
    /// None are here.
    pub load_balancers: Option<Vec<Value>>,
    /// Whether tasks are tagged with the cluster's and the service's name.
    #[serde(rename = "enableECSManagedTags")]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Whose tags tasks get.
    pub propagate_tags: Option<String>,
    /// Kept and shown.
    pub enable_execute_command: Option<bool>,
}

/// DeleteService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DeleteService {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Name or ARN.
    pub service: String,
    /// Even while tasks are wanted.
    pub force: bool,
}

/// DescribeServices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DescribeServices {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// Names or ARNs, at most 10.
    pub services: Vec<String>,
    /// `TAGS`.
    pub include: Vec<String>,
}

/// ListServices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListServices {
    /// Name or ARN; `default` unless said.
    pub cluster: Option<String>,
    /// `EC2` or `FARGATE`.
    pub launch_type: Option<String>,
    /// `REPLICA` or `DAEMON`.
    pub scheduling_strategy: Option<String>,
    /// 1 to 100; 10 unless said.
    pub max_results: Option<usize>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}
