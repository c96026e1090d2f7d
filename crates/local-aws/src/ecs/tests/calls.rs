use std::time::Duration;

use serde_json::{Value, json};

use super::cloud::{Cloud, run, words};

fn arn(ran: &Value) -> String {
    ran["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned()
}

#[test]
fn a_cluster_is_made_once_described_as_asked_and_deleted_when_it_is_empty() {
    let mut cloud = Cloud::new();
    let body = json!({ "clusterName": "d", "tags": [{ "key": "a", "value": "b" }],
        "settings": [{ "name": "containerInsights", "value": "enabled" }], "configuration": { "x": 1 } });
    let made = cloud.ask("CreateCluster", body.clone());
    assert_eq!(cloud.ask("CreateCluster", body), made);
    cloud.ask("CreateCluster", json!({ "clusterName": "d" }));
    let other = json!({ "clusterName": "d", "tags": [{ "key": "other" }] });
    assert_eq!(cloud.refused("CreateCluster", other), "InvalidParameterException");
    let plain = cloud.ask("DescribeClusters", json!({ "clusters": ["d", "x"] }));
    assert_eq!((&plain["clusters"][0]["tags"], &plain["clusters"][0]["settings"]), (&json!([]), &json!([])));
    assert!(plain["failures"][0]["arn"].as_str().is_some_and(|arn| arn.ends_with("cluster/x")));
    let include = json!(["TAGS", "SETTINGS", "STATISTICS", "CONFIGURATIONS", "ATTACHMENTS"]);
    let full = cloud.ask("DescribeClusters", json!({ "clusters": ["d"], "include": include }));
    let cluster = &full["clusters"][0];
    assert_eq!((&cluster["tags"][0]["key"], &cluster["configuration"]["x"]), (&json!("a"), &json!(1)));
    assert!(
        cluster["statistics"]
            .as_array()
            .is_some_and(|all| all.contains(&json!({ "name": "runningEC2TasksCount", "value": "0" })))
    );
    assert_eq!(cloud.refused("DescribeClusters", json!({ "include": ["EVERYTHING"] })), "InvalidParameterException");
    cloud.ask(
        "UpdateClusterSettings",
        json!({ "cluster": "d", "settings": [{ "name": "containerInsights", "value": "disabled" }] }),
    );
    assert_eq!(words(&cloud.ask("ListClusters", json!({ "maxResults": 1 }))["clusterArns"]).len(), 1);
    cloud.ask("DeleteCluster", json!({ "cluster": "d" }));
    assert_eq!(cloud.refused("ListTasks", json!({ "cluster": "d" })), "ClusterNotFoundException");
    assert_eq!(cloud.ask("DescribeClusters", json!({ "clusters": ["d"] }))["clusters"][0]["status"], "INACTIVE");
    let host = cloud.host("i-1", "eu-west-1a");
    assert_eq!(cloud.refused("DeleteCluster", json!({ "cluster": "c" })), "ClusterContainsContainerInstancesException");
    cloud.ask("DeregisterContainerInstance", json!({ "cluster": "c", "containerInstance": host }));
    cloud.define(
        &json!({ "networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"] }),
    );
    cloud.run(&json!({ "launchType": "FARGATE" }));
    assert_eq!(cloud.refused("DeleteCluster", json!({ "cluster": "c" })), "ClusterContainsTasksException");
    assert_eq!(cloud.refused("CreateCluster", json!({ "clusterName": "a b" })), "InvalidParameterException");
}

#[test]
fn an_inactive_definition_runs_on_but_is_not_run_again() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    let task = arn(&cloud.run(&json!({ "taskDefinition": "demo:1" })));
    cloud.start();
    cloud.ask("DeregisterTaskDefinition", json!({ "taskDefinition": "demo:1" }));
    assert_eq!(cloud.describe(&task)["lastStatus"], "RUNNING");
    for name in ["demo:1", "demo", "nobody", ""] {
        assert_eq!(cloud.refused("RunTask", run(&json!({ "taskDefinition": name }))), "ClientException", "{name:?}");
    }
    cloud.ask("DeleteTaskDefinitions", json!({ "taskDefinitions": ["demo:1"] }));
    let described = cloud.ask("DescribeTaskDefinition", json!({ "taskDefinition": "demo:1" }));
    assert_eq!(described["taskDefinition"]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(cloud.describe(&task)["containers"][0]["image"], "demo");
}

#[test]
fn overrides_tags_and_names_are_kept_and_told() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    cloud.define(&json!({ "tags": [{ "key": "of", "value": "definition" }, { "key": "both", "value": "1" }] }));
    let overrides = json!({ "cpu": "512", "memory": "400", "taskRoleArn": "role", "containerOverrides":
        [{ "name": "app", "command": ["x"], "environment": [{ "name": "A", "value": "1" }], "environmentFiles": [{ "value": "f" }] }] });
    let task = arn(&cloud.run(&json!({ "overrides": overrides, "propagateTags": "TASK_DEFINITION",
        "tags": [{ "key": "both", "value": "2" }], "enableECSManagedTags": true, "startedBy": "me/1", "group": "mine" })));
    let task = cloud.describe(&task);
    assert_eq!((&task["cpu"], &task["memory"]), (&json!("512"), &json!("400")));
    assert_eq!((&task["startedBy"], &task["group"]), (&json!("me/1"), &json!("mine")));
    assert_eq!(
        (&task["overrides"]["taskRoleArn"], &task["overrides"]["containerOverrides"]),
        (&json!("role"), &overrides["containerOverrides"])
    );
    let tags = task["tags"].as_array().expect("tags");
    let has = |key: &str, value: &str| tags.contains(&json!({ "key": key, "value": value }));
    assert!(has("of", "definition") && has("both", "2") && has("aws:ecs:clusterName", "c"), "{tags:?}");
    // A task without sizes of its own reserves what its containers do, with what the call changes of them.
    let task = arn(&cloud.run(&json!({ "overrides": { "containerOverrides": [{ "name": "app", "memory": 123 }] } })));
    assert_eq!(cloud.describe(&task)["memory"], "123");
}

#[test]
fn what_run_task_does_not_take_is_refused() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    for bad in [
        json!({ "count": 0 }),
        json!({ "count": 11 }),
        json!({ "count": -1 }),
        json!({ "count": 1u64 << 40 }),
        json!({ "clientToken": "a b" }),
        json!({ "clientToken": "x".repeat(65) }),
        json!({ "startedBy": "a b" }),
        json!({ "startedBy": "x".repeat(129) }),
        json!({ "group": "service:mine" }),
        json!({ "propagateTags": "SERVICE" }),
        json!({ "overrides": { "containerOverrides": [{ "name": "nobody" }] } }),
        json!({ "overrides": { "containerOverrides": [{ "name": "app", "command": ["x".repeat(8200)] }] } }),
        json!({ "platformVersion": "1.4.0" }),
        json!({ "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["s"] } } }),
        json!({ "launchType": "FARGATE" }),
        json!({ "tags": [{ "key": "aws:x" }] }),
        json!({ "tags": [{ "key": "a" }, { "key": "a" }] }),
        json!({ "tags": [{ "key": "" }] }),
        json!({ "tags": [{ "key": "<" }] }),
    ] {
        assert_eq!(cloud.refused("RunTask", run(&bad)), "InvalidParameterException", "{bad}");
    }
    for ill in [json!({ "count": "1" }), json!({ "tags": {} }), json!({ "overrides": [] })] {
        assert_eq!(cloud.refused("RunTask", run(&ill)), "SerializationException", "{ill}");
    }
    assert_eq!(cloud.refused("RunTask", run(&json!({ "cluster": "x" }))), "ClusterNotFoundException");
    assert_eq!(cloud.refused("RunTask", run(&json!({ "launchType": "MOON" }))), "ClientException");
    assert!(cloud.try_ask("RunTask", run(&json!({ "tags": null, "overrides": { "cpu": null } }))).is_ok());
}

#[test]
fn a_token_is_remembered_when_a_task_was_started_and_only_then() {
    let mut cloud = Cloud::new();
    let full = json!({ "clientToken": "t", "overrides": { "memory": "952" } });
    cloud.host("i-1", "eu-west-1a");
    let first = cloud.run(&full);
    assert_eq!(cloud.run(&full), first);
    let other = json!({ "clientToken": "u", "overrides": { "memory": "951" } });
    assert_eq!(cloud.run(&other)["failures"][0]["reason"], "RESOURCE:MEMORY");
    cloud.ask("StopTask", json!({ "cluster": "c", "task": arn(&first) }));
    cloud.exit(&arn(&first), 0);
    cloud.pass(10);
    assert_eq!(cloud.run(&other)["tasks"].as_array().map(Vec::len), Some(1));
    // The first one's token still answers with the first task, dead as it is.
    assert_eq!(cloud.run(&full), first);
}

#[test]
fn tasks_are_listed_by_every_filter_and_in_pages() {
    let mut cloud = Cloud::new();
    let host = cloud.host("i-1", "eu-west-1a");
    let small = json!({ "name": "app", "image": "demo", "memory": 10 });
    cloud.ask("RegisterTaskDefinition", json!({ "family": "small", "containerDefinitions": [small] }));
    let one = arn(&cloud.run(&json!({ "startedBy": "me" })));
    for _ in 0..2 {
        cloud.run(&json!({ "taskDefinition": "small", "count": 10 }));
    }
    let mut list = |more: Value| {
        let mut body = json!({ "cluster": "c" });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        cloud.try_ask("ListTasks", body).map(|listed| (words(&listed["taskArns"]), listed["nextToken"].clone()))
    };
    let mut count = |more: Value| list(more).expect("listed").0.len();
    assert_eq!(count(json!({})), 21);
    assert_eq!(count(json!({ "family": "small" })), 20);
    assert_eq!(count(json!({ "startedBy": "me" })), 1);
    assert_eq!(count(json!({ "containerInstance": host, "launchType": "EC2" })), 21);
    assert_eq!(count(json!({ "launchType": "FARGATE" })), 0);
    assert_eq!(count(json!({ "desiredStatus": "PENDING" })), 0);
    assert_eq!(count(json!({ "desiredStatus": "STOPPED" })), 0);
    let mut seen = Vec::new();
    let mut next = Value::Null;
    loop {
        let (page, token) = list(json!({ "maxResults": 8, "nextToken": next })).expect("a page");
        seen.extend(page);
        if token.is_null() {
            break;
        }
        next = token;
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 21);
    for bad in [
        json!({ "startedBy": "me", "family": "demo" }),
        json!({ "desiredStatus": "GONE" }),
        json!({ "maxResults": 101 }),
        json!({ "nextToken": "nonsense" }),
        json!({ "containerInstance": "x" }),
        json!({ "launchType": "MOON" }),
    ] {
        assert_eq!(list(bad.clone()).expect_err("refused").code, "InvalidParameterException", "{bad}");
    }
    cloud.ask("StopTask", json!({ "cluster": "c", "task": one }));
    let stopped = cloud.ask("ListTasks", json!({ "cluster": "c", "desiredStatus": "STOPPED" }));
    assert_eq!(words(&stopped["taskArns"]), [one]);
}

#[test]
fn a_task_that_stopped_is_known_for_an_hour_and_stopping_it_again_changes_nothing() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    let task = arn(&cloud.run(&json!({ "tags": [{ "key": "a" }] })));
    cloud.start();
    let stop = |reason: &str| json!({ "cluster": "c", "task": task, "reason": reason });
    cloud.ask("StopTask", stop("enough"));
    cloud.exit(&task, 143);
    cloud.pass(10);
    let stopped = cloud.describe(&task);
    assert_eq!((&stopped["lastStatus"], &stopped["stoppedReason"]), (&json!("STOPPED"), &json!("enough")));
    assert_eq!(stopped["tags"], json!([]));
    assert_eq!(cloud.ask("StopTask", stop("more"))["task"]["stoppedReason"], "enough");
    cloud.pass(3500);
    assert_eq!(cloud.describe(&task)["lastStatus"], "STOPPED");
    cloud.pass(200);
    assert_eq!(cloud.describe(&task), Value::Null);
    assert_eq!(cloud.refused("StopTask", stop("x")), "InvalidParameterException");
    let many = vec!["x"; 101];
    assert_eq!(cloud.refused("DescribeTasks", json!({ "cluster": "c", "tasks": many })), "InvalidParameterException");
    assert_eq!(cloud.refused("DescribeTasks", json!({ "cluster": "c", "tasks": [] })), "InvalidParameterException");
}

#[test]
fn reads_show_a_task_only_after_their_delay() {
    let mut cloud = Cloud::new();
    cloud.host("i-1", "eu-west-1a");
    cloud.ecs.set_read_delay(Duration::from_secs(5));
    let task = arn(&cloud.run(&json!({})));
    cloud.pass(4);
    assert_eq!(words(&cloud.ask("ListTasks", json!({ "cluster": "c" }))["taskArns"]).len(), 0);
    let described = cloud.ask("DescribeTasks", json!({ "cluster": "c", "tasks": [task] }));
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    cloud.pass(1);
    assert_eq!(words(&cloud.ask("ListTasks", json!({ "cluster": "c" }))["taskArns"]), [task]);
}

#[test]
fn everything_that_has_tags_can_be_tagged_untagged_and_asked() {
    let mut cloud = Cloud::new();
    let host = cloud.host("i-1", "eu-west-1a");
    let task = arn(&cloud.run(&json!({})));
    let account = "arn:aws:ecs:eu-west-1:000000000000:";
    for resource in [format!("{account}cluster/c"), host, task, format!("{account}task-definition/demo:1")] {
        let tags = json!([{ "key": "a", "value": "1" }, { "key": "b", "value": "2" }]);
        cloud.ask("TagResource", json!({ "resourceArn": resource, "tags": tags }));
        cloud.ask("TagResource", json!({ "resourceArn": resource, "tags": [{ "key": "a", "value": "3" }] }));
        cloud.ask("UntagResource", json!({ "resourceArn": resource, "tagKeys": ["b"] }));
        let listed = cloud.ask("ListTagsForResource", json!({ "resourceArn": resource }));
        assert_eq!(listed["tags"], json!([{ "key": "a", "value": "3" }]), "{resource}");
    }
    for bad in ["", "x", "arn:aws:ecs:eu-west-1:000000000000:moon/x", "arn:aws:s3:::bucket"] {
        assert_eq!(
            cloud.refused("ListTagsForResource", json!({ "resourceArn": bad })),
            "InvalidParameterException",
            "{bad}"
        );
    }
    let many: Vec<Value> = (0..51).map(|n| json!({ "key": n.to_string() })).collect();
    let body = json!({ "resourceArn": format!("{account}cluster/c"), "tags": many });
    assert_eq!(cloud.refused("TagResource", body), "InvalidParameterException");
}
