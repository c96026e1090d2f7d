use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use daemon::moment::Moment;
use proptest::prelude::*;
use serde_json::json;

use super::model::{CloudMap, Effect};
use super::operations::OperationStatus;
use super::requests::{OneInstance, RegisterInstance};
use crate::account::Account;
use crate::ids::Ids;
use crate::views::{RecordData, RecordKind, Records, Routing, ZoneView};

/// Longer than any operation takes.
const LONG: Duration = Duration::from_secs(1);

fn map() -> (CloudMap, String) {
    let mut map = CloudMap::new(Account::default(), Ids::new(1));
    let namespace = json!({ "Name": "local", "Vpc": "v", "Properties": { "DnsProperties": { "SOA": { "TTL": 1 } } } });
    map.create_namespace(Moment::START, serde_json::from_value(namespace).expect("a request")).expect("accepted");
    map.finish(Moment::START);
    let namespace = map.namespaces().next().expect("a namespace").id.clone();
    let records = json!({ "DnsRecords": [{ "Type": "A", "TTL": 5 }] });
    let service = json!({ "Name": "demo.service", "NamespaceId": namespace, "DnsConfig": records });
    let service = serde_json::from_value(service).expect("a request");
    let id = map.create_service(Moment::START, service).expect("made").id.clone();
    (map, id)
}

fn instance(service: &str, id: &str, address: u8) -> RegisterInstance {
    let attributes = BTreeMap::from([("AWS_INSTANCE_IPV4".to_owned(), format!("127.0.0.{address}"))]);
    RegisterInstance { service_id: service.into(), instance_id: id.into(), creator_request_id: None, attributes }
}

fn one(service: &str, id: &str) -> OneInstance {
    OneInstance { service_id: service.into(), instance_id: id.into() }
}

#[test]
fn an_operation_goes_from_submitted_over_pending_to_success_and_only_then_has_an_effect() {
    let (mut map, service) = map();
    let operation = map.register(Moment::START, instance(&service, "t", 9)).expect("accepted");
    let mut seen = Vec::new();
    for millis in [0, 50, 199, 200] {
        map.advance(Moment::millis(millis));
        let status = map.operation(&operation).expect("known").status;
        seen.push((status, map.instance(&service, "t").is_ok()));
    }
    use OperationStatus::{Pending, Submitted, Success};
    assert_eq!(seen, [(Submitted, false), (Pending, false), (Pending, false), (Success, true)]);
    let (name, instance) = ("demo.service.local".to_owned(), "t".to_owned());
    assert_eq!(map.take_effects(), [Effect::Registered { name, instance }]);
}

#[test]
fn one_operation_at_a_time_for_an_instance_and_a_retry_of_the_same_call_is_the_same() {
    let (mut map, service) = map();
    let call = RegisterInstance { creator_request_id: Some("c".into()), ..instance(&service, "t", 9) };
    let operation = map.register(Moment::START, call.clone()).expect("accepted");
    assert_eq!(map.register(Moment::START, call), Ok(operation.clone()));
    let refused = map.register(Moment::START, instance(&service, "t", 8)).expect_err("one at a time");
    assert_eq!((refused.code, refused.fields), ("DuplicateRequest", vec![("DuplicateOperationId", json!(operation))]));
    assert_eq!(map.deregister(Moment::START, &one(&service, "t")).expect_err("one at a time").code, "DuplicateRequest");
    map.register(Moment::START, instance(&service, "u", 8)).expect("another instance is another matter");
}

#[test]
fn registering_again_replaces_every_attribute() {
    let (mut map, service) = map();
    let mut first = instance(&service, "t", 9);
    first.attributes.insert("OLD".into(), "x".into());
    map.register(Moment::START, first).expect("accepted");
    map.advance(Moment::START + LONG);
    map.register(Moment::START + LONG, instance(&service, "t", 7)).expect("accepted");
    map.advance(Moment::START + LONG + LONG);
    let attributes = &map.instance(&service, "t").expect("there").attributes;
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["AWS_INSTANCE_IPV4"]);
    assert_eq!(attributes["AWS_INSTANCE_IPV4"], "127.0.0.7");
}

#[test]
fn the_limits_of_ids_and_attributes_are_kept() {
    let (mut map, service) = map();
    let good = instance(&service, "t", 9);
    let with = |key: &str, value: String| {
        let mut bad = good.clone();
        bad.attributes.insert(key.to_owned(), value);
        bad
    };
    let named = |id: String| RegisterInstance { instance_id: id, ..good.clone() };
    let mut many = good.clone();
    many.attributes.extend((0..31).map(|number| (format!("k{number}"), String::new())));
    let mut none = good.clone();
    none.attributes.clear();
    for bad in [
        with("AWS_INSTANCE_IPV4", "nine".into()),
        with("AWS_INSTANCE_PORT", "x".into()),
        with("k", "v".repeat(1025)),
        with("a key", "v".into()),
        named("x".repeat(65)),
        named("a b".into()),
        many,
        none,
    ] {
        assert_eq!(map.register(Moment::START, bad.clone()).expect_err("refused").code, "InvalidInput", "{bad:?}");
    }
    map.register(Moment::START, good).expect("accepted");
}

#[test]
fn a_name_has_addresses_while_somebody_is_registered_and_does_not_exist_otherwise() {
    let (mut map, service) = map();
    let zone = || ZoneView { name: "local".to_owned(), soa_ttl: 1 };
    let nobody = Records::NoSuchName(zone());
    assert_eq!(map.records("demo.service.local", RecordKind::A), nobody);
    map.register(Moment::START, instance(&service, "t", 9)).expect("accepted");
    map.advance(Moment::START + LONG);
    let data = vec![RecordData::A(Ipv4Addr::new(127, 0, 0, 9))];
    let found = Records::Found { zone: zone(), ttl: 5, data, routing: Routing::Multivalue };
    assert_eq!(map.records("demo.service.local", RecordKind::A), found);
    for (name, kind) in
        [("demo.service.local", RecordKind::Aaaa), ("service.local", RecordKind::A), ("local", RecordKind::A)]
    {
        assert_eq!(map.records(name, kind), Records::NoData(zone()), "{name}");
    }
    assert_eq!(map.records("other.service.local", RecordKind::A), nobody);
    assert_eq!(map.records("notlocal", RecordKind::A), Records::NotOurs);
    map.deregister(Moment::START + LONG, &one(&service, "t")).expect("accepted");
    map.advance(Moment::START + LONG + LONG);
    assert_eq!(map.records("demo.service.local", RecordKind::A), nobody);
}

proptest! {
    #[test]
    fn what_was_accepted_last_is_what_there_is_in_the_end(
        calls in proptest::collection::vec((0u8..4, any::<bool>(), 0u64..400), 1..80)
    ) {
        let (mut map, service) = map();
        let mut now = Moment::START;
        let mut expected = BTreeSet::new();
        let mut revision = map.service(&service).expect("there").revision;
        for (who, register, pause) in calls {
            let id = format!("t{who}");
            let accepted = if register {
                map.register(now, instance(&service, &id, who)).map(|_| expected.insert(id))
            } else {
                map.deregister(now, &one(&service, &id)).map(|_| expected.remove(&id))
            };
            if let Err(refusal) = accepted {
                prop_assert!(["DuplicateRequest", "InstanceNotFound"].contains(&refusal.code));
            }
            now = now + Duration::from_millis(pause);
            map.advance(now);
            let later = map.service(&service).expect("there").revision;
            prop_assert!(later >= revision);
            revision = later;
        }
        map.advance(now + LONG);
        let there: BTreeSet<String> = map.service(&service).expect("there").instances.keys().cloned().collect();
        prop_assert_eq!(there, expected);
    }
}
