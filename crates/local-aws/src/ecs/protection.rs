//! Task scale-in protection: what deployments and scale-in have to spare, for a time.
//!
//! Only tasks of services can be protected (API reference, UpdateTaskProtection).

use std::time::Duration;

use daemon::moment::Moment;
use serde::Deserialize;

use super::launch::Failure;
use super::model::{Ecs, Effect};
use super::service::{Scheduling, Service};
use super::task::{Desired, LastStatus, Task};
use crate::account::last_part;
use crate::refusal::Refusal;

pub mod wire;

/// How long a protection lasts unless said (API reference).
const EXPIRES_IN_MINUTES: i64 = 120;
/// How long it may last (API reference: up to 48 hours).
const MINUTES: std::ops::RangeInclusive<i64> = 1..=2880;
/// How many tasks one call of UpdateTaskProtection may name (API reference).
const CHANGED_AT_ONCE: usize = 10;
/// How many tasks one call of GetTaskProtection may name (API reference).
const ASKED_AT_ONCE: usize = 100;

/// UpdateTaskProtection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTaskProtection {
    /// Name or ARN.
    pub cluster: String,
    /// Ids or ARNs, at most 10.
    pub tasks: Vec<String>,
    /// Whether to protect them.
    pub protection_enabled: bool,
    /// 1 to 2880; 120 unless said.
    #[serde(default)]
    pub expires_in_minutes: Option<i64>,
}

/// GetTaskProtection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct GetTaskProtection {
    /// Name or ARN.
    pub cluster: String,
    /// Ids or ARNs, at most 100.
    #[serde(default)]
    pub tasks: Vec<String>,
}

/// How a task is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Its ARN.
    pub task: String,
    /// Until when, if it is.
    pub until: Option<Moment>,
}

/// What came of a call, by task.
pub type Protections = (Vec<Protection>, Vec<Failure>);

impl Ecs {
    /// Until when a task is protected, if it is.
    #[must_use]
    pub fn protected_until(&self, id: &str) -> Option<Moment> {
        self.protections.get(id).copied()
    }

    /// UpdateTaskProtection.
    ///
    /// # Errors
    /// No such cluster; too many tasks or none; minutes out of their range. What fails for one task is in the answer.
    pub fn update_task_protection(
        &mut self,
        now: Moment,
        request: &UpdateTaskProtection,
    ) -> Result<Protections, Refusal> {
        let cluster = self.cluster(Some(&request.cluster))?.name.clone();
        valid_number(&request.tasks, CHANGED_AT_ONCE)?;
        let minutes = request.expires_in_minutes.unwrap_or(EXPIRES_IN_MINUTES);
        if !MINUTES.contains(&minutes) {
            return Err(invalid("expiresInMinutes must be between 1 and 2880."));
        }
        let lasts = Duration::from_secs(u64::try_from(minutes).unwrap_or(0) * 60);
        let until = request.protection_enabled.then(|| now + self.pace.of(lasts));
        let (mut changed, mut failures) = (Vec::new(), Vec::new());
        for named in &request.tasks {
            let may = self.protectable(&cluster, named).and_then(|(task, service)| {
                match until.is_some() && self.blocked(task, service) {
                    true => Err(failure(&task.arn, "DEPLOYMENT_BLOCKED")),
                    false => Ok((task.id.clone(), task.arn.clone())),
                }
            });
            match may {
                Err(failure) => failures.push(failure),
                Ok((id, arn)) => {
                    self.protect(&id, until);
                    changed.push(Protection { task: arn, until });
                }
            }
        }
        Ok((changed, failures))
    }

    /// GetTaskProtection.
    ///
    /// # Errors
    /// No such cluster; too many tasks or none.
    pub fn get_task_protection(&self, request: &GetTaskProtection) -> Result<Protections, Refusal> {
        let cluster = &self.cluster(Some(&request.cluster))?.name;
        valid_number(&request.tasks, ASKED_AT_ONCE)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for named in &request.tasks {
            match self.protectable(cluster, named) {
                Ok((task, _)) => {
                    found.push(Protection { task: task.arn.clone(), until: self.protected_until(&task.id) });
                }
                Err(failure) => failures.push(failure),
            }
        }
        Ok((found, failures))
    }

    /// Protections end with their time, and with their tasks.
    pub(super) fn expire_protections(&mut self, now: Moment) {
        let over = |id: &str, until: Moment| {
            until <= now || self.tasks.get(id).is_none_or(|task| task.last_status == LastStatus::Stopped)
        };
        let ended: Vec<String> =
            self.protections.iter().filter(|(id, until)| over(id, **until)).map(|(id, _)| id.clone()).collect();
        for id in ended {
            self.protect(&id, None);
        }
    }

    /// When a protection ends.
    pub(super) fn protections_deadline(&self) -> Option<Moment> {
        self.protections.values().min().copied()
    }

    fn protect(&mut self, id: &str, until: Option<Moment>) {
        let before = match until {
            Some(until) => self.protections.insert(id.to_owned(), until),
            None => self.protections.remove(id),
        };
        self.tasks.stir();
        let task = id.to_owned();
        match (before.is_some(), until.is_some()) {
            (false, true) => self.effects.push(Effect::Protected { task }),
            (true, false) => self.effects.push(Effect::Unprotected { task }),
            (true, true) | (false, false) => {}
        }
    }

    /// A task of a service that can be protected, with its service.
    fn protectable(&self, cluster: &str, named: &str) -> Result<(&Task, &Service), Failure> {
        let id = last_part(named);
        let task = self.tasks.get(id).filter(|task| task.cluster == cluster && task.last_status < LastStatus::Stopped);
        let missing = || failure(&self.account.arn("ecs", &format!("task/{cluster}/{id}")), "MISSING");
        let task = task.ok_or_else(missing)?;
        let of = self.services.values().find(|service| service.cluster == cluster && service.tasks.contains_key(id));
        let not_valid = || failure(&task.arn, "TASK_NOT_VALID");
        // What is being stopped cannot be saved any more.
        of.filter(|_| task.desired == Desired::Running).map(|service| (task, service)).ok_or_else(not_valid)
    }

    /// Whether the service would have more protected tasks than it is to have tasks (ECS developer guide, "Task scale-in
    /// protection", DEPLOYMENT_BLOCKED).
    fn blocked(&self, task: &Task, service: &Service) -> bool {
        let others = service.tasks.keys().filter(|id| **id != task.id && self.protections.contains_key(*id)).count();
        match service.scheduling {
            Scheduling::Replica => others >= service.desired,
            Scheduling::Daemon => false,
        }
    }
}

fn valid_number(tasks: &[String], most: usize) -> Result<(), Refusal> {
    match (1..=most).contains(&tasks.len()) {
        true => Ok(()),
        false if tasks.is_empty() => Err(invalid("Tasks cannot be empty.")),
        false => Err(invalid(format!("Tasks must be at most {most}."))),
    }
}

fn failure(arn: &str, reason: &str) -> Failure {
    Failure { arn: Some(arn.to_owned()), reason: reason.to_owned(), detail: None }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

#[cfg(test)]
mod tests;
