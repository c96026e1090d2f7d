use std::path::Path;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::operation::create_service::builders::CreateServiceFluentBuilder;
use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, ContainerDefinition, DeploymentConfiguration, DeploymentRolloutState, DesiredStatus,
    KeyValuePair, LaunchType, PropagateTags, SchedulingStrategy, Service, ServiceField, Tag, Task, TaskStopCode,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Cloud, until};

/// A definition of a task that has a role, on whatever network its host has.
async fn define(ecs: &Client, family: &str, command: &str) -> String {
    let marked = KeyValuePair::builder().name("MARK").value(family).build();
    let container = ContainerDefinition::builder()
        .name("app")
        .image("demo")
        .entry_point("sh")
        .command("-c")
        .command(command)
        .environment(marked)
        .stop_timeout(2)
        .build();
    let register = ecs.register_task_definition().family(family).cpu("256").memory("300");
    let role = "arn:aws:iam::000000000000:role/web";
    let registered = register.task_role_arn(role).container_definitions(container).send().await.expect("registered");
    registered.task_definition().and_then(|d| d.task_definition_arn()).expect("an ARN").to_owned()
}

fn create(ecs: &Client, definition: &str) -> CreateServiceFluentBuilder {
    let strategy = CapacityProviderStrategyItem::builder().capacity_provider("doze").weight(1).build();
    ecs.create_service()
        .cluster("doze")
        .service_name("web")
        .task_definition(definition)
        .desired_count(2)
        .capacity_provider_strategy(strategy.expect("a strategy"))
}

async fn describe(ecs: &Client) -> Service {
    let described = ecs.describe_services().cluster("doze").services("web").include(ServiceField::Tags).send().await;
    described.expect("described").services()[0].clone()
}

/// Waits for one deployment that is complete; the service then.
async fn until_stable(ecs: &Client) -> Service {
    until("a steady state", || async {
        let service = describe(ecs).await;
        let complete =
            |d: &aws_sdk_ecs::types::Deployment| d.rollout_state() == Some(&DeploymentRolloutState::Completed);
        let steady = service.deployments().len() == 1 && complete(&service.deployments()[0]);
        (steady && service.running_count() == service.desired_count()).then_some(service)
    })
    .await
}

async fn tasks(ecs: &Client, status: DesiredStatus) -> Vec<Task> {
    let listed = ecs.list_tasks().cluster("doze").service_name("web").desired_status(status).send().await;
    let arns = listed.expect("listed").task_arns().to_vec();
    match arns.is_empty() {
        true => Vec::new(),
        false => {
            let describe = ecs.describe_tasks().cluster("doze").set_tasks(Some(arns)).include("TAGS".into());
            describe.send().await.expect("described").tasks().to_vec()
        }
    }
}

fn arns(tasks: &[Task]) -> Vec<String> {
    let mut arns: Vec<String> = tasks.iter().filter_map(|task| task.task_arn().map(str::to_owned)).collect();
    arns.sort();
    arns
}

fn said(service: &Service, what: &str) -> bool {
    service.events().iter().any(|event| event.message().is_some_and(|message| message.contains(what)))
}

#[tokio::test]
async fn a_service_keeps_its_tasks_rolls_out_and_is_deleted() {
    let cloud = Cloud::start(171).await;
    let ecs = cloud.ecs();
    let (first, second) = (define(&ecs, "web", "exec sleep 600").await, define(&ecs, "web", "exec sleep 601").await);
    let tag = Tag::builder().key("team").value("doors").build();
    let tagged = create(&ecs, &first).tags(tag).propagate_tags(PropagateTags::Service).enable_ecs_managed_tags(true);
    let created = tagged.clone().client_token("one").send().await.expect("created").service.expect("a service");
    assert_eq!((created.status(), created.desired_count(), created.running_count()), (Some("ACTIVE"), 2, 0));
    let configuration = created.deployment_configuration().expect("a configuration");
    assert_eq!((configuration.minimum_healthy_percent(), configuration.maximum_percent()), (Some(100), Some(200)));
    let again = tagged.client_token("one").send().await.expect("the same").service.expect("a service");
    assert_eq!(again.deployments()[0].id(), created.deployments()[0].id());
    let other = create(&ecs, &second).send().await.expect_err("refused").into_service_error();
    assert!(
        other.is_invalid_parameter_exception() && other.message() == Some("Creation of service was not idempotent.")
    );

    let service = until_stable(&ecs).await;
    assert!(said(&service, "(service web) has started 2 tasks: (task "));
    assert!(said(&service, "(service web) has reached a steady state."));
    let running = tasks(&ecs, DesiredStatus::Running).await;
    let deployment = service.deployments()[0].id().expect("an id");
    for task in &running {
        assert_eq!((task.group(), task.started_by()), (Some("service:web"), Some(deployment)));
        let keys: Vec<&str> = task.tags().iter().filter_map(Tag::key).collect();
        assert_eq!(keys, ["team", "aws:ecs:clusterName", "aws:ecs:serviceName"]);
    }

    // One that is stopped by hand is replaced.
    let before = arns(&running);
    ecs.stop_task().cluster("doze").task(&before[0]).send().await.expect("accepted");
    until("a replacement", || async {
        let now = arns(&tasks(&ecs, DesiredStatus::Running).await);
        (now.len() == 2 && now != before).then_some(())
    })
    .await;

    let update = ecs.update_service().cluster("doze").service("web");
    let updated = update.clone().task_definition(&second).send().await.expect("accepted").service.expect("a service");
    let statuses: Vec<Option<&str>> = updated.deployments().iter().map(|d| d.status()).collect();
    assert_eq!(statuses, [Some("PRIMARY"), Some("ACTIVE")]);
    until_stable(&ecs).await;
    let running = tasks(&ecs, DesiredStatus::Running).await;
    assert!(running.iter().all(|task| task.task_definition_arn() == Some(second.as_str())));
    let stopped = tasks(&ecs, DesiredStatus::Stopped).await;
    let scheduled: Vec<&Task> =
        stopped.iter().filter(|task| task.stop_code() == Some(&TaskStopCode::ServiceSchedulerInitiated)).collect();
    assert_eq!(scheduled.len(), 2);
    let reason = scheduled[0].stopped_reason().expect("a reason");
    assert!(reason.starts_with("Scaling activity initiated by (deployment ecs-svc/"), "{reason}");

    let listed = ecs.list_services().cluster("doze").scheduling_strategy(SchedulingStrategy::Replica).send().await;
    assert_eq!(listed.expect("listed").service_arns(), [created.service_arn().expect("an ARN")]);
    let listed = ecs.list_services().cluster("doze").launch_type(LaunchType::Ec2).send().await.expect("listed");
    assert!(listed.service_arns().is_empty(), "it names capacity providers, no launch type");

    let delete = ecs.delete_service().cluster("doze").service("web");
    let refused = delete.clone().send().await.expect_err("refused").into_service_error();
    assert!(refused.is_invalid_parameter_exception(), "{refused:?}");
    let deleted = delete.force(true).send().await.expect("accepted").service.expect("a service");
    assert_eq!(deleted.status(), Some("DRAINING"));
    until("the end", || async { (describe(&ecs).await.status() == Some("INACTIVE")).then_some(()) }).await;
    let refused = update.desired_count(1).send().await.expect_err("refused").into_service_error();
    assert!(refused.is_service_not_active_exception(), "{refused:?}");
    let nobody = ecs.update_service().cluster("doze").service("nobody").desired_count(1).send().await;
    assert!(nobody.expect_err("refused").into_service_error().is_service_not_found_exception());
    let nowhere = create(&ecs, &first).cluster("nowhere").send().await.expect_err("refused").into_service_error();
    assert!(nowhere.is_cluster_not_found_exception());
    cloud.end().await;
}

#[tokio::test]
async fn a_service_that_shrinks_spares_what_is_protected_and_waits_for_the_last_of_it() {
    let cloud = Cloud::start(172).await;
    let ecs = cloud.ecs();
    let definition = define(&ecs, "web", "exec sleep 600").await;
    let configuration = DeploymentConfiguration::builder().minimum_healthy_percent(50).maximum_percent(150).build();
    create(&ecs, &definition).desired_count(3).deployment_configuration(configuration).send().await.expect("created");
    until_stable(&ecs).await;
    let all = arns(&tasks(&ecs, DesiredStatus::Running).await);

    let protect = ecs.update_task_protection().cluster("doze").protection_enabled(true);
    // 600 times as fast, 48 hours are about five minutes.
    let answer = protect.clone().tasks(&all[0]).tasks(&all[1]).expires_in_minutes(2880).send().await.expect("accepted");
    assert_eq!((answer.protected_tasks().len(), answer.failures().len()), (2, 0));
    assert!(answer.protected_tasks()[0].expiration_date().is_some());
    ecs.update_service().cluster("doze").service("web").desired_count(1).send().await.expect("accepted");
    until("the unprotected one to go", || async {
        (arns(&tasks(&ecs, DesiredStatus::Running).await) == all[..2]).then_some(())
    })
    .await;
    let text = "The number of protected tasks are more than the desired count of tasks.";
    until("the hindrance to be said", || async { said(&describe(&ecs).await, text).then_some(()) }).await;
    let blocked = protect.clone().tasks(&all[1]).send().await.expect("accepted");
    assert_eq!(blocked.failures()[0].reason(), Some("DEPLOYMENT_BLOCKED"));

    let free = ecs.update_task_protection().cluster("doze").protection_enabled(false).tasks(&all[0]);
    assert!(!free.send().await.expect("accepted").protected_tasks()[0].protection_enabled());
    until("the freed one to go", || async {
        (arns(&tasks(&ecs, DesiredStatus::Running).await) == all[1..2]).then_some(())
    })
    .await;
    let got = ecs.get_task_protection().cluster("doze").tasks(&all[1]).tasks("0123").send().await.expect("got");
    assert_eq!((got.protected_tasks().len(), got.failures()[0].reason()), (1, Some("MISSING")));
    let many = protect.clone().set_tasks(Some(vec!["x".to_owned(); 11])).send().await.expect_err("refused");
    assert!(many.into_service_error().is_invalid_parameter_exception());
    let long = protect.tasks(&all[1]).expires_in_minutes(2881).send().await.expect_err("refused");
    assert!(long.into_service_error().is_invalid_parameter_exception());

    // A standalone task has no protection.
    let ran = ecs.run_task().cluster("doze").task_definition(&definition).send().await.expect("accepted");
    let standalone = ran.tasks()[0].task_arn().expect("an ARN");
    let got = ecs.get_task_protection().cluster("doze").tasks(standalone).send().await.expect("got");
    assert_eq!(got.failures()[0].reason(), Some("TASK_NOT_VALID"));
    cloud.end().await;
}

/// One request to a container's agent, as a shell in it would send it; the status and the body.
async fn agent(at: &str, method: &str, body: &str) -> (u16, Value) {
    let (host, path) = at.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
    let mut stream = TcpStream::connect(host).await.expect("connected");
    let head = format!(
        "{method} /{path}/task-protection/v1/state HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("read");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_task_protects_itself_by_its_agent() {
    let cloud = Cloud::start(173).await;
    let ecs = cloud.ecs();
    // Each leaves its agent's address where the test finds it.
    let [told, told_alone] = ["web", "alone"].map(|name| cloud.directory.join(name));
    let command = |told: &Path| format!("echo \"$ECS_AGENT_URI\" > {}; exec sleep 600", told.display());
    let definition = define(&ecs, "web", &command(&told)).await;
    create(&ecs, &definition).desired_count(1).send().await.expect("created");
    until_stable(&ecs).await;
    let task = tasks(&ecs, DesiredStatus::Running).await[0].task_arn().expect("an ARN").to_owned();
    let at = std::fs::read_to_string(&told).expect("its agent's address").trim().to_owned();

    let (status, answer) = agent(&at, "GET", "").await;
    let free = json!({ "protection": { "ExpirationDate": null, "ProtectionEnabled": false, "TaskArn": task } });
    assert_eq!((status, answer), (200, free));
    let (status, answer) = agent(&at, "PUT", r#"{"ProtectionEnabled":true,"ExpiresInMinutes":2880}"#).await;
    let date = answer["protection"]["ExpirationDate"].as_str().expect("a date");
    assert!(status == 200 && date.ends_with('Z'), "{answer}");
    let got = ecs.get_task_protection().cluster("doze").tasks(&task).send().await.expect("got");
    assert!(got.protected_tasks()[0].protection_enabled());

    let (status, answer) = agent(&at, "PUT", r#"{"ProtectionEnabled":true,"Until":"then"}"#).await;
    assert_eq!((status, &answer["error"]["Code"]), (400, &json!("InvalidParameterException")));
    let (status, answer) = agent(&at, "PUT", r#"{"ProtectionEnabled":true,"ExpiresInMinutes":2881}"#).await;
    assert_eq!((status, &answer["error"]["Code"]), (400, &json!("InvalidParameterException")));
    assert!(answer["requestID"].is_string() && answer["error"]["Arn"] == json!(task), "{answer}");
    assert_eq!(agent(&at, "PUT", &"x".repeat(100_000)).await.0, 413);
    assert_eq!(agent(&at, "DELETE", "").await.0, 405);
    let nobody = at.rsplit_once('/').map(|(front, _)| format!("{front}/nobody")).expect("an address");
    assert_eq!(agent(&nobody, "GET", "").await.0, 404);

    // A standalone task has no protection.
    let alone = define(&ecs, "alone", &command(&told_alone)).await;
    let ran = ecs.run_task().cluster("doze").task_definition(&alone).send().await.expect("accepted");
    let standalone = ran.tasks()[0].task_arn().expect("an ARN").to_owned();
    let other = until("the standalone task to say its address", || async {
        std::fs::read_to_string(&told_alone).ok().map(|at| at.trim().to_owned()).filter(|at| !at.is_empty())
    })
    .await;
    let failure = json!({ "failure": { "Arn": standalone, "Detail": null, "Reason": "TASK_NOT_VALID" } });
    assert_eq!(agent(&other, "PUT", r#"{"ProtectionEnabled":true}"#).await, (200, failure));
    cloud.end().await;
}
