//! One service as this proxy knows it: the only place where what is known is kept.
//!
//! The parts that act tell it what they saw ([`Service::told`], [`Service::look_failed`] …) and ask it what to do
//! ([`Service::step`], [`Service::look_at`] …); the decisions are [`crate::decide`]'s. A request asks for a [`Ticket`],
//! which counts it at one backend for as long as it lives, and gets it at once or when its turn has come.
//!
//! The lock is held for plain computation only, never over an await.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use daemon::moment::{Clock, Moment};
use task_state::ServiceName;
use tokio::sync::{Notify, oneshot, watch};

use crate::decide::backends::{Backends, Named};
use crate::decide::gate::{self, Admission, Queue, Refusal};
use crate::decide::hold::{Hold, Place};
use crate::decide::vigil::{self, Vigil};
use crate::decide::wake::Wake;
use crate::metrics::Counts;
use crate::upstream::Pool;

pub mod events;
pub mod ticket;
pub mod view;

pub use ticket::{Connected, Ticket};

/// What of the settings concerns every service.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `--hold-max`.
    pub hold_max: usize,
    /// `--hold-timeout`.
    pub hold_timeout: Duration,
    /// `--start-grace`.
    pub start_grace: Duration,
    /// `--max-tasks`.
    pub max_tasks: u32,
    /// Whether this proxy can wake services by itself.
    pub wakes: bool,
}

/// One service.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// The clock by which everything here is dated.
    pub clock: Clock,
    /// What is counted of it.
    pub counts: Counts,
    limits: Limits,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    watch_broke: Notify,
}

/// What belongs to one backend besides what is decided about.
#[derive(Debug)]
pub struct Line {
    /// The app's address.
    pub at: SocketAddr,
    /// Connections that wait for a request.
    pub pool: Pool,
    /// What is under way there went from nothing to something or back, or nothing of ours is left.
    pub counts_changed: Notify,
    /// It is to be looked at now and not after its backoff (trap 15).
    pub look_now: Notify,
    /// The number of the last report.
    pub sequence: AtomicU64,
}

#[derive(Debug)]
struct State {
    backends: Backends,
    lines: BTreeMap<SocketAddr, Arc<Line>>,
    hold: Hold<oneshot::Sender<Result<Ticket, Refusal>>>,
    /// Whether the first of those held has been sent.
    first_sent: bool,
    /// What the callers of the current or last wake went through.
    vigil: Option<Vigil>,
    wake: Wake,
    last_wake: Option<LastWake>,
    /// A pair wants its service from the start, until it was there once.
    wanted_by_pair: bool,
    arrivals: u64,
    ever_reached: bool,
    shutting_down: bool,
}

/// The last wake that came to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWake {
    /// When it was done.
    pub at: Moment,
    /// How long it took until the service could be reached.
    pub took: Duration,
    /// The task.
    pub task: Option<String>,
}

impl Service {
    /// A service of which nothing is known.
    #[must_use]
    pub fn new(name: ServiceName, limits: Limits, wanted_by_pair: bool, clock: Clock) -> Arc<Service> {
        let wake = Wake::new(name.as_str(), limits.start_grace, limits.max_tasks);
        let state = State {
            backends: Backends::default(),
            lines: BTreeMap::new(),
            hold: Hold::default(),
            first_sent: false,
            vigil: None,
            wake,
            last_wake: None,
            wanted_by_pair,
            arrivals: 0,
            ever_reached: false,
            shutting_down: false,
        };
        Arc::new(Service {
            name,
            clock,
            counts: Counts::default(),
            limits,
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
            watch_broke: Notify::new(),
        })
    }

    /// Lets a request pass to a backend, at once or when its turn has come. `place` is where it stands, kept by the
    /// request so that it does not lose it; `deadline` is when it has waited long enough.
    ///
    /// # Errors
    /// The [`Refusal`].
    pub async fn enter(self: &Arc<Self>, place: &mut Option<Place>, deadline: Moment) -> Result<Ticket, Refusal> {
        let (mut turn, held) = {
            let now = self.clock.now();
            let mut state = self.lock();
            let place = match *place {
                Some(place) => place,
                None => {
                    state.arrivals += 1;
                    *place.insert(state.hold.place())
                }
            };
            match state.admit(place, &self.limits, now) {
                Admission::Go(at) => return state.ticket(self, at).ok_or(Refusal::HoldFull),
                Admission::Refuse(refusal) => return Err(refusal),
                Admission::Hold => (),
            }
            let (go, turn) = oneshot::channel();
            let first = state.hold.hold(place, go, now);
            let serving = state.backends.iter().any(|(_, b)| b.may_start(now));
            state.vigil = vigil::held(state.vigil, state.hold.len(), serving, now);
            if first {
                state.first_sent = false;
                for line in state.lines.values() {
                    line.look_now.notify_one();
                }
                let phase = gate::phase(&state.backends, state.wake.is_under_way(), now);
                tracing::info!(service = %self.name, phase, "holding requests");
            }
            drop(state);
            if first {
                self.note_change();
            }
            (turn, Held { service: Arc::clone(self), place })
        };
        let left = deadline.since(self.clock.now());
        let outcome = tokio::time::timeout(left, &mut turn).await;
        drop(held);
        match outcome {
            Ok(Ok(admitted)) => admitted,
            Ok(Err(_)) => Err(Refusal::ShuttingDown),
            // Its turn may have come in the very moment in which its time was up.
            Err(_) => turn.try_recv().unwrap_or(Err(Refusal::HoldTimeout)),
        }
    }

    /// Lets go whoever may go now.
    pub(crate) fn pump(self: &Arc<Self>) {
        loop {
            let now = self.clock.now();
            let mut state = self.lock();
            state.settle_ramps(now);
            let Some(place) = state.hold.first() else { return };
            let admission = state.admit(place, &self.limits, now);
            let admitted = match admission {
                Admission::Hold | Admission::Refuse(Refusal::HoldFull | Refusal::HoldTimeout) => return,
                Admission::Refuse(refusal) => Err(refusal),
                Admission::Go(at) => Ok(at),
            };
            let since = state.hold.since();
            let Some((_, waiter)) = state.hold.pop_first() else { return };
            // Made last: a ticket that is dropped takes the lock.
            let ticket = admitted.and_then(|at| state.ticket(self, at).ok_or(Refusal::HoldFull));
            let outcome = ticket.map(Ticket::after_a_hold);
            let last = state.hold.is_empty();
            let first = outcome.is_ok() && !std::mem::replace(&mut state.first_sent, true);
            if last {
                state.note_left();
            }
            drop(state);
            if let (Ok(ticket), Some(since)) = (&outcome, since) {
                let (backend, took_ms) = (ticket.line().at, millis(now.since(since)));
                if first {
                    tracing::info!(service = %self.name, %backend, took_ms, "first held request sent");
                }
                if last {
                    tracing::info!(service = %self.name, %backend, took_ms, "all held requests sent");
                }
            }
            // One that has left gives its ticket back by dropping it.
            let _ = waiter.send(outcome);
        }
    }

    /// Whether a request may be started there now: looked at again after connecting, before its first byte (rule W2).
    #[must_use]
    pub fn may_start(&self, at: SocketAddr) -> bool {
        let now = self.clock.now();
        self.lock().backends.get(at).is_some_and(|b| b.may_start(now))
    }

    /// Counts a connection that is about to be opened; none where nothing may be started there.
    #[must_use]
    pub fn connecting(self: &Arc<Self>, line: &Arc<Line>) -> Option<Connected> {
        let now = self.clock.now();
        let mut state = self.lock();
        let backend = state.backends.get_mut(line.at).filter(|b| b.may_start(now))?;
        backend.connections += 1;
        Some(Connected::new(Arc::clone(self), Arc::clone(line)))
    }

    /// A receiver that is told of every change that somebody may wait for.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Returns once a watch of an awake backend has broken.
    pub async fn until_watch_broke(&self) {
        self.watch_broke.notified().await;
    }

    fn note_change(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// The state is whole after every statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&self, place: Place, limits: &Limits, now: Moment) -> Admission {
        if self.shutting_down {
            return Admission::Refuse(Refusal::ShuttingDown);
        }
        let queue = Queue {
            is_first: self.hold.is_first(place),
            held: self.hold.len(),
            most: limits.hold_max,
            breaker_open: self.wake.is_open(now),
        };
        gate::admit(&self.backends, queue, now)
    }

    fn ticket(&mut self, service: &Arc<Service>, at: SocketAddr) -> Option<Ticket> {
        let line = Arc::clone(self.lines.get(&at)?);
        let backend = self.backends.get_mut(at)?;
        backend.in_flight += 1;
        backend.unanswered += 1;
        if backend.in_flight == 1 {
            line.counts_changed.notify_one();
        }
        Some(Ticket::new(Arc::clone(service), line))
    }

    fn settle_ramps(&mut self, now: Moment) {
        let held = self.hold.len();
        self.backends.iter_mut().for_each(|(_, b)| b.ramp.settle(held, now));
    }

    fn name(&mut self, named: Named, now: Moment) -> bool {
        let at = named.at;
        let is_new = self.backends.name(named, now);
        self.lines.entry(at).or_insert_with(|| {
            Arc::new(Line {
                at,
                pool: Pool::default(),
                counts_changed: Notify::new(),
                look_now: Notify::new(),
                sequence: AtomicU64::new(0),
            })
        });
        is_new
    }

    /// Nobody is held any more. Where nothing was sent on, no answer will come of it.
    fn note_left(&mut self) {
        if !self.first_sent
            && let Some(vigil) = &mut self.vigil
        {
            vigil.all_gave_up();
        }
    }

    /// Somebody asks for the service.
    fn is_wanted(&self) -> bool {
        !self.hold.is_empty() || self.wanted_by_pair
    }
}

/// A request that waits; leaves the queue when its caller does.
struct Held {
    service: Arc<Service>,
    place: Place,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Dropping the waiter locks nothing: it is a sender without a value.
        let waiter = {
            let mut state = self.service.lock();
            let waiter = state.hold.leave(self.place);
            if waiter.is_some() && state.hold.is_empty() {
                state.note_left();
            }
            waiter
        };
        drop(waiter);
    }
}

/// Whole milliseconds, as log lines have them.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
