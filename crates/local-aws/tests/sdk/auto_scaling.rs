use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::types::{AutoScalingInstanceDetails, LifecycleState};

use super::{Cloud, until};

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
    let cloud = Cloud::start(221).await;
    let scaling = cloud.auto_scaling();
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
    let cloud = Cloud::start(222).await;
    let scaling = cloud.auto_scaling();
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
    let cloud = Cloud::start(223).await;
    let scaling = cloud.auto_scaling();
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
