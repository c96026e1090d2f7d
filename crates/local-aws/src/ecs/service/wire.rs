//! Services in awsJson1_1: which operation is which call of the model, and how a service looks in answers.

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::list::launch_type;
use super::requests::DescribeServices;
use super::{Deployment, Service, ServiceEvent};
use crate::ecs::launch::On;
use crate::ecs::model::Ecs;
use crate::ecs::wire::{failures, present, read};
use crate::pace::Wall;
use crate::refusal::Refusal;

/// Carries out one call about services.
///
/// # Errors
/// What the model refuses, bodies that do not fit, and other operations.
pub fn call(ecs: &mut Ecs, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "CreateService" => {
            let service = ecs.create_service(now, read(body)?)?;
            Ok(json!({ "service": service_shape(ecs, &service, true, wall) }))
        }
        "UpdateService" => {
            let service = ecs.update_service(now, &read(body)?)?.clone();
            Ok(json!({ "service": service_shape(ecs, &service, true, wall) }))
        }
        "DeleteService" => {
            let service = ecs.delete_service(&read(body)?)?.clone();
            Ok(json!({ "service": service_shape(ecs, &service, true, wall) }))
        }
        "DescribeServices" => {
            let request: DescribeServices = read(body)?;
            let (found, missing) = ecs.describe_services(&request)?;
            let tags = request.include.iter().any(|what| what == "TAGS");
            let services: Vec<Value> = found.into_iter().map(|s| service_shape(ecs, s, tags, wall)).collect();
            Ok(json!({ "services": services, "failures": failures(&missing) }))
        }
        "ListServices" => {
            let (arns, next) = ecs.list_services(&read(body)?)?;
            Ok(present(json!({ "serviceArns": arns, "nextToken": next })))
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn service_shape(ecs: &Ecs, service: &Service, tags: bool, wall: &Wall) -> Value {
    let (running, pending) = ecs.service_counts(service, None);
    let primary = service.primary();
    // Of a deleted service the last definition can still be read, but it has no deployment any more.
    let deployments: Vec<Value> = service
        .deployments
        .iter()
        .filter(|_| service.is_there())
        .enumerate()
        .map(|(place, d)| deployment_shape(ecs, service, place, d, wall))
        .collect();
    let event = |event: &ServiceEvent| json!({ "id": event.id, "createdAt": wall.epoch_seconds(event.at), "message": event.message });
    let events: Vec<Value> = service.events.iter().map(event).collect();
    present(json!({
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster_arn,
        "loadBalancers": [],
        "serviceRegistries": service.registries,
        "status": service.status.name(),
        "desiredCount": service.desired,
        "runningCount": running,
        "pendingCount": pending,
        "launchType": launch_type(service),
        "capacityProviderStrategy": primary.and_then(strategy),
        "taskDefinition": primary.map(|deployment| &deployment.definition),
        "deploymentConfiguration": service.configuration,
        "deployments": deployments,
        "events": events,
        "createdAt": wall.epoch_seconds(service.created_at),
        "placementConstraints": service.constraints,
        "placementStrategy": service.strategies,
        "networkConfiguration": primary.and_then(|deployment| deployment.network.as_ref()),
        "healthCheckGracePeriodSeconds": service.grace_period,
        "schedulingStrategy": service.scheduling.name(),
        "deploymentController": { "type": "ECS" },
        "enableECSManagedTags": service.managed_tags,
        "propagateTags": service.propagate.name(),
        "enableExecuteCommand": service.execute_command,
        "tags": if tags { json!(service.tags) } else { Value::Null },
    }))
}

fn deployment_shape(ecs: &Ecs, service: &Service, place: usize, deployment: &Deployment, wall: &Wall) -> Value {
    let (running, pending) = ecs.service_counts(service, Some(&deployment.id));
    let (status, desired) = match place {
        0 => ("PRIMARY", service.desired),
        // What is left of it is all that is still wanted of it.
        _ => ("ACTIVE", running + pending),
    };
    let launch_type = match &deployment.on {
        On::LaunchType(launch_type) => Some(launch_type.name()),
        On::Providers(_) => None,
    };
    present(json!({
        "id": deployment.id,
        "status": status,
        "taskDefinition": deployment.definition,
        "desiredCount": desired,
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": deployment.failed,
        "createdAt": wall.epoch_seconds(deployment.created_at),
        "updatedAt": wall.epoch_seconds(deployment.updated_at),
        "capacityProviderStrategy": strategy(deployment),
        "launchType": launch_type,
        "networkConfiguration": deployment.network,
        "rolloutState": deployment.rollout.name(),
        "rolloutStateReason": deployment.reason,
    }))
}

fn strategy(deployment: &Deployment) -> Option<Value> {
    match &deployment.on {
        On::LaunchType(_) => None,
        On::Providers(items) => Some(json!(items)),
    }
}
