//! RegisterTaskDefinition, DeregisterTaskDefinition, DeleteTaskDefinitions.

use daemon::moment::Moment;

use super::{ContainerDefinition, DefinitionStatus, NetworkMode, TaskDefinition, valid};
use crate::account::last_part;
use crate::ecs::launch::Failure;
use crate::ecs::model::Ecs;
use crate::ecs::requests::RegisterTaskDefinition;
use crate::refusal::Refusal;

impl Ecs {
    /// Adds a revision to a family.
    ///
    /// # Errors
    /// What `valid` finds.
    pub fn register_task_definition(
        &mut self,
        now: Moment,
        request: RegisterTaskDefinition,
    ) -> Result<&TaskDefinition, Refusal> {
        let size = valid::check(&request)?;
        let mode = valid::network_mode(&request);
        let containers = request.container_definitions.iter().map(|container| told(container, mode)).collect();
        let family = request.family.clone();
        let revision = self.definitions.get(&family).map_or(0, |family| family.last) + 1;
        let arn = self.account.arn("ecs", &format!("task-definition/{family}:{revision}"));
        let definition = TaskDefinition {
            arn,
            family: family.clone(),
            revision,
            status: DefinitionStatus::Active,
            containers,
            cpu: size.cpu,
            memory: size.memory,
            on_fargate: size.on_fargate,
            registered_at: now,
            deregistered_at: None,
            delete_requested_at: None,
            tags: request.tags.clone(),
            request,
        };
        let family = self.definitions.entry(family).or_default();
        family.last = revision;
        Ok(family.revisions.entry(revision).or_insert(definition))
    }

    /// Makes a revision INACTIVE.
    ///
    /// # Errors
    /// No revision is named, or there is none.
    pub fn deregister_task_definition(&mut self, now: Moment, name: &str) -> Result<&TaskDefinition, Refusal> {
        let short = exact(name)?.to_owned();
        let none = || client("The specified task definition does not exist.");
        let definition = self.definition_mut(&short).ok_or_else(none)?;
        if definition.status == DefinitionStatus::Active {
            definition.status = DefinitionStatus::Inactive;
            definition.deregistered_at = Some(now);
        }
        Ok(definition)
    }

    /// Deletes INACTIVE revisions: those that were, and what was not. They go when no task is known of them.
    ///
    /// # Errors
    /// None named, or more than ten.
    pub fn delete_task_definitions(
        &mut self,
        now: Moment,
        names: &[String],
    ) -> Result<(Vec<TaskDefinition>, Vec<Failure>), Refusal> {
        if names.is_empty() || names.len() > 10 {
            return Err(Refusal::new(
                "InvalidParameterException",
                "taskDefinitions must contain between 1 and 10 items.",
            ));
        }
        self.drop_deleted_definitions();
        let mut deleted = Vec::new();
        let mut failures = Vec::new();
        for name in names {
            let short = exact(name)?.to_owned();
            let arn = self.account.arn("ecs", &format!("task-definition/{short}"));
            match self.definition_mut(&short) {
                None => failures.push(Failure {
                    detail: Some("The specified task definition does not exist.".to_owned()),
                    ..Failure::of(&arn, "MISSING")
                }),
                Some(definition) if definition.status == DefinitionStatus::Active => failures.push(Failure {
                    detail: Some(
                        "The specified task definition is still in ACTIVE status. Please deregister the target and try \
                         again."
                            .to_owned(),
                    ),
                    ..Failure::of(&arn, "InvalidParameterException")
                }),
                Some(definition) => {
                    definition.status = DefinitionStatus::DeleteInProgress;
                    definition.delete_requested_at.get_or_insert(now);
                    deleted.push(definition.clone());
                }
            }
        }
        Ok((deleted, failures))
    }

    /// Forgets deleted revisions that nothing is known to run of.
    pub(in crate::ecs) fn drop_deleted_definitions(&mut self) {
        let deleted = |d: &&TaskDefinition| d.status == DefinitionStatus::DeleteInProgress;
        let all = self.definitions.values().flat_map(|family| family.revisions.values()).filter(deleted);
        let free: Vec<(String, u32)> = all
            .filter(|definition| {
                let arn = &definition.arn;
                !self.tasks.values().any(|task| task.definition == *arn) && !self.used_by_services(arn)
            })
            .map(|definition| (definition.family.clone(), definition.revision))
            .collect();
        for (family, revision) in free {
            if let Some(family) = self.definitions.get_mut(&family) {
                family.revisions.remove(&revision);
            }
        }
    }
}

/// A container as it is described: with what AWS fills in.
fn told(container: &ContainerDefinition, mode: NetworkMode) -> ContainerDefinition {
    let mut told = container.clone();
    for port in &mut told.port_mappings {
        let same = Some(port.container_port);
        port.host_port = match mode {
            NetworkMode::Awsvpc | NetworkMode::Host => same,
            NetworkMode::Bridge | NetworkMode::None => port.host_port.or(Some(0)),
        };
    }
    told
}

/// `family:revision`, of that or of an ARN.
fn exact(name: &str) -> Result<&str, Refusal> {
    let short = last_part(name);
    match short.rsplit_once(':') {
        None => Err(client("Revision is missing.")),
        Some((_, revision)) if revision.parse::<u32>().is_err() => {
            Err(client(&format!("Invalid revision number. Number: {revision}")))
        }
        Some(_) => Ok(short),
    }
}

fn client(message: &str) -> Refusal {
    Refusal::new("ClientException", message)
}
