//! Cloud Map in awsJson1_1: which operation is which call of the model, and how its answer is written.

use daemon::moment::Moment;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::attributes::invalid;
use super::model::{CloudMap, Namespace, Service};
use super::operations::Operation;
use super::requests::{Discover, List, One, OneInstance};
use crate::pace::Wall;
use crate::refusal::Refusal;

/// Carries out one call.
///
/// # Errors
/// What the model refuses, bodies that do not fit, operations that are not here.
pub fn call(map: &mut CloudMap, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "CreatePrivateDnsNamespace" => Ok(json!({ "OperationId": map.create_namespace(now, read(body)?)? })),
        "GetNamespace" => {
            let request: One = read(body)?;
            Ok(json!({ "Namespace": namespace(map, map.namespace(&request.id)?, wall) }))
        }
        "ListNamespaces" => {
            let request: List = read(body)?;
            let all = map.list_namespaces(&request).into_iter();
            page(&request, "Namespaces", all.map(|n| (n.id.clone(), namespace(map, n, wall))).collect())
        }
        "CreateService" => {
            let id = map.create_service(now, read(body)?)?.id.clone();
            Ok(json!({ "Service": service(map.service(&id)?, wall) }))
        }
        "GetService" => {
            let request: One = read(body)?;
            Ok(json!({ "Service": service(map.service(&request.id)?, wall) }))
        }
        "ListServices" => {
            let request: List = read(body)?;
            let all = map.list_services(&request).into_iter();
            page(&request, "Services", all.map(|s| (s.id.clone(), service(s, wall))).collect())
        }
        "RegisterInstance" => Ok(json!({ "OperationId": map.register(now, read(body)?)? })),
        "DeregisterInstance" => Ok(json!({ "OperationId": map.deregister(now, &read(body)?)? })),
        "GetOperation" => {
            let request: One = read(body)?;
            Ok(json!({ "Operation": operation_shape(map, map.operation(&request.operation_id)?, wall) }))
        }
        "GetInstance" => {
            let request: OneInstance = read(body)?;
            let instance = map.instance(&request.service_id, &request.instance_id)?;
            Ok(json!({ "Instance": { "Id": request.instance_id, "Attributes": instance.attributes } }))
        }
        "ListInstances" => {
            let request: List = read(body)?;
            let all = map.service(&request.service_id)?.instances.iter();
            let all = all.map(|(id, i)| (id.clone(), json!({ "Id": id, "Attributes": i.attributes }))).collect();
            page(&request, "Instances", all)
        }
        "DiscoverInstances" => {
            let request: Discover = read(body)?;
            let (found, revision) = map.discover(&request)?;
            let instances: Vec<Value> = found
                .into_iter()
                .map(|(id, instance)| {
                    json!({
                        "InstanceId": id,
                        "NamespaceName": request.namespace_name,
                        "ServiceName": request.service_name,
                        "HealthStatus": "HEALTHY",
                        "Attributes": instance.attributes,
                    })
                })
                .collect();
            Ok(json!({ "Instances": instances, "InstancesRevision": revision }))
        }
        "DiscoverInstancesRevision" => {
            let request: Discover = read(body)?;
            Ok(json!({ "InstancesRevision": map.discovered(&request)?.revision }))
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| Refusal::unreadable(&error, "InvalidInput"))
}

/// A page of what is listed by id: the token is the last id of the page before.
fn page(request: &List, name: &str, all: Vec<(String, Value)>) -> Result<Value, Refusal> {
    let size = request.max_results.unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid("MaxResults must be between 1 and 100."));
    }
    let after = request.next_token.as_deref().unwrap_or_default();
    let mut rest = all.into_iter().filter(|(id, _)| id.as_str() > after);
    let page: Vec<(String, Value)> = rest.by_ref().take(size).collect();
    let last = page.last().map(|(id, _)| id.clone());
    let mut answer = Map::new();
    answer.insert(name.to_owned(), page.into_iter().map(|(_, value)| value).collect());
    if let (Some(last), Some(_)) = (last, rest.next()) {
        answer.insert("NextToken".to_owned(), last.into());
    }
    Ok(Value::Object(answer))
}

fn namespace(map: &CloudMap, namespace: &Namespace, wall: &Wall) -> Value {
    json!({
        "Id": namespace.id,
        "Arn": namespace.arn,
        "Name": namespace.name,
        "Type": "DNS_PRIVATE",
        "Description": namespace.description,
        "ServiceCount": map.services().filter(|service| service.namespace == namespace.id).count(),
        "Properties": {
            "DnsProperties": {
                "HostedZoneId": format!("Z{}", namespace.id.trim_start_matches("ns-").to_uppercase()),
                "SOA": { "TTL": namespace.soa_ttl },
            },
            "HttpProperties": { "HttpName": namespace.name },
        },
        "CreateDate": wall.epoch_seconds(namespace.created_at),
    })
}

fn service(service: &Service, wall: &Wall) -> Value {
    json!({
        "Id": service.id,
        "Arn": service.arn,
        "Name": service.name,
        "NamespaceId": service.namespace,
        "Description": service.description,
        "InstanceCount": service.instances.len(),
        "DnsConfig": service.dns,
        "Type": if service.dns.is_some() { "DNS_HTTP" } else { "HTTP" },
        "CreateDate": wall.epoch_seconds(service.created_at),
        "CreatorRequestId": service.creator_request_id,
    })
}

fn operation_shape(map: &CloudMap, operation: &Operation, wall: &Wall) -> Value {
    let targets: Map<String, Value> =
        operation.work.targets().into_iter().map(|(kind, id)| (kind.to_owned(), id.into())).collect();
    json!({
        "Id": operation.id,
        "OwnerAccount": map.account.id,
        "Type": operation.work.kind(),
        "Status": operation.status.name(),
        "CreateDate": wall.epoch_seconds(operation.created_at),
        "UpdateDate": wall.epoch_seconds(operation.updated_at),
        "Targets": targets,
    })
}
