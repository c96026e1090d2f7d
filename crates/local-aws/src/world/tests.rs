//! The whole world without a machine: what the runtime would do is said by hand, and time is a number.

mod discovery;

use std::net::Ipv4Addr;
use std::time::{Duration, UNIX_EPOCH};

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::ecs_agents::AgentRestart;
use super::settings::Settings;
use super::state::{Action, Answer, Service, State};
use crate::auto_scaling::model::SpotAction;
use crate::pace::Wall;
use crate::runtime::{Happened, TaskSpec};

/// What `CreateCapacityProvider` takes, with managed termination protection and managed draining.
fn provider(protection: &str, draining: &str) -> Value {
    json!({ "name": "doze", "autoScalingGroupProvider": {
        "autoScalingGroupArn": "doze", "managedScaling": { "status": "ENABLED", "targetCapacity": 100 },
        "managedTerminationProtection": protection, "managedDraining": draining,
    } })
}

pub(super) fn state() -> State {
    state_with(&provider("DISABLED", "DISABLED"))
}

fn state_with(provider: &Value) -> State {
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
    make(Service::Ecs, "CreateCapacityProvider", provider.clone());
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

pub(super) fn ecs(state: &mut State, now: Moment, operation: &str, body: Value) -> Value {
    match state.call(now, Service::Ecs, operation, body).expect("accepted") {
        Answer::Json(value) => value,
        Answer::Xml(_) | Answer::Later(_) => panic!("ECS speaks JSON, at once"),
    }
}

pub(super) fn wake(state: &mut State, now: Moment) -> String {
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
pub(super) fn pass(state: &mut State, seconds: u64) -> Vec<(u64, Action)> {
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

pub(super) fn started(actions: &[(u64, Action)]) -> Option<(u64, &TaskSpec)> {
    actions.iter().find_map(|(at, action)| match action {
        Action::Start(spec) => Some((*at, spec)),
        Action::Stop { .. }
        | Action::Kill { .. }
        | Action::HostUp { .. }
        | Action::EcsAgent { .. }
        | Action::HostDown { .. }
        | Action::HostLost { .. }
        | Action::KillAgent { .. }
        | Action::Freeze(_)
        | Action::Thaw(_)
        | Action::Cut(_)
        | Action::Mend(_) => None,
    })
}

pub(super) fn kinds(state: &State) -> Vec<&'static str> {
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
    assert!(started(&pass(&mut state, 900)).is_none());
    assert_eq!(state.snapshot()["groups"][0]["desired"], 2);
    // Fifteen looks found one of two hosts in use; the protected hosts stay all the same.
    pass(&mut state, 1100);
    assert_eq!(state.snapshot()["groups"][0]["desired"], 1);
    assert_eq!(serving(&state), 2);
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
            "group.scaled",
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

/// A task that runs on a host since 96 s.
fn running() -> (State, String, String) {
    let mut state = state();
    let id = wake(&mut state, Moment::START);
    let actions = pass(&mut state, 95);
    let address = started(&actions).expect("a start").1.address;
    state.happened(at(96), Happened::Started { task: id.clone(), address, docker_ids: Vec::new() });
    let host = state.snapshot()["tasks"][0]["instance_id"].as_str().expect("a host").to_owned();
    (state, id, host)
}

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

fn container_instance(state: &mut State, now: Moment, host: &str) -> Value {
    let hosts = state.snapshot()["hosts"].clone();
    let found = hosts.as_array().expect("hosts").iter().find(|known| known["instance_id"] == host).cloned();
    let arn = found.expect("the host")["container_instance_arn"].clone();
    let described = json!({ "cluster": "doze", "containerInstances": [arn] });
    ecs(state, now, "DescribeContainerInstances", described)["containerInstances"][0].clone()
}

#[test]
fn a_machine_that_is_gone_at_once_is_to_ecs_a_lost_connection_first() {
    let (mut state, id, host) = running();
    state.terminate_at_once(at(100), &host).expect("there");
    let actions = state.take_actions();
    assert!(
        actions.contains(&Action::Kill { task: id.clone() })
            && actions.contains(&Action::HostLost { host: host.clone() })
    );
    // What the runtime saw of it, ECS does not learn.
    state.happened(at(101), Happened::Exited { task: id.clone(), container: "app".to_owned(), code: 137 });
    let known = container_instance(&mut state, at(102), &host);
    assert_eq!((&known["status"], &known["agentConnected"]), (&json!("ACTIVE"), &json!(false)));
    assert_eq!(state.snapshot()["tasks"][0]["last_status"], "RUNNING");
    pass(&mut state, 161);
    let known = container_instance(&mut state, at(161), &host);
    assert_eq!((&known["status"], &known["agentConnected"]), (&json!("INACTIVE"), &json!(false)));
    let task = &state.snapshot()["tasks"][0];
    assert_eq!((&task["last_status"], &task["stop_code"]), (&json!("STOPPED"), &json!("TerminationNotice")));
    pass(&mut state, 200);
    let hosts = state.snapshot()["hosts"].as_array().expect("hosts").clone();
    let well = hosts.iter().filter(|host| host["lifecycle"] == "InService" && host["runs"] == true).count();
    assert_eq!(well, 2, "it was replaced");
}

#[test]
fn tasks_of_a_spot_host_die_with_the_interruption_when_its_two_minutes_are_over() {
    let (mut state, _, host) = running();
    state.spot_notice(at(100), &host, SpotAction::Terminate).expect("there");
    let address = state.network.host(&host).expect("an address");
    let notice = state.host_view(address).expect("a host").spot_notice.expect("a notice");
    assert_eq!(notice, ("terminate", UNIX_EPOCH + Duration::from_secs(220)));
    pass(&mut state, 219);
    assert_eq!(state.snapshot()["tasks"][0]["last_status"], "RUNNING");
    pass(&mut state, 281);
    let task = &state.snapshot()["tasks"][0];
    assert_eq!((&task["last_status"], &task["stop_code"]), (&json!("STOPPED"), &json!("SpotInterruption")));
}

#[test]
fn a_restarted_ecs_agent_refuses_then_knows_nothing_then_lists_no_task_then_all() {
    let (mut state, _, host) = running();
    state.take_actions();
    state.restart_ecs_agent(at(100), &host, AgentRestart::default()).expect("there");
    assert_eq!(state.take_actions(), [Action::EcsAgent { host: host.clone(), answers: false }]);
    assert_eq!(container_instance(&mut state, at(101), &host)["agentConnected"], false);
    let address = state.network.host(&host).expect("an address");
    let sees = |state: &State| {
        (state.host_view(address).expect("a host").container_instance_arn.is_some(), state.task_views(&host).len())
    };
    assert_eq!(pass(&mut state, 105), [(105, Action::EcsAgent { host: host.clone(), answers: true })]);
    assert_eq!(sees(&state), (false, 0));
    pass(&mut state, 107);
    assert_eq!(sees(&state), (true, 0));
    assert_eq!(container_instance(&mut state, at(108), &host)["agentConnected"], true);
    pass(&mut state, 112);
    assert_eq!(sees(&state), (true, 1));
}

fn serving(state: &State) -> usize {
    let hosts = state.snapshot()["hosts"].as_array().expect("hosts").clone();
    hosts.iter().filter(|host| host["lifecycle"] == "InService").count()
}

fn run(state: &mut State, id: &str, actions: &[(u64, Action)]) -> String {
    let address = started(actions).expect("a start").1.address;
    state.happened(at(96), Happened::Started { task: id.to_owned(), address, docker_ids: Vec::new() });
    state.snapshot()["tasks"][0]["instance_id"].as_str().expect("a host").to_owned()
}

#[test]
fn managed_termination_protection_spares_hosts_with_tasks_and_lets_empty_ones_go() {
    let mut state = state_with(&provider("ENABLED", "DISABLED"));
    let id = wake(&mut state, Moment::START);
    let actions = pass(&mut state, 95);
    let busy = run(&mut state, &id, &actions);
    pass(&mut state, 1100);
    assert_eq!(serving(&state), 1, "the empty one went after fifteen quiet looks");
    let hosts = state.snapshot()["hosts"].as_array().expect("hosts").clone();
    let left: Vec<&Value> = hosts.iter().filter(|host| host["lifecycle"] == "InService").collect();
    assert_eq!((left[0]["instance_id"].as_str(), &left[0]["protected"]), (Some(busy.as_str()), &json!(true)));
}

#[test]
fn managed_draining_keeps_a_host_draining_until_its_tasks_have_ended_or_two_days_are_over() {
    for ends in [true, false] {
        let mut state = state_with(&provider("DISABLED", "ENABLED"));
        let id = wake(&mut state, Moment::START);
        let actions = pass(&mut state, 95);
        let host = run(&mut state, &id, &actions);
        let terminate = json!({ "InstanceId": host, "ShouldDecrementDesiredCapacity": true });
        let operation = "TerminateInstanceInAutoScalingGroup";
        state.call(at(100), Service::AutoScaling, operation, terminate).expect("accepted");
        assert_eq!(container_instance(&mut state, at(101), &host)["status"], "DRAINING");
        let lifecycle = |state: &State| {
            let hosts = state.snapshot()["hosts"].as_array().expect("hosts").clone();
            let found = hosts.iter().find(|known| known["instance_id"] == host.as_str());
            found.map(|host| host["lifecycle"].as_str().expect("a state").to_owned())
        };
        pass(&mut state, 100 + 24 * 3600);
        assert_eq!(lifecycle(&state).as_deref(), Some("Terminating:Wait"), "its heartbeats go on");
        if ends {
            let now = at(101 + 24 * 3600);
            state.happened(now, Happened::Exited { task: id.clone(), container: "app".to_owned(), code: 0 });
            pass(&mut state, 120 + 24 * 3600);
        } else {
            pass(&mut state, 120 + 48 * 3600);
        }
        assert_eq!(lifecycle(&state).as_deref(), Some("Terminated"), "{ends}");
    }
}
