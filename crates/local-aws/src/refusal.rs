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
    /// AWS's name of the error in the Query protocol, where it is another one: SQS's
    /// `AWS.SimpleQueueService.NonExistentQueue`. Its JSON answers carry it in `x-amzn-query-error` (`awsQueryCompatible`
    /// of botocore's model).
    pub query_code: Option<&'static str>,
    /// What more the error's shape carries: `ServiceId` of `ServiceAlreadyExists`.
    pub fields: Vec<(&'static str, Value)>,
}

impl Refusal {
    /// A refusal with status 400.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Refusal { code, message: message.into(), status: 400, query_code: None, fields: Vec::new() }
    }

    /// With a field more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// With another HTTP status.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With another name in the Query protocol.
    #[must_use]
    pub const fn in_query(mut self, code: &'static str) -> Self {
        self.query_code = Some(code);
        self
    }

    /// Arguments that cannot be read: a JSON service says `SerializationException` of a value of the wrong type, and its
    /// own code (`otherwise`) of what is missing or cannot be.
    #[must_use]
    pub fn unreadable(error: &serde_json::Error, otherwise: &'static str) -> Self {
        let said = error.to_string();
        let code = if said.starts_with("invalid type") { "SerializationException" } else { otherwise };
        Refusal::new(code, said)
    }

    /// The operation does not exist (here).
    #[must_use]
    pub fn unknown_operation(operation: &str) -> Self {
        Refusal::new("UnknownOperationException", format!("local-aws does not know the operation {operation}"))
            .in_query("InvalidAction")
    }
}
