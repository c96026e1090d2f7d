//! A deployment: one version of a service, how far it has come, and how long it waits before it tries again.

use std::time::Duration;

use daemon::moment::Moment;
use serde_json::Value;

use crate::ecs::launch::On;

/// How many tasks in a row may fail to start before the next attempt waits. ECS documents no number, only "repeatedly".
const FREE_ATTEMPTS: u32 = 2;
/// The first wait. Not documented; it doubles with every failure.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait ("up to a maximum of 15 minutes", ECS developer guide, "Service throttle logic").
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// How far a deployment has come (`rolloutState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollout {
    /// It goes on.
    InProgress,
    /// The service has reached a steady state with it.
    Completed,
    /// The circuit breaker ended it. It starts no tasks any more.
    Failed,
}

impl Rollout {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Completed => "COMPLETED",
            Rollout::Failed => "FAILED",
        }
    }
}

/// A deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// `ecs-svc/<number>`.
    pub id: String,
    /// The ARN of the task definition.
    pub definition: String,
    /// What its tasks run on.
    pub on: On,
    /// The network of its tasks, as given.
    pub network: Option<Value>,
    /// How far it has come.
    pub rollout: Rollout,
    /// The same for people.
    pub reason: String,
    /// Tasks that failed to start, in a row.
    pub failed: u32,
    /// No task is started before.
    pub not_before: Option<Moment>,
    /// When it began.
    pub created_at: Moment,
    /// When something about it changed.
    pub updated_at: Moment,
}

impl Deployment {
    /// One that begins.
    #[must_use]
    pub fn new(now: Moment, number: u64, definition: String, on: On, network: Option<Value>) -> Self {
        let id = format!("ecs-svc/{:019}", number % 10_u64.pow(19));
        Deployment {
            reason: format!("ECS deployment {id} in progress."),
            id,
            definition,
            on,
            network,
            rollout: Rollout::InProgress,
            failed: 0,
            not_before: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// It has come to an end.
    pub fn end(&mut self, now: Moment, rollout: Rollout, reason: String) {
        self.rollout = rollout;
        self.reason = reason;
        self.updated_at = now;
    }

    /// How long to wait after the last failure, at AWS's pace; none while failures are few.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let doublings = self.failed.checked_sub(FREE_ATTEMPTS)?;
        Some(FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_WAIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::task::LaunchType;

    #[test]
    fn what_fails_to_start_again_and_again_is_tried_less_and_less_often() {
        let on = On::LaunchType(LaunchType::Ec2);
        let mut deployment = Deployment::new(Moment::START, 7, "demo:1".to_owned(), on, None);
        assert_eq!(deployment.id, "ecs-svc/0000000000000000007");
        let mut waits = Vec::new();
        for failed in 0..9 {
            deployment.failed = failed;
            waits.push(deployment.wait().map(|wait| wait.as_secs()));
        }
        let doubling = [30, 60, 120, 240, 480, 900, 900].map(Some);
        assert_eq!(waits[..2], [None, None]);
        assert_eq!(waits[2..], doubling);
        deployment.failed = u32::MAX;
        assert_eq!(deployment.wait(), Some(LONGEST_WAIT));
    }
}
