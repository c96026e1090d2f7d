//! Namespaces and services: made, changed, removed.

use super::*;

#[test]
fn a_namespace_is_made_changed_and_removed_by_operations() {
    let mut map = Map::empty();
    let body = json!({ "Name": "example.com", "CreatorRequestId": "c", "Tags": [{ "Key": "k", "Value": "v" }] });
    let made = map.done("CreatePublicDnsNamespace", body.clone());
    assert_eq!((&made["Type"], &made["Status"]), (&json!("CREATE_NAMESPACE"), &json!("SUCCESS")));
    let id = made["Targets"]["NAMESPACE"].clone();
    assert_eq!(map.call("CreatePublicDnsNamespace", body)["OperationId"], made["Id"], "a retry makes no second one");
    let there = map.ask("CreatePublicDnsNamespace", json!({ "Name": "Example.com" })).expect_err("exists");
    assert_eq!((there.code, there.status), ("NamespaceAlreadyExists", 400));
    assert_eq!(there.fields, [("CreatorRequestId", json!("c")), ("NamespaceId", id.clone())]);
    let got = map.call("GetNamespace", json!({ "Id": id }))["Namespace"].clone();
    assert_eq!((&got["Type"], &got["Properties"]["DnsProperties"]["SOA"]["TTL"]), (&json!("DNS_PUBLIC"), &json!(300)));

    let change = json!({ "Properties": { "DnsProperties": { "SOA": { "TTL": 7 } } } });
    let wrong = json!({ "Id": id, "Namespace": change });
    assert_eq!(map.refused("UpdatePrivateDnsNamespace", wrong.clone()), "InvalidInput", "it is public");
    assert_eq!(map.done("UpdatePublicDnsNamespace", wrong)["Type"], "UPDATE_NAMESPACE");
    let got = map.call("GetNamespace", json!({ "Id": got["Arn"] }))["Namespace"].clone();
    assert_eq!(got["Properties"]["DnsProperties"]["SOA"]["TTL"], 7);

    let service = map.service(id.as_str().expect("an id"), "s", json!([{ "Type": "A", "TTL": 5 }]));
    assert_eq!(map.refused("DeleteNamespace", json!({ "Id": id })), "ResourceInUse");
    map.call("DeleteService", json!({ "Id": service }));
    map.call("DeleteNamespace", json!({ "Id": id }));
    assert_eq!(map.refused("DeleteNamespace", json!({ "Id": id })), "DuplicateRequest");
    let late = json!({ "Name": "late", "NamespaceId": id });
    assert_eq!(map.refused("CreateService", late), "NamespaceNotFound", "it is being deleted");
    map.pass(LONG);
    assert_eq!(map.refused("GetNamespace", json!({ "Id": id })), "NamespaceNotFound");
    assert_eq!(map.refused("ListTagsForResource", json!({ "ResourceARN": got["Arn"] })), "ResourceNotFoundException");
}

#[test]
fn names_of_namespaces_are_checked_and_one_of_a_name_is_made_at_a_time() {
    let mut map = Map::empty();
    for (operation, body) in [
        ("CreateHttpNamespace", json!({ "Name": "" })),
        ("CreateHttpNamespace", json!({ "Name": "a b" })),
        ("CreateHttpNamespace", json!({ "Name": "arn:x" })),
        ("CreatePrivateDnsNamespace", json!({ "Name": "local" })),
        ("CreatePrivateDnsNamespace", json!({ "Name": "a..b", "Vpc": "v" })),
        ("CreatePublicDnsNamespace", json!({ "Name": "local" })),
        ("CreatePublicDnsNamespace", json!({ "Name": "-a.com" })),
        (
            "CreatePublicDnsNamespace",
            json!({ "Name": "a.com", "Properties": { "DnsProperties": { "SOA": { "TTL": -1 } } } }),
        ),
    ] {
        assert_eq!(map.refused(operation, body.clone()), "InvalidInput", "{operation} {body}");
    }
    map.call("CreateHttpNamespace", json!({ "Name": "api" }));
    assert_eq!(map.refused("CreateHttpNamespace", json!({ "Name": "api" })), "DuplicateRequest");
    let again = map.done("CreatePrivateDnsNamespace", json!({ "Name": "api", "Vpc": "v" }));
    let got = map.call("GetNamespace", json!({ "Id": again["Targets"]["NAMESPACE"] }))["Namespace"].clone();
    let http_name = got["Properties"]["HttpProperties"]["HttpName"].as_str().expect("a name");
    assert!(http_name.starts_with("api-"), "the name was taken: {http_name}");
}

#[test]
fn a_service_that_exists_says_its_ids_and_one_made_again_has_the_id_it_had() {
    let (mut map, service) = Map::new();
    let namespace = map.call("GetService", json!({ "Id": service }))["Service"]["NamespaceId"].clone();
    let there = map.ask("CreateService", json!({ "Name": "DEMO.service", "NamespaceId": namespace }));
    let there = there.expect_err("names differ only by case");
    assert_eq!((there.code, there.status), ("ServiceAlreadyExists", 400));
    let names: Vec<&str> = there.fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["CreatorRequestId", "ServiceId", "ServiceArn"]);
    assert_eq!(there.fields[1].1, json!(service));

    map.register(&service, "t", at(9));
    assert_eq!(map.refused("DeleteService", json!({ "Id": service })), "ResourceInUse");
    map.deregister(&service, "t");
    let revision = map.revision();
    map.call("DeleteService", json!({ "Id": service }));
    assert_eq!(map.refused("GetService", json!({ "Id": service })), "ServiceNotFound");
    let namespace = namespace.as_str().expect("an id");
    assert_eq!(map.service(namespace, "demo.service", json!([{ "Type": "SRV", "TTL": 1 }])), service);
    assert!(map.revision() > revision, "no revision comes twice");
}

#[test]
fn a_service_cannot_go_while_an_instance_is_coming() {
    let (mut map, service) = Map::new();
    map.call("RegisterInstance", json!({ "ServiceId": service, "InstanceId": "t", "Attributes": at(9) }));
    assert_eq!(map.refused("DeleteService", json!({ "Id": service })), "ResourceInUse");
}

#[test]
fn what_a_service_may_be_is_checked() {
    let mut map = Map::empty();
    let private = map.namespace("local");
    let http = map.done("CreateHttpNamespace", json!({ "Name": "api" }))["Targets"]["NAMESPACE"].clone();
    let records = |kinds: &[&str]| {
        let records: Vec<Value> = kinds.iter().map(|kind| json!({ "Type": kind, "TTL": 5 })).collect();
        json!({ "DnsRecords": records })
    };
    let check = json!({ "Type": "HTTP", "ResourcePath": "/" });
    for bad in [
        json!({ "Name": "s" }),
        json!({ "Name": "s", "NamespaceId": http, "DnsConfig": records(&["A"]) }),
        json!({ "Name": "s", "NamespaceId": private, "DnsConfig": records(&["A", "SRV"]) }),
        json!({ "Name": "s", "NamespaceId": private, "DnsConfig": records(&["A", "A"]) }),
        json!({ "Name": "s", "NamespaceId": private, "DnsConfig": records(&[]) }),
        json!({ "Name": "s", "NamespaceId": private, "DnsConfig": records(&["CNAME"]) }),
        json!({ "Name": "s", "NamespaceId": private, "DnsConfig": records(&["MX"]) }),
        json!({ "Name": "s", "NamespaceId": private, "DnsConfig": records(&["A"]), "Type": "HTTP" }),
        json!({ "Name": "s", "NamespaceId": private, "DnsConfig": { "DnsRecords": [{ "Type": "A", "TTL": 2_147_483_648_i64 }] } }),
        json!({ "Name": "s", "NamespaceId": private, "HealthCheckConfig": check }),
        json!({ "Name": "s", "NamespaceId": http, "HealthCheckConfig": check, "HealthCheckCustomConfig": {} }),
        json!({ "Name": "s", "NamespaceId": http, "HealthCheckConfig": { "Type": "TCP", "ResourcePath": "/" } }),
        json!({ "Name": "s", "NamespaceId": private, "Type": "DNS" }),
        json!({ "Name": "a..b", "NamespaceId": private }),
        json!({ "Name": "-a", "NamespaceId": private }),
        json!({ "Name": "_", "NamespaceId": private }),
        json!({ "Name": "a".repeat(64), "NamespaceId": private }),
        json!({ "Name": format!("{0}.{0}.{0}", "a".repeat(50)), "NamespaceId": private }),
        json!({ "Name": "s", "NamespaceId": private, "Tags": [{ "Key": "aws:x", "Value": "" }] }),
    ] {
        assert_eq!(map.refused("CreateService", bad.clone()), "InvalidInput", "{bad}");
    }
    let tags: Vec<Value> = (0..51).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
    let tagged = json!({ "Name": "s", "NamespaceId": private, "Tags": tags });
    assert_eq!(map.refused("CreateService", tagged), "TooManyTagsException");
    for good in [
        json!({ "Name": "_http._tcp", "NamespaceId": private, "DnsConfig": records(&["SRV"]) }),
        json!({ "Name": "both", "NamespaceId": private, "DnsConfig": records(&["AAAA", "A"]), "HealthCheckCustomConfig": { "FailureThreshold": 3 } }),
        json!({ "Name": "hidden", "NamespaceId": private, "Type": "HTTP" }),
        json!({ "Name": "s", "NamespaceId": http, "HealthCheckConfig": check }),
        json!({ "Name": "S", "NamespaceId": http }),
    ] {
        map.call("CreateService", good);
    }
}

#[test]
fn a_service_is_updated_by_an_operation_and_keeps_the_kinds_of_its_records() {
    let mut map = Map::empty();
    let namespace = map.namespace("local");
    let service = map.service(&namespace, "s", json!([{ "Type": "A", "TTL": 5 }, { "Type": "AAAA", "TTL": 5 }]));
    let update = |records: Value| json!({ "Id": service, "Service": { "DnsConfig": { "DnsRecords": records } } });
    let srv = update(json!([{ "Type": "SRV", "TTL": 5 }]));
    assert_eq!(map.refused("UpdateService", srv), "InvalidInput");
    let ttl = update(json!([{ "Type": "A", "TTL": 9 }]));
    let operation = map.call("UpdateService", ttl.clone());
    assert_eq!(map.refused("UpdateService", ttl), "DuplicateRequest");
    map.pass(LONG);
    let got = map.call("GetOperation", operation)["Operation"].clone();
    assert_eq!((&got["Type"], &got["Targets"]), (&json!("UPDATE_SERVICE"), &json!({ "SERVICE": service })));
    let dns = map.call("GetService", json!({ "Id": service }))["Service"]["DnsConfig"].clone();
    assert_eq!(dns["DnsRecords"], json!([{ "Type": "A", "TTL": 9 }]), "what was left out is deleted");
}

#[test]
fn a_custom_health_check_is_believed_after_half_a_minute_and_does_not_change_the_revision() {
    let mut map = Map::empty();
    let namespace = map.namespace("local");
    let plain = map.service(&namespace, "plain", json!([{ "Type": "A", "TTL": 5 }]));
    let body = json!({ "Name": "demo.service", "NamespaceId": namespace, "HealthCheckCustomConfig": {} });
    let service = map.call("CreateService", body)["Service"]["Id"].as_str().expect("an id").to_owned();
    map.register(&service, "a", json!({}));
    map.register(&service, "b", json!({ "AWS_INIT_HEALTH_STATUS": "UNHEALTHY" }));
    map.register(&plain, "a", at(9));
    map.settle();
    let set =
        |service: &str, id: &str, status: &str| json!({ "ServiceId": service, "InstanceId": id, "Status": status });
    let refused = map.ask("UpdateInstanceCustomHealthStatus", set(&plain, "a", "UNHEALTHY")).expect_err("no check");
    assert_eq!((refused.code, refused.status), ("CustomHealthNotFound", 404));
    assert_eq!(map.refused("UpdateInstanceCustomHealthStatus", set(&service, "x", "HEALTHY")), "InstanceNotFound");
    assert_eq!(map.refused("UpdateInstanceCustomHealthStatus", set(&service, "a", "UNKNOWN")), "InvalidInput");

    let healthy = |map: &mut Map| map.discovered(json!({ "HealthStatus": "HEALTHY" }));
    assert_eq!(healthy(&mut map), ["a"]);
    assert_eq!(map.discovered(json!({ "HealthStatus": "UNHEALTHY" })), ["b"]);
    assert_eq!(map.discovered(json!({ "HealthStatus": "ALL" })), ["a", "b"]);
    let revision = map.revision();
    map.call("UpdateInstanceCustomHealthStatus", set(&service, "a", "UNHEALTHY"));
    map.pass(Duration::from_secs(20));
    map.call("UpdateInstanceCustomHealthStatus", set(&service, "a", "UNHEALTHY"));
    map.pass(Duration::from_millis(9_999));
    assert_eq!(healthy(&mut map), ["a"]);
    map.pass(LONG);
    assert!(healthy(&mut map).is_empty(), "the second call did not put it off");
    assert_eq!(map.discovered(json!({ "HealthStatus": "HEALTHY_OR_ELSE_ALL" })), ["a", "b"]);
    assert_eq!(map.revision(), revision);

    map.call("UpdateInstanceCustomHealthStatus", set(&service, "b", "HEALTHY"));
    map.call("UpdateInstanceCustomHealthStatus", set(&service, "b", "UNHEALTHY"));
    map.pass(Duration::from_secs(60));
    assert!(healthy(&mut map).is_empty(), "taken back in time");
    let status = map.call("GetInstancesHealthStatus", json!({ "ServiceId": service }))["Status"].clone();
    assert_eq!(status, json!({ "a": "UNHEALTHY", "b": "UNHEALTHY" }));
    map.register(&service, "a", json!({}));
    map.settle();
    assert_eq!(healthy(&mut map), ["a"], "an instance that is registered again has a new check");
}

#[test]
fn health_is_not_minded_and_not_told_where_there_is_no_check() {
    let (mut map, service) = Map::new();
    map.register(&service, "t", at(9));
    map.settle();
    assert_eq!(map.discovered(json!({ "HealthStatus": "UNHEALTHY" })), ["t"]);
    let body = json!({ "NamespaceName": "local", "ServiceName": "demo.service" });
    assert!(map.call("DiscoverInstances", body)["Instances"][0].get("HealthStatus").is_none());
}

#[test]
fn discovering_filters_by_attributes_and_optional_ones_only_where_some_fit() {
    let (mut map, service) = Map::new();
    for (id, zone, version) in [("a", "1", "x"), ("b", "1", "y"), ("c", "2", "x")] {
        map.register(&service, id, json!({ "AWS_INSTANCE_IPV4": "127.0.0.9", "zone": zone, "version": version }));
    }
    map.settle();
    assert_eq!(map.discovered(json!({ "QueryParameters": { "zone": "1" } })), ["a", "b"]);
    let both =
        |version: &str| json!({ "QueryParameters": { "zone": "1" }, "OptionalParameters": { "version": version } });
    assert_eq!(map.discovered(both("y")), ["b"]);
    assert_eq!(map.discovered(both("z")), ["a", "b"]);
    assert_eq!(map.discovered(json!({ "QueryParameters": { "zone": "3" } })), Vec::<String>::new());
    assert_eq!(map.discovered(json!({ "MaxResults": 2 })).len(), 2);
    let other = json!({ "NamespaceName": "local", "ServiceName": "demo.service", "OwnerAccount": "999999999999" });
    assert_eq!(map.refused("DiscoverInstances", other), "NamespaceNotFound");
    let none = json!({ "NamespaceName": "local", "ServiceName": "none" });
    assert_eq!(map.refused("DiscoverInstances", none), "ServiceNotFound");
}

#[test]
fn tags_and_attributes_of_services_are_kept_apart_and_bounded() {
    let (mut map, service) = Map::new();
    let arn = map.call("GetService", json!({ "Id": service }))["Service"]["Arn"].clone();
    let tag = |keys: std::ops::Range<u8>| {
        let tags: Vec<Value> = keys.map(|n| json!({ "Key": format!("k{n}"), "Value": "v" })).collect();
        json!({ "ResourceARN": arn, "Tags": tags })
    };
    map.call("TagResource", tag(0..50));
    map.call("TagResource", tag(0..1));
    assert_eq!(map.refused("TagResource", tag(50..51)), "TooManyTagsException");
    let keys: Vec<String> = (1..50).map(|n| format!("k{n}")).collect();
    map.call("UntagResource", json!({ "ResourceARN": arn, "TagKeys": keys }));
    let listed = map.call("ListTagsForResource", json!({ "ResourceARN": arn }));
    assert_eq!(listed["Tags"], json!([{ "Key": "k0", "Value": "v" }]));
    let unknown =
        json!({ "ResourceARN": "arn:aws:servicediscovery:eu-west-1:000000000000:service/srv-no", "Tags": [] });
    assert_eq!(map.refused("TagResource", unknown), "ResourceNotFoundException");

    let set = |attributes: Value| json!({ "ServiceId": service, "Attributes": attributes });
    map.call("UpdateServiceAttributes", set(json!({ "a": "1", "b": "2" })));
    map.call("DeleteServiceAttributes", set(json!(["b"])));
    let got = map.call("GetServiceAttributes", json!({ "ServiceId": service }))["ServiceAttributes"].clone();
    assert_eq!((&got["Attributes"], &got["ServiceArn"]), (&json!({ "a": "1" }), &arn));
    let more: Value = (0..30).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(map.refused("UpdateServiceAttributes", set(more)), "ServiceAttributesLimitExceededException");
}
