//! SQS's errors. The JSON protocol calls them by their shapes, the Query protocol by older names, and answers in JSON carry
//! the older name too (`awsQueryCompatible`): clients of long ago still match on it.

use crate::refusal::Refusal;

/// `InvalidParameterValue`, for a parameter.
pub fn invalid(parameter: &str, value: impl std::fmt::Display, reason: &str) -> Refusal {
    bad_value(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// `InvalidParameterValue`. It is in no model, but it is what SQS says most often.
pub fn bad_value(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

/// A parameter is not there.
pub fn missing(parameter: &str) -> Refusal {
    Refusal::new("MissingParameter", format!("The request must contain the parameter {parameter}."))
}

/// There is no such queue.
pub fn no_queue() -> Refusal {
    Refusal::new("QueueDoesNotExist", "The specified queue does not exist.")
}

/// This is no queue's URL.
pub fn no_url(url: &str) -> Refusal {
    Refusal::new("InvalidAddress", format!("The address {url} is not valid for this endpoint."))
}

/// No attribute of this queue is called that, or it cannot be set.
pub fn unknown_attribute(name: &str) -> Refusal {
    Refusal::new("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

/// An attribute cannot have this value.
pub fn bad_attribute(name: &str) -> Refusal {
    Refusal::new("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

/// This was never given out as a receipt handle.
pub fn no_handle(handle: &str) -> Refusal {
    Refusal::new(
        "ReceiptHandleIsInvalid",
        format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
    )
}

/// What the Query protocol calls an error (`error.code` of the shapes in botocore's models before SQS spoke JSON).
#[must_use]
pub fn query_code(code: &'static str) -> &'static str {
    match code {
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId",
        "MessageNotInflight" => "AWS.SimpleQueueService.MessageNotInflight",
        "PurgeQueueInProgress" => "AWS.SimpleQueueService.PurgeQueueInProgress",
        "QueueDeletedRecently" => "AWS.SimpleQueueService.QueueDeletedRecently",
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists" => "QueueAlreadyExists",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation",
        same => same,
    }
}
