use daemon::moment::Moment;
use serde_json::{Value, json};

use super::units;
use crate::account::Account;
use crate::ecs::model::Ecs;
use crate::ecs::wire;
use crate::ids::Ids;
use crate::pace::{Pace, Wall};
use crate::refusal::Refusal;

fn ecs() -> Ecs {
    Ecs::new(Account::default(), Pace::REAL, Ids::new(1))
}

fn try_ask(ecs: &mut Ecs, operation: &str, body: Value) -> Result<Value, Refusal> {
    wire::call(ecs, Moment::START, &Wall::starting(std::time::UNIX_EPOCH), operation, body)
}

fn ask(ecs: &mut Ecs, operation: &str, body: Value) -> Value {
    try_ask(ecs, operation, body).unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"))
}

fn container(more: &Value) -> Value {
    let mut container = json!({ "name": "app", "image": "demo", "memory": 100 });
    for (name, value) in more.as_object().into_iter().flatten() {
        container[name] = value.clone();
    }
    container
}

fn definition(more: &Value) -> Value {
    let mut body = json!({ "family": "demo", "containerDefinitions": [container(&json!({}))] });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn sizes_are_read_in_both_of_their_spellings() {
    assert_eq!(units("256", "vcpu"), Some(256));
    assert_eq!(units(".25 vCPU", "vcpu"), Some(256));
    assert_eq!(units("1 GB", "gb"), Some(1024));
    for bad in ["much", "0", "-1", "0 GB", "NaN GB", "inf GB", "", "99999999999"] {
        assert_eq!(units(bad, "gb"), None, "{bad}");
    }
}

#[test]
fn what_is_registered_is_told_again_with_what_aws_fills_in() {
    let mut ecs = ecs();
    let more = json!({
        "networkMode": "awsvpc", "cpu": "256", "memory": "0.5 GB", "taskRoleArn": "role",
        "requiresCompatibilities": ["FARGATE"], "tags": [{ "key": "a", "value": "b" }],
        "containerDefinitions": [container(&json!({
            "portMappings": [{ "containerPort": 80, "name": "web" }], "healthCheck": { "command": ["x"] } }))],
    });
    let made = ask(&mut ecs, "RegisterTaskDefinition", definition(&more));
    assert_eq!(made["tags"], json!([{ "key": "a", "value": "b" }]));
    let told = &made["taskDefinition"];
    assert_eq!(
        (&told["revision"], &told["status"], &told["taskRoleArn"]),
        (&json!(1), &json!("ACTIVE"), &json!("role"))
    );
    assert_eq!(told["compatibilities"], json!(["EC2", "FARGATE"]));
    assert_eq!(told["memory"], "0.5 GB");
    let container = &told["containerDefinitions"][0];
    assert_eq!(
        container["portMappings"],
        json!([{ "containerPort": 80, "hostPort": 80, "protocol": "tcp", "name": "web" }])
    );
    assert_eq!((&container["essential"], &container["cpu"]), (&json!(true), &json!(0)));
    assert_eq!(container["healthCheck"], json!({ "command": ["x"] }));
    let described = ask(&mut ecs, "DescribeTaskDefinition", json!({ "taskDefinition": "demo" }));
    assert_eq!((&described["taskDefinition"], described.get("tags")), (told, None));
    let arn = &told["taskDefinitionArn"];
    let described = ask(&mut ecs, "DescribeTaskDefinition", json!({ "taskDefinition": arn, "include": ["TAGS"] }));
    assert_eq!(described["tags"][0]["key"], "a");
}

#[test]
fn the_latest_active_revision_is_meant_by_a_family() {
    let mut ecs = ecs();
    for _ in 0..3 {
        ask(&mut ecs, "RegisterTaskDefinition", definition(&json!({})));
    }
    let latest = |ecs: &mut Ecs| {
        let described = try_ask(ecs, "DescribeTaskDefinition", json!({ "taskDefinition": "demo" }));
        described.map(|described| described["taskDefinition"]["revision"].clone())
    };
    assert_eq!(latest(&mut ecs), Ok(json!(3)));
    let gone = ask(&mut ecs, "DeregisterTaskDefinition", json!({ "taskDefinition": "demo:3" }));
    assert_eq!((&gone["taskDefinition"]["status"], latest(&mut ecs)), (&json!("INACTIVE"), Ok(json!(2))));
    let exact = ask(&mut ecs, "DescribeTaskDefinition", json!({ "taskDefinition": "demo:3" }));
    assert_eq!(exact["taskDefinition"]["status"], "INACTIVE");
    for revision in 1..3 {
        ask(&mut ecs, "DeregisterTaskDefinition", json!({ "taskDefinition": format!("demo:{revision}") }));
    }
    assert_eq!(latest(&mut ecs).expect_err("none").code, "ClientException");
    let next = ask(&mut ecs, "RegisterTaskDefinition", definition(&json!({})));
    assert_eq!(next["taskDefinition"]["revision"], 4);
    let no_revision = try_ask(&mut ecs, "DeregisterTaskDefinition", json!({ "taskDefinition": "demo" }));
    assert_eq!(no_revision.expect_err("refused").code, "ClientException");
}

#[test]
fn revisions_and_families_are_listed_by_status_in_both_orders_and_in_pages() {
    let mut ecs = ecs();
    for family in ["a", "a-b", "b"] {
        for _ in 0..12 {
            ask(&mut ecs, "RegisterTaskDefinition", definition(&json!({ "family": family })));
        }
    }
    for revision in 1..13 {
        ask(&mut ecs, "DeregisterTaskDefinition", json!({ "taskDefinition": format!("b:{revision}") }));
    }
    let mut all = |body: Value| {
        let mut seen: Vec<String> = Vec::new();
        let mut body = body;
        loop {
            let page = ask(&mut ecs, "ListTaskDefinitions", body.clone());
            let arns = page["taskDefinitionArns"].as_array().expect("a list").clone();
            seen.extend(arns.iter().filter_map(|arn| crate::account::last_part(arn.as_str()?).to_owned().into()));
            if page["nextToken"].is_null() {
                return seen;
            }
            body["nextToken"] = page["nextToken"].clone();
        }
    };
    let up = all(json!({ "maxResults": 5 }));
    assert_eq!((up.len(), up[0].as_str(), up[11].as_str(), up[23].as_str()), (24, "a:1", "a:12", "a-b:12"));
    let mut down = all(json!({ "maxResults": 5, "sort": "DESC" }));
    down.reverse();
    assert_eq!(up, down);
    assert_eq!(all(json!({ "familyPrefix": "a" })).len(), 12);
    assert_eq!(all(json!({ "status": "INACTIVE" })).len(), 12);
    let mut families = |body: Value| ask(&mut ecs, "ListTaskDefinitionFamilies", body)["families"].clone();
    assert_eq!(families(json!({})), json!(["a", "a-b", "b"]));
    assert_eq!(families(json!({ "status": "ACTIVE", "familyPrefix": "a" })), json!(["a", "a-b"]));
    assert_eq!(families(json!({ "status": "INACTIVE" })), json!(["b"]));
    for bad in [json!({ "status": "GONE" }), json!({ "nextToken": "x" }), json!({ "sort": "UP" })] {
        let refused = try_ask(&mut ecs, "ListTaskDefinitions", bad).expect_err("refused");
        assert_eq!(refused.code, "InvalidParameterException");
    }
}

#[test]
fn only_what_is_inactive_can_be_deleted_and_its_number_is_never_given_again() {
    let mut ecs = ecs();
    for _ in 0..2 {
        ask(&mut ecs, "RegisterTaskDefinition", definition(&json!({})));
    }
    ask(&mut ecs, "DeregisterTaskDefinition", json!({ "taskDefinition": "demo:2" }));
    let body = json!({ "taskDefinitions": ["demo:1", "demo:2", "demo:9"] });
    let deleted = ask(&mut ecs, "DeleteTaskDefinitions", body);
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(deleted["failures"].as_array().map(Vec::len), Some(2));
    let gone = try_ask(&mut ecs, "DescribeTaskDefinition", json!({ "taskDefinition": "demo:2" }));
    assert_eq!(gone.expect_err("gone").code, "ClientException");
    let next = ask(&mut ecs, "RegisterTaskDefinition", definition(&json!({})));
    assert_eq!(next["taskDefinition"]["revision"], 3);
}

#[test]
fn what_is_no_definition_is_refused() {
    let mut ecs = ecs();
    let of = |more: Value| definition(&json!({ "containerDefinitions": [container(&more)] }));
    let fargate = |more: Value| {
        let mut body =
            definition(&json!({ "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256",
            "memory": "512" }));
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    assert!(try_ask(&mut ecs, "RegisterTaskDefinition", fargate(json!({}))).is_ok());
    for bad in [
        json!({}),
        definition(&json!({ "family": "" })),
        definition(&json!({ "family": "a b" })),
        definition(&json!({ "family": "x".repeat(256) })),
        definition(&json!({ "containerDefinitions": [] })),
        definition(&json!({ "networkMode": "awsvpn" })),
        definition(&json!({ "cpu": "lots" })),
        definition(&json!({ "memory": "50" })),
        definition(&json!({ "placementConstraints": [{ "type": "distinctInstance" }] })),
        definition(&json!({ "containerDefinitions": [container(&json!({})), container(&json!({}))] })),
        of(json!({ "name": "" })),
        of(json!({ "image": "" })),
        of(json!({ "memory": null })),
        of(json!({ "memory": 3 })),
        of(json!({ "memoryReservation": 100 })),
        of(json!({ "cpu": -1 })),
        of(json!({ "essential": false })),
        of(json!({ "portMappings": [{ "containerPort": 80, "protocol": "sctp" }] })),
        of(json!({ "mountPoints": [{ "sourceVolume": "nothing" }] })),
        fargate(json!({ "networkMode": "bridge" })),
        fargate(json!({ "cpu": null })),
        fargate(json!({ "memory": "600" })),
    ] {
        let refused = try_ask(&mut ecs, "RegisterTaskDefinition", bad.clone()).expect_err(&bad.to_string());
        assert_eq!(refused.code, "ClientException", "{bad}");
    }
    let mismatch = definition(
        &json!({ "networkMode": "awsvpc", "containerDefinitions": [container(&json!({ "portMappings": [{ "containerPort": 80, "hostPort": 81 }] }))] }),
    );
    assert_eq!(try_ask(&mut ecs, "RegisterTaskDefinition", mismatch).expect_err("refused").code, "ClientException");
    for ill in [
        definition(&json!({ "containerDefinitions": "x" })),
        of(json!({ "cpu": "one" })),
        of(json!({ "essential": 1 })),
    ] {
        let refused = try_ask(&mut ecs, "RegisterTaskDefinition", ill).expect_err("ill-typed");
        assert_eq!(refused.code, "SerializationException");
    }
}
