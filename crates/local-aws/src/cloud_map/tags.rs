//! Tags of namespaces and services, and a service's own attributes.

use std::collections::BTreeMap;

use super::model::CloudMap;
use super::refusals::{invalid, not_found};
use super::requests::Tag;
use crate::account::last_part;
use crate::refusal::Refusal;

/// AWS's limit of tags of a resource.
const MOST_TAGS: usize = 50;

/// The quota of a service's own attributes (`ServiceAttributesMap`).
const MOST_ATTRIBUTES: usize = 30;

/// Refuses tags that no resource can have.
pub(super) fn check_tags(tags: &[Tag]) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        return Err(too_many_tags(""));
    }
    for tag in tags {
        if !(1..=128).contains(&tag.key.chars().count()) || tag.value.chars().count() > 256 {
            return Err(invalid("A tag's key must be 1 to 128 characters, its value at most 256."));
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys that begin with aws: are reserved."));
        }
    }
    Ok(())
}

fn too_many_tags(arn: &str) -> Refusal {
    Refusal::new("TooManyTagsException", "A resource can have at most 50 tags.").with("ResourceName", arn)
}

impl CloudMap {
    /// TagResource.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `InvalidInput`, `TooManyTagsException`.
    pub fn tag(&mut self, arn: &str, tags: Vec<Tag>) -> Result<(), Refusal> {
        self.taggable(arn)?;
        check_tags(&tags)?;
        let there = self.tags.get(arn);
        let new = tags.iter().filter(|tag| !there.is_some_and(|there| there.contains_key(&tag.key))).count();
        if there.map_or(0, BTreeMap::len) + new > MOST_TAGS {
            return Err(too_many_tags(arn));
        }
        self.put_tags(arn, tags);
        Ok(())
    }

    /// UntagResource.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn untag(&mut self, arn: &str, keys: &[String]) -> Result<(), Refusal> {
        self.taggable(arn)?;
        if let Some(there) = self.tags.get_mut(arn) {
            there.retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }

    /// ListTagsForResource.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn tags(&self, arn: &str) -> Result<Vec<Tag>, Refusal> {
        self.taggable(arn)?;
        let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
        Ok(self.tags.get(arn).into_iter().flatten().map(tag).collect())
    }

    pub(super) fn put_tags(&mut self, arn: &str, tags: Vec<Tag>) {
        if !tags.is_empty() {
            self.tags.entry(arn.to_owned()).or_default().extend(tags.into_iter().map(|tag| (tag.key, tag.value)));
        }
    }

    fn taggable(&self, arn: &str) -> Result<(), Refusal> {
        let id = last_part(arn);
        let namespace = self.namespaces.get(id).is_some_and(|it| it.arn == arn);
        if namespace || self.services.get(id).is_some_and(|it| it.arn == arn) {
            return Ok(());
        }
        Err(not_found("ResourceNotFoundException", format!("Resource {arn} not found.")))
    }

    /// UpdateServiceAttributes.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InvalidInput`, `ServiceAttributesLimitExceededException`.
    pub fn set_attributes(&mut self, service: &str, attributes: BTreeMap<String, String>) -> Result<(), Refusal> {
        let id = self.service(service)?.id.clone();
        if !(1..=MOST_ATTRIBUTES).contains(&attributes.len()) {
            return Err(invalid("Attributes must be 1 to 30."));
        }
        if attributes
            .iter()
            .any(|(key, value)| !(1..=255).contains(&key.chars().count()) || value.chars().count() > 1024)
        {
            return Err(invalid("An attribute's key must be 1 to 255 characters, its value at most 1024."));
        }
        let Some(of) = self.services.get_mut(&id) else { return Ok(()) };
        let new = attributes.keys().filter(|key| !of.attributes.contains_key(*key)).count();
        if of.attributes.len() + new > MOST_ATTRIBUTES {
            let message = "A service can have at most 30 attributes.";
            return Err(Refusal::new("ServiceAttributesLimitExceededException", message));
        }
        of.attributes.extend(attributes);
        Ok(())
    }

    /// DeleteServiceAttributes.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InvalidInput`.
    pub fn delete_attributes(&mut self, service: &str, keys: &[String]) -> Result<(), Refusal> {
        let id = self.service(service)?.id.clone();
        if !(1..=MOST_ATTRIBUTES).contains(&keys.len()) {
            return Err(invalid("Attributes must be 1 to 30 keys."));
        }
        if let Some(of) = self.services.get_mut(&id) {
            of.attributes.retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }
}
