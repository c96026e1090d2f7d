//! Cloud Map in awsJson1_1: which operation is which call of the model, and how its answer is written.

use std::collections::BTreeMap;

use daemon::moment::Moment;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::lists::Page;
use super::model::{CloudMap, NamespaceKind};
use super::refusals::invalid;
use super::requests::{Discover, List, OfService, One, OneInstance, OneOperation, OneService, Tagged};
use crate::pace::Wall;
use crate::refusal::Refusal;

mod shapes;

use shapes::{instance, namespace, namespace_summary, operation_shape, service, service_summary};

/// What `X-Amz-Target` begins with.
pub const TARGET: &str = "Route53AutoNaming_v20170314.";

/// Carries out one call.
///
/// # Errors
/// What the model refuses, bodies that do not fit, operations that are not here.
pub fn call(map: &mut CloudMap, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "CreateHttpNamespace" => accepted(map.create_namespace(now, NamespaceKind::Http, read(body)?)),
        "CreatePrivateDnsNamespace" => accepted(map.create_namespace(now, NamespaceKind::DnsPrivate, read(body)?)),
        "CreatePublicDnsNamespace" => accepted(map.create_namespace(now, NamespaceKind::DnsPublic, read(body)?)),
        "UpdateHttpNamespace" => accepted(map.update_namespace(now, NamespaceKind::Http, read(body)?)),
        "UpdatePrivateDnsNamespace" => accepted(map.update_namespace(now, NamespaceKind::DnsPrivate, read(body)?)),
        "UpdatePublicDnsNamespace" => accepted(map.update_namespace(now, NamespaceKind::DnsPublic, read(body)?)),
        "DeleteNamespace" => accepted(map.delete_namespace(now, &read::<One>(body)?.id)),
        "GetNamespace" => Ok(json!({ "Namespace": namespace(map, map.namespace(&read::<One>(body)?.id)?, wall) })),
        "ListNamespaces" => {
            let page = map.list_namespaces(&read(body)?)?;
            Ok(listed("Namespaces", page, |it| namespace_summary(map, it, wall)))
        }
        "CreateService" => {
            let id = map.create_service(now, read(body)?)?.id.clone();
            Ok(json!({ "Service": service(map, map.service(&id)?, wall) }))
        }
        "UpdateService" => accepted(map.update_service(now, read(body)?)),
        "DeleteService" => map.delete_service(now, &read::<One>(body)?.id).map(done),
        "GetService" => Ok(json!({ "Service": service(map, map.service(&read::<One>(body)?.id)?, wall) })),
        "ListServices" => {
            let page = map.list_services(&read(body)?)?;
            Ok(listed("Services", page, |it| service_summary(map, it, wall)))
        }
        "RegisterInstance" => accepted(map.register(now, read(body)?)),
        "DeregisterInstance" => accepted(map.deregister(now, &read(body)?)),
        "GetInstance" => {
            let request: OneInstance = read(body)?;
            let found = map.instance(&request.service_id, &request.instance_id)?;
            let mut shape = instance(map, &request.instance_id, found);
            if let Some(id) = &found.creator_request_id {
                shape["CreatorRequestId"] = id.as_str().into();
            }
            Ok(json!({ "ResourceOwner": map.account.id, "Instance": shape }))
        }
        "ListInstances" => {
            let request: List = read(body)?;
            let of = map.service(&request.service_id)?;
            let all = of.instances.iter().map(|(id, instance)| (id.as_str(), (id, instance)));
            let page = map.page(&format!("instances {}", of.id), &request, all, |_| true)?;
            let mut answer = listed("Instances", page, |(id, found)| instance(map, id, found));
            answer["ResourceOwner"] = map.account.id.as_str().into();
            Ok(answer)
        }
        "UpdateInstanceCustomHealthStatus" => map.update_health(now, &read(body)?).map(done),
        "GetInstancesHealthStatus" => {
            let (page, next) = map.list_health(&read(body)?)?;
            let status: Map<String, Value> =
                page.into_iter().map(|(id, health)| (id.to_owned(), health.name().into())).collect();
            Ok(with_token(json!({ "Status": status }), next))
        }
        "GetOperation" => {
            let request: OneOperation = read(body)?;
            Ok(json!({ "Operation": operation_shape(map, map.operation(&request.operation_id)?, wall) }))
        }
        "ListOperations" => {
            let page = map.list_operations(&read(body)?, wall)?;
            Ok(listed("Operations", page, |it| json!({ "Id": it.id, "Status": it.status.name() })))
        }
        "DiscoverInstances" => discover(map, &read(body)?),
        "DiscoverInstancesRevision" => Ok(json!({ "InstancesRevision": map.revision(&read(body)?)? })),
        "TagResource" => {
            let request: Tagged = read(body)?;
            let tags = request.tags.ok_or_else(|| invalid("Tags is required."))?;
            map.tag(&request.resource_arn, tags).map(done)
        }
        "UntagResource" => {
            let request: Tagged = read(body)?;
            let keys = request.tag_keys.ok_or_else(|| invalid("TagKeys is required."))?;
            map.untag(&request.resource_arn, &keys).map(done)
        }
        "ListTagsForResource" => Ok(json!({ "Tags": map.tags(&read::<Tagged>(body)?.resource_arn)? })),
        "GetServiceAttributes" => {
            let of = map.service(&read::<OneService>(body)?.service_id)?;
            let attributes = json!({
                "ServiceArn": of.arn,
                "ResourceOwner": map.account.id,
                "Attributes": of.attributes,
            });
            Ok(json!({ "ServiceAttributes": attributes }))
        }
        "UpdateServiceAttributes" => {
            let request: OfService<BTreeMap<String, String>> = read(body)?;
            map.set_attributes(&request.service_id, request.attributes).map(done)
        }
        "DeleteServiceAttributes" => {
            let request: OfService<Vec<String>> = read(body)?;
            map.delete_attributes(&request.service_id, &request.attributes).map(done)
        }
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| Refusal::unreadable(&error, "InvalidInput"))
}

fn accepted(operation: Result<String, Refusal>) -> Result<Value, Refusal> {
    operation.map(|id| json!({ "OperationId": id }))
}

fn done((): ()) -> Value {
    json!({})
}

fn listed<T>(name: &str, (page, next): Page<T>, shape: impl Fn(T) -> Value) -> Value {
    let mut answer = Map::new();
    answer.insert(name.to_owned(), page.into_iter().map(shape).collect());
    with_token(Value::Object(answer), next)
}

fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    answer
}

fn discover(map: &mut CloudMap, request: &Discover) -> Result<Value, Refusal> {
    let (found, revision) = map.discover(request)?;
    let instances: Vec<Value> = found
        .into_iter()
        .map(|found| {
            let mut shape = json!({
                "InstanceId": found.id,
                "NamespaceName": request.namespace_name,
                "ServiceName": request.service_name,
                "Attributes": found.instance.attributes,
            });
            // "If you configured health checking in the service" (API reference of HttpInstanceSummary).
            if let Some(health) = found.health {
                shape["HealthStatus"] = health.name().into();
            }
            shape
        })
        .collect();
    Ok(json!({ "Instances": instances, "InstancesRevision": revision }))
}
