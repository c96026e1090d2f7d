//! What has changed, for the log: INFO for a state, WARN where a person may need to look. The messages are constant.

use std::time::Duration;

use cloud_map::{Retry, TaskArn};
use task_state::ServiceName;

use crate::plan::step::Step;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Introspection cannot be asked; nothing is removed meanwhile.
    TasksUnknown {
        /// Why.
        why: String,
    },
    /// Introspection answers again.
    TasksKnownAgain,
    /// A task without `SERVICE_NAME`.
    NotOurs(TaskArn),
    /// At a task's address something else answers.
    Stranger {
        /// The task.
        task: TaskArn,
        /// The service that answered.
        says: ServiceName,
    },
    /// A task may be used.
    TaskReady {
        /// Which.
        task: TaskArn,
        /// Its service.
        service: Option<ServiceName>,
    },
    /// Its registration has succeeded.
    TaskRegistered {
        /// Which.
        task: TaskArn,
        /// Its service.
        service: ServiceName,
        /// Since it was ready.
        took: Option<Duration>,
    },
    /// Its deregistration has succeeded.
    TaskDeregistered {
        /// Which.
        task: TaskArn,
        /// Its service.
        service: ServiceName,
    },
    /// Its supervisor knows that the drain need not wait for this agent.
    DrainReleased {
        /// Which task.
        task: TaskArn,
        /// Its service.
        service: ServiceName,
        /// The drain.
        number: u64,
    },
    /// Protection was off and is on.
    ProtectionSet,
    /// Nothing runs here.
    HostEmpty,
    /// DRAINING, by this agent.
    HostDraining,
    /// DRAINING, by somebody else.
    DrainedBySomebody,
    /// ECS shows work on a host that looked empty.
    WorkFound {
        /// How many tasks.
        tasks: u32,
    },
    /// ACTIVE again.
    HostActive,
    /// The termination was accepted.
    HostTerminated {
        /// The group wants one host less.
        decrement: bool,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: Step,
        /// The error and its causes.
        why: String,
        /// Whether it may succeed later.
        retry: Retry,
        /// How often in a row.
        failures: u32,
    },
}

impl News {
    /// Writes it to the log. `host` is the EC2 instance's id.
    pub fn log(&self, host: &str) {
        match self {
            News::TasksUnknown { why } => {
                tracing::warn!(host, error = why, "tasks unknown: nothing is removed until they are known again");
            }
            News::TasksKnownAgain => tracing::info!(host, "tasks known again"),
            News::NotOurs(task) => tracing::debug!(host, task = task.id(), "task without SERVICE_NAME is left alone"),
            News::Stranger { task, says } => {
                tracing::warn!(host, task = task.id(), says = %says, "another service answers at the task's address");
            }
            News::TaskReady { task, service } => {
                let service = service.as_ref().map(ServiceName::as_str);
                tracing::info!(host, task = task.id(), service, "task ready");
            }
            News::TaskRegistered { task, service, took } => {
                let took_ms = took.map(millis);
                tracing::info!(host, task = task.id(), service = %service, took_ms, "task registered");
            }
            News::TaskDeregistered { task, service } => {
                tracing::info!(host, task = task.id(), service = %service, "task deregistered");
            }
            News::DrainReleased { task, service, number } => {
                tracing::info!(host, task = task.id(), service = %service, number, "drain released");
            }
            News::ProtectionSet => tracing::info!(host, "protection set"),
            News::HostEmpty => tracing::info!(host, "host empty"),
            News::HostDraining => tracing::info!(host, "host draining"),
            News::DrainedBySomebody => tracing::info!(host, "host is drained by somebody else and left alone"),
            News::WorkFound { tasks } => tracing::info!(host, tasks, "work found"),
            News::HostActive => tracing::info!(host, "host active again"),
            News::HostTerminated { decrement } => tracing::info!(host, decrement, "host terminated"),
            News::StepFailed { step, why, retry, failures } => {
                tracing::warn!(host, step = %step, error = why, retry = ?retry, failures, "step failed");
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
