use serde_json::{Value, json};

use super::cloud::{Cloud, run, words};
use crate::ecs::placement::Resources;

fn provider(name: &str, scaling: &str) -> Value {
    json!({ "name": name, "autoScalingGroupProvider": {
        "autoScalingGroupArn": name, "managedScaling": { "status": scaling } } })
}

/// A cloud whose cluster has the providers `grows` and `stays`.
fn cloud() -> Cloud {
    let mut cloud = Cloud::new();
    cloud.ask("CreateCapacityProvider", provider("grows", "ENABLED"));
    cloud.ask("CreateCapacityProvider", provider("stays", "DISABLED"));
    let put = json!({ "cluster": "c", "capacityProviders": ["grows", "stays", "FARGATE"],
        "defaultCapacityProviderStrategy": [] });
    cloud.ask("PutClusterCapacityProviders", put);
    cloud
}

fn from(names: &[(&str, i32, i32)]) -> Value {
    let items: Vec<Value> = names
        .iter()
        .map(|(name, base, weight)| json!({ "capacityProvider": name, "base": base, "weight": weight }))
        .collect();
    json!({ "capacityProviderStrategy": items })
}

fn size() -> Resources {
    Resources { cpu: 2048, memory: 952 }
}

#[test]
fn without_managed_scaling_what_finds_no_host_fails_at_once_and_with_it_waits() {
    let mut cloud = cloud();
    assert_eq!(cloud.refused("RunTask", run(&from(&[("stays", 0, 1)]))), "InvalidParameterException");
    let now = cloud.now;
    let host = cloud.ecs.register_host(now, ("i-1", "eu-west-1a"), "c", Some("stays".to_owned()), size());
    assert_eq!(cloud.place(&from(&[("stays", 0, 1)])), Ok(host));
    let mut four = from(&[("stays", 0, 1)]);
    four["count"] = json!(4);
    let ran = cloud.run(&four);
    assert_eq!(
        (ran["tasks"].as_array().map(Vec::len), &ran["failures"][0]["reason"]),
        (Some(2), &json!("RESOURCE:MEMORY"))
    );
    let ran = cloud.run(&from(&[("grows", 0, 1)]));
    assert_eq!((&ran["tasks"][0]["lastStatus"], &ran["failures"]), (&json!("PROVISIONING"), &json!([])));
    assert_eq!(cloud.ecs.waiting().len(), 1);
}

#[test]
fn a_task_that_only_an_expression_keeps_from_a_host_is_no_reason_to_grow() {
    let mut cloud = cloud();
    let mut never = from(&[("grows", 0, 1)]);
    never["placementConstraints"] = json!([{ "type": "memberOf", "expression": "attribute:colour exists" }]);
    cloud.run(&never);
    let wants = |cloud: &Cloud| cloud.ecs.waiting().into_iter().filter(|task| cloud.ecs.wants_a_host(task)).count();
    // With no host at all there is none with room.
    assert_eq!(wants(&cloud), 1);
    let now = cloud.now;
    let host = cloud.ecs.register_host(now, ("i-1", "eu-west-1a"), "c", Some("grows".to_owned()), size());
    cloud.pass(1);
    assert_eq!((cloud.ecs.waiting().len(), wants(&cloud)), (1, 0));
    // It is placed when the constraint is met.
    let attribute = json!({ "name": "colour", "value": "red", "targetId": host });
    cloud.ask("PutAttributes", json!({ "cluster": "c", "attributes": [attribute] }));
    assert_eq!(cloud.ecs.waiting().len(), 0);
    // One that lacks room is a reason.
    let mut big = from(&[("grows", 0, 1)]);
    big["overrides"] = json!({ "memory": "900" });
    cloud.run(&big);
    assert_eq!(wants(&cloud), 1);
    // And so is one that must not be beside its like.
    let mut alone = from(&[("grows", 0, 1)]);
    alone["placementConstraints"] = json!([{ "type": "distinctInstance" }]);
    cloud.run(&alone);
    assert_eq!(wants(&cloud), 2);
}

#[test]
fn five_hundred_tasks_of_a_cluster_may_wait_and_no_more() {
    let mut cloud = cloud();
    let mut ten = from(&[("grows", 0, 1)]);
    ten["count"] = json!(10);
    for _ in 0..50 {
        cloud.run(&ten);
    }
    assert_eq!(cloud.refused("RunTask", run(&from(&[("grows", 0, 1)]))), "ClientException");
}

#[test]
fn one_call_is_shared_among_providers_by_base_and_weight() {
    let mut cloud = cloud();
    let now = cloud.now;
    cloud.ecs.register_host(
        now,
        ("i-1", "eu-west-1a"),
        "c",
        Some("stays".to_owned()),
        Resources { cpu: 9999, memory: 9999 },
    );
    let mut body = from(&[("grows", 2, 1), ("stays", 0, 3)]);
    body["count"] = json!(10);
    let ran = cloud.run(&body);
    let of = |name: &str| {
        let tasks = ran["tasks"].as_array().expect("tasks").iter();
        tasks.filter(|task| task["capacityProviderName"] == name).count()
    };
    assert_eq!((of("grows"), of("stays")), (4, 6));
}

#[test]
fn what_is_no_strategy_is_refused() {
    let mut cloud = cloud();
    for bad in [
        from(&[("grows", 0, 0)]),
        from(&[("grows", 0, 1001)]),
        from(&[("grows", -1, 1)]),
        from(&[("grows", 1, 1), ("stays", 1, 1)]),
        from(&[("grows", 0, 1), ("FARGATE", 0, 1)]),
        from(&[("grows", 0, 1), ("grows", 0, 1)]),
        from(&[("nobody", 0, 1)]),
        from(&vec![("grows", 0, 1); 21]),
    ] {
        assert_eq!(cloud.refused("RunTask", run(&bad)), "InvalidParameterException", "{bad}");
    }
    let mut both = from(&[("grows", 0, 1)]);
    both["launchType"] = json!("EC2");
    assert_eq!(cloud.refused("RunTask", run(&both)), "InvalidParameterException");
}

#[test]
fn a_provider_keeps_its_settings_and_takes_new_ones_within_their_ranges() {
    let mut cloud = Cloud::new();
    let made = cloud.ask(
        "CreateCapacityProvider",
        json!({ "name": "p", "tags": [{ "key": "a", "value": "b" }],
        "autoScalingGroupProvider": { "autoScalingGroupArn": "g" } }),
    );
    let group = &made["capacityProvider"]["autoScalingGroupProvider"];
    assert_eq!(
        (&group["managedDraining"], &group["managedTerminationProtection"]),
        (&json!("ENABLED"), &json!("DISABLED"))
    );
    assert_eq!(
        group["managedScaling"],
        json!({ "status": "DISABLED", "targetCapacity": 100,
        "minimumScalingStepSize": 1, "maximumScalingStepSize": 10000, "instanceWarmupPeriod": 300 })
    );
    let update = |group: Value| json!({ "name": "p", "autoScalingGroupProvider": group });
    let new = update(
        json!({ "managedScaling": { "status": "ENABLED", "targetCapacity": 80 }, "managedDraining": "DISABLED" }),
    );
    let updated = cloud.ask("UpdateCapacityProvider", new);
    let group = &updated["capacityProvider"]["autoScalingGroupProvider"];
    assert_eq!(
        (&group["managedScaling"]["targetCapacity"], &group["managedDraining"]),
        (&json!(80), &json!("DISABLED"))
    );
    for bad in [
        json!({ "managedScaling": { "targetCapacity": 101 } }),
        json!({ "managedScaling": { "minimumScalingStepSize": 0 } }),
        json!({ "managedScaling": { "minimumScalingStepSize": 5, "maximumScalingStepSize": 4 } }),
        json!({ "managedScaling": { "status": "PERHAPS" } }),
        json!({ "managedScaling": { "status": "DISABLED" }, "managedTerminationProtection": "ENABLED" }),
    ] {
        assert_eq!(cloud.refused("UpdateCapacityProvider", update(bad.clone())), "ClientException", "{bad}");
    }
    assert_eq!(cloud.refused("CreateCapacityProvider", provider("p", "ENABLED")), "ClientException");
    assert_eq!(cloud.refused("CreateCapacityProvider", provider("fargate-x", "ENABLED")), "ClientException");
    let described =
        cloud.ask("DescribeCapacityProviders", json!({ "capacityProviders": ["p", "x"], "include": ["TAGS"] }));
    assert_eq!(described["capacityProviders"][0]["tags"][0]["key"], "a");
    assert_eq!(described["failures"], json!([{ "arn": "x", "reason": "MISSING" }]));
    let all = cloud.ask("DescribeCapacityProviders", json!({ "maxResults": 2 }));
    let names: Vec<&str> =
        all["capacityProviders"].as_array().expect("some").iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!((names, all["nextToken"].is_string()), (vec!["FARGATE", "FARGATE_SPOT"], true));
    let arn = "arn:aws:ecs:eu-west-1:000000000000:capacity-provider/FARGATE";
    assert_eq!(all["capacityProviders"][0]["capacityProviderArn"], arn);
}

#[test]
fn a_provider_in_use_cannot_be_taken_away_nor_changed_while_it_is_being_changed() {
    let mut cloud = cloud();
    let put =
        |names: &[&str]| json!({ "cluster": "c", "capacityProviders": names, "defaultCapacityProviderStrategy": [] });
    assert_eq!(cloud.refused("PutClusterCapacityProviders", put(&["grows"])), "UpdateInProgressException");
    assert_eq!(cloud.refused("DeleteCluster", json!({ "cluster": "c" })), "UpdateInProgressException");
    cloud.pass(10);
    let ran = cloud.run(&from(&[("grows", 0, 1)]));
    assert_eq!(cloud.refused("PutClusterCapacityProviders", put(&["stays"])), "ResourceInUseException");
    assert_eq!(cloud.refused("DeleteCapacityProvider", json!({ "capacityProvider": "grows" })), "ClientException");
    cloud.ask("StopTask", json!({ "cluster": "c", "task": ran["tasks"][0]["taskArn"] }));
    cloud.ask("PutClusterCapacityProviders", put(&["stays"]));
    let deleted = cloud.ask("DeleteCapacityProvider", json!({ "capacityProvider": "grows" }));
    assert_eq!(deleted["capacityProvider"]["status"], "INACTIVE");
    assert_eq!(cloud.refused("PutClusterCapacityProviders", put(&["grows"])), "InvalidParameterException");
    // Its name and its group are free again.
    cloud.ask("CreateCapacityProvider", provider("grows", "ENABLED"));
    let described = cloud.ask("DescribeClusters", json!({ "clusters": ["c"] }));
    assert_eq!(words(&described["clusters"][0]["capacityProviders"]), ["stays"]);
}
