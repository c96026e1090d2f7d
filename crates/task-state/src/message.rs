//! The messages, as they stand in JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::names::ServiceName;

/// Why a drain began (rule S1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Nobody has used the app for the idle timeout.
    Idle,
    /// The shutdown file appeared.
    File,
    /// SIGTERM.
    Signal,
    /// An authorised `POST /sleep`.
    Asked,
}

impl Cause {
    /// Only an idle drain can be called back; the others are orders.
    #[must_use]
    pub const fn can_be_called_back(self) -> bool {
        match self {
            Cause::Idle => true,
            Cause::File | Cause::Signal | Cause::Asked => false,
        }
    }

    /// As in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Idle => "idle",
            Cause::File => "file",
            Cause::Signal => "signal",
            Cause::Asked => "asked",
        }
    }
}

/// What a supervisor says its service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "lowercase")]
pub enum State {
    /// The app was started and does not accept yet.
    Starting,
    /// In service; `ready` may be false for a while (rule S8).
    Awake {
        /// Whether the app accepts now.
        ready: bool,
    },
    /// Going to sleep: send nothing new, let go, then report `released` with this number.
    Draining {
        /// Counts the drains of this supervisor's life, from 1.
        number: u64,
        /// Why.
        cause: Cause,
    },
    /// The app has its SIGTERM; there is no way back.
    Stopping,
    /// The app has ended.
    Gone,
}

impl State {
    /// Whether new requests may be given to it, a lease provided.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, State::Awake { ready: true })
    }

    /// Whether an awake hello or heartbeat of this state grants a lease (rule W2).
    #[must_use]
    pub const fn grants(self) -> bool {
        matches!(self, State::Awake { .. })
    }

    /// The phase alone, as in JSON.
    #[must_use]
    pub const fn phase(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Awake { .. } => "awake",
            State::Draining { .. } => "draining",
            State::Stopping => "stopping",
            State::Gone => "gone",
        }
    }
}

/// A supervisor's monotonic time in milliseconds. Only differences between stamps of one boot mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(pub u64);

impl Stamp {
    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Stamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// One line of `/watch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What kind of line it is, with what only that kind says.
    #[serde(flatten)]
    pub kind: MessageKind,
    /// When it was said, by the supervisor's monotonic clock.
    #[serde(rename = "stamp_ms")]
    pub stamp: Stamp,
    /// The state at that moment.
    pub state: State,
    /// How long from its stamp this line lets the watcher start requests; none where it grants nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<u64>,
}

/// The kinds of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum MessageKind {
    /// The first line: who speaks.
    Hello {
        /// The highest protocol number the supervisor speaks.
        protocol: u32,
        /// The service it runs; a proxy sends nothing to any other (rule X2).
        service: ServiceName,
        /// The ECS task's ARN, where it runs in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// A fresh identifier of this supervisor's life.
        boot: String,
    },
    /// The state has changed.
    State,
    /// Nothing has changed; sent each second.
    Heartbeat,
}

/// The body of `PUT /watch/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Grows with each report of a watcher; older ones that come late are ignored.
    pub sequence: u64,
    /// Requests and upgraded streams this watcher has under way there.
    pub in_flight: u64,
    /// Of those, how many have no answer's head yet.
    pub unanswered: u64,
    /// The drain it has let go for: no connection left, nothing new will come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<u64>,
}

/// The answer to a report: a stamp to date leases by, anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAnswer {
    /// When the report was read, by the supervisor's clock.
    #[serde(rename = "stamp_ms")]
    pub stamp: Stamp,
    /// The state at that moment.
    pub state: State,
}

/// The answer to `POST /wake`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAnswer {
    /// The state after the call.
    pub state: State,
}

/// The answer to `GET /healthz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The service.
    pub service: ServiceName,
    /// The ECS task's ARN, where it runs in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// A fresh identifier of this supervisor's life.
    pub boot: String,
    /// The state.
    pub state: State,
    /// Whether the app accepts, and it does not go to sleep.
    pub ready: bool,
    /// For how long nobody has used the app.
    pub idle_ms: u64,
    /// One sentence: what keeps it awake, or why it drains.
    pub why: String,
    /// How many proxies and agents watch.
    pub watchers: usize,
    /// What the container uses of the CPU, where that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuUse>,
    /// What it uses of memory, where that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryUse>,
    /// The task's scale-in protection in words, where it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<String>,
    /// What sleeping would have saved, where it is only observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
}

/// CPU against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuUse {
    /// Thousandths of a core, over the last second or more.
    pub used_millicores: u64,
    /// How many it may use; none: it has no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_millicores: Option<u64>,
}

/// Memory against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Bytes in use, less the file cache that would be given back at once.
    pub used_bytes: u64,
    /// How many it may use; none: it has no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
}

/// What sleeping would have saved since the app was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// How often it would have slept.
    pub sleeps: u64,
    /// For how long altogether.
    pub asleep_ms: u64,
    /// The rest of the time.
    pub awake_ms: u64,
}

impl Message {
    /// The message as a line of JSON with its line feed.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("a message has only text keys and cannot fail to be written");
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stand_in_json_as_documented() {
        let hello = Message {
            kind: MessageKind::Hello {
                protocol: 1,
                service: "demo".parse().expect("name"),
                task: None,
                boot: "b".into(),
            },
            stamp: Stamp(7),
            state: State::Awake { ready: true },
            lease_ms: Some(3000),
        };
        let text = String::from_utf8(hello.to_line()).expect("text");
        assert_eq!(
            text.trim(),
            r#"{"kind":"hello","protocol":1,"service":"demo","boot":"b","stamp_ms":7,"state":{"phase":"awake","ready":true},"lease_ms":3000}"#
        );
        assert_eq!(serde_json::from_str::<Message>(&text).expect("parsed"), hello);
        let drain = r#"{"kind":"state","stamp_ms":9,"state":{"phase":"draining","number":2,"cause":"idle"}}"#;
        let parsed: Message = serde_json::from_str(drain).expect("parsed");
        assert_eq!(parsed.state, State::Draining { number: 2, cause: Cause::Idle });
        assert_eq!(parsed.lease_ms, None);
    }

    #[test]
    fn only_awake_grants_and_only_idle_is_called_back() {
        assert!(State::Awake { ready: false }.grants());
        for state in [State::Starting, State::Draining { number: 1, cause: Cause::Idle }, State::Stopping, State::Gone]
        {
            assert!(!state.grants() && !state.is_ready());
        }
        assert!(Cause::Idle.can_be_called_back());
        assert!(![Cause::File, Cause::Signal, Cause::Asked].iter().any(|c| c.can_be_called_back()));
    }
}
