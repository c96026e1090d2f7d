//! Carries out one step and says what came of it. No opinions: what to do and how often is the plan's.

mod cloud_map;
mod ecs;
mod scaling;
mod supervisor;

use std::time::Duration;

use ::cloud_map::{Registrar, Retry};
use aws_config::SdkConfig;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use daemon::exit::chain;
use tokio::time::timeout;

use crate::caller::Caller;
use crate::observe::host::{Identity, WorkLook};
use crate::plan::step::{Done, Outcome, Step};
use ecs::{Ecs, Work};
use scaling::Scaling;
use supervisor::Reporter;

/// The longest a step may take: two operations of Cloud Map, one after the other, and some.
const LONGEST_STEP: Duration = Duration::from_secs(240);

/// What acts.
#[derive(Debug)]
pub struct Hands {
    registrar: Registrar,
    ecs: Ecs,
    scaling: Scaling,
    reporter: Reporter,
}

/// Why a step failed, and whether it may succeed later.
#[derive(Debug)]
struct Failure {
    why: String,
    retry: Retry,
}

impl Hands {
    /// Hands for the host `identity`, that report to supervisors as `caller`.
    #[must_use]
    pub fn new(aws: &SdkConfig, namespace: &str, identity: &Identity, caller: Caller) -> Self {
        Hands {
            registrar: Registrar::new(aws, namespace),
            ecs: Ecs::new(aws, identity),
            scaling: Scaling::new(aws, identity),
            reporter: Reporter::new(caller),
        }
    }

    /// Carries out `step`.
    pub async fn apply(&self, step: &Step) -> Outcome {
        match timeout(LONGEST_STEP, self.carry_out(step)).await {
            Ok(Ok(done)) => Outcome::Done(done),
            Ok(Err(Failure { why, retry })) => Outcome::Failed { why, retry },
            Err(_) => {
                Outcome::Failed { why: format!("not done within {}s", LONGEST_STEP.as_secs()), retry: Retry::Allowed }
            }
        }
    }

    async fn carry_out(&self, step: &Step) -> Result<Done, Failure> {
        match step {
            Step::Describe { tasks } | Step::Prove { tasks } => self.ecs.describe(tasks).await.map(Done::Described),
            Step::Register { service, registration } => {
                cloud_map::register(&self.registrar, service, registration).await
            }
            Step::Deregister { service, task } => cloud_map::deregister(&self.registrar, service, task).await,
            Step::Release { endpoint, number, .. } => self.reporter.release(endpoint, *number).await,
            Step::LookAtGroup => self.scaling.member().await.map(Done::Group),
            Step::Protect { group } => self.scaling.protect(group).await,
            Step::LookAtInstance => Ok(Done::Instance(self.ecs.instance().await?.look)),
            Step::LookForWork { group } => {
                let Work { instance, tasks, provisioning } = self.ecs.work().await?;
                // Last, because in a large cluster the look takes long, and these numbers decide about the decrement.
                let (group, member) = self.scaling.size(group).await?;
                Ok(Done::Work(WorkLook { instance, tasks, provisioning, group, member }))
            }
            Step::Mark => self.ecs.mark().await,
            Step::Unmark => self.ecs.unmark().await,
            Step::Drain => self.ecs.drain().await,
            Step::Activate { .. } => self.ecs.activate().await,
            Step::Terminate { decrement } => self.scaling.terminate(*decrement).await,
        }
    }
}

/// The failure of a call of the AWS API.
fn refused<E>(call: &str, error: SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let retry = ::cloud_map::error::retry_of(&error);
    let code = error.code().map(|code| format!(" with {code}")).unwrap_or_default();
    Failure { why: format!("{call} failed{code}: {}", chain(&*::cloud_map::error::cause_of(error))), retry }
}

/// An answer without something it has to have.
fn incomplete(call: &str, missing: &str) -> Failure {
    Failure { why: format!("the answer to {call} has no {missing}"), retry: Retry::Allowed }
}
