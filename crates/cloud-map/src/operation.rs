//! Follows an operation of Cloud Map to its end.

use std::time::Duration;

use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::types::{Operation, OperationStatus, OperationType};
use daemon::backoff::Backoff;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Call, Error, Retry, failed};

/// How often an operation is asked for: soon at first, because some end at once; real ones take seconds.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));

/// Waits until `operation` has succeeded, for `longest` at most; what it was, where AWS says it.
///
/// # Errors
/// That of a FAIL; [`Error::OperationTooSlow`]; or why it can no longer be asked for.
pub(crate) async fn follow(
    client: &Client,
    operation: &str,
    longest: Duration,
) -> Result<Option<OperationType>, Error> {
    let end = Instant::now() + longest;
    let too_slow = || Error::OperationTooSlow { operation: operation.to_owned(), after: longest };
    let mut looks = 0;
    loop {
        let look = timeout_at(end, client.get_operation().operation_id(operation).send()).await;
        match look.map_err(|_| too_slow())?.map_err(|error| failed(Call::GetOperation, error)) {
            Ok(answer) => match answer.operation() {
                Some(found) => {
                    if let Some(ended) = ended(operation, found) {
                        return ended;
                    }
                }
                None => return Err(Error::Incomplete { call: Call::GetOperation, missing: "Operation" }),
            },
            // A failed look says nothing about the operation: look again.
            Err(error) if error.retry() != Retry::Useless => {}
            Err(error) => return Err(error),
        }
        looks += 1;
        if timeout_at(end, sleep(PAUSES.after(looks))).await.is_err() {
            return Err(too_slow());
        }
    }
}

/// What came of it; none while it is under way.
fn ended(id: &str, operation: &Operation) -> Option<Result<Option<OperationType>, Error>> {
    match operation.status() {
        Some(OperationStatus::Success) => Some(Ok(operation.r#type().cloned())),
        Some(OperationStatus::Fail) => Some(Err(Error::OperationFailed {
            operation: id.to_owned(),
            code: operation.error_code().unwrap_or("no code").to_owned(),
            message: operation.error_message().unwrap_or("no message").to_owned(),
        })),
        // A status this code does not know is not known to be an end.
        _ => None,
    }
}
