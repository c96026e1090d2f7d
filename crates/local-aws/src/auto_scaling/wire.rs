//! Auto Scaling: which action is which call of the model, and how its answer is written.

use daemon::moment::Moment;
use serde_json::Value;

use super::model::{AutoScaling, Instance, validation};
use super::requests::{Describe, Filter, read};
use crate::pace::Wall;
use crate::query::xml::Content;
use crate::refusal::Refusal;

mod activities;
mod groups;
mod hooks;
mod instances;
mod pages;
mod tags;

use pages::{page, page_of};

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
        "CreateAutoScalingGroup" => scaling.create_group(now, read(body)?).map(nothing),
        "UpdateAutoScalingGroup" => scaling.update_group(now, read(body)?).map(nothing),
        "DeleteAutoScalingGroup" => scaling.delete_group(now, &read(body)?).map(nothing),
        "DescribeAutoScalingGroups" => groups::describe(scaling, wall, &read(body)?),
        "SetDesiredCapacity" => scaling.set_desired(now, &read(body)?).map(nothing),
        "SuspendProcesses" => scaling.suspend(now, &read(body)?).map(nothing),
        "ResumeProcesses" => scaling.resume(&read(body)?).map(nothing),
        "CreateOrUpdateTags" => scaling.put_tags(read(body)?).map(nothing),
        "DeleteTags" => scaling.delete_tags(&read(body)?).map(nothing),
        "DescribeTags" => tags::describe(scaling, &read(body)?),
        "DescribeAutoScalingInstances" => describe_instances(scaling, &read(body)?),
        "SetInstanceProtection" => scaling.set_protection(&read(body)?).map(nothing),
        "SetInstanceHealth" => scaling.set_health(now, &read(body)?).map(nothing),
        "TerminateInstanceInAutoScalingGroup" => {
            let activity = activities::activity(scaling.terminate(now, &read(body)?)?, wall);
            Ok(Content::Fields(vec![("Activity", activity)]))
        }
        "EnterStandby" => scaling.enter_standby(now, &read(body)?).map(|ids| activities::list(scaling, &ids, wall)),
        "ExitStandby" => scaling.exit_standby(now, &read(body)?).map(|ids| activities::list(scaling, &ids, wall)),
        "DescribeScalingActivities" => activities::describe(scaling, wall, &read(body)?),
        "PutLifecycleHook" => scaling.put_hook(read(body)?).map(nothing),
        "DeleteLifecycleHook" => scaling.delete_hook(now, &read(body)?).map(nothing),
        "DescribeLifecycleHooks" => hooks::describe(scaling, &read(body)?),
        "CompleteLifecycleAction" => scaling.complete_action(now, &read(body)?).map(nothing),
        "RecordLifecycleActionHeartbeat" => scaling.record_heartbeat(now, &read(body)?).map(nothing),
        "PutWarmPool" => scaling.put_warm_pool(&read(body)?).map(nothing),
        "DeleteWarmPool" => scaling.delete_warm_pool(&read(body)?).map(nothing),
        "DescribeWarmPool" => describe_warm_pool(scaling, &read(body)?),
        unknown => {
            Err(Refusal::new("InvalidAction", format!("Could not find operation {unknown} for version 2011-01-01")))
        }
    }
}

fn nothing((): ()) -> Content {
    Content::Fields(Vec::new())
}

fn describe_instances(scaling: &AutoScaling, request: &Describe) -> Result<Content, Refusal> {
    let mut found: Vec<&Instance> = scaling.instances();
    found.retain(|i| !i.lifecycle.is_over());
    found.retain(|i| request.instance_ids.is_empty() || request.instance_ids.contains(&i.id));
    found.sort_by(|one, other| one.id.cmp(&other.id));
    let all = found.iter().map(|i| (i.id.clone(), instances::details(i))).collect();
    page(request, "AutoScalingInstances", 50, all)
}

fn describe_warm_pool(scaling: &AutoScaling, request: &Describe) -> Result<Content, Refusal> {
    let name =
        request.auto_scaling_group_name.as_deref().ok_or_else(|| super::requests::is_null("AutoScalingGroupName"))?;
    let group = scaling
        .group(name)
        .ok_or_else(|| validation(format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")))?;
    let all = scaling.pooled(name).map(|i| (i.id.clone(), instances::instance(i))).collect();
    let mut fields = page_of(request, "Instances", 50, all)?;
    if let Some(pool) = &group.warm_pool {
        fields.insert(0, ("WarmPoolConfiguration", groups::warm_pool(pool)));
    }
    Ok(Content::Fields(fields))
}

/// The filters of a Describe call that have this name.
fn values<'a>(filters: &'a [Filter], name: &'a str) -> impl Iterator<Item = &'a [String]> {
    filters.iter().filter(move |filter| filter.name == name).map(|filter| filter.values.as_slice())
}
