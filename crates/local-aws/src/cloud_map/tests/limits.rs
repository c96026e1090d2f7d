//! What is refused: ids, attributes, quotas.

use super::*;

#[test]
fn registering_again_replaces_every_attribute() {
    let (mut map, service) = Map::new();
    map.register(&service, "t", json!({ "AWS_INSTANCE_IPV4": "127.0.0.9", "OLD": "x" }));
    map.register(&service, "t", at(7));
    let got = map.call("GetInstance", json!({ "ServiceId": service, "InstanceId": "t" }));
    assert_eq!(got["Instance"]["Attributes"], at(7));
}

#[test]
fn the_limits_of_ids_and_attributes_are_kept() {
    let (mut map, service) = Map::new();
    let with = |key: &str, value: &str| {
        let mut attributes = at(9);
        attributes[key] = value.into();
        ("t".to_owned(), attributes)
    };
    let mut many = at(9);
    (0..31).for_each(|number| many[format!("k{number}")] = "".into());
    let mut large = at(9);
    (0..6).for_each(|number| large[format!("k{number}")] = "v".repeat(1000).into());
    for (id, attributes) in [
        with("AWS_INSTANCE_IPV4", "nine"),
        with("AWS_INSTANCE_IPV6", "nine"),
        with("AWS_INSTANCE_PORT", "65536"),
        with("AWS_INSTANCE_CNAME", "no name"),
        with("AWS_INIT_HEALTH_STATUS", "HEALTHY"),
        with("AWS_EC2_INSTANCE_ID", "i-1"),
        with("AWS_ALIAS_DNS_NAME", "elb.example.com"),
        with("k", &"v".repeat(1025)),
        with("k", " v"),
        with("k", "vé"),
        with("a key", "v"),
        with(&"k".repeat(256), "v"),
        ("x".repeat(65), at(9)),
        ("a b".to_owned(), at(9)),
        (String::new(), at(9)),
        ("t".to_owned(), many),
        ("t".to_owned(), large),
        ("t".to_owned(), json!({})),
    ] {
        let body = json!({ "ServiceId": service, "InstanceId": id, "Attributes": attributes });
        assert_eq!(map.refused("RegisterInstance", body.clone()), "InvalidInput", "{body}");
    }
    let most = json!({ "AWS_INSTANCE_IPV4": "127.0.0.9", "AWS_INSTANCE_PORT": "80", "k": "a b\tc" });
    map.register(&service, "A-z_0/:.@", most);
}

#[test]
fn a_service_needs_what_its_records_need() {
    let mut map = Map::empty();
    let namespace = map.namespace("local");
    let cases = [
        ("AAAA", json!({ "AWS_INSTANCE_IPV6": "::1" }), vec!["AWS_INSTANCE_IPV6"]),
        (
            "SRV",
            json!({ "AWS_INSTANCE_PORT": "80", "AWS_INSTANCE_IPV4": "127.0.0.1" }),
            vec!["AWS_INSTANCE_PORT", "AWS_INSTANCE_IPV4"],
        ),
    ];
    for (kind, attributes, needed) in cases {
        let service = map.service(&namespace, kind, json!([{ "Type": kind, "TTL": 5 }]));
        for key in needed {
            let mut without = attributes.clone();
            without.as_object_mut().expect("an object").remove(key);
            let body = json!({ "ServiceId": service, "InstanceId": "t", "Attributes": without });
            assert_eq!(map.refused("RegisterInstance", body), "InvalidInput", "{kind} without {key}");
        }
        map.register(&service, "t", attributes);
    }
}

#[test]
fn an_ec2_instance_brings_its_address_in_an_http_namespace() {
    let mut map = Map::empty();
    map.map.know_host("i-1", Some([127, 42, 1, 1].into()));
    let made = map.done("CreateHttpNamespace", json!({ "Name": "api" }));
    let service =
        map.call("CreateService", json!({ "Name": "s", "NamespaceId": made["Targets"]["NAMESPACE"] }))["Service"]["Id"]
            .clone();
    let body = |attributes| json!({ "ServiceId": service, "InstanceId": "t", "Attributes": attributes });
    for bad in [json!({ "AWS_EC2_INSTANCE_ID": "i-2" }), json!({ "AWS_EC2_INSTANCE_ID": "i-1", "k": "v" })] {
        assert_eq!(map.refused("RegisterInstance", body(bad)), "InvalidInput");
    }
    map.done("RegisterInstance", body(json!({ "AWS_EC2_INSTANCE_ID": "i-1" })));
    let got = map.call("GetInstance", json!({ "ServiceId": service, "InstanceId": "t" }));
    assert_eq!(got["Instance"]["Attributes"]["AWS_INSTANCE_IPV4"], "127.42.1.1");
}

#[test]
fn a_service_has_a_thousand_instances_a_namespace_two_thousand_those_that_are_coming_included() {
    let mut map = Map::empty();
    let namespace = map.namespace("local");
    let services: Vec<String> =
        (0..3).map(|n| map.service(&namespace, &format!("s{n}"), json!([{ "Type": "A", "TTL": 5 }]))).collect();
    let body =
        |service: usize, id: &str| json!({ "ServiceId": services[service], "InstanceId": id, "Attributes": at(9) });
    for service in [0, 1] {
        for number in 0..1000 {
            map.call("RegisterInstance", body(service, &format!("t{number}")));
        }
        assert_eq!(map.refused("RegisterInstance", body(service, "more")), "ResourceLimitExceeded");
    }
    assert_eq!(map.refused("RegisterInstance", body(2, "t")), "ResourceLimitExceeded", "the namespace is full");
    map.pass(LONG);
    assert_eq!(map.refused("RegisterInstance", body(2, "t")), "ResourceLimitExceeded");
    map.register(&services[0], "t0", at(8));
    map.deregister(&services[0], "t0");
    map.register(&services[2], "t", at(9));
}

#[test]
fn an_account_has_fifty_namespaces() {
    let mut map = Map::empty();
    for number in 0..50 {
        map.call("CreateHttpNamespace", json!({ "Name": format!("n{number}") }));
    }
    let more = json!({ "Name": "more" });
    assert_eq!(map.refused("CreateHttpNamespace", more.clone()), "ResourceLimitExceeded");
    map.pass(LONG);
    assert_eq!(map.refused("CreateHttpNamespace", more), "ResourceLimitExceeded");
}

#[test]
fn bodies_that_do_not_fit_are_told_from_values_that_are_not_allowed() {
    let (mut map, service) = Map::new();
    for (operation, body, code) in [
        (
            "RegisterInstance",
            json!({ "ServiceId": service, "InstanceId": 7, "Attributes": {} }),
            "SerializationException",
        ),
        (
            "RegisterInstance",
            json!({ "ServiceId": service, "InstanceId": "t", "Attributes": [] }),
            "SerializationException",
        ),
        ("RegisterInstance", json!({ "ServiceId": service, "InstanceId": "t" }), "InvalidInput"),
        ("ListServices", json!({ "MaxResults": "x" }), "SerializationException"),
        ("GetOperation", json!({}), "InvalidInput"),
        (
            "DiscoverInstances",
            json!({ "NamespaceName": "local", "ServiceName": "demo.service", "HealthStatus": "ILL" }),
            "InvalidInput",
        ),
        (
            "DiscoverInstances",
            json!({ "NamespaceName": "local", "ServiceName": "demo.service", "MaxResults": 1001 }),
            "InvalidInput",
        ),
        (
            "DiscoverInstances",
            json!({ "NamespaceName": "local", "ServiceName": "demo.service", "MaxResults": 0 }),
            "InvalidInput",
        ),
        ("NoSuchOperation", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(map.refused(operation, body.clone()), code, "{operation} {body}");
    }
}
