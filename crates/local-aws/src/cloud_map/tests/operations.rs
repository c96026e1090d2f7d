//! Asynchronous calls: their way, one at a time, retries, and those that are lost.

use super::*;
use crate::cloud_map::{ErrorCode, Lost};

#[test]
fn an_operation_goes_from_submitted_over_pending_to_success_and_only_then_has_an_effect() {
    let (mut map, service) = Map::new();
    let register = json!({ "ServiceId": service, "InstanceId": "t", "Attributes": at(9) });
    let operation = map.call("RegisterInstance", register)["OperationId"].clone();
    let began = map.now;
    let mut seen = Vec::new();
    for millis in [0, 50, 199, 200] {
        map.now = began + Duration::from_millis(millis);
        let got = map.call("GetOperation", json!({ "OperationId": operation }))["Operation"].clone();
        let there = map.ask("GetInstance", json!({ "ServiceId": service, "InstanceId": "t" })).is_ok();
        seen.push((got["Status"].as_str().expect("a status").to_owned(), there));
        assert_eq!(got["Targets"], json!({ "SERVICE": service, "INSTANCE": "t" }));
    }
    let expected = [("SUBMITTED", false), ("PENDING", false), ("PENDING", false), ("SUCCESS", true)];
    assert_eq!(seen, expected.map(|(status, there)| (status.to_owned(), there)));
    let (name, instance) = ("demo.service.local".to_owned(), "t".to_owned());
    assert_eq!(map.map.take_effects(), [Effect::Registered { name, instance }]);
}

#[test]
fn one_operation_at_a_time_for_an_instance_and_a_retry_of_the_same_call_is_the_same() {
    let (mut map, service) = Map::new();
    let call = |address, creator| json!({ "ServiceId": service, "InstanceId": "t", "Attributes": at(address), "CreatorRequestId": creator });
    let operation = map.call("RegisterInstance", call(9, "c"))["OperationId"].clone();
    assert_eq!(map.call("RegisterInstance", call(9, "c"))["OperationId"], operation);
    let refused = map.ask("RegisterInstance", call(8, "d")).expect_err("one at a time");
    assert_eq!((refused.code, refused.status), ("DuplicateRequest", 409));
    assert_eq!(refused.fields, [("DuplicateOperationId", operation.clone())]);
    let deregister = json!({ "ServiceId": service, "InstanceId": "t" });
    assert_eq!(map.refused("DeregisterInstance", deregister), "DuplicateRequest");
    map.call("RegisterInstance", json!({ "ServiceId": service, "InstanceId": "u", "Attributes": at(8) }));

    map.pass(LONG);
    assert_eq!(map.call("RegisterInstance", call(9, "c"))["OperationId"], operation, "also when it is done");
    assert_eq!(map.refused("RegisterInstance", call(7, "c")), "DuplicateRequest", "the id was used for another call");
}

#[test]
fn an_operation_that_is_lost_has_no_effect_and_leaves_room_for_the_next() {
    let (mut map, service) = Map::new();
    let message = "it got lost".to_owned();
    map.map.lose_next(Lost::Fails { code: ErrorCode::ThrottledRequest, message });
    let register = json!({ "ServiceId": service, "InstanceId": "t", "Attributes": at(9) });
    let failed = map.done("RegisterInstance", register.clone());
    assert_eq!(
        (&failed["Status"], &failed["ErrorCode"], &failed["ErrorMessage"]),
        (&json!("FAIL"), &json!("THROTTLED_REQUEST"), &json!("it got lost"))
    );
    assert!(map.map.take_effects().is_empty());
    assert_eq!(map.done("RegisterInstance", register)["Status"], "SUCCESS", "only one was lost");
}

#[test]
fn an_operation_that_never_ends_stays_pending_and_blocks_its_instance_alone() {
    let (mut map, service) = Map::new();
    map.register(&service, "t", at(9));
    map.map.lose_next(Lost::NeverEnds);
    let deregister = json!({ "ServiceId": service, "InstanceId": "t" });
    assert_eq!(map.done("DeregisterInstance", deregister.clone())["Status"], "PENDING");
    map.pass(Duration::from_secs(1_000_000));
    assert_eq!(map.refused("DeregisterInstance", deregister), "DuplicateRequest");
    assert_eq!(map.discovered(json!({})), ["t"]);
    map.register(&service, "u", at(8));
}

#[test]
fn operations_are_forgotten_after_an_hour_and_never_more_than_a_bound_are_kept() {
    let (mut map, service) = Map::new();
    map.register(&service, "t", at(9));
    let register = |id| json!({ "ServiceId": service, "InstanceId": id, "Attributes": at(9) });
    let first = map.call("RegisterInstance", register(0.to_string()))["OperationId"].clone();
    for number in 0..20_500 {
        if number % 500 == 0 {
            map.pass(LONG);
        }
        map.call("RegisterInstance", register((number % 500).to_string()));
    }
    map.pass(LONG);
    assert_eq!(map.refused("GetOperation", json!({ "OperationId": first })), "OperationNotFound");
    let listed = map.map.operations.iter().count();
    assert_eq!(listed, 20_000);
    map.pass(Duration::from_secs(3601));
    assert_eq!(map.call("ListOperations", json!({}))["Operations"], json!([]));
}
