//! Receives of a FIFO queue that are asked for again: who got no answer retries with the same `ReceiveRequestAttemptId`, and
//! is given the same messages with the same handles (botocore's model of ReceiveMessage).

use std::time::Duration;

use daemon::moment::Moment;

use super::in_flight::{Received, Want};
use super::{Place, Queue};
use crate::sqs::fifo::Recent;
use crate::sqs::receipt::Receipt;

/// What was given to the attempts of the last five minutes, and where it was put.
pub(super) type Attempts = Recent<String, Vec<(Receipt, Place)>>;

impl Queue {
    /// What this attempt was given, hidden anew, unless something was deleted or hidden for longer or shorter since, or is
    /// visible again.
    pub(super) fn receive_again(&mut self, now: Moment, want: Want, attempt: &str) -> Option<Vec<Received>> {
        let hidden = want.hidden.unwrap_or(Duration::from_secs(u64::from(self.attributes.hidden)));
        let given = self.attempts.find(now, &attempt.to_owned())?;
        let mut again = Vec::new();
        for (receipt, place) in given.iter() {
            let message = self.messages.get(receipt.message)?;
            if message.receives_here != receipt.receive || message.place != *place {
                return None;
            }
            again.push(Received { handle: receipt.handle(), message: message.clone() });
        }
        for (receipt, place) in given {
            if let Place::Hidden { until, .. } = place {
                *until = now + hidden;
            }
            self.messages.put(receipt.message, *place);
        }
        Some(again)
    }

    /// Remembers what an attempt was given.
    pub(super) fn remember(&mut self, now: Moment, attempt: String, received: &[Received]) {
        let receipts = received.iter().filter_map(|received| Receipt::read(&received.handle));
        let given = receipts.filter_map(|receipt| Some((receipt, self.messages.get(receipt.message)?.place))).collect();
        self.attempts.remember(now, attempt, given);
    }
}
