//! Every operation of every service with every field missing, of a wrong type or absurd.

use serde_json::{Map, Value, json};

use super::target::{Answer, Client, Target};

struct Operation<'a> {
    service: &'a str,
    name: &'a str,
    fields: Vec<(&'a str, char, bool)>,
}

fn operations() -> Vec<Operation<'static>> {
    let lines = include_str!("operations.txt").lines().filter_map(|line| line.strip_prefix("operation "));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let (service, name) = (words.next().expect("a service"), words.next().expect("a name"));
            let field = |word: &'static str| {
                let (field, kind) = word.split_once(':').expect("a type");
                (field, kind.chars().next().expect("a type"), kind.ends_with('!'))
            };
            Operation { service, name, fields: words.map(field).collect() }
        })
        .collect()
}

/// The codes that a service may answer with: those of its model, and those that every service of its protocol has.
fn codes(service: &str) -> Vec<&'static str> {
    let start = format!("errors {service} ");
    let line = include_str!("operations.txt").lines().find_map(|line| line.strip_prefix(&start)).expect("a line");
    let common: &[&str] = match service {
        // AWS's "Common errors" of Query services.
        "autoscaling" => {
            &["ValidationError", "InvalidAction", "MissingAction", "MalformedQueryString", "MissingParameter"]
        }
        "sqs" => &[
            "SerializationException",
            "UnknownOperationException",
            "InvalidParameterValue",
            "MissingParameter",
            "InvalidAction",
            "MalformedQueryString",
        ],
        _ => &["SerializationException", "UnknownOperationException"],
    };
    line.split(' ').chain(common.iter().copied()).collect()
}

fn good(field: &str, kind: char) -> Value {
    match (field, kind) {
        ("QueueUrl", _) => json!("http://h/000000000000/jobs"),
        ("cluster" | "clusterName", _) => json!("doze"),
        ("AutoScalingGroupName", _) => json!("doze"),
        (_, 'i' | 't') => json!(1),
        (_, 'b') => json!(true),
        (_, 'l') => json!([]),
        (_, 'm') => json!({}),
        _ => json!("x"),
    }
}

fn bad() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}\r\n<&%\u{202e}"),
        json!("y".repeat(5000)),
        json!("9999999999999999999999"),
        json!([]),
        json!([null, 1, "x", [], {}]),
        json!([{ "name": 7, "value": [], "key": {}, "Id": -1 }]),
        json!({}),
        json!({ "": "", "x": { "y": [1, { "z": null }] } }),
        deep(60),
    ]
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "k": inner }) })
}

fn target(service: &str) -> Option<&'static str> {
    match service {
        "ecs" => Some("AmazonEC2ContainerServiceV20141113"),
        "servicediscovery" => Some("Route53AutoNaming_v20170314"),
        "sqs" => Some("AmazonSQS"),
        _ => None,
    }
}

/// Says a call in JSON, or as a form where the service has no JSON; checks the answer's shape.
fn call(client: &mut Client, operation: &Operation<'_>, body: &Value, codes: &[&str]) {
    match target(operation.service) {
        Some(target) => {
            let said = body.to_string();
            let answer = client.json(&format!("{target}.{}", operation.name), &said);
            check_json(
                &answer.unwrap_or_else(|| panic!("{} {said:.300}: ended", operation.name)),
                operation,
                &said,
                codes,
            );
        }
        None => call_form(client, operation, body, codes),
    }
}

fn call_form(client: &mut Client, operation: &Operation<'_>, body: &Value, codes: &[&str]) {
    let version = if operation.service == "sqs" { "2012-11-05" } else { "2011-01-01" };
    let mut form = format!("Action={}&Version={version}", operation.name);
    flatten("", body, &mut form);
    let answer = client.form(&form).unwrap_or_else(|| panic!("{form:.300}: ended"));
    let said = format!("{form:.300}: {} {}", answer.status, answer.body);
    assert!(answer.status < 500, "{said}");
    if answer.status == 200 {
        assert!(answer.body.starts_with(&format!("<{}Response ", operation.name)), "{said}");
    } else {
        assert!(answer.body.starts_with("<ErrorResponse ") && answer.body.contains("<Type>Sender</Type>"), "{said}");
        let code = answer.body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).expect("a code").0;
        let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
        let code = if code == "NonExistentQueue" { "QueueDoesNotExist" } else { code };
        assert!(codes.contains(&code), "{said}");
    }
}

/// Names and texts as a form has them. Control characters are written out.
fn flatten(name: &str, value: &Value, form: &mut String) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(fields) if !fields.is_empty() || name.is_empty() => {
            fields.iter().for_each(|(part, value)| flatten(&below(part), value, form));
        }
        Value::Array(items) if !items.is_empty() => {
            (1..).zip(items).for_each(|(n, value)| flatten(&below(&format!("member.{n}")), value, form));
        }
        Value::Null => {}
        Value::String(text) => put(name, text, form),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            put(name, &other.to_string(), form);
        }
    }
}

fn put(name: &str, text: &str, form: &mut String) {
    let escaped: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    form.push_str(&format!("&{name}={escaped}"));
}

fn check_json(answer: &Answer, operation: &Operation<'_>, said: &str, codes: &[&str]) {
    let said = format!("{} {said:.300}: {} {}", operation.name, answer.status, answer.body);
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {said}"));
    assert!(body.is_object() && answer.status < 500, "{said}");
    if answer.status != 200 {
        let code = body["__type"].as_str().unwrap_or_else(|| panic!("no __type: {said}"));
        let code = code.rsplit('#').next().expect("a code");
        assert!(codes.contains(&code), "{said}");
        assert!(body["message"].is_string() || body["Message"].is_string(), "{said}");
    }
}

/// With every field as it may be, then each of them missing or wrong.
fn torment(network: &str, service: &str, call: impl Fn(&mut Client, &Operation<'_>, &Value, &[&str])) {
    let target = Target::start(network);
    let mut client = target.connect();
    let queue = r#"{"QueueName":"jobs"}"#;
    assert_eq!(client.json("AmazonSQS.CreateQueue", queue).expect("an answer").status, 200);
    let codes = codes(service);
    let mut calls = 0;
    for operation in operations().iter().filter(|operation| operation.service == service) {
        let all: Map<String, Value> =
            operation.fields.iter().map(|(field, kind, _)| ((*field).to_owned(), good(field, *kind))).collect();
        let needed: Map<String, Value> = all
            .iter()
            .filter(|(name, _)| operation.fields.iter().any(|(field, _, needed)| *needed && field == name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        for base in [Map::new(), all, needed] {
            call(&mut client, operation, &Value::Object(base.clone()), &codes);
            for (field, ..) in &operation.fields {
                let mut without = base.clone();
                if without.remove(*field).is_some() {
                    call(&mut client, operation, &Value::Object(without), &codes);
                }
                for value in bad() {
                    let mut with = base.clone();
                    with.insert((*field).to_owned(), value);
                    call(&mut client, operation, &Value::Object(with), &codes);
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 1000, "{calls}");
    target.end(200);
}

#[test]
fn every_operation_of_ecs_refuses_what_it_cannot_read_in_the_words_of_ecs() {
    torment("161", "ecs", call);
}

#[test]
fn every_operation_of_cloud_map_refuses_what_it_cannot_read_in_the_words_of_cloud_map() {
    torment("162", "servicediscovery", call);
}

#[test]
fn every_operation_of_auto_scaling_refuses_what_it_cannot_read_in_the_words_of_auto_scaling() {
    torment("163", "autoscaling", call);
}

#[test]
fn every_operation_of_sqs_refuses_what_it_cannot_read_in_the_words_of_sqs() {
    torment("164", "sqs", call);
    torment("165", "sqs", call_form);
}
