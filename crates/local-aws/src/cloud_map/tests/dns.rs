//! What the DNS has of the namespaces.

use super::*;
use crate::views::{RecordData, RecordKind, Records, Routing, ZoneView};

fn zone() -> ZoneView {
    ZoneView { name: "local".to_owned(), soa_ttl: 1 }
}

fn found(ttl: u32, routing: Routing, data: Vec<RecordData>) -> Records {
    Records::Found { zone: zone(), ttl, data, routing }
}

fn a(last: u8) -> RecordData {
    RecordData::A([127, 0, 0, last].into())
}

#[test]
fn a_name_has_addresses_while_somebody_is_registered_and_does_not_exist_otherwise() {
    let (mut map, service) = Map::new();
    let nobody = Records::NoSuchName(zone());
    assert_eq!(map.map.records("demo.service.local", RecordKind::A), nobody);
    assert_eq!(map.map.records("service.local", RecordKind::A), nobody, "nor does what was above it");
    map.register(&service, "t", at(9));
    map.settle();
    let one = found(5, Routing::Multivalue, vec![a(9)]);
    assert_eq!(map.map.records("demo.service.local", RecordKind::A), one);
    assert_eq!(map.map.records("demo.service.local", RecordKind::Any), one);
    for (name, kind) in
        [("demo.service.local", RecordKind::Aaaa), ("service.local", RecordKind::A), ("local", RecordKind::A)]
    {
        assert_eq!(map.map.records(name, kind), Records::NoData(zone()), "{name}");
    }
    assert_eq!(map.map.records("other.service.local", RecordKind::A), nobody);
    assert_eq!(map.map.records("ice.local", RecordKind::A), nobody);
    for name in ["notlocal", "", ".", "local."] {
        assert_eq!(map.map.records(name, RecordKind::A), Records::NotOurs, "{name}");
    }
    map.deregister(&service, "t");
    map.settle();
    assert_eq!(map.map.records("demo.service.local", RecordKind::A), nobody);
    assert!(map.map.zones.is_empty());
}

#[test]
fn srv_records_name_hosts_that_have_addresses_of_their_own() {
    let mut map = Map::empty();
    let namespace = map.namespace("local");
    let service = map.service(&namespace, "_s._tcp", json!([{ "Type": "SRV", "TTL": 7 }]));
    for (id, port) in [("T.1", "80"), ("t2", "81")] {
        let ipv6 = "::1";
        let attributes =
            json!({ "AWS_INSTANCE_IPV4": "127.0.0.9", "AWS_INSTANCE_IPV6": ipv6, "AWS_INSTANCE_PORT": port });
        map.register(&service, id, attributes);
    }
    map.settle();
    let srv = |port, target: &str| RecordData::Srv { port, target: target.to_owned() };
    let both = vec![srv(80, "t.1._s._tcp.local"), srv(81, "t2._s._tcp.local")];
    assert_eq!(map.map.records("_s._tcp.local", RecordKind::Srv), found(7, Routing::Multivalue, both));
    assert_eq!(map.map.records("_s._tcp.local", RecordKind::A), Records::NoData(zone()));
    let host = "t.1._s._tcp.local";
    assert_eq!(map.map.records(host, RecordKind::A), found(7, Routing::Multivalue, vec![a(9)]));
    let ipv6 = RecordData::Aaaa(std::net::Ipv6Addr::LOCALHOST);
    assert_eq!(map.map.records(host, RecordKind::Aaaa), found(7, Routing::Multivalue, vec![ipv6]));
    assert_eq!(map.map.records(host, RecordKind::Srv), Records::NoData(zone()));
    assert_eq!(map.map.records("1._s._tcp.local", RecordKind::A), Records::NoData(zone()), "between the two");
    map.deregister(&service, "T.1");
    map.settle();
    for gone in [host, "1._s._tcp.local"] {
        assert_eq!(map.map.records(gone, RecordKind::A), Records::NoSuchName(zone()), "{gone}");
    }
}

#[test]
fn a_cname_is_the_answer_to_every_question() {
    let mut map = Map::empty();
    let namespace = map.namespace("local");
    let dns = json!({ "RoutingPolicy": "WEIGHTED", "DnsRecords": [{ "Type": "CNAME", "TTL": 6 }] });
    let body = json!({ "Name": "s", "NamespaceId": namespace, "DnsConfig": dns });
    let service = map.call("CreateService", body)["Service"]["Id"].as_str().expect("an id").to_owned();
    map.register(&service, "t", json!({ "AWS_INSTANCE_CNAME": "WWW.example.com." }));
    map.settle();
    let cname = found(6, Routing::Weighted, vec![RecordData::Cname("www.example.com.".to_owned())]);
    for kind in [RecordKind::A, RecordKind::Cname, RecordKind::Other] {
        assert_eq!(map.map.records("s.local", kind), cname);
    }
}

#[test]
fn the_most_specific_zone_answers_even_where_another_has_the_name() {
    let (mut map, service) = Map::new();
    map.register(&service, "t", at(9));
    map.namespace("service.local");
    map.settle();
    let hidden = map.map.records("demo.service.local", RecordKind::A);
    assert_eq!(hidden, Records::NoSuchName(ZoneView { name: "service.local".to_owned(), soa_ttl: 1 }));
}

#[test]
fn of_a_public_and_a_private_zone_of_one_name_the_private_one_is_seen() {
    let mut map = Map::empty();
    for (operation, address) in [("CreatePrivateDnsNamespace", 1), ("CreatePublicDnsNamespace", 2)] {
        let made = map.done(operation, json!({ "Name": "example.com", "Vpc": "v" }));
        let namespace = made["Targets"]["NAMESPACE"].as_str().expect("an id").to_owned();
        let service = map.service(&namespace, "s", json!([{ "Type": "A", "TTL": 5 }]));
        map.register(&service, "t", at(address));
    }
    map.settle();
    let Records::Found { data, .. } = map.map.records("s.example.com", RecordKind::A) else { panic!("no records") };
    assert_eq!(data, [a(1)]);
}

#[test]
fn only_healthy_instances_are_in_the_dns_unless_none_is() {
    let mut map = Map::empty();
    let namespace = map.namespace("local");
    let dns = json!({ "DnsRecords": [{ "Type": "A", "TTL": 5 }] });
    let body = json!({ "Name": "s", "NamespaceId": namespace, "DnsConfig": dns, "HealthCheckCustomConfig": {} });
    let service = map.call("CreateService", body)["Service"]["Id"].as_str().expect("an id").to_owned();
    map.register(&service, "a", at(1));
    map.register(&service, "b", json!({ "AWS_INSTANCE_IPV4": "127.0.0.2", "AWS_INIT_HEALTH_STATUS": "UNHEALTHY" }));
    map.settle();
    assert_eq!(map.map.records("s.local", RecordKind::A), found(5, Routing::Multivalue, vec![a(1)]));
    let ill = json!({ "ServiceId": service, "InstanceId": "a", "Status": "UNHEALTHY" });
    map.call("UpdateInstanceCustomHealthStatus", ill);
    map.pass(Duration::from_secs(40));
    assert_eq!(map.map.records("s.local", RecordKind::A), found(5, Routing::Multivalue, vec![a(1), a(2)]));
}

#[test]
fn a_new_ttl_comes_to_the_dns_with_the_change_of_the_service() {
    let (mut map, service) = Map::new();
    map.register(&service, "t", at(9));
    map.settle();
    let dns = json!({ "DnsRecords": [{ "Type": "A", "TTL": 60 }] });
    map.call("UpdateService", json!({ "Id": service, "Service": { "DnsConfig": dns } }));
    assert_eq!(map.map.records("demo.service.local", RecordKind::A), found(5, Routing::Multivalue, vec![a(9)]));
    map.settle();
    assert_eq!(map.map.records("demo.service.local", RecordKind::A), found(60, Routing::Multivalue, vec![a(9)]));
    map.call("UpdateService", json!({ "Id": service, "Service": {} }));
    map.settle();
    let none = map.map.records("demo.service.local", RecordKind::A);
    assert_eq!(none, Records::NoData(zone()), "records that were left out are deleted");
}
