//! One operation: what it does, for whom, where it is and how it may end.

use daemon::moment::Moment;

use crate::cloud_map::work::Work;

/// Where an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationStatus {
    /// Accepted.
    Submitted,
    /// Begun.
    Pending,
    /// Done.
    Success,
    /// Given up.
    Fail,
}

impl OperationStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OperationStatus::Submitted => "SUBMITTED",
            OperationStatus::Pending => "PENDING",
            OperationStatus::Success => "SUCCESS",
            OperationStatus::Fail => "FAIL",
        }
    }
}

/// Why an operation failed (API reference of Operation).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// `ACCESS_DENIED`
    AccessDenied,
    /// `CANNOT_CREATE_HOSTED_ZONE`
    CannotCreateHostedZone,
    /// `EXPIRED_TOKEN`
    ExpiredToken,
    /// `HOSTED_ZONE_NOT_FOUND`
    HostedZoneNotFound,
    /// `INTERNAL_FAILURE`
    InternalFailure,
    /// `INVALID_CHANGE_BATCH`
    InvalidChangeBatch,
    /// `THROTTLED_REQUEST`
    ThrottledRequest,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [ErrorCode; 7] = [
        ErrorCode::AccessDenied,
        ErrorCode::CannotCreateHostedZone,
        ErrorCode::ExpiredToken,
        ErrorCode::HostedZoneNotFound,
        ErrorCode::InternalFailure,
        ErrorCode::InvalidChangeBatch,
        ErrorCode::ThrottledRequest,
    ];

    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ErrorCode::AccessDenied => "ACCESS_DENIED",
            ErrorCode::CannotCreateHostedZone => "CANNOT_CREATE_HOSTED_ZONE",
            ErrorCode::ExpiredToken => "EXPIRED_TOKEN",
            ErrorCode::HostedZoneNotFound => "HOSTED_ZONE_NOT_FOUND",
            ErrorCode::InternalFailure => "INTERNAL_FAILURE",
            ErrorCode::InvalidChangeBatch => "INVALID_CHANGE_BATCH",
            ErrorCode::ThrottledRequest => "THROTTLED_REQUEST",
        }
    }
}

/// How an operation that was accepted is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It becomes FAIL when it would have become SUCCESS, and has done nothing.
    Fails {
        /// Its `ErrorCode`.
        code: ErrorCode,
        /// Its `ErrorMessage`.
        message: String,
    },
    /// It stays PENDING for good, and keeps others from its subject.
    NeverEnds,
}

/// What two operations must not do at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Subject {
    /// A namespace that is being made: its kind and name.
    Name(&'static str, String),
    /// A namespace.
    Namespace(String),
    /// A service.
    Service(String),
    /// An instance of a service.
    Instance(String, String),
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// What it does.
    pub work: Work,
    /// Where it is.
    pub status: OperationStatus,
    /// Why it is FAIL.
    pub error: Option<(ErrorCode, String)>,
    /// When it was accepted.
    pub created_at: Moment,
    /// When its status last changed.
    pub updated_at: Moment,
    /// How it is lost.
    pub(super) lost: Option<Lost>,
    /// The request id that it was asked for with.
    pub(super) asked: Option<Asked>,
}

/// A request id, with what it is unique for: the kind of call and the service or namespace.
pub(super) type Asked = (&'static str, String, String);
