//! What a load is to do, and what it tells in the end. Both go between processes as JSON.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// One load, on one proxy.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Plan {
    pub(crate) at: SocketAddr,
    pub(crate) lanes: Vec<Lane>,
}

/// Connections that do the same.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Lane {
    pub(crate) connections: usize,
    pub(crate) path: String,
    /// The length that each answer's body must have.
    pub(crate) length: u64,
    /// Requests of the lane in a second; without it the next one follows its answer.
    pub(crate) rate: Option<u32>,
    /// Each request on a connection of its own.
    pub(crate) fresh: bool,
    pub(crate) until: Until,
}

impl Lane {
    /// One on kept connections, in which the next request follows the answer.
    pub(crate) fn kept(connections: usize, (path, length): (&str, usize), until: Until) -> Lane {
        Lane { connections, path: path.to_owned(), length: length as u64, rate: None, fresh: false, until }
    }
}

/// When no request is begun any more.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) enum Until {
    Millis(u64),
    Requests(u64),
}

/// What came of it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) lanes: Vec<LaneReport>,
    pub(crate) seconds: f64,
    /// How often what went wrong.
    pub(crate) failures: BTreeMap<String, u64>,
}

/// What came of a lane.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct LaneReport {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    /// In milliseconds, from when it was to be sent to the last byte.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Report {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub(crate) fn requests(&self) -> f64 {
        self.lanes.iter().map(|lane| lane.requests).sum::<u64>() as f64
    }
}
