//! What the calls about services do and refuse.

use serde_json::{Value, json};

use super::super::ServiceStatus;
use super::world::{World, created};

#[test]
fn a_service_is_deleted_by_force_or_at_zero_drains_and_is_then_inactive_for_a_while() {
    let mut world = World::new(1);
    world.create(&json!({}));
    let delete = |force: bool| json!({ "cluster": "c", "service": "web", "force": force });
    let refused = world.try_ask("DeleteService", delete(false)).expect_err("refused");
    assert_eq!(refused.code, "InvalidParameterException");
    assert_eq!(world.ask("DeleteService", delete(true))["service"]["status"], "DRAINING");
    world.pass(10);
    assert!(matches!(world.service().status, ServiceStatus::Inactive { .. }));
    assert_eq!(world.ask("ListServices", json!({ "cluster": "c" }))["serviceArns"], json!([]));
    let described = world.ask("DescribeServices", json!({ "cluster": "c", "services": ["web", "no"] }));
    assert_eq!(described["services"][0]["status"], "INACTIVE");
    assert_eq!(described["services"][0]["deployments"], json!([]));
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    let update = json!({ "cluster": "c", "service": "web", "desiredCount": 1 });
    assert_eq!(world.try_ask("UpdateService", update).expect_err("refused").code, "ServiceNotActiveException");
    assert_eq!(world.try_ask("DeleteService", delete(true)).expect_err("refused").code, "ServiceNotFoundException");
    world.create(&json!({}));
    assert_eq!(world.service().status, ServiceStatus::Active);
}

#[test]
fn a_service_has_tags_that_can_be_changed_and_are_told_when_asked_for() {
    let mut world = World::new(1);
    let tag = |key: &str, value: &str| json!({ "key": key, "value": value });
    let arn = world.create(&json!({ "tags": [tag("a", "1")] }))["service"]["serviceArn"].clone();
    world.ask("TagResource", json!({ "resourceArn": arn, "tags": [tag("b", "2")] }));
    world.ask("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] }));
    assert_eq!(world.ask("ListTagsForResource", json!({ "resourceArn": arn }))["tags"], json!([tag("b", "2")]));
    let describe = |include: Value| json!({ "cluster": "c", "services": ["web"], "include": include });
    assert_eq!(world.ask("DescribeServices", describe(json!(["TAGS"])))["services"][0]["tags"], json!([tag("b", "2")]));
    assert_eq!(world.ask("DescribeServices", describe(json!([])))["services"][0].get("tags"), None);
    let reserved = created(&json!({ "serviceName": "other", "tags": [tag("aws:mine", "1")] }));
    assert_eq!(world.try_ask("CreateService", reserved).expect_err("refused").code, "InvalidParameterException");
}

#[test]
fn the_same_call_again_is_the_same_service_and_another_of_its_name_is_refused() {
    let mut world = World::new(1);
    let first = world.create(&json!({ "clientToken": "t" }));
    let again = world.create(&json!({ "clientToken": "t" }));
    assert_eq!(first["service"]["deployments"][0]["id"], again["service"]["deployments"][0]["id"]);
    let other = world.try_ask("CreateService", created(&json!({ "desiredCount": 3 }))).expect_err("refused");
    assert_eq!(other.message, "Creation of service was not idempotent.");
}

#[test]
fn what_ecs_would_refuse_is_refused() {
    let mut world = World::new(1);
    let percents = |minimum: u32, maximum: u32| json!({ "deploymentConfiguration": { "minimumHealthyPercent": minimum, "maximumPercent": maximum } });
    let invalid = [
        json!({ "serviceName": "a b" }),
        json!({ "serviceName": "" }),
        json!({ "taskDefinition": null }),
        json!({ "desiredCount": -1 }),
        json!({ "desiredCount": null }),
        json!({ "schedulingStrategy": "DAEMON", "desiredCount": 1 }),
        json!({ "schedulingStrategy": "DAEMON", "launchType": "FARGATE" }),
        json!({ "schedulingStrategy": "SOMEHOW" }),
        json!({ "capacityProviderStrategy": [{ "capacityProvider": "doze" }] }),
        json!({ "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["s"] } } }),
        json!({ "clientToken": "x".repeat(37) }),
        percents(100, 100),
        percents(101, 200),
        percents(0, 99),
    ];
    for more in invalid {
        let mut body = created(&more);
        body.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        let refused = world.try_ask("CreateService", body).expect_err("refused");
        assert_eq!(refused.code, "InvalidParameterException", "{more}: {}", refused.message);
    }
    let code =
        |world: &mut World, more: &Value| world.try_ask("CreateService", created(more)).expect_err("refused").code;
    assert_eq!(code(&mut world, &json!({ "taskDefinition": "nobody" })), "ClientException");
    assert_eq!(code(&mut world, &json!({ "cluster": "nowhere" })), "ClusterNotFoundException");
    assert_eq!(code(&mut world, &json!({ "loadBalancers": [{}] })), "UnsupportedFeatureException");
    assert_eq!(
        code(&mut world, &json!({ "deploymentController": { "type": "CODE_DEPLOY" } })),
        "UnsupportedFeatureException"
    );
}

#[test]
fn services_are_listed_in_pages_and_by_filters() {
    let mut world = World::new(1);
    for number in 0..12 {
        world.create(&json!({ "serviceName": format!("s{number:02}"), "desiredCount": 0 }));
    }
    world.create(&json!({ "serviceName": "d", "schedulingStrategy": "DAEMON" }));
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut body = json!({ "cluster": "c", "schedulingStrategy": "REPLICA" });
        if !token.is_null() {
            body["nextToken"] = token;
        }
        let page = world.ask("ListServices", body);
        seen.push(page["serviceArns"].as_array().expect("some").len());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, [10, 2]);
    let fargate = world.ask("ListServices", json!({ "cluster": "c", "launchType": "FARGATE" }));
    assert_eq!(fargate["serviceArns"], json!([]));
}

#[test]
fn tasks_are_listed_by_service_and_clusters_count_theirs() {
    let mut world = World::new(1);
    world.create(&json!({}));
    world.ask("RunTask", json!({ "cluster": "c", "taskDefinition": "demo", "launchType": "EC2" }));
    let list = |service: &str| json!({ "cluster": "c", "serviceName": service });
    assert_eq!(world.ask("ListTasks", list("web"))["taskArns"].as_array().map(Vec::len), Some(2));
    assert_eq!(world.try_ask("ListTasks", list("no")).expect_err("refused").code, "ServiceNotFoundException");
    let described = world.ask("DescribeClusters", json!({ "clusters": ["c"] }));
    assert_eq!(described["clusters"][0]["activeServicesCount"], 1);
}
