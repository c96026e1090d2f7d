//! A call of an API as one value: what is asked, of which service, in which protocol and by whom; and what can come of it.

use daemon::moment::Moment;
use serde_json::{Map, Value};

pub mod caller;
pub mod service;

pub use caller::Caller;
pub use service::{Protocol, Service};

use crate::query::xml::Content;

/// A call, read but not yet carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which service it is for.
    pub service: Service,
    /// What its answer is written in.
    pub protocol: Protocol,
    /// `RunTask`.
    pub operation: String,
    /// Its arguments. In the Query protocol every leaf is text.
    pub body: Value,
    /// Who calls.
    pub caller: Caller,
    /// The `Host` that it was sent to, port included: what a queue's URL begins with.
    pub host: Option<String>,
    /// When it came: what the wait of a long poll counts from.
    pub arrived: Moment,
}

impl Call {
    /// A call of the service's own protocol, by nobody in particular.
    #[must_use]
    pub fn new(service: Service, operation: impl Into<String>, body: Value, arrived: Moment) -> Self {
        Call {
            service,
            protocol: service.facts().protocol,
            operation: operation.into(),
            body,
            caller: Caller::Unknown,
            host: None,
            arrived,
        }
    }

    /// Gives the arguments away: for a service whose answers never wait.
    pub fn take_body(&mut self) -> Value {
        std::mem::replace(&mut self.body, Value::Object(Map::new()))
    }
}

/// An answer, before it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Of a JSON protocol.
    Json(Value),
    /// Of the Query protocol.
    Xml(Content),
    /// Nothing yet (a long poll): the same call is to be asked again at this moment, or when something changed that its
    /// service may answer differently for. The caller's leaving ends it.
    Later(Moment),
}
