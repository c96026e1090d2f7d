use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::types::{
    AutoScalingInstanceDetails, LaunchTemplateSpecification, LifecycleState, ScalingActivityStatusCode, Tag,
    WarmPoolState,
};

use super::{Cloud, until};

/// A world whose group is nobody's but the test's: managed scaling's alarms do not reach it.
async fn start(network: u8) -> (Cloud, Client) {
    let cloud = Cloud::start(network).await;
    let scaling = cloud.auto_scaling();
    let suspend = scaling.suspend_processes().auto_scaling_group_name("doze").scaling_processes("AlarmNotification");
    suspend.send().await.expect("suspended");
    (cloud, scaling)
}

async fn hosts(scaling: &Client) -> Vec<AutoScalingInstanceDetails> {
    let described = scaling.describe_auto_scaling_instances().send().await.expect("described");
    described.auto_scaling_instances().to_vec()
}

async fn in_service(scaling: &Client, count: usize) -> Vec<AutoScalingInstanceDetails> {
    until("hosts in service", || async {
        let mut hosts = hosts(scaling).await;
        hosts.retain(|host| host.lifecycle_state() == Some("InService"));
        (hosts.len() == count).then_some(hosts)
    })
    .await
}

async fn desired(scaling: &Client) -> Option<i32> {
    let described = scaling.describe_auto_scaling_groups().auto_scaling_group_names("doze").send().await;
    described.expect("described").auto_scaling_groups()[0].desired_capacity()
}

#[tokio::test]
async fn hosts_are_protected_from_birth_and_leave_by_terminate_and_decrement() {
    let (cloud, scaling) = start(221).await;
    let ask = |desired| scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(desired).send();
    ask(2).await.expect("accepted");
    let two = in_service(&scaling, 2).await;
    assert!(two.iter().all(|host| host.protected_from_scale_in() == Some(true)));
    let one = two[0].instance_id().expect("an id").to_owned();

    // A group that is to shrink spares them.
    ask(1).await.expect("accepted");
    assert_eq!(in_service(&scaling, 2).await.len(), 2);
    ask(2).await.expect("accepted");

    let terminate = || scaling.terminate_instance_in_auto_scaling_group().instance_id(&one);
    let terminated = terminate().should_decrement_desired_capacity(true).send().await.expect("accepted");
    assert!(terminated.activity().and_then(|a| a.description()).is_some_and(|text| text.contains(&one)));
    assert_eq!(desired(&scaling).await, Some(1));
    until("the host to be gone", || async {
        hosts(&scaling).await.iter().all(|host| host.instance_id() != Some(one.as_str())).then_some(())
    })
    .await;

    let last = in_service(&scaling, 1).await[0].instance_id().expect("an id").to_owned();
    let replaced = scaling.terminate_instance_in_auto_scaling_group().instance_id(&last);
    replaced.should_decrement_desired_capacity(false).send().await.expect("accepted");
    assert_eq!(desired(&scaling).await, Some(1));
    let new = until("another host in its place", || async {
        let hosts = hosts(&scaling).await;
        hosts.into_iter().find(|host| host.instance_id() != Some(last.as_str()))
    })
    .await;
    assert_eq!(new.auto_scaling_group_name(), Some("doze"));
    cloud.end().await;
}

#[tokio::test]
async fn protection_is_refused_outside_of_service_with_the_words_of_aws() {
    let (cloud, scaling) = start(222).await;
    scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(1).send().await.expect("accepted");
    let protect = |id: &str, on: bool| {
        let call = scaling.set_instance_protection().auto_scaling_group_name("doze");
        call.instance_ids(id).protected_from_scale_in(on).send()
    };
    let id = in_service(&scaling, 1).await[0].instance_id().expect("an id").to_owned();
    scaling
        .terminate_instance_in_auto_scaling_group()
        .instance_id(&id)
        .should_decrement_desired_capacity(true)
        .send()
        .await
        .expect("accepted");
    let refused = protect(&id, false).await.expect_err("it terminates").into_service_error();
    assert_eq!(refused.code(), Some("ValidationError"));
    let words = format!("The instance {id} is not in InService or EnteringStandby or Standby.");
    assert_eq!(refused.message(), Some(words.as_str()));
    let described = scaling.describe_auto_scaling_groups().send().await.expect("described");
    let instance = &described.auto_scaling_groups()[0].instances()[0];
    assert_eq!(instance.lifecycle_state(), Some(&LifecycleState::Terminating));
    cloud.end().await;
}

#[tokio::test]
async fn an_unprotected_host_is_taken_by_scale_in() {
    let (cloud, scaling) = start(223).await;
    let ask = |desired| scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(desired).send();
    ask(2).await.expect("accepted");
    let two = in_service(&scaling, 2).await;
    let spare = two[1].instance_id().expect("an id").to_owned();
    ask(1).await.expect("accepted");
    scaling
        .set_instance_protection()
        .auto_scaling_group_name("doze")
        .instance_ids(&spare)
        .protected_from_scale_in(false)
        .send()
        .await
        .expect("accepted");
    let left = in_service(&scaling, 1).await;
    assert_ne!(left[0].instance_id(), Some(spare.as_str()));
    let above = ask(9).await.expect_err("too many").into_service_error();
    assert_eq!(above.message(), Some("New SetDesiredCapacity value 9 is above max value 4 for the AutoScalingGroup."));
    cloud.end().await;
}

#[tokio::test]
async fn groups_are_made_changed_tagged_and_deleted() {
    let (cloud, scaling) = start(224).await;
    let template = LaunchTemplateSpecification::builder().launch_template_id("lt-1").version("$Latest").build();
    let tag =
        |key: &str| Tag::builder().resource_id("own").resource_type("auto-scaling-group").key(key).value("v").build();
    scaling
        .create_auto_scaling_group()
        .auto_scaling_group_name("own")
        .min_size(0)
        .max_size(2)
        .launch_template(template)
        .vpc_zone_identifier("subnet-1,subnet-2")
        .tags(tag("first"))
        .send()
        .await
        .expect("made");
    let change = scaling.update_auto_scaling_group().auto_scaling_group_name("own").max_size(3).default_cooldown(10);
    change.send().await.expect("changed");
    scaling.create_or_update_tags().tags(tag("second")).send().await.expect("tagged");
    let described = scaling.describe_auto_scaling_groups().auto_scaling_group_names("own").send().await.expect("there");
    let group = &described.auto_scaling_groups()[0];
    assert_eq!((group.max_size(), group.default_cooldown(), group.tags().len()), (Some(3), Some(10), 2));
    assert_eq!(group.launch_template().and_then(|template| template.launch_template_id()), Some("lt-1"));
    assert_eq!(group.availability_zones(), ["eu-west-1a", "eu-west-1b"]);
    let pages: Vec<_> = scaling
        .describe_auto_scaling_groups()
        .max_records(1)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .expect("pages");
    assert_eq!(pages.len(), 2);
    scaling.delete_auto_scaling_group().auto_scaling_group_name("own").send().await.expect("deleted");
    let gone = scaling.delete_auto_scaling_group().auto_scaling_group_name("own").send().await.expect_err("gone");
    assert_eq!(gone.code(), Some("ValidationError"));
    scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(1).send().await.expect("accepted");
    let used = scaling.delete_auto_scaling_group().auto_scaling_group_name("doze").send().await.expect_err("used");
    assert!(used.into_service_error().is_resource_in_use_fault());
    cloud.end().await;
}

#[tokio::test]
async fn a_terminating_host_waits_for_its_hook_and_its_activity_ends_when_it_is_off() {
    let (cloud, scaling) = start(225).await;
    let hook = scaling.put_lifecycle_hook().auto_scaling_group_name("doze").lifecycle_hook_name("bye");
    let hook = hook.lifecycle_transition("autoscaling:EC2_INSTANCE_TERMINATING").heartbeat_timeout(7200);
    hook.send().await.expect("put");
    let hooks = scaling.describe_lifecycle_hooks().auto_scaling_group_name("doze").send().await.expect("described");
    let bye = hooks.lifecycle_hooks().iter().find(|hook| hook.lifecycle_hook_name() == Some("bye")).expect("there");
    assert_eq!((bye.default_result(), bye.global_timeout()), (Some("ABANDON"), Some(172_800)));
    scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(1).send().await.expect("accepted");
    let id = in_service(&scaling, 1).await[0].instance_id().expect("an id").to_owned();
    let terminate = scaling.terminate_instance_in_auto_scaling_group().instance_id(&id);
    let answer = terminate.should_decrement_desired_capacity(true).send().await.expect("accepted");
    let activity = answer.activity().and_then(|activity| activity.activity_id()).expect("an id").to_owned();
    assert_eq!(hosts(&scaling).await[0].lifecycle_state(), Some("Terminating:Wait"));
    let complete = || {
        let complete = scaling.complete_lifecycle_action().auto_scaling_group_name("doze").lifecycle_hook_name("bye");
        complete.instance_id(&id).lifecycle_action_result("CONTINUE").send()
    };
    let beat = scaling.record_lifecycle_action_heartbeat().auto_scaling_group_name("doze").lifecycle_hook_name("bye");
    beat.instance_id(&id).send().await.expect("it waits");
    complete().await.expect("it waits");
    let late = complete().await.expect_err("it does not wait any more").into_service_error();
    assert_eq!(late.message(), Some(format!("No active Lifecycle Action found with instance ID {id}").as_str()));
    until("the activity to end", || async {
        let activities = scaling.describe_scaling_activities().activity_ids(&activity).send().await.expect("described");
        (activities.activities()[0].status_code() == Some(&ScalingActivityStatusCode::Successful)).then_some(())
    })
    .await;
    cloud.end().await;
}

#[tokio::test]
async fn a_warm_pool_is_filled_and_its_hosts_are_taken_first() {
    let (cloud, scaling) = start(226).await;
    let pool = scaling.put_warm_pool().auto_scaling_group_name("doze").min_size(1).max_group_prepared_capacity(1);
    pool.pool_state(WarmPoolState::Stopped).send().await.expect("put");
    let pooled = || async { scaling.describe_warm_pool().auto_scaling_group_name("doze").send().await.expect("there") };
    let warm = until("a stopped host", || async {
        let found = pooled().await;
        let stopped = found.instances().iter().find(|i| i.lifecycle_state() == Some(&LifecycleState::WarmedStopped));
        stopped.and_then(|instance| instance.instance_id()).map(str::to_owned)
    })
    .await;
    let protect = scaling.set_instance_protection().auto_scaling_group_name("doze").instance_ids(&warm);
    assert!(protect.protected_from_scale_in(true).send().await.is_err(), "not in the pool");
    scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(1).send().await.expect("accepted");
    let serving = in_service(&scaling, 1).await;
    assert_eq!((serving[0].instance_id(), serving[0].protected_from_scale_in()), (Some(warm.as_str()), Some(true)));
    scaling.delete_warm_pool().auto_scaling_group_name("doze").send().await.expect("accepted");
    until("no pool", || async { pooled().await.warm_pool_configuration().is_none().then_some(()) }).await;
    cloud.end().await;
}

#[tokio::test]
async fn standby_and_health_are_obeyed_and_told() {
    let (cloud, scaling) = start(227).await;
    scaling.set_desired_capacity().auto_scaling_group_name("doze").desired_capacity(1).send().await.expect("accepted");
    let id = in_service(&scaling, 1).await[0].instance_id().expect("an id").to_owned();
    let enter = scaling.enter_standby().auto_scaling_group_name("doze").instance_ids(&id);
    let entered = enter.should_decrement_desired_capacity(true).send().await.expect("accepted");
    assert!(entered.activities()[0].description().is_some_and(|text| text.contains(&id)));
    until("standby", || async { (hosts(&scaling).await[0].lifecycle_state() == Some("Standby")).then_some(()) }).await;
    scaling.exit_standby().auto_scaling_group_name("doze").instance_ids(&id).send().await.expect("accepted");
    in_service(&scaling, 1).await;
    let health = scaling.set_instance_health().instance_id(&id).health_status("Unhealthy");
    health.should_respect_grace_period(false).send().await.expect("accepted");
    until("another host in its place", || async {
        let serving = in_service(&scaling, 1).await;
        (serving[0].instance_id() != Some(id.as_str())).then_some(())
    })
    .await;
    cloud.end().await;
}
