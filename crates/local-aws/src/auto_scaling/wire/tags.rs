//! DescribeTags, and how tags are written.

use super::{page, values};
use crate::auto_scaling::model::{AutoScaling, Group, Tag};
use crate::auto_scaling::requests::Describe;
use crate::query::xml::Content;
use crate::refusal::Refusal;

/// DescribeTags.
pub(super) fn describe(scaling: &AutoScaling, request: &Describe) -> Result<Content, Refusal> {
    let holds = |name: &str, value: &str| {
        values(&request.filters, name).all(|values| values.iter().any(|wanted| wanted.eq_ignore_ascii_case(value)))
    };
    let mut all = Vec::new();
    for group in scaling.groups().filter(|group| holds("auto-scaling-group", &group.name)) {
        for (key, there) in &group.tags {
            let propagates = there.propagate_at_launch.to_string();
            if holds("key", key) && holds("value", &there.value) && holds("propagate-at-launch", &propagates) {
                all.push((format!("{}\u{1f}{key}", group.name), tag(group, key, there)));
            }
        }
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    page(request, "Tags", 100, all)
}

/// A tag.
pub(super) fn tag(group: &Group, key: &str, tag: &Tag) -> Content {
    Content::Fields(vec![
        ("ResourceId", (&group.name).into()),
        ("ResourceType", "auto-scaling-group".into()),
        ("Key", key.into()),
        ("Value", (&tag.value).into()),
        ("PropagateAtLaunch", tag.propagate_at_launch.into()),
    ])
}
