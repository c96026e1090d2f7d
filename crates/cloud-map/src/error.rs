//! What can go wrong with Cloud Map, and whether trying again may help.

use std::time::Duration;

use aws_sdk_servicediscovery::error::{ProvideErrorMetadata, SdkError};

/// A call of Cloud Map's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `ListNamespaces`.
    ListNamespaces,
    /// `CreateService`.
    CreateService,
    /// `RegisterInstance`.
    RegisterInstance,
    /// `DeregisterInstance`.
    DeregisterInstance,
    /// `GetOperation`.
    GetOperation,
    /// `DiscoverInstances`.
    DiscoverInstances,
}

impl Call {
    /// As AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Call::ListNamespaces => "ListNamespaces",
            Call::CreateService => "CreateService",
            Call::RegisterInstance => "RegisterInstance",
            Call::DeregisterInstance => "DeregisterInstance",
            Call::GetOperation => "GetOperation",
            Call::DiscoverInstances => "DiscoverInstances",
        }
    }
}

/// Whether the same call may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It may, after the usual growing delay.
    Allowed,
    /// It may, but the account is being throttled: wait longer.
    Slower,
    /// Not before a person changes something.
    Useless,
}

/// Why a call of the [`crate::Registrar`] failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// AWS refused the call, or it never got there.
    #[error("{} failed{}", call.as_str(), code.as_deref().map(|code| format!(" with {code}")).unwrap_or_default())]
    Call {
        /// Which call.
        call: Call,
        /// The error's code, where AWS answered with one.
        code: Option<String>,
        /// Whether to try again.
        retry: Retry,
        /// The SDK's own error.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no such namespace (`infra/` makes it), or it is being made.
    #[error("Cloud Map has no namespace {0:?}")]
    NoNamespace(String),
    /// An answer lacks what it has to have.
    #[error("the answer to {} has no {missing}", call.as_str())]
    Incomplete {
        /// Which call.
        call: Call,
        /// What is missing.
        missing: &'static str,
    },
    /// The operation ended as FAIL.
    #[error("operation {operation} failed with {code}: {message}")]
    OperationFailed {
        /// Its id.
        operation: String,
        /// Its `ErrorCode`.
        code: String,
        /// Its `ErrorMessage`.
        message: String,
    },
    /// The operation has not ended within [`crate::registrar::LONGEST_OPERATION`].
    #[error("operation {operation} has not ended within {}s", after.as_secs())]
    OperationTooSlow {
        /// Its id.
        operation: String,
        /// How long it was followed.
        after: Duration,
    },
    /// Another operation on the same instance was always under way.
    #[error("another operation on instance {0} was always under way")]
    Busy(String),
    /// The instance is not there, but a registration of it may be under way, or so new that it is not known everywhere:
    /// it is not known to be gone.
    #[error("instance {0} is not there, and a registration of it may still come")]
    MayStillCome(String),
}

impl Error {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Error::Call { retry, .. } => *retry,
            Error::OperationFailed { code, .. } => match code.as_str() {
                "ACCESS_DENIED" | "CANNOT_CREATE_HOSTED_ZONE" | "HOSTED_ZONE_NOT_FOUND" | "INVALID_CHANGE_BATCH" => {
                    Retry::Useless
                }
                "THROTTLED_REQUEST" => Retry::Slower,
                _ => Retry::Allowed,
            },
            Error::NoNamespace(_) => Retry::Slower,
            Error::Incomplete { .. } | Error::OperationTooSlow { .. } | Error::Busy(_) | Error::MayStillCome(_) => {
                Retry::Allowed
            }
        }
    }
}

/// The codes that say "slower" (the SDK knows the same; Cloud Map uses the last two).
const THROTTLES: [&str; 5] =
    ["Throttling", "TooManyRequestsException", "RequestLimitExceeded", "ThrottlingException", "RequestThrottled"];

/// Whether a call of any AWS service may succeed later, by the SDK's error.
pub fn retry_of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Retry {
    let server_side = error.raw_response().is_some_and(|answer| answer.status().is_server_error());
    match (error, error.code()) {
        (_, Some(code)) if THROTTLES.contains(&code) => Retry::Slower,
        (SdkError::ServiceError(_), _) if !server_side => Retry::Useless,
        (SdkError::ConstructionFailure(_), _) => Retry::Useless,
        _ => Retry::Allowed,
    }
}

/// The error without the SDK's wrapping, which would say "service error" around AWS's own words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the SDK's enum is non-exhaustive")]
pub fn cause_of<E>(error: SdkError<E>) -> Box<dyn std::error::Error + Send + Sync>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(refused) => Box::new(refused.into_err()),
        other => Box::new(other),
    }
}

/// The SDK's error as ours.
pub(crate) fn failed<E>(call: Call, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    Error::Call { call, code: error.code().map(str::to_owned), retry: retry_of(&error), cause: cause_of(error) }
}
