//! The core: what the supervisor does about what happens. Pure: no clock, no socket, no process.
//!
//! [`Core::handle`] takes an [`Event`] and the moment and gives the [`Action`]s; [`Core::deadline`] says when to come
//! back though nothing happens. One phase follows the other:
//!
//! ```text
//! starting → awake ⇄ draining → stopping → ended → (exit)
//!    ↑         ↓
//!    └ between two lives of the app
//! ```
//!
//! Guarantees, each a property test: no order of events loses a SIGTERM; nothing in use is put to sleep by idleness; a
//! drain ends awake or stopping; no app is started again for ever; every phase but the last has a deadline.

pub mod action;
pub mod asks;
mod awake;
pub mod busy;
mod busy_sign;
pub mod connections;
pub mod drain;
pub mod exit_code;
mod happened;
pub mod ignore;
pub mod job_control;
mod lives;
pub mod load;
pub mod look;
pub mod observed;
mod phases;
pub mod policy;
pub mod probe;
pub mod protection;
pub mod readiness;
pub mod restart;
pub mod retry;
pub mod signals;
pub mod tally;
mod time;
pub mod usage;
pub mod watchers;
mod why;

use std::time::Duration;

use daemon::moment::Moment;
use task_state::{Cause, HEARTBEAT, State};

use self::action::{Action, Event};
use self::asks::Asked;
use self::busy::Busy;
use self::drain::Drain;
use self::exit_code::StopCause;
use self::job_control::JobControl;
use self::lives::Between;
use self::observed::{Observed, Summary};
use self::policy::Policy;
use self::probe::Probe;
use self::readiness::Readiness;
use self::restart::Lives;
use self::tally::Tally;
use self::usage::{Evidence, Usage};
use self::watchers::Watchers;

#[derive(Clone, Debug)]
enum Phase {
    Starting,
    Awake { ready: bool },
    Draining(Drain),
    Stopping(Stopping),
    Between(Between),
    Ended(Ended),
    Over,
}

#[derive(Clone, Copy, Debug)]
struct Stopping {
    cause: StopCause,
    kill_at: Moment,
    killed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    code: u8,
    at: Moment,
    kill_at: Moment,
    killed: bool,
}

/// When the parts of this life began.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    listened: Option<Moment>,
    /// The present life of the app accepted for the first time.
    accepted: Option<Moment>,
    /// It was said to be awake for the first time.
    ready: Option<Moment>,
    drained: Option<Moment>,
    stopped: Option<(Moment, StopCause)>,
}

/// The supervisor's mind.
#[derive(Clone, Debug)]
pub struct Core {
    policy: Policy,
    phase: Phase,
    lives: Lives,
    job_control: JobControl,
    history: History,
    readiness: Readiness,
    usage: Usage,
    watchers: Watchers,
    busy: Busy,
    tally: Tally,
    asked: Asked,
    observed: Option<Observed>,
    drains: u64,
    hold_until: Moment,
    next_look: Moment,
    next_heartbeat: Moment,
    next_measure: Moment,
    why: String,
    drain_why: String,
}

impl Core {
    /// Of an app that was started `now`.
    #[must_use]
    pub fn new(policy: Policy, now: Moment) -> Self {
        Core {
            phase: Phase::Starting,
            lives: Lives::first(now),
            job_control: JobControl::default(),
            history: History::default(),
            readiness: Readiness::new(policy.ports.clone(), policy.asks.ready.then(|| Probe::new(now))),
            usage: Usage::new(Evidence::Ready, now),
            watchers: Watchers::default(),
            busy: Busy::default(),
            tally: Tally::default(),
            asked: Asked::new(&policy, now),
            observed: policy.observe.then(|| Observed::new(policy.drain_min)),
            drains: 0,
            hold_until: now,
            next_look: now,
            next_heartbeat: now + HEARTBEAT,
            next_measure: now,
            why: String::from("the app was started and does not accept yet"),
            drain_why: String::new(),
            policy,
        }
    }

    /// What it says it is.
    #[must_use]
    pub fn state(&self) -> State {
        match &self.phase {
            // A service that was ready before goes on to be awake, though nobody can use it for a while.
            Phase::Starting | Phase::Between(_) if self.history.ready.is_some() => State::Awake { ready: false },
            Phase::Starting | Phase::Between(_) => State::Starting,
            Phase::Awake { ready } => State::Awake { ready: *ready },
            Phase::Draining(drain) => State::Draining { number: drain.number, cause: drain.cause },
            Phase::Stopping(_) => State::Stopping,
            Phase::Ended(_) | Phase::Over => State::Gone,
        }
    }

    /// For how long nobody has used the app.
    #[must_use]
    pub fn idle_for(&self, now: Moment) -> Duration {
        let busy = self.busy.last(now).map_or(Moment::START, |(_, at)| at);
        now.since(self.usage.last().max(busy))
    }

    /// How often the app was started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.lives.restarts()
    }

    /// Who watches.
    #[must_use]
    pub fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// What has happened so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// For how long it has been awake; none: it is not.
    #[must_use]
    pub fn awake_for(&self, now: Moment) -> Option<Duration> {
        let awake = self.state().grants();
        self.history.ready.filter(|_| awake).map(|ready| now.since(ready))
    }

    /// What proxies report to have under way.
    #[must_use]
    pub fn in_flight(&self, now: Moment) -> u64 {
        self.watchers.all_in_flight(self.policy.longest_answer, now)
    }

    /// What sleeping would have saved so far; none where it is not only observed.
    #[must_use]
    pub fn observed(&self, now: Moment) -> Option<Summary> {
        self.observed.map(|observed| observed.summary(now))
    }

    /// Takes in what happened and says what to do, in order.
    pub fn handle(&mut self, event: Event, now: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Tick => {}
            Event::Signal(signal) => self.signalled(signal, now, &mut actions),
            Event::FileAppeared => {
                actions.push(Action::RemoveFile);
                self.order(Cause::File, String::from("the shutdown file appeared"), now, &mut actions);
            }
            Event::Looked(scope, look) => self.looked(scope, look.as_ref(), now, &mut actions),
            Event::Watching { client, who, address } => {
                self.watchers.join(client, who, address, now);
                self.watchers.said_to(client, self.state(), now);
                actions.push(Action::Hello(client));
            }
            Event::Left(client) => self.watchers.leave(client, now),
            Event::Reported(id, mut report) => {
                // A drain that is not this one is not let go of (rule W3).
                report.released = report.released.filter(|number| self.draining() == Some(*number));
                self.watchers.report(&id, report, now);
                self.usage.saw_reports(&self.watchers, &self.policy, now);
            }
            Event::Wake(from) => self.called_back(from, now, &mut actions),
            Event::Sleep(from) => self.asked_to_sleep(from, now, &mut actions),
            Event::Held { holder, lease } => self.held(holder, lease, now, &mut actions),
            Event::LetGo(holder) => self.let_go(&holder, now),
            Event::SawBusyFile(seen) => self.saw_busy_file(seen, now, &mut actions),
            Event::TaskAnswered(answer) => self.task_answered(answer, now, &mut actions),
            Event::Probed(probed) => self.probed(probed, now, &mut actions),
            Event::ProtectionAnswered(said) => self.protection_answered(said, now, &mut actions),
            Event::AppEnded(ending) => self.app_ended(ending, now, &mut actions),
            Event::AllGone => self.all_gone(now, &mut actions),
            Event::OrphansEnded => self.orphans_ended(&mut actions),
            Event::AppPaused { by, shell } => self.app_paused(by, shell, &mut actions),
        }
        self.time_passed(now, &mut actions);
        actions
    }

    fn draining(&self) -> Option<u64> {
        match self.state() {
            State::Draining { number, .. } => Some(number),
            State::Starting | State::Awake { .. } | State::Stopping | State::Gone => None,
        }
    }

    /// When an idle drain would begin if nothing more is used; none: never.
    pub(super) fn idle_at(&self) -> Option<Moment> {
        let idle = self.usage.last() + self.policy.idle_timeout?;
        let ready = self.history.ready.unwrap_or(self.lives.began()) + self.policy.min_awake;
        Some(idle.max(ready).max(self.hold_until))
    }
}

#[cfg(test)]
mod tests;
