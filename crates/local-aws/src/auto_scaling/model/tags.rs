//! Tags of groups.

use super::{AutoScaling, Group, no_group, validation};
use crate::auto_scaling::requests::{DeleteTags, TagRequest, Tags};
use crate::refusal::Refusal;

/// How many tags a group may have ("Maximum number of tags per resource: 50", Auto Scaling user guide).
const MOST: usize = 50;

/// A tag of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its value.
    pub value: String,
    /// Whether instances get it.
    pub propagate_at_launch: bool,
}

impl Group {
    pub(super) fn put_tag(&mut self, tag: TagRequest) -> Result<(), Refusal> {
        if tag.key.is_empty() || tag.key.chars().count() > 128 {
            return Err(validation("1 validation error detected: a tag's key has 1 to 128 characters"));
        }
        if tag.value.as_ref().is_some_and(|value| value.chars().count() > 256) {
            return Err(validation("1 validation error detected: a tag's value has at most 256 characters"));
        }
        if self.tags.len() >= MOST && !self.tags.contains_key(&tag.key) {
            return Err(Refusal::new("LimitExceeded", format!("A group has at most {MOST} tags.")));
        }
        let (value, propagate_at_launch) = (tag.value.unwrap_or_default(), tag.propagate_at_launch);
        self.tags.insert(tag.key, Tag { value, propagate_at_launch });
        Ok(())
    }
}

impl AutoScaling {
    /// CreateOrUpdateTags: all or none.
    ///
    /// # Errors
    /// No such group; a tag that makes no sense.
    pub fn put_tags(&mut self, request: Tags) -> Result<(), Refusal> {
        let mut changed = self.groups.clone();
        for tag in request.tags {
            let name = resource(&tag)?;
            changed.get_mut(&name).ok_or_else(|| no_group(&name))?.put_tag(tag)?;
        }
        self.groups = changed;
        Ok(())
    }

    /// Another service of AWS puts a tag on a group.
    pub fn tag(&mut self, group: &str, key: &str, value: &str, propagate_at_launch: bool) {
        if let Some(group) = self.groups.get_mut(group) {
            group.tags.insert(key.to_owned(), Tag { value: value.to_owned(), propagate_at_launch });
        }
    }

    /// DeleteTags. A tag that is not there, or has another value, is left alone.
    ///
    /// # Errors
    /// No such group.
    pub fn delete_tags(&mut self, request: &DeleteTags) -> Result<(), Refusal> {
        for tag in &request.tags {
            self.group_named(&resource(tag)?)?;
        }
        for tag in &request.tags {
            let Some(group) = self.groups.get_mut(&resource(tag)?) else { continue };
            let same = |there: &Tag| tag.value.as_ref().is_none_or(|value| there.value == *value);
            if group.tags.get(&tag.key).is_some_and(same) {
                group.tags.remove(&tag.key);
            }
        }
        Ok(())
    }
}

fn resource(tag: &TagRequest) -> Result<String, Refusal> {
    match (&tag.resource_id, tag.resource_type.as_deref()) {
        (Some(group), Some("auto-scaling-group") | None) => Ok(group.clone()),
        (Some(_), Some(other)) => Err(validation(format!("{other} is not a valid tag resource type."))),
        (None, _) => Err(validation("1 validation error detected: a tag needs a ResourceId")),
    }
}
