//! Registers and deregisters tasks.

use cloud_map::{Error, RecordName, Registrar, Registration, Removed, TaskArn};
use daemon::exit::chain;
use task_state::ServiceName;

use super::Failure;
use crate::plan::step::Done;

pub(super) async fn register(
    registrar: &Registrar,
    service: &ServiceName,
    registration: &Registration,
) -> Result<Done, Failure> {
    registrar.register(&RecordName::service(service), registration).await.map_err(|error| failure(&error))?;
    Ok(Done::Registered)
}

pub(super) async fn deregister(registrar: &Registrar, service: &ServiceName, task: &TaskArn) -> Result<Done, Failure> {
    match registrar.deregister(&RecordName::service(service), task.id()).await {
        Ok(Removed::Now) => Ok(Done::Deregistered { was_there: true }),
        Ok(Removed::WasNotThere) => Ok(Done::Deregistered { was_there: false }),
        Err(error) => Err(failure(&error)),
    }
}

fn failure(error: &Error) -> Failure {
    Failure { why: chain(error), retry: error.retry() }
}
