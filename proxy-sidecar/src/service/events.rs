//! What the acting parts tell a service, and what it tells them to do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::{Report, State};
use task_watch::{Hello, Told};

use super::{LastWake, Line, Service, millis};
use crate::decide::backends::{Backend, Contact, FAILED_LOOKS, Named, Supervision};
use crate::decide::gate::{self, Need};
use crate::decide::wake::{Action, Wake};

/// How a backend is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether there is a supervisor.
    pub supervision: Supervision,
    /// Where it would be.
    pub status: SocketAddr,
}

/// How long to wait for the next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Looks that failed in a row.
    pub failures: u32,
    /// Somebody waits for the service.
    pub urgent: bool,
}

/// What is under way at a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests and upgraded streams.
    pub in_flight: u64,
    /// Of those, how many have no answer's head yet.
    pub unanswered: u64,
    /// The drain it is released from.
    pub released: Option<u64>,
}

impl Counts {
    /// The report that says so.
    #[must_use]
    pub fn report(self, sequence: u64) -> Report {
        Report { sequence, in_flight: self.in_flight, unanswered: self.unanswered, released: self.released }
    }
}

impl Service {
    /// Somebody named a backend.
    pub fn name_backend(self: &Arc<Self>, named: Named) {
        let now = self.clock.now();
        let (at, source, task) = (named.at, named.source, named.task.clone());
        if self.lock().name(named, now) {
            tracing::info!(service = %self.name, backend = %at, source = source.as_str(), task, "backend found");
            self.note_change();
        }
    }

    /// The state of a followed task has changed: its backend is looked at now.
    pub fn task_moved(&self, at: SocketAddr) {
        let mut state = self.lock();
        if let Some(backend) = state.backends.get_mut(at) {
            backend.failures = 0;
        }
        if let Some(line) = state.lines.get(&at) {
            line.look_now.notify_one();
        }
    }

    /// How to look at a backend; none where it is forgotten.
    #[must_use]
    pub fn look_at(&self, at: SocketAddr) -> Option<Look> {
        let state = self.lock();
        let backend = state.backends.get(at)?;
        let status = SocketAddr::new(at.ip(), backend.status_port);
        Some(Look { supervision: backend.supervision, status })
    }

    /// How long to wait for the next look.
    #[must_use]
    pub fn patience(&self, at: SocketAddr) -> Patience {
        let state = self.lock();
        let failures = state.backends.get(at).map_or(0, |b| b.failures);
        Patience { failures, urgent: state.is_wanted() }
    }

    /// A supervisor said hello.
    pub fn greeted(self: &Arc<Self>, at: SocketAddr, hello: &Hello, told: Told) {
        if let Some(backend) = self.lock().backends.get_mut(at)
            && hello.task.is_some()
        {
            backend.task.clone_from(&hello.task);
        }
        self.told(at, told);
    }

    /// A supervisor spoke.
    pub fn told(self: &Arc<Self>, at: SocketAddr, told: Told) {
        self.hear(at, Contact::Watched { state: told.state, lease: told.lease });
    }

    /// The health check of a backend without a supervisor succeeded.
    pub fn healthy(self: &Arc<Self>, at: SocketAddr) {
        self.hear(at, Contact::Healthy);
    }

    /// The supervisor there runs another service (rule X2).
    pub fn foreign(self: &Arc<Self>, at: SocketAddr, other: &str) {
        if self.lock().backends.get(at).is_some_and(|b| b.contact != Contact::Foreign) {
            tracing::warn!(service = %self.name, backend = %at, other, "backend is another service");
        }
        self.hear(at, Contact::Foreign);
    }

    /// Its lease has ended without being renewed: its idle connections are closed (rule W2).
    pub fn lease_ended(&self, at: SocketAddr) {
        let now = self.clock.now();
        let line = {
            let state = self.lock();
            if state.backends.get(at).is_none_or(|b| b.may_start(now)) {
                return;
            }
            state.lines.get(&at).cloned()
        };
        if let Some(line) = line {
            line.pool.close_idle();
        }
    }

    /// A look at a backend failed, or its watch broke.
    pub fn look_failed(self: &Arc<Self>, at: SocketAddr, why: &str) {
        let (line, was) = {
            let mut state = self.lock();
            let Some(backend) = state.backends.get_mut(at) else { return };
            let was = backend.contact;
            backend.look_failed();
            if matches!(was, Contact::Watched { state: State::Stopping | State::Gone, .. }) {
                // It said so itself; nothing is to be hoped for.
                backend.failures = FAILED_LOOKS;
            }
            (state.lines.get(&at).cloned(), was)
        };
        if let Some(line) = line {
            line.pool.close_idle();
        }
        match was {
            Contact::Watched { state, .. } => {
                tracing::info!(service = %self.name, backend = %at, phase = state.phase(), why, "backend lost");
                if state.grants() {
                    self.watch_broke.notify_one();
                }
            }
            Contact::Healthy => {
                tracing::info!(service = %self.name, backend = %at, phase = "healthy", why, "backend lost");
                self.watch_broke.notify_one();
            }
            Contact::Silent | Contact::Foreign => {
                tracing::debug!(service = %self.name, backend = %at, why, "look failed");
            }
        }
        self.note_change();
    }

    fn hear(self: &Arc<Self>, at: SocketAddr, contact: Contact) {
        let now = self.clock.now();
        let (line, before, after) = {
            let mut state = self.lock();
            let Some(backend) = state.backends.get_mut(at) else { return };
            let before = backend.clone();
            backend.hear(contact, now);
            let after = backend.clone();
            state.ever_reached |= after.is_reachable();
            if after.may_start(now) {
                state.wanted_by_pair = false;
                let begun = state.wake.begun();
                let took = state.wake.reached(now);
                if let (Some(_), Some(took)) = (begun, took) {
                    state.last_wake = Some(LastWake { at: now, took, task: after.task.clone() });
                }
                if !before.may_start(now)
                    && !matches!(before.contact, Contact::Watched { state, .. } if state.is_ready())
                {
                    let took_ms = took.map(millis);
                    tracing::info!(service = %self.name, backend = %at, task = after.task, took_ms, "backend ready");
                }
            } else if after.is_going() && after.task.is_some() && after.task.as_deref() == state.wake.following() {
                state.wake.nobodys(now);
            }
            (state.lines.get(&at).cloned(), before, after)
        };
        if !after.may_start(now)
            && let Some(line) = line
        {
            line.pool.close_idle();
            line.counts_changed.notify_one();
        }
        self.log_drain(at, &before, &after);
        self.note_change();
        self.pump();
    }

    fn log_drain(&self, at: SocketAddr, before: &Backend, after: &Backend) {
        let state_of = |backend: &Backend| match backend.contact {
            Contact::Watched { state, .. } => Some(state),
            Contact::Silent | Contact::Healthy | Contact::Foreign => None,
        };
        let (was, is) = (state_of(before), state_of(after));
        if was == is {
            return;
        }
        match (was, is) {
            (_, Some(State::Draining { number, cause })) => {
                tracing::info!(service = %self.name, backend = %at, task = after.task, number, cause = cause.as_str(), "backend draining");
            }
            (Some(State::Draining { .. }), Some(State::Awake { .. })) => {
                tracing::info!(service = %self.name, backend = %at, task = after.task, "backend awake again");
            }
            (_, Some(State::Stopping | State::Gone)) => {
                tracing::info!(service = %self.name, backend = %at, task = after.task, "backend stopping");
            }
            (_, Some(State::Starting | State::Awake { .. }) | None) => (),
        }
    }

    /// What is under way at a backend; none where it is forgotten.
    #[must_use]
    pub fn counts(&self, at: SocketAddr) -> Option<Counts> {
        let state = self.lock();
        state.backends.get(at).map(|b| Counts {
            in_flight: u64::from(b.in_flight),
            unanswered: u64::from(b.unanswered),
            released: b.released(),
        })
    }

    /// What the service needs.
    #[must_use]
    pub fn need(&self) -> Need {
        let now = self.clock.now();
        let state = self.lock();
        gate::need(&state.backends, state.is_wanted(), now)
    }

    /// What its wake does next.
    #[must_use]
    pub fn step(&self) -> Action {
        let now = self.clock.now();
        let mut state = self.lock();
        let needed = gate::need(&state.backends, state.is_wanted(), now) == Need::Wake;
        match self.limits.wakes {
            true => state.wake.next(needed, now),
            false => Action::Rest,
        }
    }

    /// Something came of the wake. Requests that it leaves without hope are told.
    pub fn with_wake<T>(self: &Arc<Self>, tell: impl FnOnce(&mut Wake, Moment) -> T) -> T {
        let now = self.clock.now();
        let (told, opened) = {
            let mut state = self.lock();
            let was_open = state.wake.is_open(now);
            let told = tell(&mut state.wake, now);
            (told, !was_open && state.wake.is_open(now))
        };
        if opened {
            tracing::error!(service = %self.name, "wakes failed in a row, requests are refused");
        }
        self.note_change();
        self.pump();
        told
    }

    /// Whether the supervisor of this task has said that it will not come back.
    #[must_use]
    pub fn is_task_going(&self, task: &str) -> bool {
        self.lock().backends.iter().any(|(_, b)| b.task.as_deref() == Some(task) && b.is_going())
    }

    /// Whether the backend of this task lives.
    #[must_use]
    pub fn is_task_reachable(&self, task: &str) -> bool {
        self.lock().backends.iter().any(|(_, b)| b.task.as_deref() == Some(task) && b.is_reachable())
    }

    /// ECS says that a task is over: its backend is forgotten.
    pub fn task_over(self: &Arc<Self>, task: &str) {
        self.lock().backends.task_over(task);
        self.drop_lines();
    }

    /// A call-back was refused: it is too late for this drain.
    pub fn call_back_refused(&self, at: SocketAddr, number: u64) {
        if let Some(backend) = self.lock().backends.get_mut(at) {
            backend.call_back_refused(number);
        }
        self.note_change();
    }

    /// Each second: forgets what nobody hears or names, closes what was idle for too long, lets ramps grow.
    pub fn tick(self: &Arc<Self>, idle: Duration) {
        let now = self.clock.now();
        let (lost, lines) = {
            let mut state = self.lock();
            let lost = state.backends.forget(now);
            (lost, state.lines.values().cloned().collect::<Vec<Arc<Line>>>())
        };
        for at in &lost {
            tracing::info!(service = %self.name, backend = %at, "backend forgotten");
        }
        if !lost.is_empty() {
            self.drop_lines();
        }
        lines.iter().for_each(|line| line.pool.close_older(now - idle));
        self.pump();
    }

    /// From now on nothing new is held without hope.
    pub fn shut_down(self: &Arc<Self>) {
        self.lock().shutting_down = true;
        self.pump();
    }

    /// A pair's service had its start grace: it is not waited for any longer.
    pub fn pair_gives_up_waiting(&self) {
        self.lock().wanted_by_pair = false;
    }

    fn drop_lines(&self) {
        {
            let mut state = self.lock();
            let super::State { backends, lines, .. } = &mut *state;
            lines.retain(|at, line| {
                // Whoever follows it is to notice.
                line.look_now.notify_one();
                backends.get(*at).is_some()
            });
        }
        self.note_change();
    }
}
