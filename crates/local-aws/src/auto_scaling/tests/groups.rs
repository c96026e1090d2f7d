use super::*;
use crate::auto_scaling::wire;
use crate::pace::Wall;
use crate::query::xml::Content;

fn call(scaling: &mut AutoScaling, now: Moment, action: &str, body: serde_json::Value) -> Result<Content, Refusal> {
    let answer = wire::call(scaling, now, &Wall::starting(std::time::UNIX_EPOCH), action, body);
    scaling.advance(now);
    answer
}

/// What is at a path of names and list places.
fn at_path<'a>(content: &'a Content, path: &str) -> Option<&'a Content> {
    path.split('.').try_fold(content, |here, part| match here {
        Content::Fields(fields) => fields.iter().find(|(name, _)| *name == part).map(|(_, content)| content),
        Content::List(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

fn text(content: &Content, path: &str) -> String {
    match at_path(content, path) {
        Some(Content::Text(text)) => text.clone(),
        other => panic!("no text at {path} but {other:?}"),
    }
}

fn length(content: &Content, path: &str) -> usize {
    match at_path(content, path) {
        Some(Content::List(items)) => items.len(),
        other => panic!("no list at {path} but {other:?}"),
    }
}

#[test]
fn what_is_missing_or_has_another_form_is_a_validation_error_in_the_words_of_aws() {
    let mut scaling = scaling(false);
    let refused =
        call(&mut scaling, at(0), "SetDesiredCapacity", json!({ "DesiredCapacity": "1" })).expect_err("no name");
    assert_eq!(refused.code, "ValidationError");
    assert_eq!(
        refused.message,
        "1 validation error detected: Value null at 'autoScalingGroupName' failed to satisfy constraint: Member must \
         not be null"
    );
    for (action, body) in [
        ("SetDesiredCapacity", json!({ "AutoScalingGroupName": "doze", "DesiredCapacity": "many" })),
        ("SetDesiredCapacity", json!({ "AutoScalingGroupName": "doze", "DesiredCapacity": "-1" })),
        ("SetDesiredCapacity", json!({ "AutoScalingGroupName": "none", "DesiredCapacity": "1" })),
        ("CreateAutoScalingGroup", json!({ "AutoScalingGroupName": "", "MinSize": 0, "MaxSize": 1 })),
        ("CreateAutoScalingGroup", json!({ "AutoScalingGroupName": "a", "MinSize": 2, "MaxSize": 1 })),
        ("DescribeAutoScalingGroups", json!({ "MaxRecords": "0" })),
        ("DescribeAutoScalingGroups", json!({ "AutoScalingGroupNames": "doze" })),
        ("DescribeLifecycleHooks", json!({})),
        ("SuspendProcesses", json!({ "AutoScalingGroupName": "doze", "ScalingProcesses": ["Sleep"] })),
        ("CompleteLifecycleAction", json!({ "AutoScalingGroupName": "doze", "LifecycleHookName": "h" })),
    ] {
        let refused = call(&mut scaling, at(0), action, body.clone()).expect_err("refused");
        assert_eq!(refused.code, "ValidationError", "{action} {body}");
    }
    assert_eq!(call(&mut scaling, at(0), "Dance", json!({})).expect_err("unknown").code, "InvalidAction");
}

#[test]
fn a_group_shows_what_it_was_given_and_an_update_changes_only_what_it_says() {
    let mut scaling = scaling(false);
    let made = json!({
        "AutoScalingGroupName": "mixed", "MinSize": "0", "MaxSize": "3", "DefaultCooldown": "60",
        "VPCZoneIdentifier": "subnet-1,subnet-2", "HealthCheckGracePeriod": "30", "DefaultInstanceWarmup": "9",
        "TerminationPolicies": ["OldestInstance", "Default"], "CapacityRebalance": "true",
        "MixedInstancesPolicy": {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": { "LaunchTemplateId": "lt-1", "Version": "$Latest" },
                "Overrides": [{ "InstanceType": "t3.micro" }, { "InstanceType": "t3a.micro", "WeightedCapacity": "1" }],
            },
            "InstancesDistribution": { "OnDemandBaseCapacity": "1", "OnDemandPercentageAboveBaseCapacity": "0" },
        },
        "Tags": [{ "Key": "team", "Value": "a", "PropagateAtLaunch": "true" }],
        "LifecycleHookSpecificationList": [
            { "LifecycleHookName": "bye", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING" },
        ],
    });
    call(&mut scaling, at(0), "CreateAutoScalingGroup", made.clone()).expect("made");
    let again = call(&mut scaling, at(0), "CreateAutoScalingGroup", made).expect_err("twice");
    assert_eq!(again.code, "AlreadyExists");
    let named = json!({ "AutoScalingGroupNames": ["mixed"] });
    let shown = call(&mut scaling, at(0), "DescribeAutoScalingGroups", named.clone()).expect("described");
    for (path, value) in [
        ("DefaultCooldown", "60"),
        ("VPCZoneIdentifier", "subnet-1,subnet-2"),
        ("AvailabilityZones.1", "eu-west-1b"),
        ("TerminationPolicies.0", "OldestInstance"),
        ("MixedInstancesPolicy.LaunchTemplate.Overrides.1.WeightedCapacity", "1"),
        ("MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version", "$Latest"),
        ("MixedInstancesPolicy.InstancesDistribution.OnDemandBaseCapacity", "1"),
        ("Tags.0.Key", "team"),
        ("Tags.0.PropagateAtLaunch", "true"),
        ("CapacityRebalance", "true"),
    ] {
        assert_eq!(text(&shown, &format!("AutoScalingGroups.0.{path}")), value, "{path}");
    }
    let update = json!({ "AutoScalingGroupName": "mixed", "MinSize": "2", "DefaultCooldown": "0" });
    call(&mut scaling, at(1), "UpdateAutoScalingGroup", update).expect("changed");
    let shown = call(&mut scaling, at(1), "DescribeAutoScalingGroups", named).expect("described");
    for (path, value) in [("DesiredCapacity", "2"), ("DefaultCooldown", "0"), ("HealthCheckGracePeriod", "30")] {
        assert_eq!(text(&shown, &format!("AutoScalingGroups.0.{path}")), value, "{path}");
    }
    let spots: Vec<bool> = scaling.instances().iter().map(|instance| instance.spot).collect();
    assert_eq!(spots, [false, true], "the base is on demand, the rest is not");
}

#[test]
fn a_group_with_hosts_is_deleted_only_by_force_and_then_with_its_protected_ones() {
    let mut scaling = scaling(true);
    want(&mut scaling, 2).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(30));
    let name = json!({ "AutoScalingGroupName": "doze" });
    assert_eq!(
        call(&mut scaling, at(31), "DeleteAutoScalingGroup", name.clone()).expect_err("used").code,
        "ResourceInUse"
    );
    let force = json!({ "AutoScalingGroupName": "doze", "ForceDelete": "true" });
    call(&mut scaling, at(32), "DeleteAutoScalingGroup", force).expect("accepted");
    let shown = call(&mut scaling, at(33), "DescribeAutoScalingGroups", json!({})).expect("described");
    assert_eq!(text(&shown, "AutoScalingGroups.0.Status"), "Delete in progress");
    let refused = call(&mut scaling, at(33), "DeleteAutoScalingGroup", name.clone()).expect_err("they are going");
    assert_eq!(refused.code, "ScalingActivityInProgress");
    scaling.advance(at(40));
    assert!(scaling.group("doze").is_none());
    let refused = call(&mut scaling, at(41), "DeleteAutoScalingGroup", name).expect_err("gone");
    assert_eq!(refused.message, "AutoScalingGroup name not found - AutoScalingGroup 'doze' not found");
}

#[test]
fn tags_are_put_found_and_deleted() {
    let mut scaling = scaling(false);
    let tag = |key: &str, value: &str| json!({ "ResourceId": "doze", "ResourceType": "auto-scaling-group", "Key": key, "Value": value });
    let tags = json!({ "Tags": [tag("a", "1"), tag("b", "2")] });
    call(&mut scaling, at(0), "CreateOrUpdateTags", tags).expect("put");
    let filter = json!({ "Filters": [{ "Name": "key", "Values": ["b"] }] });
    let found = call(&mut scaling, at(0), "DescribeTags", filter).expect("found");
    assert_eq!((length(&found, "Tags"), text(&found, "Tags.0.Value")), (1, "2".to_owned()));
    let by_tag = json!({ "Filters": [{ "Name": "tag:a", "Values": ["9"] }] });
    let found = call(&mut scaling, at(0), "DescribeAutoScalingGroups", by_tag).expect("found");
    assert_eq!(length(&found, "AutoScalingGroups"), 0);
    call(&mut scaling, at(0), "DeleteTags", json!({ "Tags": [tag("a", "1"), tag("b", "other")] })).expect("deleted");
    let left = call(&mut scaling, at(0), "DescribeTags", json!({})).expect("found");
    assert_eq!((length(&left, "Tags"), text(&left, "Tags.0.Key")), (1, "b".to_owned()));
    let nobody = json!({ "Tags": [{ "ResourceId": "no", "Key": "a" }] });
    assert_eq!(call(&mut scaling, at(0), "CreateOrUpdateTags", nobody).expect_err("none").code, "ValidationError");
}

#[test]
fn activities_tell_what_was_done_and_why_the_newest_first_and_in_pages() {
    let mut scaling = scaling(false);
    want(&mut scaling, 3).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(15));
    let id = scaling.instances()[0].id.clone();
    let terminate = json!({ "InstanceId": id, "ShouldDecrementDesiredCapacity": "true" });
    let answer = call(&mut scaling, at(20), "TerminateInstanceInAutoScalingGroup", terminate).expect("accepted");
    assert_eq!(text(&answer, "Activity.Description"), format!("Terminating EC2 instance: {id}"));
    assert_eq!(
        text(&answer, "Activity.Cause"),
        format!(
            "At 1970-01-01T00:00:20Z instance {id} was taken out of service in response to a user request, shrinking \
             the capacity from 3 to 2."
        )
    );
    assert_eq!(text(&answer, "Activity.StatusCode"), "InProgress");
    scaling.advance(at(40));
    let page = json!({ "AutoScalingGroupName": "doze", "MaxRecords": "3" });
    let first = call(&mut scaling, at(41), "DescribeScalingActivities", page).expect("described");
    assert_eq!((length(&first, "Activities"), text(&first, "Activities.0.StatusCode")), (3, "Successful".to_owned()));
    let cause = text(&first, "Activities.1.Cause");
    assert!(cause.starts_with("At 1970-01-01T00:00:00Z a user request explicitly set group desired capacity changing"));
    assert!(cause.ends_with("increasing the capacity from 0 to 3."), "{cause}");
    let next = json!({ "AutoScalingGroupName": "doze", "NextToken": text(&first, "NextToken") });
    let last = call(&mut scaling, at(41), "DescribeScalingActivities", next).expect("described");
    assert_eq!((length(&last, "Activities"), at_path(&last, "NextToken")), (1, None));
    let bad = json!({ "NextToken": "7" });
    assert_eq!(call(&mut scaling, at(41), "DescribeScalingActivities", bad).expect_err("bad").code, "InvalidNextToken");
}

#[test]
fn a_cooldown_is_honoured_only_when_that_is_asked() {
    let mut scaling = scaling(false);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(15));
    let body = |honor: bool| json!({ "AutoScalingGroupName": "doze", "DesiredCapacity": 2, "HonorCooldown": honor.to_string() });
    let refused = call(&mut scaling, at(314), "SetDesiredCapacity", body(true)).expect_err("it cools down");
    assert_eq!(refused.code, "ScalingActivityInProgress");
    call(&mut scaling, at(314), "SetDesiredCapacity", body(false)).expect("accepted");
    assert_eq!(scaling.group("doze").expect("a group").desired, 2);
    call(&mut scaling, at(1000), "SetDesiredCapacity", body(true)).expect("it has cooled down");
}
