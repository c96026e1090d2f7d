//! A service as people and loops see it: plain values, taken at one moment.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;

use super::{Line, Service, millis};
use crate::decide::backends::Contact;
use crate::decide::gate;
use crate::decide::lookup::Situation;

/// A service in `GET /status`.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// asleep, waking, awake, draining or stopping.
    pub phase: &'static str,
    /// How many requests are held.
    pub held: usize,
    /// For how long somebody has been held.
    pub held_ms: Option<u64>,
    /// What the callers of the current or last wake went through.
    pub callers: Option<CallersView>,
    /// The backends, by address.
    pub backends: Vec<BackendView>,
    /// The wake under way.
    pub wake: Option<WakeView>,
    /// The last wake that came to an end.
    pub last_wake: Option<LastWakeView>,
    /// Wakes in a row that never became reachable.
    pub fruitless_wakes: u32,
}

/// The callers of a wake.
#[derive(Clone, Debug, Serialize)]
pub struct CallersView {
    /// How long ago the first of them was held.
    pub first_held_ms: u64,
    /// How long ago the first answer began to go back to one of them; none before.
    pub first_answer_ms: Option<u64>,
    /// How many were held at once, at most.
    pub most_held: usize,
}

/// A backend in `GET /status`.
#[derive(Clone, Debug, Serialize)]
pub struct BackendView {
    /// Its address.
    pub address: SocketAddr,
    /// Its task.
    pub task: Option<String>,
    /// Who named it last.
    pub source: &'static str,
    /// The state its supervisor said last; healthy, silent or foreign where there is none.
    pub state: &'static str,
    /// Whether requests may be started there.
    pub usable: bool,
    /// For how long its lease still holds.
    pub lease_ms: Option<u64>,
    /// Requests and upgraded streams there.
    pub in_flight: u32,
    /// Of those, how many have no answer's head yet.
    pub unanswered: u32,
    /// Connections there.
    pub connections: u32,
    /// Looks that failed in a row.
    pub failures: u32,
}

/// A wake under way.
#[derive(Clone, Debug, Serialize)]
pub struct WakeView {
    /// For how long.
    pub since_ms: u64,
    /// The task that is followed.
    pub task: Option<String>,
}

/// The last wake.
#[derive(Clone, Debug, Serialize)]
pub struct LastWakeView {
    /// How long ago it was done.
    pub ago_ms: u64,
    /// How long it took.
    pub took_ms: u64,
    /// Its task.
    pub task: Option<String>,
}

/// What a pair's rounds look at.
#[derive(Clone, Copy, Debug)]
pub struct Pulse {
    /// A backend is reachable.
    pub reachable: bool,
    /// One was, since the start.
    pub ever_reached: bool,
    /// A request is held or in flight.
    pub busy: bool,
    /// How many requests have arrived since the start.
    pub arrivals: u64,
}

impl Service {
    /// The service now, for people.
    #[must_use]
    pub fn view(&self) -> ServiceView {
        let now = self.clock.now();
        let state = self.lock();
        let backends = state.backends.iter().map(|(address, b)| {
            let (said, lease) = match b.contact {
                Contact::Watched { state, lease } => (state.phase(), lease.until().filter(|_| lease.holds(now))),
                Contact::Healthy => ("healthy", None),
                Contact::Silent => ("silent", None),
                Contact::Foreign => ("foreign", None),
            };
            BackendView {
                address,
                task: b.task.clone(),
                source: b.source.as_str(),
                state: said,
                usable: b.is_usable(now),
                lease_ms: lease.map(|until| millis(until.since(now))),
                in_flight: b.in_flight,
                unanswered: b.unanswered,
                connections: b.connections,
                failures: b.failures,
            }
        });
        ServiceView {
            name: self.name.to_string(),
            phase: gate::phase(&state.backends, state.wake.is_under_way(), now),
            held: state.hold.len(),
            held_ms: state.hold.since().map(|since| millis(now.since(since))),
            callers: state.vigil.map(|vigil| CallersView {
                first_held_ms: millis(now.since(vigil.first_held)),
                first_answer_ms: vigil.first_answer.map(|at| millis(now.since(at))),
                most_held: vigil.most_held,
            }),
            backends: backends.collect(),
            wake: state.wake.begun().map(|begun| WakeView {
                since_ms: millis(now.since(begun)),
                task: state.wake.following().map(str::to_owned),
            }),
            last_wake: state.last_wake.as_ref().map(|last| LastWakeView {
                ago_ms: millis(now.since(last.at)),
                took_ms: millis(last.took),
                task: last.task.clone(),
            }),
            fruitless_wakes: state.wake.fruitless(),
        }
    }

    /// What a pair's rounds look at.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        let state = self.lock();
        Pulse {
            reachable: state.backends.any_reachable(),
            ever_reached: state.ever_reached,
            busy: !state.hold.is_empty() || state.backends.in_flight() > 0,
            arrivals: state.arrivals,
        }
    }

    /// What decides whether DNS is asked.
    #[must_use]
    pub fn situation(&self) -> Situation {
        let now = self.clock.now();
        let state = self.lock();
        let awake = state.backends.iter().any(|(_, b)| b.may_start(now));
        Situation { awake, blind_and_wanted: !awake && !self.limits.wakes && state.is_wanted() }
    }

    /// Whether anything is held or in flight.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.pulse().busy
    }

    /// Whether requests are held.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        !self.lock().hold.is_empty()
    }

    /// The lines of all backends.
    #[must_use]
    pub fn lines(&self) -> Vec<Arc<Line>> {
        self.lock().lines.values().cloned().collect()
    }
}
