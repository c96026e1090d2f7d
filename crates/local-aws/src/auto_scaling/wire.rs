//! Auto Scaling: which action is which call of the model, and how its answer is written.

use daemon::moment::Moment;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::model::{AutoScaling, Group, Instance, validation};
use super::requests::{Describe, TerminateInstance};
use crate::pace::Wall;
use crate::query::xml::Content;
use crate::refusal::Refusal;

/// Carries out one call.
///
/// # Errors
/// What the model refuses, bodies that do not fit, actions that are not here.
pub fn call(
    scaling: &mut AutoScaling,
    now: Moment,
    wall: &Wall,
    action: &str,
    body: Value,
) -> Result<Content, Refusal> {
    match action {
        "CreateAutoScalingGroup" => scaling.create_group(now, read(body)?).map(|()| nothing()),
        "DescribeAutoScalingGroups" => {
            let request: Describe = read(body)?;
            let named = |g: &&Group| {
                request.auto_scaling_group_names.is_empty() || request.auto_scaling_group_names.contains(&g.name)
            };
            let found = scaling.groups().filter(named);
            let all = found.map(|g| (g.name.clone(), group(scaling, g, wall))).collect();
            page(&request, "AutoScalingGroups", 100, all)
        }
        "DescribeAutoScalingInstances" => {
            let request: Describe = read(body)?;
            let mut found: Vec<&Instance> = scaling.instances();
            found.retain(|i| !i.lifecycle.is_over());
            found.retain(|i| request.instance_ids.is_empty() || request.instance_ids.contains(&i.id));
            found.sort_by(|one, other| one.id.cmp(&other.id));
            page(
                &request,
                "AutoScalingInstances",
                50,
                found.iter().map(|i| (i.id.clone(), instance(i, true))).collect(),
            )
        }
        "SetDesiredCapacity" => scaling.set_desired(&read(body)?).map(|()| nothing()),
        "SetInstanceProtection" => scaling.set_protection(&read(body)?).map(|()| nothing()),
        "TerminateInstanceInAutoScalingGroup" => {
            let request: TerminateInstance = read(body)?;
            let terminated = scaling.terminate(now, &request)?;
            let (id, of) = (terminated.id.clone(), terminated.group.clone());
            let activity =
                activity(&scaling.ids.uuid(), &of, &id, request.should_decrement_desired_capacity, now, wall);
            Ok(Content::Fields(vec![("Activity", activity)]))
        }
        unknown => {
            Err(Refusal::new("InvalidAction", format!("Could not find operation {unknown} for version 2011-01-01")))
        }
    }
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| validation(error.to_string()))
}

fn nothing() -> Content {
    Content::Fields(Vec::new())
}

/// A page of what is listed by name or id: the token is the last one of the page before.
fn page(request: &Describe, name: &'static str, most: u32, all: Vec<(String, Content)>) -> Result<Content, Refusal> {
    let size = request.max_records.unwrap_or(50);
    if !(1..=most).contains(&size) {
        return Err(validation(format!("MaxRecords must be between 1 and {most}")));
    }
    let after = request.next_token.as_deref().unwrap_or_default();
    let mut rest = all.into_iter().filter(|(id, _)| id.as_str() > after);
    let page: Vec<(String, Content)> = rest.by_ref().take(size as usize).collect();
    let last = page.last().map(|(id, _)| id.clone());
    let mut fields = vec![(name, Content::List(page.into_iter().map(|(_, content)| content).collect()))];
    if let (Some(last), Some(_)) = (last, rest.next()) {
        fields.push(("NextToken", last.into()));
    }
    Ok(Content::Fields(fields))
}

fn group(scaling: &AutoScaling, group: &Group, wall: &Wall) -> Content {
    let instances = scaling.instances();
    let here = instances.iter().filter(|i| i.group == group.name && !i.lifecycle.is_over());
    Content::Fields(vec![
        ("AutoScalingGroupName", (&group.name).into()),
        ("AutoScalingGroupARN", (&group.arn).into()),
        ("MinSize", group.min.into()),
        ("MaxSize", group.max.into()),
        ("DesiredCapacity", group.desired.into()),
        ("DefaultCooldown", 300.into()),
        ("AvailabilityZones", Content::List(group.zones.iter().map(Into::into).collect())),
        ("LoadBalancerNames", Content::List(Vec::new())),
        ("TargetGroupARNs", Content::List(Vec::new())),
        ("HealthCheckType", "EC2".into()),
        ("HealthCheckGracePeriod", 0.into()),
        ("Instances", Content::List(here.map(|i| instance(i, false)).collect())),
        ("CreatedTime", wall.iso(group.created_at).into()),
        ("SuspendedProcesses", Content::List(Vec::new())),
        ("EnabledMetrics", Content::List(Vec::new())),
        ("Tags", Content::List(Vec::new())),
        ("TerminationPolicies", Content::List(vec!["Default".into()])),
        ("NewInstancesProtectedFromScaleIn", group.protects_new.into()),
    ])
}

fn instance(instance: &Instance, with_group: bool) -> Content {
    let health = if instance.healthy && !instance.lifecycle.is_ending() { "Healthy" } else { "Unhealthy" };
    // DescribeAutoScalingInstances writes the health in capitals.
    let health = if with_group { health.to_uppercase() } else { health.to_owned() };
    let mut fields = vec![
        ("InstanceId", (&instance.id).into()),
        ("InstanceType", "t3.micro".into()),
        ("AvailabilityZone", (&instance.zone).into()),
        ("LifecycleState", instance.lifecycle.name().into()),
        ("HealthStatus", health.into()),
        ("ProtectedFromScaleIn", instance.protected.into()),
    ];
    if with_group {
        fields.push(("AutoScalingGroupName", (&instance.group).into()));
    }
    Content::Fields(fields)
}

fn activity(id: &str, group: &str, instance: &str, decrement: bool, now: Moment, wall: &Wall) -> Content {
    let shrinking = if decrement { ", shrinking the capacity" } else { "" };
    Content::Fields(vec![
        ("ActivityId", id.into()),
        ("AutoScalingGroupName", group.into()),
        ("Description", format!("Terminating EC2 instance: {instance}").into()),
        (
            "Cause",
            format!(
                "At {} instance {instance} was taken out of service in response to a user request{shrinking}.",
                wall.iso(now)
            )
            .into(),
        ),
        ("StartTime", wall.iso(now).into()),
        ("StatusCode", "InProgress".into()),
        ("Progress", 0.into()),
    ])
}
