//! How what there is is written.

use serde_json::{Map, Value, json};

use crate::cloud_map::model::{CloudMap, Instance, Namespace, Service};
use crate::cloud_map::operations::Operation;
use crate::pace::Wall;

pub(super) fn namespace_summary(map: &CloudMap, namespace: &Namespace, wall: &Wall) -> Value {
    let mut properties = json!({ "HttpProperties": { "HttpName": namespace.http_name } });
    if namespace.kind.has_zone() {
        properties["DnsProperties"] = json!({
            "HostedZoneId": format!("Z{}", namespace.id.trim_start_matches("ns-").to_uppercase()),
            "SOA": { "TTL": namespace.soa_ttl },
        });
    }
    without_nothing(json!({
        "Id": namespace.id,
        "Arn": namespace.arn,
        "ResourceOwner": map.account.id,
        "Name": namespace.name,
        "Type": namespace.kind.name(),
        "Description": namespace.description,
        "ServiceCount": map.services_of(&namespace.id).count(),
        "Properties": properties,
        "CreateDate": wall.epoch_seconds(namespace.created_at),
    }))
}

pub(super) fn namespace(map: &CloudMap, namespace: &Namespace, wall: &Wall) -> Value {
    let mut shape = namespace_summary(map, namespace, wall);
    shape["CreatorRequestId"] = namespace.creator_request_id.as_str().into();
    shape
}

pub(super) fn service_summary(map: &CloudMap, service: &Service, wall: &Wall) -> Value {
    without_nothing(json!({
        "Id": service.id,
        "Arn": service.arn,
        "ResourceOwner": map.account.id,
        "CreatedByAccount": map.account.id,
        "Name": service.name,
        "Description": service.description,
        "InstanceCount": service.instances.len(),
        "DnsConfig": service.dns,
        "Type": if service.dns.is_some() { "DNS_HTTP" } else { "HTTP" },
        "HealthCheckConfig": service.health_check,
        "HealthCheckCustomConfig": service.custom_health_check.as_ref().map(|_| json!({ "FailureThreshold": 1 })),
        "CreateDate": wall.epoch_seconds(service.created_at),
    }))
}

pub(super) fn service(map: &CloudMap, service: &Service, wall: &Wall) -> Value {
    let mut shape = service_summary(map, service, wall);
    shape["NamespaceId"] = service.namespace.as_str().into();
    shape["CreatorRequestId"] = service.creator_request_id.as_str().into();
    shape
}

pub(super) fn instance(map: &CloudMap, id: &str, instance: &Instance) -> Value {
    json!({ "Id": id, "Attributes": instance.attributes, "CreatedByAccount": map.account.id })
}

pub(super) fn operation_shape(map: &CloudMap, operation: &Operation, wall: &Wall) -> Value {
    let targets: Map<String, Value> =
        operation.work.targets().into_iter().map(|(kind, id)| (kind.to_owned(), id.into())).collect();
    without_nothing(json!({
        "Id": operation.id,
        "OwnerAccount": map.account.id,
        "Type": operation.work.kind(),
        "Status": operation.status.name(),
        "ErrorCode": operation.error.as_ref().map(|(code, _)| code.name()),
        "ErrorMessage": operation.error.as_ref().map(|(_, message)| message),
        "CreateDate": wall.epoch_seconds(operation.created_at),
        "UpdateDate": wall.epoch_seconds(operation.updated_at),
        "Targets": targets,
    }))
}

/// AWS leaves out what is not there.
fn without_nothing(mut shape: Value) -> Value {
    if let Value::Object(fields) = &mut shape {
        fields.retain(|_, value| !value.is_null());
    }
    shape
}
