//! What is counted at a backend: a request by its [`Ticket`], a connection by its [`Connected`]. Dropping either takes
//! it off the count, whatever way it ended, and lets the next held request go.

use std::sync::Arc;

use super::{Line, Service};
use crate::decide::backends::Backend;

/// The right to have one request at one backend, counted there until it is dropped.
#[derive(Debug)]
pub struct Ticket {
    service: Arc<Service>,
    line: Arc<Line>,
    answered: bool,
    dawdles: bool,
    was_held: bool,
}

/// A connection to a backend, counted there until it is dropped.
#[derive(Debug)]
pub struct Connected {
    service: Arc<Service>,
    line: Arc<Line>,
}

impl Ticket {
    pub(super) fn new(service: Arc<Service>, line: Arc<Line>) -> Ticket {
        Ticket { service, line, answered: false, dawdles: false, was_held: false }
    }

    /// The same for a request that was held before.
    pub(super) fn after_a_hold(self) -> Ticket {
        let mut ticket = self;
        ticket.was_held = true;
        ticket
    }

    /// The backend.
    #[must_use]
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The head of its answer has come.
    pub fn answered(&mut self) {
        if std::mem::replace(&mut self.answered, true) {
            return;
        }
        {
            let now = self.service.clock.now();
            let mut state = self.service.lock();
            if let Some(backend) = state.backends.get_mut(self.line.at) {
                backend.answered();
                backend.dawdling = backend.dawdling.saturating_sub(u32::from(std::mem::take(&mut self.dawdles)));
            }
            if self.was_held
                && let Some(vigil) = &mut state.vigil
            {
                vigil.answered(now);
            }
        }
        self.service.pump();
    }

    /// Its caller has not sent its body, which keeps the backend waiting.
    pub fn dawdles(&mut self) {
        if self.answered || std::mem::replace(&mut self.dawdles, true) {
            return;
        }
        if let Some(backend) = self.service.lock().backends.get_mut(self.line.at) {
            backend.dawdling += 1;
        }
        self.service.pump();
    }

    /// A connection to its backend could not be made.
    pub fn connect_failed(&self) {
        let now = self.service.clock.now();
        if let Some(backend) = self.service.lock().backends.get_mut(self.line.at) {
            backend.connect_failed(now);
        }
        self.line.look_now.notify_one();
        self.service.note_change();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let nothing_left = {
            let mut state = self.service.lock();
            match state.backends.get_mut(self.line.at) {
                Some(backend) => {
                    backend.in_flight = backend.in_flight.saturating_sub(1);
                    if !self.answered {
                        backend.unanswered = backend.unanswered.saturating_sub(1);
                    }
                    backend.dawdling = backend.dawdling.saturating_sub(u32::from(self.dawdles));
                    backend.in_flight == 0
                }
                None => false,
            }
        };
        if nothing_left {
            self.line.counts_changed.notify_one();
        }
        self.service.pump();
    }
}

impl Connected {
    pub(super) fn new(service: Arc<Service>, line: Arc<Line>) -> Connected {
        Connected { service, line }
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The backend.
    #[must_use]
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let nothing_left = {
            let mut state = self.service.lock();
            let backend: Option<&mut Backend> = state.backends.get_mut(self.line.at);
            backend.is_some_and(|backend| {
                backend.connections = backend.connections.saturating_sub(1);
                backend.connections == 0
            })
        };
        if nothing_left {
            self.line.counts_changed.notify_one();
        }
    }
}
