//! Finding and listing task definitions.

use super::{DefinitionStatus, TaskDefinition};
use crate::account::last_part;
use crate::ecs::model::Ecs;
use crate::ecs::pages::Page;
use crate::ecs::requests::definitions::ListTaskDefinitions;
use crate::refusal::Refusal;

impl Ecs {
    /// A definition by family (the latest ACTIVE one), `family:revision` or ARN.
    ///
    /// # Errors
    /// There is none.
    pub fn task_definition(&self, name: &str) -> Result<&TaskDefinition, Refusal> {
        let short = last_part(name);
        let found = match short.rsplit_once(':') {
            Some((family, revision)) => revision
                .parse()
                .ok()
                .and_then(|revision: u32| self.definitions.get(family).and_then(|f| f.revisions.get(&revision))),
            None => self.definitions.get(short).and_then(|family| family.latest()),
        };
        found.ok_or_else(|| Refusal::new("ClientException", "Unable to describe task definition."))
    }

    /// A definition that new tasks may be of.
    ///
    /// # Errors
    /// There is none, or it was deregistered ("You can't use an INACTIVE task definition to run new tasks",
    /// DeregisterTaskDefinition; the ten minutes that AWS may take for that are none here).
    pub fn runnable_definition(&self, name: &str) -> Result<&TaskDefinition, Refusal> {
        if name.is_empty() {
            return Err(Refusal::new("ClientException", "TaskDefinition can not be blank."));
        }
        let none = |_| Refusal::new("ClientException", "TaskDefinition not found.");
        let definition = self.task_definition(name).map_err(none)?;
        match definition.status {
            DefinitionStatus::Active => Ok(definition),
            DefinitionStatus::Inactive | DefinitionStatus::DeleteInProgress => {
                Err(Refusal::new("ClientException", "TaskDefinition is inactive"))
            }
        }
    }

    /// A definition by `family:revision`.
    pub(in crate::ecs) fn definition_mut(&mut self, short: &str) -> Option<&mut TaskDefinition> {
        let (family, revision) = short.rsplit_once(':')?;
        self.definitions.get_mut(family)?.revisions.get_mut(&revision.parse().ok()?)
    }

    /// A page of ARNs, by family and revision.
    ///
    /// # Errors
    /// A status, an order or a page that is none.
    pub fn list_task_definitions(
        &mut self,
        request: &ListTaskDefinitions,
    ) -> Result<(Vec<String>, Option<String>), Refusal> {
        self.drop_deleted_definitions();
        let status = match request.status.as_deref() {
            None | Some("ACTIVE") => DefinitionStatus::Active,
            Some("INACTIVE") => DefinitionStatus::Inactive,
            Some("DELETE_IN_PROGRESS") => DefinitionStatus::DeleteInProgress,
            Some(_) => return Err(invalid("status should be one of [ACTIVE, INACTIVE, DELETE_IN_PROGRESS].")),
        };
        let backwards = match request.sort.as_deref() {
            None | Some("ASC") => false,
            Some("DESC") => true,
            Some(_) => return Err(invalid("sort should be one of [ASC, DESC].")),
        };
        let page = Page::read("definitions", 100, request.max_results, request.next_token.as_deref())?;
        let all = self.definitions.values().flat_map(|family| family.revisions.values());
        let listed = all.filter(|definition| {
            definition.status == status
                && request.family_prefix.as_ref().is_none_or(|family| definition.family == *family)
        });
        let key = |definition: &&TaskDefinition| format!("{} {:010}", definition.family, definition.revision);
        let (found, next) = if backwards {
            let mut all: Vec<&TaskDefinition> = listed.collect();
            all.reverse();
            page.cut_backwards(all.into_iter(), key)
        } else {
            page.cut(listed, key)
        };
        Ok((found.into_iter().map(|definition| definition.arn.clone()).collect(), next))
    }

    /// A page of families' names.
    ///
    /// # Errors
    /// A status or a page that is none.
    pub fn list_families(&mut self, request: &ListTaskDefinitions) -> Result<(Vec<String>, Option<String>), Refusal> {
        self.drop_deleted_definitions();
        let wanted: fn(bool) -> bool = match request.status.as_deref() {
            None | Some("ALL") => |_| true,
            Some("ACTIVE") => |active| active,
            Some("INACTIVE") => |active| !active,
            Some(_) => return Err(invalid("status should be one of [ACTIVE, INACTIVE, ALL].")),
        };
        let page = Page::read("families", 100, request.max_results, request.next_token.as_deref())?;
        let prefix = request.family_prefix.as_deref().unwrap_or_default();
        let listed = self.definitions.iter().filter(|(name, family)| {
            name.starts_with(prefix) && !family.revisions.is_empty() && wanted(family.latest().is_some())
        });
        let (found, next) = page.cut(listed, |(name, _)| (*name).clone());
        Ok((found.into_iter().map(|(name, _)| name.clone()).collect(), next))
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
