//! Attributes of container instances: PutAttributes, DeleteAttributes, ListAttributes.

use super::instance::{ContainerInstance, InstanceStatus};
use super::model::Ecs;
use super::pages::Page;
use super::requests::instances::{Attribute, Attributes, ListAttributes};
use crate::refusal::Refusal;

/// "You can specify up to 10 custom attributes for each resource" and "in a single call" (PutAttributes).
const AT_MOST: usize = 10;

impl Ecs {
    /// PutAttributes: all of them or none.
    ///
    /// # Errors
    /// No such cluster or container instance; a name or value that is none; too many.
    pub fn put_attributes(&mut self, request: &Attributes) -> Result<Vec<Attribute>, Refusal> {
        for attribute in &request.attributes {
            valid(attribute)?;
        }
        let targets = self.targets(request)?;
        for arn in &targets {
            let custom = self.instances.get(arn).map(|instance| &instance.attributes);
            let mut names: Vec<&String> = custom.into_iter().flat_map(|attributes| attributes.keys()).collect();
            names.extend(targets.iter().zip(&request.attributes).filter(|(to, _)| *to == arn).map(|(_, a)| &a.name));
            names.sort();
            names.dedup();
            if names.len() > AT_MOST {
                return Err(Refusal::new(
                    "AttributeLimitExceededException",
                    "You can apply up to 10 custom attributes for each resource.",
                ));
            }
        }
        Ok(self.each(&targets, request, |instance, attribute| {
            instance.attributes.insert(attribute.name.clone(), attribute.value.clone());
        }))
    }

    /// DeleteAttributes. One that is not there is deleted already.
    ///
    /// # Errors
    /// No such cluster or container instance; too many.
    pub fn delete_attributes(&mut self, request: &Attributes) -> Result<Vec<Attribute>, Refusal> {
        let targets = self.targets(request)?;
        Ok(self.each(&targets, request, |instance, attribute| {
            instance.attributes.remove(&attribute.name);
        }))
    }

    /// The container instance of each attribute.
    fn targets(&self, request: &Attributes) -> Result<Vec<String>, Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        if request.attributes.is_empty() {
            return Err(invalid("attributes can not be empty"));
        }
        if request.attributes.len() > AT_MOST {
            return Err(invalid("attributes must contain at most 10 items"));
        }
        let none = || Refusal::new("TargetNotFoundException", "The specified target wasn't found.");
        let target = |attribute: &Attribute| {
            let id = attribute.target_id.as_deref().ok_or_else(none)?;
            match attribute.target_type.as_deref() {
                Some("container-instance") => {}
                None if id.starts_with("arn:") => {}
                // "Required if you use the short form ID" (Attribute).
                None => return Err(invalid("targetType is required with the short form of an ID.")),
                Some(_) => return Err(invalid("targetType must be container-instance")),
            }
            let there = self.find_instance(cluster, id).filter(|i| i.status != InstanceStatus::Inactive);
            there.map(|instance| instance.arn.clone()).ok_or_else(none)
        };
        request.attributes.iter().map(target).collect()
    }

    fn each(
        &mut self,
        targets: &[String],
        request: &Attributes,
        change: impl Fn(&mut ContainerInstance, &Attribute),
    ) -> Vec<Attribute> {
        for (arn, attribute) in targets.iter().zip(&request.attributes) {
            if let Some(instance) = self.instances.get_mut(arn) {
                change(instance, attribute);
                instance.version += 1;
            }
        }
        self.tasks.stir();
        targets
            .iter()
            .zip(&request.attributes)
            .map(|(arn, attribute)| Attribute {
                target_type: Some("container-instance".to_owned()),
                target_id: Some(arn.clone()),
                ..attribute.clone()
            })
            .collect()
    }

    /// A page of attributes, custom ones and others.
    ///
    /// # Errors
    /// No such cluster; another type of target.
    pub fn list_attributes(&self, request: &ListAttributes) -> Result<(Vec<Attribute>, Option<String>), Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        if request.target_type.as_deref() != Some("container-instance") {
            return Err(invalid("targetType must be container-instance"));
        }
        if request.attribute_value.is_some() && request.attribute_name.is_none() {
            return Err(invalid("attributeValue needs an attributeName."));
        }
        let page = Page::read("attributes", 100, request.max_results, request.next_token.as_deref())?;
        let here = self.instances.values().filter(|i| i.cluster == *cluster && i.status != InstanceStatus::Inactive);
        let asked = |attribute: &Attribute| {
            request.attribute_name.as_ref().is_none_or(|name| attribute.name == *name)
                && (request.attribute_value.is_none() || attribute.value == request.attribute_value)
        };
        let all = here.flat_map(attributes_of).filter(asked);
        // Two spaces cannot be in an ARN or a name.
        Ok(page.cut(all, |a| format!("{}  {}", a.target_id.as_deref().unwrap_or_default(), a.name)))
    }
}

/// All attributes of an instance, by name.
fn attributes_of(instance: &ContainerInstance) -> Vec<Attribute> {
    let mut all = instance.given.clone();
    all.extend(instance.attributes.clone());
    all.into_iter()
        .map(|(name, value)| Attribute {
            name,
            value,
            target_type: Some("container-instance".to_owned()),
            target_id: Some(instance.arn.clone()),
        })
        .collect()
}

/// Names and values as the API reference of Attribute allows them; those that begin with `ecs.` are ECS's own.
fn valid(attribute: &Attribute) -> Result<(), Refusal> {
    let name = &attribute.name;
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || "-_./\\".contains(sign);
    if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
        return Err(invalid("An attribute's name must have 1 to 128 letters, numbers and -, _, ., / or \\."));
    }
    if name.starts_with("ecs.") || name.starts_with("com.amazonaws.ecs.") {
        return Err(invalid("Attributes that begin with 'ecs.' or 'com.amazonaws.ecs.' cannot be changed."));
    }
    let value = attribute.value.as_deref().unwrap_or("-");
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || "-_.@:/\\ ".contains(sign);
    if value.is_empty() || value.len() > 128 || value.trim() != value || !value.chars().all(allowed) {
        return Err(invalid(
            "An attribute's value must have 1 to 128 letters, numbers, spaces inside and -, _, ., @, :, / or \\.",
        ));
    }
    Ok(())
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
