//! Services of ECS in Cloud Map and in `/_world`.

use super::*;

/// The world with a service that is in Cloud Map, after `seconds`.
fn with_service(seconds: u64) -> State {
    let mut state = state();
    let Answer::Json(spaces) =
        state.call(Moment::START, Service::CloudMap, "ListNamespaces", json!({})).expect("listed")
    else {
        panic!("Cloud Map speaks JSON")
    };
    let records = json!({ "DnsRecords": [{ "Type": "A", "TTL": 1 }] });
    let create = json!({ "Name": "web", "NamespaceId": spaces["Namespaces"][0]["Id"], "DnsConfig": records });
    let Answer::Json(made) = state.call(Moment::START, Service::CloudMap, "CreateService", create).expect("made")
    else {
        panic!("Cloud Map speaks JSON")
    };
    let create = json!({
        "cluster": "doze", "serviceName": "web", "taskDefinition": "demo", "desiredCount": 1,
        "capacityProviderStrategy": [{ "capacityProvider": "doze", "weight": 1 }],
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"] } },
        "serviceRegistries": [{ "registryArn": made["Service"]["Arn"], "port": 9050 }],
    });
    ecs(&mut state, Moment::START, "CreateService", create);
    run(&mut state, seconds);
    state
}

/// Lets time pass; tasks start and stop as they are told to.
fn run(state: &mut State, seconds: u64) {
    let end = Moment::after_start(Duration::from_secs(seconds));
    loop {
        let now = state.deadline().min(end);
        state.advance(now);
        let actions = state.take_actions();
        if now == end && actions.is_empty() && state.deadline() > end {
            return;
        }
        for action in actions {
            if let Action::Stop { task } = &action {
                let (task, container) = (task.clone(), "app".to_owned());
                state.happened(now, Happened::Exited { task, container, code: 143 });
            } else if let Action::Start(spec) = action {
                let (task, address) = (spec.id, spec.address);
                state.happened(now, Happened::Started { task, address, docker_ids: Vec::new() });
            }
        }
    }
}

#[test]
fn a_service_s_tasks_are_in_cloud_map_while_they_run_with_ecs_s_attributes() {
    let mut state = with_service(200);
    let registered = state.snapshot()["registrations"].clone();
    let task = state.snapshot()["tasks"][0].clone();
    let id = task["arn"].as_str().and_then(|arn| arn.rsplit('/').next()).expect("an id");
    assert_eq!((&registered[0]["service"], &registered[0]["instance_id"]), (&json!("web"), &json!(id)));
    let attributes = &registered[0]["attributes"];
    assert_eq!(attributes["AWS_INSTANCE_IPV4"], task["address"]);
    assert_eq!(attributes["EC2_INSTANCE_ID"], task["instance_id"]);
    for (name, value) in [
        ("AWS_INSTANCE_PORT", "9050"),
        ("ECS_CLUSTER_NAME", "doze"),
        ("ECS_SERVICE_NAME", "web"),
        ("ECS_TASK_DEFINITION_FAMILY", "demo"),
        ("REGION", "eu-west-1"),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    let update = json!({ "cluster": "doze", "service": "web", "desiredCount": 0 });
    ecs(&mut state, Moment::after_start(Duration::from_secs(200)), "UpdateService", update);
    run(&mut state, 210);
    assert_eq!(state.snapshot()["registrations"], json!([]));
}

#[test]
fn a_task_that_stops_while_it_is_being_registered_is_not_left_in_cloud_map() {
    // It runs since this moment: Cloud Map has accepted the registration and not done it.
    let mut state = with_service(90);
    assert_eq!(state.snapshot()["tasks"][0]["last_status"], "RUNNING");
    assert_eq!(state.snapshot()["registrations"], json!([]));
    let at = Moment::after_start(Duration::from_secs(90));
    ecs(&mut state, at, "UpdateService", json!({ "cluster": "doze", "service": "web", "desiredCount": 0 }));
    run(&mut state, 100);
    assert_eq!(state.snapshot()["registrations"], json!([]));
    let kinds = kinds(&state);
    let count = |kind: &str| kinds.iter().filter(|there| **there == kind).count();
    assert_eq!((count("instance.registered"), count("instance.deregistered")), (1, 1));
}

#[test]
fn a_registry_that_is_none_is_refused() {
    let mut state = state();
    let create = json!({
        "cluster": "doze", "serviceName": "web", "taskDefinition": "demo", "desiredCount": 1,
        "serviceRegistries": [{ "registryArn": "arn:aws:servicediscovery:eu-west-1:000000000000:service/srv-none" }],
    });
    let refused = state.call(Moment::START, Service::Ecs, "CreateService", create).expect_err("refused");
    assert_eq!(refused.code, "InvalidParameterException");
}

#[test]
fn the_page_is_told_of_services_their_tasks_and_what_is_protected() {
    let mut state = with_service(200);
    let service = state.snapshot()["services"][0].clone();
    let counts = ["desired", "running", "pending"].map(|name| service[name].clone());
    assert_eq!(
        (&service["name"], &service["cluster"], counts),
        (&json!("web"), &json!("doze"), [1, 1, 0].map(|n| json!(n)))
    );
    assert_eq!((&service["protected"], &service["rollout"]), (&json!([]), &json!("COMPLETED")));
    let body = json!({ "cluster": "doze", "tasks": service["tasks"], "protectionEnabled": true });
    ecs(&mut state, Moment::after_start(Duration::from_secs(200)), "UpdateTaskProtection", body);
    let snapshot = state.snapshot();
    assert_eq!(snapshot["services"][0]["protected"], service["tasks"]);
    assert_eq!(snapshot["tasks"][0]["protected"], true);
    let kinds = kinds(&state);
    for kind in ["service.created", "service.started", "service.steady", "task.protected"] {
        assert!(kinds.contains(&kind), "{kind}");
    }
}
