//! As much of a proxy's `GET /status` as is of use here.

use serde::Deserialize;

/// A proxy's status.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) services: Vec<Service>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) phase: String,
    pub(super) held: usize,
    #[serde(default)]
    pub(super) callers: Option<CallersOfAWake>,
    #[serde(default)]
    pub(super) last_wake: Option<LastWake>,
    #[serde(default)]
    pub(super) backends: Vec<Backend>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CallersOfAWake {
    pub(super) first_held_ms: u64,
    pub(super) first_answer_ms: Option<u64>,
    pub(super) most_held: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct LastWake {
    pub(super) ago_ms: u64,
    pub(super) task: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Backend {
    pub(super) task: Option<String>,
    pub(super) state: String,
}
