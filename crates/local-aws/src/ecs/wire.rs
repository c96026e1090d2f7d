//! ECS in awsJson1_1: which operation is which call of the model, and how its answer is written.

use daemon::moment::Moment;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::model::Ecs;
use super::requests::Named;
use crate::pace::Wall;
use crate::refusal::Refusal;

mod shapes;

pub(super) use shapes::{failure, present};

/// Carries out one call.
///
/// # Errors
/// What the model refuses, bodies that do not fit, operations that are not here.
pub fn call(ecs: &mut Ecs, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "CreateCluster" => {
            let name = ecs.create_cluster(read(body)?)?.name.clone();
            Ok(json!({ "cluster": ecs.cluster(Some(&name)).map(|cluster| ecs.cluster_shape(cluster))? }))
        }
        "DescribeClusters" => {
            let request: Named = read(body)?;
            let (found, missing) = ecs.describe_clusters(&request.clusters);
            let clusters: Vec<Value> = found.into_iter().map(|cluster| ecs.cluster_shape(cluster)).collect();
            Ok(json!({ "clusters": clusters, "failures": failures(&missing) }))
        }
        "PutClusterCapacityProviders" => {
            let name = ecs.put_cluster_capacity_providers(read(body)?)?.name.clone();
            Ok(json!({ "cluster": ecs.cluster(Some(&name)).map(|cluster| ecs.cluster_shape(cluster))? }))
        }
        "CreateCapacityProvider" => {
            Ok(json!({ "capacityProvider": shapes::provider(ecs.create_capacity_provider(read(body)?)?) }))
        }
        "DescribeCapacityProviders" => Ok(describe_capacity_providers(ecs, &read(body)?)),
        "RegisterTaskDefinition" => {
            Ok(json!({ "taskDefinition": shapes::definition(ecs.register_task_definition(now, read(body)?)?, wall) }))
        }
        "DescribeTaskDefinition" => {
            let request: Named = read(body)?;
            Ok(json!({ "taskDefinition": shapes::definition(ecs.task_definition(&request.task_definition)?, wall) }))
        }
        "RunTask" => {
            let ran = ecs.run_task(now, &read(body)?)?;
            let tasks: Vec<Value> = ran.tasks.iter().map(|task| ecs.task_shape(task, true, wall)).collect();
            let failures: Vec<Value> = ran.failures.iter().map(failure).collect();
            Ok(json!({ "tasks": tasks, "failures": failures }))
        }
        "StopTask" => {
            let id = ecs.stop_task(now, &read(body)?)?.id.clone();
            Ok(json!({ "task": ecs.task(&id).map(|task| ecs.task_shape(task, true, wall)) }))
        }
        "ListTasks" => {
            let (arns, next) = ecs.list_tasks(&read(body)?)?;
            Ok(match next {
                Some(token) => json!({ "taskArns": arns, "nextToken": token }),
                None => json!({ "taskArns": arns }),
            })
        }
        "DescribeTasks" => {
            let request: Named = read(body)?;
            let (found, missing) = ecs.describe_tasks(&request)?;
            let tags = request.include.iter().any(|what| what == "TAGS");
            let tasks: Vec<Value> = found.into_iter().map(|task| ecs.task_shape(task, tags, wall)).collect();
            Ok(json!({ "tasks": tasks, "failures": failures(&missing) }))
        }
        "ListContainerInstances" => Ok(json!({ "containerInstanceArns": ecs.list_instances(&read(body)?)? })),
        "DescribeContainerInstances" => {
            let (found, missing) = ecs.describe_instances(&read(body)?)?;
            let instances: Vec<Value> = found.into_iter().map(|i| ecs.instance_shape(i, wall)).collect();
            Ok(json!({ "containerInstances": instances, "failures": failures(&missing) }))
        }
        "UpdateContainerInstancesState" => {
            let request: Named = read(body)?;
            let missing = ecs.update_instances_state(&request)?.1;
            let found = ecs.describe_instances(&request)?.0;
            let instances: Vec<Value> = found.into_iter().map(|i| ecs.instance_shape(i, wall)).collect();
            Ok(json!({ "containerInstances": instances, "failures": failures(&missing) }))
        }
        "PutAttributes" => {
            let request: super::requests::Attributes = read(body)?;
            ecs.put_attributes(&request)?;
            Ok(json!({ "attributes": request.attributes }))
        }
        "DeleteAttributes" => {
            let request: super::requests::Attributes = read(body)?;
            ecs.delete_attributes(&request)?;
            Ok(json!({ "attributes": request.attributes }))
        }
        "ListAttributes" => Ok(json!({ "attributes": ecs.list_attributes(&read(body)?)? })),
        "CreateService" | "UpdateService" | "DeleteService" | "DescribeServices" | "ListServices" => {
            super::service::wire::call(ecs, now, wall, operation, body)
        }
        "UpdateTaskProtection" | "GetTaskProtection" => super::protection::wire::call(ecs, now, wall, operation, body),
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn describe_capacity_providers(ecs: &Ecs, request: &Named) -> Value {
    let asked = &request.capacity_providers;
    let named = |name: &str| asked.iter().any(|a| crate::account::last_part(a) == name);
    let found = ecs.capacity_providers().filter(|p| asked.is_empty() || named(&p.name));
    let providers: Vec<Value> = found.map(shapes::provider).collect();
    let missing: Vec<&String> =
        asked.iter().filter(|a| !ecs.capacity_providers().any(|p| p.name == crate::account::last_part(a))).collect();
    let failures: Vec<Value> = missing.iter().map(|name| json!({ "arn": name, "reason": "MISSING" })).collect();
    json!({ "capacityProviders": providers, "failures": failures })
}

pub(super) fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| Refusal::unreadable(&error, "InvalidParameterException"))
}

pub(super) fn failures(missing: &[String]) -> Vec<Value> {
    missing.iter().map(|arn| json!({ "arn": arn, "reason": "MISSING" })).collect()
}
