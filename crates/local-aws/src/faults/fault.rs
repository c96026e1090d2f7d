//! Which faults there are, and how they are written: `{"kind": "freeze", "what": {"host": "i-…"}, "for": "30s"}`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::call::caller::Who;
use crate::call::{Call, Service};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Calls are refused as if their bucket were empty.
    Throttle {
        /// Which calls.
        #[serde(default)]
        calls: Calls,
        /// How many of them.
        #[serde(default)]
        often: Often,
    },
    /// Calls are carried out later.
    Delay {
        /// Which calls.
        #[serde(default)]
        calls: Calls,
        /// How many of them.
        #[serde(default)]
        often: Often,
        /// So much later …
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<Span>,
        /// … or up to so much, each as it falls out.
        #[serde(skip_serializing_if = "Option::is_none")]
        up_to: Option<Span>,
    },
    /// Calls fail, before or after they had their effect.
    Fail {
        /// Which calls.
        #[serde(default)]
        calls: Calls,
        /// How many of them.
        #[serde(default)]
        often: Often,
        /// Whether the effect is there nevertheless: only the answer is lost.
        #[serde(default)]
        after: bool,
        /// What the caller sees.
        #[serde(default)]
        how: How,
        /// The error's code; the service's own internal error unless said.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// Its HTTP status; 500 unless said.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// Calls of a task, of a host's agent, or of everything on a host are taken and never answered.
    CutOffAws {
        /// Whose.
        what: Victim,
    },
    /// A task or a whole host is cut off the network.
    Cut {
        /// Which.
        what: Victim,
    },
    /// `SIGSTOP` for the processes of a task, of a host's agent, or of everything on a host.
    Freeze {
        /// Which.
        what: Victim,
    },
    /// `SIGKILL` for the processes of a task or of a host's agent; a host's machine goes off, which EC2 notices later.
    Kill {
        /// Which.
        what: Victim,
    },
    /// The ECS agent of a host is restarted: its introspection port refuses, then it knows nothing, then no task.
    RestartEcsAgent {
        /// The host.
        host: String,
        /// How long it refuses.
        #[serde(skip_serializing_if = "Option::is_none")]
        refuses: Option<Span>,
        /// How long it is unregistered.
        #[serde(skip_serializing_if = "Option::is_none")]
        unregistered: Option<Span>,
        /// How long it lists no task.
        #[serde(skip_serializing_if = "Option::is_none")]
        empty: Option<Span>,
    },
    /// EC2 gives notice that it takes a spot host back, and does so two minutes later (AWS's time).
    SpotNotice {
        /// The host.
        host: String,
        /// What it does then.
        #[serde(default)]
        action: Interruption,
    },
    /// EC2 recommends to rebalance a host.
    Rebalance {
        /// The host.
        host: String,
    },
    /// Somebody lowers a group's desired capacity.
    ScaleIn {
        /// The group.
        group: String,
        /// By so many.
        #[serde(default = "one")]
        count: u32,
    },
    /// Operations of Cloud Map are accepted and lost. Lifted, it takes back every loss that is still to come.
    LoseOperations {
        /// So many, the next ones.
        #[serde(default = "one")]
        count: u32,
        /// The `ErrorCode` that they FAIL with; without it they stay PENDING for good.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// What changes is seen late.
    SpreadLate {
        /// Up to so late by DiscoverInstances; as usual unless said.
        #[serde(skip_serializing_if = "Option::is_none")]
        discover: Option<Span>,
        /// Up to so late by the DNS; as usual unless said.
        #[serde(skip_serializing_if = "Option::is_none")]
        dns: Option<Span>,
        /// Always so late, of a new task, by ECS's ListTasks and DescribeTasks; at once unless said.
        #[serde(skip_serializing_if = "Option::is_none")]
        tasks: Option<Span>,
    },
    /// The next message of a standard queue is delivered twice: SQS promises "at least once".
    DuplicateMessage {
        /// The queue's name.
        queue: String,
    },
    /// DNS queries are dropped, answered with SERVFAIL, or late.
    Dns {
        /// On one address only.
        #[serde(skip_serializing_if = "Option::is_none")]
        side: Option<Side>,
        /// For this name and what is below it only.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// So many of a hundred queries; all unless said.
        #[serde(skip_serializing_if = "Option::is_none")]
        percent: Option<std::num::NonZeroU8>,
        /// What happens to them.
        how: Answering,
        /// How late, for `delay`.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<Span>,
    },
}

const fn one() -> u32 {
    1
}

/// Which calls: every field that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// `ecs`, `servicediscovery`, `autoscaling` or `sqs`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text")]
    pub service: Option<Service>,
    /// `RunTask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// `task`, `host`, `key`, `unknown`, or one of them: `task:ID`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text")]
    pub caller: Option<Who>,
}

impl Calls {
    /// Whether a call is meant.
    #[must_use]
    pub fn mean(&self, call: &Call) -> bool {
        self.service.is_none_or(|service| service == call.service)
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && self.caller.as_ref().is_none_or(|who| who.is(&call.caller))
    }
}

/// How many of the calls that are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Often {
    /// All.
    #[default]
    Always,
    /// The next so many; then the fault is over.
    Next(u32),
    /// Each with this probability.
    Chance(f64),
}

/// What the caller of a failed call sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// An error.
    #[default]
    Error,
    /// The connection is reset.
    Reset,
    /// Nothing, ever.
    Hang,
}

/// What something is done to. In place of an id, `oldest`, `newest` or `any` (by the seed) of what runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Victim {
    /// A task.
    Task(String),
    /// A host and everything on it.
    Host(String),
    /// A host's `instance-agent`, by the host's id.
    Agent(String),
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Victim::Task(id) => write!(f, "task {id}"),
            Victim::Host(id) => write!(f, "host {id}"),
            Victim::Agent(id) => write!(f, "the agent of host {id}"),
        }
    }
}

/// What EC2 does with a spot host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interruption {
    /// Terminates it.
    #[default]
    Terminate,
    /// Stops it.
    Stop,
    /// Hibernates it, at once.
    Hibernate,
}

/// One of the two DNS addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The zones' own server.
    Zones,
    /// The caching resolver.
    Resolver,
}

/// What happens to a DNS query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answering {
    /// It is never answered.
    Drop,
    /// It is answered with SERVFAIL.
    Servfail,
    /// It is answered late.
    Delay,
}

/// A duration, written `250ms`, `5s`, `2m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}ms", self.0.as_millis()))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let said = |expected| serde::de::Error::custom(format!("{text:?} is no duration, expected {expected}"));
        daemon::parse::duration(&text).map(Span).map_err(said)
    }
}

/// What is written as text and read by `FromStr`.
mod text {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<T: Said, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_str(&value.said()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: std::str::FromStr<Err = String>,
        D: Deserializer<'de>,
    {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }

    pub(super) trait Said {
        fn said(&self) -> String;
    }

    impl Said for crate::call::Service {
        fn said(&self) -> String {
            self.facts().name.to_owned()
        }
    }

    impl Said for crate::call::caller::Who {
        fn said(&self) -> String {
            self.to_string()
        }
    }
}
