use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::operation::run_task::builders::RunTaskFluentBuilder;
use aws_sdk_ecs::types::{
    Attribute, CapacityProviderStrategyItem, ContainerInstanceStatus, ContainerOverride, DesiredStatus, KeyValuePair,
    LaunchType, Task, TaskOverride, TaskStopCode,
};

use super::{Cloud, until};

/// RunTask as a waking proxy calls it.
fn wake(ecs: &Client, token: &str) -> RunTaskFluentBuilder {
    let strategy = CapacityProviderStrategyItem::builder().capacity_provider("doze").weight(1).build();
    let name = KeyValuePair::builder().name("SERVICE_NAME").value("demo").build();
    let container = ContainerOverride::builder().name("app").environment(name).build();
    ecs.run_task()
        .cluster("doze")
        .task_definition("demo")
        .capacity_provider_strategy(strategy.expect("a strategy"))
        .overrides(TaskOverride::builder().container_overrides(container).build())
        .started_by("doze/demo")
        .client_token(token)
        .count(1)
}

async fn describe(ecs: &Client, arn: &str) -> Option<Task> {
    let described = ecs.describe_tasks().cluster("doze").tasks(arn).send().await.expect("described");
    described.tasks().first().cloned()
}

async fn until_status(ecs: &Client, arn: &str, status: &str) -> Task {
    until(status, || async { describe(ecs, arn).await.filter(|task| task.last_status() == Some(status)) }).await
}

#[tokio::test]
async fn a_task_waits_for_its_host_runs_and_tells_everything_a_proxy_and_an_agent_read() {
    let cloud = Cloud::start(201).await;
    let ecs = cloud.ecs();
    let ran = wake(&ecs, "one").send().await.expect("accepted");
    assert!(ran.failures().is_empty());
    let accepted = &ran.tasks()[0];
    assert_eq!(accepted.last_status(), Some("PROVISIONING"));
    assert_eq!(accepted.container_instance_arn(), None);
    let arn = accepted.task_arn().expect("an ARN").to_owned();

    let task = until_status(&ecs, &arn, "RUNNING").await;
    assert_eq!((task.desired_status(), task.started_by()), (Some("RUNNING"), Some("doze/demo")));
    assert_eq!((task.group(), task.capacity_provider_name()), (Some("family:demo"), Some("doze")));
    assert_eq!(task.launch_type(), Some(&LaunchType::Ec2));
    assert!(task.task_definition_arn().is_some_and(|arn| arn.ends_with("task-definition/demo:1")));
    assert!(task.created_at().is_some_and(|created| created <= task.started_at().expect("a start")));
    let overridden = task.overrides().expect("overrides").container_overrides();
    let variable = &overridden[0].environment()[0];
    assert_eq!(
        (overridden[0].name(), variable.name(), variable.value()),
        (Some("app"), Some("SERVICE_NAME"), Some("demo"))
    );
    let interface = &task.attachments()[0];
    assert_eq!((interface.r#type(), interface.status()), (Some("ElasticNetworkInterface"), Some("ATTACHED")));
    let detail = |name: &str| interface.details().iter().find(|d| d.name() == Some(name)).and_then(|d| d.value());
    let address = detail("privateIPv4Address").expect("an address");
    assert!(address.starts_with("127.201."), "{address}");
    assert_eq!(task.containers()[0].network_interfaces()[0].private_ipv4_address(), Some(address));

    let instance = task.container_instance_arn().expect("a host").to_owned();
    let listed = ecs.list_tasks().cluster("doze").container_instance(&instance).send().await.expect("listed");
    assert_eq!(listed.task_arns(), std::slice::from_ref(&arn));
    let by_starter = ecs.list_tasks().cluster("doze").started_by("doze/demo").send().await.expect("listed");
    assert_eq!(by_starter.task_arns(), std::slice::from_ref(&arn));
    let hosts = ecs.describe_container_instances().cluster("doze").container_instances(&instance).send().await;
    let host = hosts.expect("described").container_instances()[0].clone();
    assert_eq!((host.running_tasks_count(), host.pending_tasks_count(), host.status()), (1, 0, Some("ACTIVE")));
    assert!(host.ec2_instance_id().is_some_and(|id| id.starts_with("i-")));

    let stopped = ecs.stop_task().cluster("doze").task(&arn).reason("enough").send().await.expect("accepted");
    assert_eq!(stopped.task().and_then(Task::desired_status), Some("STOPPED"));
    let over = until_status(&ecs, &arn, "STOPPED").await;
    assert_eq!((over.stop_code(), over.stopped_reason()), (Some(&TaskStopCode::UserInitiated), Some("enough")));
    assert_eq!(over.containers()[0].exit_code(), Some(143));
    let list = ecs.list_tasks().cluster("doze").family("demo");
    assert!(list.clone().send().await.expect("listed").task_arns().is_empty());
    let gone = list.desired_status(DesiredStatus::Stopped).send().await.expect("listed");
    assert_eq!(gone.task_arns(), [arn]);
    cloud.end().await;
}

#[tokio::test]
async fn fifty_callers_with_one_token_start_one_task_and_another_call_with_it_is_a_conflict() {
    let cloud = Cloud::start(202).await;
    let ecs = cloud.ecs();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        callers.spawn(wake(&ecs, "same").send());
    }
    let mut arns = Vec::new();
    while let Some(answer) = callers.join_next().await {
        let ran = answer.expect("joined").expect("accepted");
        arns.push(ran.tasks()[0].task_arn().expect("an ARN").to_owned());
    }
    arns.dedup();
    assert_eq!(arns.len(), 1, "{arns:?}");

    let other = wake(&ecs, "same").started_by("doze/other").send().await.expect_err("a conflict").into_service_error();
    assert!(other.is_conflict_exception(), "{other:?}");
    let aws_sdk_ecs::operation::run_task::RunTaskError::ConflictException(conflict) = other else {
        panic!("{other:?}")
    };
    assert_eq!(conflict.resource_ids(), arns);
    cloud.end().await;
}

#[tokio::test]
async fn what_does_not_exist_is_missing_or_refused_by_name() {
    let cloud = Cloud::start(203).await;
    let ecs = cloud.ecs();
    let described = ecs.describe_tasks().cluster("doze").tasks("0123456789abcdef").send().await.expect("an answer");
    let failure = &described.failures()[0];
    assert_eq!(failure.reason(), Some("MISSING"));
    assert!(failure.arn().is_some_and(|arn| arn.ends_with("task/doze/0123456789abcdef")));
    let nowhere = ecs.list_tasks().cluster("nowhere").send().await.expect_err("refused").into_service_error();
    assert!(nowhere.is_cluster_not_found_exception(), "{nowhere:?}");
    let container = ContainerOverride::builder().name("nobody").build();
    let overrides = TaskOverride::builder().container_overrides(container).build();
    let wrong = wake(&ecs, "x").overrides(overrides).send().await.expect_err("refused").into_service_error();
    assert!(wrong.is_invalid_parameter_exception(), "{wrong:?}");
    let unknown = ecs.list_account_settings().send().await.expect_err("refused").into_service_error();
    assert_eq!(unknown.code(), Some("UnknownOperationException"));
    cloud.end().await;
}

#[tokio::test]
async fn a_draining_host_keeps_its_task_takes_no_new_one_and_can_carry_a_mark() {
    let cloud = Cloud::start(204).await;
    let ecs = cloud.ecs();
    let scaling = cloud.auto_scaling();
    scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(1).send().await.expect("accepted");
    let instance = until("a host to register", || async {
        let listed = ecs.list_container_instances().cluster("doze").send().await.expect("listed");
        listed.container_instance_arns().first().cloned()
    })
    .await;
    let first = wake(&ecs, "first").send().await.expect("accepted").tasks()[0].task_arn().expect("an ARN").to_owned();
    until_status(&ecs, &first, "RUNNING").await;

    let mark = Attribute::builder().name("doze.releasing").value("i").target_id(&instance).build().expect("a mark");
    ecs.put_attributes().cluster("doze").attributes(mark.clone()).send().await.expect("marked");
    let change = ecs.update_container_instances_state().cluster("doze").container_instances(&instance);
    let drained = change.clone().status(ContainerInstanceStatus::Draining).send().await.expect("accepted");
    let host = &drained.container_instances()[0];
    assert_eq!((host.status(), host.running_tasks_count()), (Some("DRAINING"), 1));
    assert!(host.attributes().iter().any(|attribute| attribute.name() == "doze.releasing"));

    let second = wake(&ecs, "second").send().await.expect("accepted").tasks()[0].task_arn().expect("an ARN").to_owned();
    let waiting = describe(&ecs, &second).await.expect("a task");
    assert_eq!(waiting.last_status(), Some("PROVISIONING"));
    assert_eq!(describe(&ecs, &first).await.expect("a task").last_status(), Some("RUNNING"));

    change.status(ContainerInstanceStatus::Active).send().await.expect("accepted");
    let second = until_status(&ecs, &second, "RUNNING").await;
    assert!(second.container_instance_arn().is_some());
    ecs.delete_attributes().cluster("doze").attributes(mark).send().await.expect("unmarked");
    let described = ecs.describe_container_instances().cluster("doze").container_instances(&instance).send().await;
    let described = described.expect("described");
    let attributes = described.container_instances()[0].attributes();
    assert!(attributes.iter().all(|attribute| attribute.name() != "doze.releasing"));
    cloud.end().await;
}
