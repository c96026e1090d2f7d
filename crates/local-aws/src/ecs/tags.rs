//! Tags: what may be one, and TagResource, UntagResource and ListTagsForResource for everything that has any.

use super::instance::InstanceStatus;
use super::model::Ecs;
use super::requests::Tag;
use super::requests::tags::{TagResource, UntagResource};
use crate::refusal::Refusal;

/// "Maximum number of tags per resource - 50" (Tag).
const AT_MOST: usize = 50;

/// Whether a call may carry these tags.
///
/// # Errors
/// Too many, one key twice, too long, signs that are not allowed, a prefix that is AWS's.
pub fn valid(tags: &[Tag]) -> Result<(), Refusal> {
    if tags.len() > AT_MOST {
        return Err(invalid("Number of tags cannot be greater than 50."));
    }
    for (place, tag) in tags.iter().enumerate() {
        let key = tag.key.as_str();
        if !(1..=128).contains(&key.chars().count()) || !key.chars().all(allowed) {
            return Err(invalid("A tag's key must have 1 to 128 letters, numbers, spaces and _ . : / = + - @."));
        }
        if tag.value.chars().count() > 256 || !tag.value.chars().all(allowed) {
            return Err(invalid("A tag's value must have at most 256 letters, numbers, spaces and _ . : / = + - @."));
        }
        if key.to_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys cannot begin with 'aws:'."));
        }
        if tags[..place].iter().any(|earlier| earlier.key == tag.key) {
            return Err(invalid("Duplicate tag keys are not allowed."));
        }
    }
    Ok(())
}

/// The model's pattern: letters, numbers and separators of any script, and `_.:/=+-@`.
fn allowed(sign: char) -> bool {
    sign.is_alphanumeric() || (sign.is_whitespace() && !sign.is_control()) || "_.:/=+-@".contains(sign)
}

/// `more` wins over what is there.
pub(super) fn merge(there: &mut Vec<Tag>, more: &[Tag]) -> Result<(), Refusal> {
    let mut merged: Vec<Tag> = there.iter().filter(|tag| !more.iter().any(|m| m.key == tag.key)).cloned().collect();
    merged.extend(more.iter().cloned());
    if merged.len() > AT_MOST {
        return Err(invalid("Number of tags cannot be greater than 50."));
    }
    *there = merged;
    Ok(())
}

impl Ecs {
    /// TagResource.
    ///
    /// # Errors
    /// What has no tags; tags that are none.
    pub fn tag_resource(&mut self, request: &TagResource) -> Result<(), Refusal> {
        valid(&request.tags)?;
        let tags = request.tags.clone();
        self.with_tags(&request.resource_arn, move |there| merge(there, &tags))?
    }

    /// UntagResource.
    ///
    /// # Errors
    /// What has no tags.
    pub fn untag_resource(&mut self, request: &UntagResource) -> Result<(), Refusal> {
        let keys = request.tag_keys.clone();
        self.with_tags(&request.resource_arn, move |there| there.retain(|tag| !keys.contains(&tag.key)))
    }

    /// ListTagsForResource.
    ///
    /// # Errors
    /// What has no tags.
    pub fn list_tags(&mut self, arn: &str) -> Result<Vec<Tag>, Refusal> {
        self.with_tags(arn, |there| there.clone())
    }

    /// Does something with the tags of a resource.
    fn with_tags<T>(&mut self, arn: &str, act: impl FnOnce(&mut Vec<Tag>) -> T) -> Result<T, Refusal> {
        let bad = || invalid("The specified ARN is invalid.");
        let ours = self.account.arn("ecs", "");
        let (kind, rest) = arn.strip_prefix(&ours).and_then(|rest| rest.split_once('/')).ok_or_else(bad)?;
        let gone = || Refusal::new("ResourceNotFoundException", "The specified resource wasn't found.");
        match kind {
            "cluster" => {
                let cluster = self.clusters.get_mut(rest).filter(|cluster| cluster.active);
                cluster.map(|cluster| act(&mut cluster.tags)).ok_or_else(no_cluster)
            }
            "service" => {
                let (cluster, name) = rest.split_once('/').ok_or_else(bad)?;
                let service = self.services.get_mut(&(cluster.to_owned(), name.to_owned()));
                let service = service.filter(|service| service.is_there());
                let none = || Refusal::new("ServiceNotFoundException", "Service not found.");
                service.map(|service| act(&mut service.tags)).ok_or_else(none)
            }
            "task" => {
                let id = crate::account::last_part(rest).to_owned();
                let there = self.tasks.get(&id).is_some_and(|task| task.arn == arn);
                let changed = if there { self.tasks.change(&id, |task| act(&mut task.tags)) } else { None };
                changed.ok_or_else(|| invalid("The specified task is stopped. Specify a running task and try again."))
            }
            "container-instance" => {
                let instance = self.instances.get_mut(arn).filter(|i| i.status != InstanceStatus::Inactive);
                let none = || invalid("The specified container instance was not found.");
                instance.map(|instance| act(&mut instance.tags)).ok_or_else(none)
            }
            "capacity-provider" => {
                self.providers.get_mut(rest).map(|provider| act(&mut provider.tags)).ok_or_else(gone)
            }
            "task-definition" => match self.definition_mut(rest) {
                Some(definition) => Ok(act(&mut definition.tags)),
                None => Err(invalid("The specified task definition was not found.")),
            },
            _ => Err(bad()),
        }
    }
}

fn no_cluster() -> Refusal {
    Refusal::new("ClusterNotFoundException", "Cluster not found.")
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
