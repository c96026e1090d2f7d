//! Reports to supervisors (W3): an agent has nothing in flight and says only which drain it has released.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use cloud_map::Retry;
use daemon::exit::chain;
use task_state::Report;

use super::Failure;
use crate::caller::Caller;
use crate::observe::tasks::Endpoint;
use crate::plan::step::Done;

#[derive(Debug)]
pub(super) struct Reporter {
    caller: Caller,
    /// Grows with each report of this run, to whichever supervisor.
    sequence: AtomicU64,
}

impl Reporter {
    pub(super) fn new(caller: Caller) -> Self {
        Reporter { caller, sequence: AtomicU64::new(1) }
    }

    pub(super) async fn release(&self, endpoint: &Endpoint, number: u64) -> Result<Done, Failure> {
        let at = SocketAddr::from((endpoint.address, endpoint.supervisor_port.get()));
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let report = Report { sequence, in_flight: 0, unanswered: 0, released: Some(number) };
        let Caller { id, token, clock } = &self.caller;
        match task_watch::report(at, id, &report, token.as_ref(), clock).await {
            Ok(_) => Ok(Done::Released),
            Err(error) => Err(Failure { why: chain(&error), retry: Retry::Allowed }),
        }
    }
}
