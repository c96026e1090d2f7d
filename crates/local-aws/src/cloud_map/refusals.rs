//! Cloud Map's refusals, with the status that its model gives each.

use crate::refusal::Refusal;

/// `InvalidInput`.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", message)
}

/// One of the errors that say that something is not there: status 404.
pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status: 404, ..Refusal::new(code, message) }
}

/// `ResourceInUse`: status 409.
pub(super) fn in_use(message: impl Into<String>) -> Refusal {
    Refusal { status: 409, ..Refusal::new("ResourceInUse", message) }
}

/// `DuplicateRequest`, which carries the operation that is in the way: status 409.
pub(super) fn duplicate(message: impl Into<String>, operation: &str) -> Refusal {
    Refusal { status: 409, ..Refusal::new("DuplicateRequest", message) }.with("DuplicateOperationId", operation)
}

/// `ResourceLimitExceeded`.
pub(super) fn too_many(message: impl Into<String>) -> Refusal {
    Refusal::new("ResourceLimitExceeded", message)
}
