//! DescribeScalingActivities, and how activities are written.

use daemon::moment::Moment;

use super::page;
use crate::auto_scaling::model::{Activity, AutoScaling, validation};
use crate::auto_scaling::requests::Describe;
use crate::pace::Wall;
use crate::query::xml::Content;
use crate::refusal::Refusal;

/// DescribeScalingActivities: the newest first.
pub(super) fn describe(scaling: &AutoScaling, wall: &Wall, request: &Describe) -> Result<Content, Refusal> {
    let group = request.auto_scaling_group_name.as_deref();
    let deleted = request.include_deleted_groups.unwrap_or(false);
    if let Some(name) = group.filter(|name| scaling.group(name).is_none() && !deleted) {
        let none = format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found");
        return Err(validation(none));
    }
    let ids = &request.activity_ids;
    let found = scaling.activities().filter(|activity| {
        group.is_none_or(|group| activity.group == group)
            && (ids.is_empty() || ids.contains(&activity.id))
            && (deleted || scaling.group(&activity.group).is_some_and(|group| group.arn == activity.group_arn))
    });
    // Newest first, by a key that grows: pages go on where they were although new activities begin meanwhile.
    let all = found.map(|one| (format!("{:020}", u64::MAX - one.number), activity(one, wall)));
    page(request, "Activities", 100, all.collect())
}

/// The activities of these ids.
pub(super) fn list(scaling: &AutoScaling, ids: &[String], wall: &Wall) -> Content {
    let all = ids.iter().filter_map(|id| scaling.activity(id)).map(|one| activity(one, wall));
    Content::Fields(vec![("Activities", Content::List(all.collect()))])
}

/// An activity.
pub(super) fn activity(activity: &Activity, wall: &Wall) -> Content {
    let causes: Vec<String> =
        activity.causes.iter().map(|(at, why)| format!("At {} {why}", seconds(wall, *at))).collect();
    let details = serde_json::json!({ "Subnet ID": "subnet-local", "Availability Zone": activity.zone });
    let mut fields = vec![
        ("ActivityId", (&activity.id).into()),
        ("AutoScalingGroupName", (&activity.group).into()),
        ("Description", (&activity.description).into()),
        ("Cause", causes.join("  ").into()),
        ("StartTime", wall.iso(activity.began).into()),
    ];
    fields.extend(activity.ended.map(|at| ("EndTime", wall.iso(at).into())));
    fields.extend([
        ("StatusCode", activity.status.name().into()),
        ("Progress", activity.status.progress().into()),
        ("Details", details.into()),
        ("AutoScalingGroupARN", (&activity.group_arn).into()),
    ]);
    Content::Fields(fields)
}

/// `2026-06-01T10:00:00Z`, as causes write times.
fn seconds(wall: &Wall, at: Moment) -> String {
    let iso = wall.iso(at);
    iso.split_once('.').map_or(iso.clone(), |(whole, _)| format!("{whole}Z"))
}
