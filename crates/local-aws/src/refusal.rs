//! How a call is refused: an error as AWS shapes it, before it is written in a protocol's words.

use serde_json::Value;

/// A refused call.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// AWS's name of the error: `ClusterNotFoundException`.
    pub code: &'static str,
    /// What a person reads.
    pub message: String,
    /// The HTTP status: AWS answers 400 to nearly everything in these protocols.
    pub status: u16,
    /// What more the error's shape carries: `ServiceId` of `ServiceAlreadyExists`.
    pub fields: Vec<(&'static str, Value)>,
}

impl Refusal {
    /// A refusal with status 400.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Refusal { code, message: message.into(), status: 400, fields: Vec::new() }
    }

    /// With a field more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The operation does not exist (here).
    #[must_use]
    pub fn unknown_operation(operation: &str) -> Self {
        Refusal::new("UnknownOperationException", format!("local-aws does not know the operation {operation}"))
    }
}
