//! The whole world without a machine: what the runtime would do is said by hand, and time is a number.

use std::net::Ipv4Addr;
use std::time::{Duration, UNIX_EPOCH};

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::settings::Settings;
use super::state::{Action, Answer, Service, State};
use crate::pace::Wall;
use crate::runtime::{Happened, TaskSpec};

fn state() -> State {
    let mut state = State::new(Settings::default(), Wall::starting(UNIX_EPOCH));
    let mut make = |service, operation: &str, body: Value| {
        state.call(Moment::START, service, operation, body).expect("made");
        state.finish_operations(Moment::START);
    };
    let soa = json!({ "DnsProperties": { "SOA": { "TTL": 1 } } });
    let namespace = json!({ "Name": "local", "Vpc": "v", "Properties": soa });
    make(Service::CloudMap, "CreatePrivateDnsNamespace", namespace);
    let group =
        json!({ "AutoScalingGroupName": "doze", "MinSize": 0, "MaxSize": 4, "NewInstancesProtectedFromScaleIn": true });
    make(Service::AutoScaling, "CreateAutoScalingGroup", group);
    let provider = json!({ "name": "doze", "autoScalingGroupProvider": { "autoScalingGroupArn": "doze" } });
    make(Service::Ecs, "CreateCapacityProvider", provider);
    let cluster = json!({ "clusterName": "doze", "capacityProviders": ["doze"] });
    make(Service::Ecs, "CreateCluster", cluster);
    let container = json!({
        "name": "app", "image": "demo", "stopTimeout": 7,
        "environment": [{ "name": "COLOUR", "value": "red" }, { "name": "AWS_REGION", "value": "mine" }],
    });
    let definition = json!({ "family": "demo", "networkMode": "awsvpc", "cpu": "256", "memory": "300", "containerDefinitions": [container] });
    make(Service::Ecs, "RegisterTaskDefinition", definition);
    state
}

fn ecs(state: &mut State, now: Moment, operation: &str, body: Value) -> Value {
    match state.call(now, Service::Ecs, operation, body).expect("accepted") {
        Answer::Json(value) => value,
        Answer::Xml(_) => panic!("ECS speaks JSON"),
    }
}

fn wake(state: &mut State, now: Moment) -> String {
    let name = json!([{ "name": "SERVICE_NAME", "value": "demo" }, { "name": "COLOUR", "value": "blue" }]);
    let run = json!({
        "cluster": "doze", "taskDefinition": "demo",
        "capacityProviderStrategy": [{ "capacityProvider": "doze", "weight": 1 }],
        "overrides": { "containerOverrides": [{ "name": "app", "environment": name }] },
    });
    let arn = ecs(state, now, "RunTask", run)["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned();
    arn.rsplit('/').next().expect("an id").to_owned()
}

/// Goes from deadline to deadline until `seconds`; what was to be done on the way.
fn pass(state: &mut State, seconds: u64) -> Vec<(u64, Action)> {
    let end = Moment::after_start(Duration::from_secs(seconds));
    let mut done = Vec::new();
    loop {
        let now = state.deadline().min(end);
        state.advance(now);
        done.extend(state.take_actions().into_iter().map(|action| (now.since_start().as_secs(), action)));
        if now == end {
            return done;
        }
    }
}

fn started(actions: &[(u64, Action)]) -> Option<(u64, &TaskSpec)> {
    actions.iter().find_map(|(at, action)| match action {
        Action::Start(spec) => Some((*at, spec)),
        Action::Stop { .. } | Action::Kill { .. } | Action::HostUp { .. } | Action::HostDown { .. } => None,
    })
}

fn kinds(state: &State) -> Vec<&'static str> {
    state.events().after(0, usize::MAX).iter().map(|event| event.kind).collect()
}

#[test]
fn a_task_brings_two_hosts_at_the_next_look_and_starts_when_the_first_has_booted() {
    let mut state = state();
    let id = wake(&mut state, Moment::millis(5_000));
    let actions = pass(&mut state, 100);
    let ups: Vec<u64> =
        actions.iter().filter(|(_, action)| matches!(action, Action::HostUp { .. })).map(|(at, _)| *at).collect();
    assert_eq!(ups, [90, 90], "a look at 60 s and a boot of 30 s");
    let (at, spec) = started(&actions).expect("a start");
    assert_eq!((at, &spec.id), (90, &id));
    assert!([Ipv4Addr::new(127, 42, 1, 10), Ipv4Addr::new(127, 42, 2, 10)].contains(&spec.address));
    assert_eq!(state.snapshot()["groups"], json!([{ "name": "doze", "desired": 2, "min": 0, "max": 4 }]));
    // Nothing more comes for it.
    assert!(started(&pass(&mut state, 1000)).is_none());
    assert_eq!(state.snapshot()["groups"][0]["desired"], 2);
}

#[test]
fn what_a_task_is_started_with_is_its_definition_with_the_overrides_and_what_the_agent_adds() {
    let mut state = state();
    wake(&mut state, Moment::START);
    let actions = pass(&mut state, 100);
    let container = &started(&actions).expect("a start").1.containers[0];
    let value = |name: &str| {
        let mut found = container.environment.iter().filter(|(there, _)| there == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there twice");
        value
    };
    assert_eq!((value("SERVICE_NAME"), value("COLOUR")), (Some("demo"), Some("blue")));
    assert_eq!((value("AWS_REGION"), value("AWS_DEFAULT_REGION")), (Some("mine"), Some("eu-west-1")));
    assert_eq!(value("AWS_ENDPOINT_URL"), Some("http://127.0.0.1:4566"));
    let metadata = format!("http://127.0.0.1:4566/v4/{}", container.docker_id);
    assert_eq!(value("ECS_CONTAINER_METADATA_URI_V4"), Some(metadata.as_str()));
    assert_eq!((container.stop_timeout, container.essential), (Duration::from_secs(7), true));
    assert!(state.task_of_container(&container.docker_id).is_some());
}

#[test]
fn from_zero_to_zero_the_events_come_in_their_order() {
    let mut state = state();
    let id = wake(&mut state, Moment::START);
    let actions = pass(&mut state, 95);
    let address = started(&actions).expect("a start").1.address;
    let now = Moment::after_start(Duration::from_secs(96));
    state.happened(now, Happened::Started { task: id.clone(), address, docker_ids: Vec::new() });
    let host = state.snapshot()["tasks"][0]["instance_id"].as_str().expect("a host").to_owned();
    assert_eq!(state.task_views(&host)[0].known_status, "RUNNING");
    state.happened(now, Happened::Exited { task: id.clone(), container: "app".to_owned(), code: 0 });
    assert_eq!(state.task_views(&host)[0].known_status, "STOPPED");
    pass(&mut state, 110);
    for host in state.snapshot()["hosts"].as_array().expect("hosts").clone() {
        let instance = host["instance_id"].clone();
        let terminate = json!({ "InstanceId": instance, "ShouldDecrementDesiredCapacity": true });
        let now = Moment::after_start(Duration::from_secs(111));
        state.call(now, Service::AutoScaling, "TerminateInstanceInAutoScalingGroup", terminate).expect("accepted");
    }
    let downs = pass(&mut state, 130).into_iter().filter(|(_, action)| matches!(action, Action::HostDown { .. }));
    assert_eq!(downs.count(), 2);
    assert_eq!(state.snapshot()["groups"][0]["desired"], 0);
    let task = &state.snapshot()["tasks"][0];
    assert_eq!(
        (&task["last_status"], &task["exit_code"], &task["service"]),
        (&json!("STOPPED"), &json!(0), &json!("demo"))
    );
    assert_eq!(task["stop_code"], "EssentialContainerExited");
    assert_eq!(
        kinds(&state),
        [
            "task.provisioning",
            "host.launched",
            "host.protected",
            "host.launched",
            "host.protected",
            "host.registered",
            "host.registered",
            "task.pending",
            "task.running",
            "task.stopped",
            "host.terminated",
            "host.terminated",
        ]
    );
    // An hour after its end nothing remembers the task.
    pass(&mut state, 4000);
    assert_eq!(state.snapshot()["tasks"], json!([]));
    assert_eq!(state.snapshot()["hosts"], json!([]));
}

#[test]
fn the_address_of_a_task_is_known_from_its_place_on_where_the_world_gives_it() {
    let mut state = state();
    let id = wake(&mut state, Moment::START);
    let actions = pass(&mut state, 95);
    let address = started(&actions).expect("a start").1.address.to_string();
    let now = Moment::after_start(Duration::from_secs(95));
    let described = ecs(&mut state, now, "DescribeTasks", json!({ "cluster": "doze", "tasks": [id] }));
    let task = &described["tasks"][0];
    assert_eq!((&task["lastStatus"], &task["attachments"][0]["status"]), (&json!("PENDING"), &json!("ATTACHED")));
    let details = task["attachments"][0]["details"].as_array().expect("details").clone();
    assert!(details.contains(&json!({ "name": "privateIPv4Address", "value": address })));
}

#[test]
fn a_task_that_cannot_be_started_says_why() {
    let mut state = state();
    let id = wake(&mut state, Moment::START);
    pass(&mut state, 95);
    let now = Moment::after_start(Duration::from_secs(96));
    let reason = "CannotPullContainerError: no such image".to_owned();
    state.happened(now, Happened::Failed { task: id, reason: reason.clone() });
    pass(&mut state, 110);
    let task = &state.snapshot()["tasks"][0];
    assert_eq!((&task["stop_code"], &task["stopped_reason"]), (&json!("TaskFailedToStart"), &json!(reason)));
}

#[test]
fn a_capacity_provider_needs_a_group_that_exists() {
    let mut state = state();
    let provider = json!({ "name": "other", "autoScalingGroupProvider": { "autoScalingGroupArn": "nobody" } });
    let refused = state.call(Moment::START, Service::Ecs, "CreateCapacityProvider", provider).expect_err("refused");
    assert_eq!(refused.code, "ClientException");
}
