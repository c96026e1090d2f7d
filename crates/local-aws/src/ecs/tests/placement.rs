use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::cloud::Cloud;

fn strategy(kind: &str, field: &str) -> Value {
    json!({ "placementStrategy": [{ "type": kind, "field": field }] })
}

fn member_of(expression: &str) -> Value {
    json!({ "placementConstraints": [{ "type": "memberOf", "expression": expression }] })
}

#[test]
fn binpack_fills_one_host_after_the_other_and_spread_goes_round() {
    let mut cloud = Cloud::new();
    let mut hosts: Vec<String> = (0..3).map(|n| cloud.host(&format!("i-{n}"), "eu-west-1a")).collect();
    let packed: Vec<String> = (0..3).map(|_| cloud.place(&strategy("binpack", "memory")).expect("a host")).collect();
    assert!(packed.iter().all(|host| *host == packed[0]), "{packed:?}");
    // The full one is out of the round.
    hosts.retain(|host| *host != packed[0]);
    let mut spread: Vec<String> =
        (0..2).map(|_| cloud.place(&strategy("spread", "instanceId")).expect("a host")).collect();
    spread.sort();
    hosts.sort();
    assert_eq!(spread, hosts);
}

#[test]
fn spread_by_an_attribute_counts_the_group_s_tasks_in_each_zone() {
    let mut cloud = Cloud::new();
    let zones = [("i-1", "eu-west-1a"), ("i-2", "eu-west-1a"), ("i-3", "eu-west-1b")];
    let hosts: BTreeMap<String, &str> = zones.into_iter().map(|(id, zone)| (cloud.host(id, zone), zone)).collect();
    let mut by_zone: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..6 {
        let host = cloud.place(&strategy("spread", "attribute:ecs.availability-zone")).expect("a host");
        *by_zone.entry(hosts[&host]).or_default() += 1;
    }
    assert_eq!(by_zone, [("eu-west-1a", 3), ("eu-west-1b", 3)].into());
}

#[test]
fn without_a_strategy_tasks_go_anywhere_and_the_seed_says_where() {
    let places = || {
        let mut cloud = Cloud::new();
        for number in 0..5 {
            cloud.host(&format!("i-{number}"), "eu-west-1a");
        }
        (0..8).map(|_| cloud.place(&json!({})).expect("a host")).collect::<Vec<_>>()
    };
    let first = places();
    assert_eq!(first, places());
    assert!(first.iter().any(|host| *host != first[0]));
}

#[test]
fn at_most_three_tasks_to_a_host_when_running_tasks_count_says_so_even_all_at_once() {
    let mut cloud = Cloud::new();
    let container = json!({ "name": "app", "image": "demo", "memory": 10 });
    cloud.define(&json!({ "containerDefinitions": [container] }));
    cloud.host("i-1", "eu-west-1a");
    let mut body = member_of("runningTasksCount < 3");
    body["count"] = json!(10);
    let ran = cloud.run(&body);
    assert_eq!(ran["tasks"].as_array().map(Vec::len), Some(3));
    assert_eq!(ran["failures"][0]["reason"], "MemberOf placement constraint unsatisfied.");
    cloud.start();
    assert!(cloud.place(&member_of("runningTasksCount < 3")).is_err());
    assert!(cloud.place(&member_of("runningTasksCount <= 3")).is_ok());
}

#[test]
fn constraints_of_the_definition_and_of_the_call_both_hold() {
    let mut cloud = Cloud::new();
    let constraint = json!({ "type": "memberOf", "expression": "attribute:colour == red" });
    cloud.define(&json!({ "placementConstraints": [constraint] }));
    let red = cloud.host("i-1", "eu-west-1a");
    cloud.host("i-2", "eu-west-1a");
    assert_eq!(cloud.place(&json!({})), Err("MemberOf placement constraint unsatisfied.".to_owned()));
    let attribute = json!({ "name": "colour", "value": "red", "targetId": red });
    cloud.ask("PutAttributes", json!({ "cluster": "c", "attributes": [attribute] }));
    assert_eq!(cloud.place(&json!({})), Ok(red.clone()));
    assert!(cloud.place(&member_of("ec2InstanceId == i-2")).is_err());
    assert_eq!(cloud.place(&member_of("task:group == family:demo")), Ok(red));
}

#[test]
fn distinct_instance_puts_one_task_of_a_group_on_a_host() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    cloud.host("i-2", "eu-west-1a");
    let body = json!({ "count": 3, "placementConstraints": [{ "type": "distinctInstance" }] });
    let ran = cloud.run(&body);
    assert_eq!(ran["tasks"].as_array().map(Vec::len), Some(2));
    assert_eq!(ran["failures"][0]["reason"], "DistinctInstance placement constraint unsatisfied.");
    let other = json!({ "group": "others", "placementConstraints": [{ "type": "distinctInstance" }] });
    assert!(cloud.place(&other).is_ok());
}

#[test]
fn a_host_that_lacks_something_says_what() {
    let mut cloud = Cloud::new();
    let arn = cloud.host("i-1", "eu-west-1a");
    assert_eq!(cloud.place(&json!({ "overrides": { "memory": "953" } })), Err("RESOURCE:MEMORY".to_owned()));
    assert_eq!(cloud.place(&json!({ "overrides": { "cpu": "3 vCPU" } })), Err("RESOURCE:CPU".to_owned()));
    let port = json!([{ "containerPort": 80, "hostPort": 8080 }]);
    let container = json!({ "name": "app", "image": "demo", "memory": 100, "portMappings": port });
    cloud.define(&json!({ "containerDefinitions": [container] }));
    assert_eq!(cloud.place(&json!({})), Ok(arn.clone()));
    let failed = cloud.run(&json!({}));
    assert_eq!(failed["failures"], json!([{ "arn": arn, "reason": "RESOURCE:PORTS" }]));
    cloud.ecs.agent_connection("i-1", false);
    assert_eq!(cloud.place(&json!({})), Err("AGENT".to_owned()));
}

#[test]
fn ports_that_are_not_named_are_chosen_and_told_once_the_task_runs() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    let container = json!({ "name": "app", "image": "demo", "memory": 100, "portMappings": [{ "containerPort": 80 }] });
    let defined = cloud.define(&json!({ "containerDefinitions": [container] }));
    assert_eq!(defined["taskDefinition"]["containerDefinitions"][0]["portMappings"][0]["hostPort"], 0);
    let ran = cloud.run(&json!({ "count": 2 }));
    let arns: Vec<String> = (0..2).map(|n| ran["tasks"][n]["taskArn"].as_str().expect("an ARN").to_owned()).collect();
    assert_eq!(cloud.describe(&arns[0])["containers"][0]["networkBindings"], json!([]));
    cloud.start();
    let port = |cloud: &mut Cloud, arn: &str| cloud.describe(arn)["containers"][0]["networkBindings"][0].clone();
    let (one, other) = (port(&mut cloud, &arns[0]), port(&mut cloud, &arns[1]));
    assert_eq!((&one["containerPort"], &one["protocol"]), (&json!(80), &json!("tcp")));
    assert_ne!(one["hostPort"], other["hostPort"]);
    assert!(one["hostPort"].as_u64() >= Some(32_768));
}

#[test]
fn a_draining_host_and_an_empty_cluster_are_no_place() {
    let mut cloud = Cloud::new();
    assert_eq!(cloud.refused("RunTask", super::cloud::run(&json!({}))), "InvalidParameterException");
    let arn = cloud.host("i-1", "eu-west-1a");
    let state = json!({ "cluster": "c", "containerInstances": [arn], "status": "DRAINING" });
    cloud.ask("UpdateContainerInstancesState", state);
    assert_eq!(cloud.refused("RunTask", super::cloud::run(&json!({}))), "InvalidParameterException");
}

#[test]
fn start_task_takes_the_host_it_is_told_if_that_can_take_it() {
    let mut cloud = Cloud::new();
    let (one, two) = (cloud.host("i-1", "eu-west-1a"), cloud.host("i-2", "eu-west-1a"));
    let body = json!({ "cluster": "c", "taskDefinition": "demo", "containerInstances": [two, "nobody"] });
    let ran = cloud.ask("StartTask", body);
    assert_eq!(ran["tasks"][0]["containerInstanceArn"], json!(two));
    assert_eq!(ran["failures"][0]["reason"], "MISSING");
    cloud.ask("DeregisterContainerInstance", json!({ "cluster": "c", "containerInstance": one }));
    let body = json!({ "cluster": "c", "taskDefinition": "demo", "containerInstances": [one] });
    assert_eq!(cloud.ask("StartTask", body)["failures"][0]["reason"], "INACTIVE");
    let eleven = vec!["x"; 11];
    let body = json!({ "cluster": "c", "taskDefinition": "demo", "containerInstances": eleven });
    assert_eq!(cloud.refused("StartTask", body), "InvalidParameterException");
}

#[test]
fn what_is_no_constraint_or_strategy_is_refused() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    let constraint = |constraint: Value| json!({ "placementConstraints": [constraint] });
    for bad in [
        member_of("runningTasksCount <"),
        member_of(&"x".repeat(2001)),
        constraint(json!({ "type": "memberOf" })),
        constraint(json!({ "type": "nearby" })),
        constraint(json!({})),
        constraint(json!({ "type": "distinctInstance", "expression": "agentConnected == true" })),
        json!({ "placementConstraints": vec![json!({ "type": "distinctInstance" }); 11] }),
        json!({ "placementStrategy": vec![json!({ "type": "random" }); 6] }),
        strategy("spread", "colour"),
        strategy("spread", "attribute:"),
        strategy("binpack", "disk"),
        strategy("pile", ""),
    ] {
        assert_eq!(cloud.refused("RunTask", super::cloud::run(&bad)), "InvalidParameterException", "{bad}");
    }
}

proptest! {
    /// Whatever is asked for, a host holds no more than it has, and no port twice.
    #[test]
    fn no_host_is_overfull_and_no_port_held_twice(
        asks in proptest::collection::vec((1u32..6, 50u32..400, 0u16..4, any::<bool>()), 1..40)
    ) {
        let mut cloud = Cloud::new();
        for number in 0..3 {
            cloud.host(&format!("i-{number}"), "eu-west-1a");
        }
        for (count, memory, port, stop) in asks {
            let port = if port == 0 { json!([]) } else { json!([{ "containerPort": 80, "hostPort": 8000 + port }]) };
            let container = json!({ "name": "app", "image": "demo", "memory": memory, "portMappings": port });
            cloud.define(&json!({ "containerDefinitions": [container] }));
            let ran = cloud.run(&json!({ "count": count }));
            if let Some(arn) = ran["tasks"][0]["taskArn"].as_str().filter(|_| stop) {
                cloud.ask("StopTask", json!({ "cluster": "c", "task": arn }));
                cloud.exit(arn, 0);
                cloud.pass(10);
            }
            for instance in cloud.ecs.container_instances() {
                let here: Vec<_> =
                    cloud.ecs.tasks().into_iter().filter(|t| t.holds_resources() && t.instance.as_ref() == Some(&instance.arn)).collect();
                prop_assert!(here.iter().map(|task| task.memory).sum::<u32>() <= 952);
                let mut ports: Vec<u16> = here.iter().flat_map(|t| &t.bindings).map(|b| b.host_port).collect();
                let all = ports.len();
                ports.sort_unstable();
                ports.dedup();
                prop_assert_eq!(ports.len(), all);
            }
        }
    }
}
