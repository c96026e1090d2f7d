//! ECS in awsJson1_1: which operation is which call of the model, and how its answer is written.

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::capacity::Described;
use super::launch::{Failure, Ran};
use super::model::Ecs;
use super::requests::DescribeTasks;
use super::requests::capacity::{DeleteCapacityProvider, DescribeCapacityProviders, UpdateCapacityProvider};
use super::requests::clusters::{DeleteCluster, DescribeClusters};
use super::requests::definitions::{DeleteTaskDefinitions, NameTaskDefinition};
use super::requests::instances::DescribeContainerInstances;
use super::requests::tags::ListTagsForResource;
use crate::pace::Wall;
use crate::refusal::Refusal;

mod clusters;
mod definitions;
mod instances;
mod reading;
mod shapes;

pub(super) use reading::{include, read};
pub(super) use shapes::{failure, present};

/// What `X-Amz-Target` begins with.
pub const TARGET: &str = "AmazonEC2ContainerServiceV20141113.";

/// Carries out one call.
///
/// # Errors
/// What the model refuses, bodies that do not fit, operations that are not here.
pub fn call(ecs: &mut Ecs, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "RunTask" | "StartTask" | "StopTask" | "ListTasks" | "DescribeTasks" => tasks(ecs, now, wall, operation, body),
        "CreateCluster"
        | "DescribeClusters"
        | "ListClusters"
        | "UpdateCluster"
        | "UpdateClusterSettings"
        | "DeleteCluster" => clusters(ecs, now, operation, body),
        "PutClusterCapacityProviders"
        | "CreateCapacityProvider"
        | "DescribeCapacityProviders"
        | "UpdateCapacityProvider"
        | "DeleteCapacityProvider" => providers(ecs, now, operation, body),
        "RegisterTaskDefinition"
        | "DescribeTaskDefinition"
        | "DeregisterTaskDefinition"
        | "DeleteTaskDefinitions"
        | "ListTaskDefinitions"
        | "ListTaskDefinitionFamilies" => definitions(ecs, now, wall, operation, body),
        "RegisterContainerInstance"
        | "ListContainerInstances"
        | "DescribeContainerInstances"
        | "UpdateContainerInstancesState"
        | "DeregisterContainerInstance"
        | "PutAttributes"
        | "DeleteAttributes"
        | "ListAttributes" => container_instances(ecs, now, wall, operation, body),
        "TagResource" => ecs.tag_resource(&read(body)?).map(|()| json!({})),
        "UntagResource" => ecs.untag_resource(&read(body)?).map(|()| json!({})),
        "ListTagsForResource" => {
            let request: ListTagsForResource = read(body)?;
            Ok(json!({ "tags": ecs.list_tags(&request.resource_arn)? }))
        }
        "CreateService" | "UpdateService" | "DeleteService" | "DescribeServices" | "ListServices" => {
            super::service::wire::call(ecs, now, wall, operation, body)
        }
        "UpdateTaskProtection" | "GetTaskProtection" => super::protection::wire::call(ecs, now, wall, operation, body),
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn tasks(ecs: &mut Ecs, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "RunTask" => {
            let answer = ecs.run_task(now, &read(body)?)?;
            Ok(ran(ecs, &answer, wall))
        }
        "StartTask" => {
            let answer = ecs.start_task(now, &read(body)?)?;
            Ok(ran(ecs, &answer, wall))
        }
        "StopTask" => {
            let id = ecs.stop_task(now, &read(body)?)?.id.clone();
            Ok(json!({ "task": ecs.task(&id).map(|task| ecs.task_shape(task, true, wall)) }))
        }
        "ListTasks" => {
            let (arns, next) = ecs.list_tasks(now, &read(body)?)?;
            Ok(present(json!({ "taskArns": arns, "nextToken": next })))
        }
        "DescribeTasks" => {
            let request: DescribeTasks = read(body)?;
            let tags = include(&request.include, &["TAGS"], "TAGS")?;
            let (found, missing) = ecs.describe_tasks(now, &request)?;
            let tasks: Vec<Value> = found.into_iter().map(|task| ecs.task_shape(task, tags, wall)).collect();
            Ok(json!({ "tasks": tasks, "failures": failures(&missing) }))
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn ran(ecs: &Ecs, ran: &Ran, wall: &Wall) -> Value {
    let tasks: Vec<Value> = ran.tasks.iter().map(|task| ecs.task_shape(task, true, wall)).collect();
    json!({ "tasks": tasks, "failures": failures(&ran.failures) })
}

fn clusters(ecs: &mut Ecs, now: Moment, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "CreateCluster" => {
            let cluster = ecs.create_cluster(now, read(body)?)?.clone();
            Ok(json!({ "cluster": ecs.cluster_shape(now, &cluster, clusters::ALL) }))
        }
        "UpdateCluster" | "UpdateClusterSettings" => {
            let cluster = ecs.update_cluster(read(body)?)?.clone();
            Ok(json!({ "cluster": ecs.cluster_shape(now, &cluster, clusters::ALL) }))
        }
        "DeleteCluster" => {
            let request: DeleteCluster = read(body)?;
            let cluster = ecs.delete_cluster(now, request.cluster.as_deref())?.clone();
            Ok(json!({ "cluster": ecs.cluster_shape(now, &cluster, clusters::ALL) }))
        }
        "DescribeClusters" => {
            let request: DescribeClusters = read(body)?;
            let shown = clusters::Shown::read(&request.include)?;
            let (found, missing) = ecs.describe_clusters(&request.clusters)?;
            let clusters: Vec<Value> = found.into_iter().map(|c| ecs.cluster_shape(now, c, shown)).collect();
            Ok(json!({ "clusters": clusters, "failures": failures(&missing) }))
        }
        "ListClusters" => {
            let (arns, next) = ecs.list_clusters(&read(body)?)?;
            Ok(present(json!({ "clusterArns": arns, "nextToken": next })))
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn providers(ecs: &mut Ecs, now: Moment, operation: &str, body: Value) -> Result<Value, Refusal> {
    let own = |provider: &super::capacity::CapacityProvider| clusters::provider(Described::Own(provider), true);
    match operation {
        "PutClusterCapacityProviders" => {
            let cluster = ecs.put_cluster_capacity_providers(now, &read(body)?)?.clone();
            Ok(json!({ "cluster": ecs.cluster_shape(now, &cluster, clusters::ALL) }))
        }
        "CreateCapacityProvider" => Ok(json!({ "capacityProvider": own(ecs.create_capacity_provider(read(body)?)?) })),
        "UpdateCapacityProvider" => {
            let request: UpdateCapacityProvider = read(body)?;
            Ok(json!({ "capacityProvider": own(ecs.update_capacity_provider(&request)?) }))
        }
        "DeleteCapacityProvider" => {
            let request: DeleteCapacityProvider = read(body)?;
            Ok(json!({ "capacityProvider": own(ecs.delete_capacity_provider(&request.capacity_provider)?) }))
        }
        "DescribeCapacityProviders" => {
            let request: DescribeCapacityProviders = read(body)?;
            let tags = include(&request.include, &["TAGS"], "TAGS")?;
            let (found, missing, next) = ecs.describe_capacity_providers(&request)?;
            let found: Vec<Value> = found.into_iter().map(|provider| clusters::provider(provider, tags)).collect();
            Ok(present(json!({ "capacityProviders": found, "failures": failures(&missing), "nextToken": next })))
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn definitions(ecs: &mut Ecs, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "RegisterTaskDefinition" => {
            let definition = ecs.register_task_definition(now, read(body)?)?;
            Ok(json!({ "taskDefinition": definitions::definition(definition, wall), "tags": definition.tags }))
        }
        "DescribeTaskDefinition" => {
            let request: NameTaskDefinition = read(body)?;
            let tags = include(&request.include, &["TAGS"], "TAGS")?;
            ecs.drop_deleted_definitions();
            let definition = ecs.task_definition(&request.task_definition)?;
            let tags = tags.then_some(&definition.tags);
            Ok(present(json!({ "taskDefinition": definitions::definition(definition, wall), "tags": tags })))
        }
        "DeregisterTaskDefinition" => {
            let request: NameTaskDefinition = read(body)?;
            let definition = ecs.deregister_task_definition(now, &request.task_definition)?;
            Ok(json!({ "taskDefinition": definitions::definition(definition, wall) }))
        }
        "DeleteTaskDefinitions" => {
            let request: DeleteTaskDefinitions = read(body)?;
            let (deleted, failed) = ecs.delete_task_definitions(now, &request.task_definitions)?;
            let deleted: Vec<Value> = deleted.iter().map(|d| definitions::definition(d, wall)).collect();
            Ok(json!({ "taskDefinitions": deleted, "failures": failures(&failed) }))
        }
        "ListTaskDefinitions" => {
            let (arns, next) = ecs.list_task_definitions(&read(body)?)?;
            Ok(present(json!({ "taskDefinitionArns": arns, "nextToken": next })))
        }
        "ListTaskDefinitionFamilies" => {
            let (families, next) = ecs.list_families(&read(body)?)?;
            Ok(present(json!({ "families": families, "nextToken": next })))
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn container_instances(
    ecs: &mut Ecs,
    now: Moment,
    wall: &Wall,
    operation: &str,
    body: Value,
) -> Result<Value, Refusal> {
    let plain = instances::Shown::default();
    match operation {
        "RegisterContainerInstance" => {
            let instance = ecs.register_instance(now, &read(body)?)?.clone();
            Ok(json!({ "containerInstance": ecs.instance_shape(&instance, plain, wall) }))
        }
        "ListContainerInstances" => {
            let (arns, next) = ecs.list_instances(&read(body)?)?;
            Ok(present(json!({ "containerInstanceArns": arns, "nextToken": next })))
        }
        "DescribeContainerInstances" => {
            let request: DescribeContainerInstances = read(body)?;
            let shown = instances::Shown::read(&request.include)?;
            let (found, missing) = ecs.describe_instances(request.cluster.as_deref(), &request.container_instances)?;
            let found: Vec<Value> = found.into_iter().map(|i| ecs.instance_shape(i, shown, wall)).collect();
            Ok(json!({ "containerInstances": found, "failures": failures(&missing) }))
        }
        "UpdateContainerInstancesState" => {
            let (found, failed) = ecs.update_instances_state(&read(body)?)?;
            let found: Vec<_> = found.into_iter().cloned().collect();
            let found: Vec<Value> = found.iter().map(|i| ecs.instance_shape(i, plain, wall)).collect();
            Ok(json!({ "containerInstances": found, "failures": failures(&failed) }))
        }
        "DeregisterContainerInstance" => {
            let instance = ecs.deregister_instance(now, &read(body)?)?.clone();
            Ok(json!({ "containerInstance": ecs.instance_shape(&instance, plain, wall) }))
        }
        "PutAttributes" => Ok(json!({ "attributes": ecs.put_attributes(&read(body)?)? })),
        "DeleteAttributes" => Ok(json!({ "attributes": ecs.delete_attributes(&read(body)?)? })),
        "ListAttributes" => {
            let (attributes, next) = ecs.list_attributes(&read(body)?)?;
            Ok(present(json!({ "attributes": attributes, "nextToken": next })))
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

pub(super) fn failures(failed: &[Failure]) -> Vec<Value> {
    failed.iter().map(failure).collect()
}
