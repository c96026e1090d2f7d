//! One backend: what is heard of it, what it carries, and what follows from both.

use std::time::Duration;

use daemon::moment::Moment;
use task_state::State;

use super::{Contact, FAILED_LOOKS, NAMED, Source, Supervision};
use crate::decide::ramp::Ramp;

/// For how long a backend rests after a connection to it failed, first and at most: a lease says that its supervisor
/// lives, and trying again at once in a loop would help nobody. It is short, because it may be the only one (trap 14).
const REST: daemon::backoff::Backoff = daemon::backoff::Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

/// One backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Its task's ARN, where known.
    pub task: Option<String>,
    /// Who named it last.
    pub source: Source,
    /// When somebody named it last.
    pub named: Moment,
    /// Whether there is a supervisor.
    pub supervision: Supervision,
    /// The port of the supervisor.
    pub status_port: u16,
    /// What is heard of it.
    pub contact: Contact,
    /// Looks that failed in a row.
    pub failures: u32,
    /// Requests and upgraded streams under way.
    pub in_flight: u32,
    /// Of those, how many have no answer's head yet.
    pub unanswered: u32,
    /// Of those, how many keep the backend waiting: their callers have not sent their bodies.
    pub dawdling: u32,
    /// Connections that are open or being opened.
    pub connections: u32,
    /// How much it may be given.
    pub ramp: Ramp,
    /// It is not to be tried before this, for connections to it failed; how many did in a row.
    rest: Option<(Moment, u32)>,
    /// The drain for which a call-back was refused.
    refused_drain: Option<u64>,
}

impl Backend {
    /// A backend that was just named.
    #[must_use]
    pub fn new(source: Source, status_port: u16, now: Moment) -> Backend {
        Backend {
            task: None,
            source,
            named: now,
            supervision: Supervision::Unknown,
            status_port,
            contact: Contact::Silent,
            failures: 0,
            in_flight: 0,
            unanswered: 0,
            dawdling: 0,
            connections: 0,
            ramp: Ramp::Down,
            rest: None,
            refused_drain: None,
        }
    }

    /// Its task's id, by which all proxies order backends alike.
    #[must_use]
    pub fn task_id(&self) -> Option<&str> {
        self.task.as_deref().map(|arn| arn.rsplit('/').next().unwrap_or(arn))
    }

    /// How many answers it owes: those that it has been asked for wholly, or may have been. Its ramp limits them.
    #[must_use]
    pub fn owes(&self) -> u32 {
        self.unanswered.saturating_sub(self.dawdling)
    }

    /// Whether a request may be *started* there (rule W2): it is ready, and where it is supervised a lease holds.
    #[must_use]
    pub fn may_start(&self, now: Moment) -> bool {
        match self.contact {
            Contact::Watched { state, lease } => state.is_ready() && lease.holds(now),
            Contact::Healthy => true,
            Contact::Silent | Contact::Foreign => false,
        }
    }

    /// Whether a new request may be given to it: it may start, and no connection to it has just failed.
    #[must_use]
    pub fn is_usable(&self, now: Moment) -> bool {
        self.may_start(now) && self.rest.is_none_or(|(until, _)| now >= until)
    }

    /// Whether it lives: its supervisor speaks and has not begun to stop the app, or its health check succeeds.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        match self.contact {
            Contact::Watched { state, .. } => match state {
                State::Starting | State::Awake { .. } | State::Draining { .. } => true,
                State::Stopping | State::Gone => false,
            },
            Contact::Healthy => true,
            Contact::Silent | Contact::Foreign => false,
        }
    }

    /// Whether it has said that it will not come back: an order drains it, or its app is being stopped.
    #[must_use]
    pub fn is_going(&self) -> bool {
        match self.contact {
            Contact::Watched { state, .. } => match state {
                State::Draining { number, cause } => !cause.can_be_called_back() || self.refused_drain == Some(number),
                State::Stopping | State::Gone => true,
                State::Starting | State::Awake { .. } => false,
            },
            Contact::Silent | Contact::Healthy | Contact::Foreign => false,
        }
    }

    /// The drain that can be called back, by its number.
    #[must_use]
    pub fn callable_drain(&self) -> Option<u64> {
        match self.contact {
            Contact::Watched { state: State::Draining { number, cause }, .. }
                if cause.can_be_called_back() && self.refused_drain != Some(number) =>
            {
                Some(number)
            }
            Contact::Watched { .. } | Contact::Silent | Contact::Healthy | Contact::Foreign => None,
        }
    }

    /// Whether it may be ready soon without anybody waking it.
    #[must_use]
    pub fn is_coming(&self) -> bool {
        match self.contact {
            Contact::Watched { state, .. } => match state {
                State::Starting | State::Awake { .. } => true,
                State::Draining { .. } | State::Stopping | State::Gone => false,
            },
            Contact::Healthy => true,
            // Just named: the first looks say more.
            Contact::Silent => self.source != Source::Task && self.failures < 3,
            Contact::Foreign => false,
        }
    }

    /// The drain that it is released from: it drains, and nothing of ours is left there (rule W3).
    #[must_use]
    pub fn released(&self) -> Option<u64> {
        match self.contact {
            Contact::Watched { state: State::Draining { number, .. }, .. }
                if self.in_flight == 0 && self.connections == 0 =>
            {
                Some(number)
            }
            Contact::Watched { .. } | Contact::Silent | Contact::Healthy | Contact::Foreign => None,
        }
    }

    /// Takes what was heard. A backend that becomes ready starts its ramp.
    pub fn hear(&mut self, contact: Contact, now: Moment) {
        let was_ready = self.says_ready();
        self.contact = contact;
        match contact {
            Contact::Watched { .. } => {
                self.supervision = Supervision::Certain;
                self.failures = 0;
            }
            Contact::Healthy => self.failures = 0,
            Contact::Silent | Contact::Foreign => (),
        }
        if self.says_ready() && !was_ready {
            // A stream that broke and came back within moments is no fresh start for the app behind it.
            if self.ramp == Ramp::Down {
                self.ramp = Ramp::start(now);
            }
            self.rest = None;
        }
        if self.is_going() || matches!(contact, Contact::Watched { state: State::Starting, .. }) {
            self.ramp = Ramp::Down;
        }
    }

    fn says_ready(&self) -> bool {
        match self.contact {
            Contact::Watched { state, .. } => state.is_ready(),
            Contact::Healthy => true,
            Contact::Silent | Contact::Foreign => false,
        }
    }

    /// A look failed: nothing is heard of it.
    pub fn look_failed(&mut self) {
        self.contact = Contact::Silent;
        self.failures = self.failures.saturating_add(1);
    }

    /// A connection to it failed.
    pub fn connect_failed(&mut self, now: Moment) {
        let failures = self.rest.map_or(1, |(_, failures)| failures.saturating_add(1));
        self.rest = Some((now + REST.after(failures), failures));
    }

    /// When its rest ends, where it rests.
    #[must_use]
    pub fn rests_until(&self, now: Moment) -> Option<Moment> {
        self.rest.map(|(until, _)| until).filter(|until| *until > now)
    }

    /// A request was answered.
    pub fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.ramp.answered();
        self.rest = None;
    }

    /// Its call-back was refused: it is too late for this drain.
    pub fn call_back_refused(&mut self, number: u64) {
        self.refused_drain = Some(number);
    }
}

impl Backend {
    pub(super) fn is_busy(&self) -> bool {
        self.in_flight > 0 || self.connections > 0
    }

    pub(super) fn is_forgotten(&self, now: Moment) -> bool {
        let unheard = match self.contact {
            Contact::Silent => self.failures >= FAILED_LOOKS,
            Contact::Foreign => true,
            Contact::Watched { .. } | Contact::Healthy => false,
        };
        unheard && !self.is_busy() && self.source != Source::Fixed && now.since(self.named) >= NAMED
    }
}
