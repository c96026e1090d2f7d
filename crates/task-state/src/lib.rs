//! The words of port 9051, which supervisors, proxies and agents share.
//!
//! A supervisor serves:
//! - `GET /watch?id=ID&as=proxy|agent` – an endless `application/x-ndjson` answer of [`Message`]s: a hello, then every
//!   state change at once and a heartbeat each second (rule W1). Without `id` the caller is an observer, who is told
//!   everything and granted nothing.
//! - `PUT /watch/{id}` – a [`Report`], answered by a [`ReportAnswer`] (rule W3).
//! - `POST /wake` – calls an idle drain back; 200 or 409 with a [`StateAnswer`] (rules S3, S6).
//! - `GET /healthz` – 200 when ready and 503 otherwise, with a [`Health`].
//!
//! - `POST /sleep` – an order to sleep (cause `asked`), with a [`StateAnswer`] (rule S1).
//!
//! Where the supervisor has a token, all of these but `/healthz` want it as `Authorization: Bearer …` (rule W4).
//!
//! This crate decides nothing and does no I/O: names ([`names`]), messages ([`message`]), the arithmetic of leases
//! ([`lease`]), the splitting of a byte stream into messages ([`lines`]) and the [`token`].

pub mod lease;
pub mod lines;
pub mod message;
pub mod names;
pub mod token;

pub use lease::{Dating, Lease};
pub use lines::Lines;
pub use message::{
    Cause, CpuUse, Health, MemoryUse, Message, MessageKind, Observed, Report, ReportAnswer, Stamp, State, StateAnswer,
};
pub use names::{Role, ServiceName, WatcherId};
pub use token::Token;

use std::time::Duration;

/// The version of these words that this code speaks; peers speak the lower of their two (rule W4).
pub const PROTOCOL: u32 = 1;

/// How long an awake hello or heartbeat lets a proxy start requests, from its stamp (rule W2).
pub const LEASE: Duration = Duration::from_secs(3);

/// How often a supervisor repeats its state.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long connecting to a backend may take; also the margin for drifting clocks (rule S4).
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How often a proxy repeats a report that is not zero (rule W3).
pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// For how long after a granted call-back no idle drain starts (rule S3).
pub const CALL_BACK_HOLD: Duration = Duration::from_secs(10);
