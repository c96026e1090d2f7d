use serde_json::{Value, json};

use super::cloud::{Cloud, run, words};

#[test]
fn a_host_is_registered_described_listed_by_a_filter_and_deregistered() {
    let mut cloud = Cloud::new();
    let document = json!({ "instanceId": "i-0abc", "region": "eu-west-1" }).to_string();
    let registered = cloud.ask(
        "RegisterContainerInstance",
        json!({
            "cluster": "c", "instanceIdentityDocument": document,
            "totalResources": [
                { "name": "CPU", "type": "INTEGER", "integerValue": 1024 },
                { "name": "MEMORY", "type": "INTEGER", "integerValue": 800 },
                { "name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"] },
            ],
            "versionInfo": { "agentVersion": "1.90.0" },
            "attributes": [{ "name": "stack", "value": "blue" }],
            "tags": [{ "key": "team", "value": "a" }],
        }),
    );
    let instance = &registered["containerInstance"];
    assert_eq!((&instance["ec2InstanceId"], &instance["status"]), (&json!("i-0abc"), &json!("ACTIVE")));
    // No machine stands behind it.
    assert_eq!(instance["agentConnected"], false);
    assert_eq!(cloud.place(&json!({})), Err("AGENT".to_owned()));
    let arn = instance["containerInstanceArn"].clone();
    let other = cloud.host("i-2", "eu-west-1b");
    let mut list = |filter: &str| {
        words(
            &cloud.ask("ListContainerInstances", json!({ "cluster": "c", "filter": filter }))["containerInstanceArns"],
        )
    };
    assert_eq!(list("attribute:stack == blue"), words(&json!([arn])));
    assert_eq!(list("agentVersion < 1.100.0"), words(&json!([arn])));
    assert_eq!(list("agentConnected == true"), [other]);
    assert_eq!(list("registeredAt > 1969-12-31").len(), 2);
    assert_eq!(
        cloud.refused("ListContainerInstances", json!({ "cluster": "c", "filter": "x" })),
        "InvalidParameterException"
    );
    let described = cloud.ask(
        "DescribeContainerInstances",
        json!({
        "cluster": "c", "containerInstances": [arn, "x"], "include": ["TAGS", "CONTAINER_INSTANCE_HEALTH"] }),
    );
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    let instance = &described["containerInstances"][0];
    assert_eq!(
        (&instance["tags"][0]["value"], &instance["healthStatus"]["overallStatus"]),
        (&json!("a"), &json!("INSUFFICIENT_DATA"))
    );
    let gone = cloud.ask("DeregisterContainerInstance", json!({ "cluster": "c", "containerInstance": arn }));
    assert_eq!(gone["containerInstance"]["status"], "INACTIVE");
    let listed = cloud.ask("ListContainerInstances", json!({ "cluster": "c" }));
    assert_eq!(words(&listed["containerInstanceArns"]).len(), 1);
    let described = cloud.ask("DescribeContainerInstances", json!({ "cluster": "c", "containerInstances": [arn] }));
    assert_eq!(described["containerInstances"][0]["status"], "INACTIVE");
    cloud.pass(3601);
    let described = cloud.ask("DescribeContainerInstances", json!({ "cluster": "c", "containerInstances": [arn] }));
    assert_eq!(described["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_host_with_tasks_is_deregistered_by_force_only_and_its_tasks_run_on_without_ecs() {
    let mut cloud = Cloud::new();
    let host = cloud.host("i-1", "eu-west-1a");
    let arn = cloud.run(&json!({}))["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned();
    cloud.start();
    let body = |force: bool| json!({ "cluster": "c", "containerInstance": host, "force": force });
    assert_eq!(cloud.refused("DeregisterContainerInstance", body(false)), "InvalidParameterException");
    cloud.ask("DeregisterContainerInstance", body(true));
    let task = cloud.describe(&arn);
    assert_eq!((&task["lastStatus"], &task["stopCode"]), (&json!("STOPPED"), &json!("UserInitiated")));
    use crate::ecs::model::Effect;
    let id = crate::account::last_part(&arn).to_owned();
    assert_eq!(cloud.ecs.take_effects().last(), Some(&Effect::Orphaned { task: id.clone() }));
    // Its process ends later; only then its address is free.
    cloud.exit(&arn, 0);
    assert_eq!(cloud.ecs.take_effects(), [Effect::Stopped { task: id }]);
    assert_eq!(cloud.refused("DeregisterContainerInstance", body(true)), "InvalidParameterException");
}

#[test]
fn only_what_is_active_or_draining_changes_its_state_and_ten_at_most() {
    let mut cloud = Cloud::new();
    let (one, two) = (cloud.host("i-1", "eu-west-1a"), cloud.host("i-2", "eu-west-1a"));
    cloud.ask("DeregisterContainerInstance", json!({ "cluster": "c", "containerInstance": two }));
    let body = |ids: Vec<&str>, status: &str| json!({ "cluster": "c", "containerInstances": ids, "status": status });
    let changed = cloud.ask("UpdateContainerInstancesState", body(vec![&one, &two, "x"], "DRAINING"));
    assert_eq!(changed["containerInstances"].as_array().map(Vec::len), Some(1));
    let reasons: Vec<&Value> = changed["failures"].as_array().expect("two").iter().map(|f| &f["reason"]).collect();
    assert_eq!(reasons, [&json!("MISSING"), &json!("INACTIVE")]);
    for bad in [body(vec!["x"; 11], "DRAINING"), body(vec![&one], "INACTIVE"), body(vec![], "ACTIVE")] {
        assert_eq!(cloud.refused("UpdateContainerInstancesState", bad), "InvalidParameterException");
    }
}

#[test]
fn attributes_have_limits_and_are_listed_in_pages() {
    let mut cloud = Cloud::new();
    let host = cloud.host("i-1", "eu-west-1a");
    let body = |names: Vec<String>| {
        let attributes: Vec<Value> =
            names.iter().map(|name| json!({ "name": name, "value": "v", "targetId": host })).collect();
        json!({ "cluster": "c", "attributes": attributes })
    };
    let many = |count: usize| (0..count).map(|n| format!("a{n}")).collect::<Vec<_>>();
    let put = cloud.ask("PutAttributes", body(many(10)));
    assert_eq!(put["attributes"][0]["targetType"], "container-instance");
    assert_eq!(cloud.refused("PutAttributes", body(vec!["b".to_owned()])), "AttributeLimitExceededException");
    cloud.ask("PutAttributes", body(vec!["a3".to_owned()]));
    assert_eq!(cloud.refused("PutAttributes", body(many(11))), "InvalidParameterException");
    assert_eq!(cloud.refused("PutAttributes", body(vec!["ecs.mine".to_owned()])), "InvalidParameterException");
    assert_eq!(cloud.refused("PutAttributes", body(vec!["a b".to_owned()])), "InvalidParameterException");
    let nobody =
        json!({ "cluster": "c", "attributes": [{ "name": "a", "targetId": "x", "targetType": "container-instance" }] });
    assert_eq!(cloud.refused("PutAttributes", nobody), "TargetNotFoundException");
    let short = json!({ "cluster": "c", "attributes": [{ "name": "a", "targetId": "x" }] });
    assert_eq!(cloud.refused("PutAttributes", short), "InvalidParameterException");
    let mut seen = 0;
    let mut next = Value::Null;
    loop {
        let list = json!({ "cluster": "c", "targetType": "container-instance", "maxResults": 4, "nextToken": next });
        let page = cloud.ask("ListAttributes", list);
        seen += page["attributes"].as_array().map_or(0, Vec::len);
        next = page["nextToken"].clone();
        if next.is_null() {
            break;
        }
    }
    let described = cloud.ask("DescribeContainerInstances", json!({ "cluster": "c", "containerInstances": [host] }));
    assert_eq!(Some(seen), described["containerInstances"][0]["attributes"].as_array().map(Vec::len));
    let named =
        json!({ "cluster": "c", "targetType": "container-instance", "attributeName": "a3", "attributeValue": "v" });
    assert_eq!(cloud.ask("ListAttributes", named)["attributes"].as_array().map(Vec::len), Some(1));
    cloud.ask("DeleteAttributes", body(many(10)));
    cloud.ask("PutAttributes", body(vec!["b".to_owned()]));
}

#[test]
fn on_a_host_whose_agent_is_disconnected_nothing_is_placed_until_it_is_back() {
    let mut cloud = Cloud::new();
    let host = cloud.host("i-1", "eu-west-1a");
    cloud.ecs.agent_connection("i-1", false);
    assert_eq!(cloud.ask("RunTask", run(&json!({})))["failures"][0]["reason"], "AGENT");
    cloud.ecs.agent_connection("i-1", true);
    assert_eq!(cloud.place(&json!({})), Ok(host));
}
