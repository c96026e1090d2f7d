//! Messages in flight: given out, hidden for a while, deleted by the handle of their last receive.

use std::time::Duration;

use daemon::moment::Moment;

use super::{Message, Place, Queue, token};
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::sqs::attributes::LONGEST_HIDDEN;
use crate::sqs::receipt::Receipt;
use crate::sqs::refusals::{invalid, no_handle};

/// How many messages may be in flight (SQS quotas). A standard queue then refuses, a FIFO queue gives none.
pub const MOST_IN_FLIGHT: usize = 120_000;
/// From how many of a standard queue's first messages the next is drawn: its order is "best effort".
const WINDOW: usize = 8;

/// A message that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// By which it is deleted.
    pub handle: String,
    /// The message.
    pub message: Message,
}

/// What a receive wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// How many: 1 to 10.
    pub most: usize,
    /// How long they are hidden; the queue's timeout without.
    pub hidden: Option<Duration>,
    /// Whether it does not wait: SQS asks only some of its machines then, and mostly gives less than there is.
    pub short: bool,
    /// After how many receives a message is a dead letter; none without a dead-letter queue.
    pub dead_after: Option<u32>,
}

impl Want {
    fn is_dead(&self, message: &Message) -> bool {
        self.dead_after.is_some_and(|most| message.receives_here >= most)
    }
}

impl Queue {
    /// Gives messages out; beside them those that are dead letters now. `attempt` is the caller's name for this receive, by
    /// which a FIFO queue gives the same messages again.
    ///
    /// # Errors
    /// `OverLimit` when a standard queue has too many messages in flight; an attempt's name that is none.
    pub fn receive(
        &mut self,
        now: Moment,
        want: Want,
        attempt: Option<&str>,
        ids: &mut Ids,
    ) -> Result<(Vec<Received>, Vec<Message>), Refusal> {
        let attempt = attempt.filter(|_| self.attributes.fifo);
        let attempt = attempt.map(|attempt| token("ReceiveRequestAttemptId", attempt)).transpose()?;
        if let Some(again) = attempt.as_deref().and_then(|attempt| self.receive_again(now, want, attempt)) {
            return Ok((again, Vec::new()));
        }
        let (ready, in_flight, _) = self.counts();
        let room = MOST_IN_FLIGHT.saturating_sub(in_flight);
        let (mut received, mut dead) = (Vec::new(), Vec::new());
        if self.attributes.fifo {
            let most = want.most.min(room);
            for group in self.messages.open_groups() {
                for number in self.next_of(&group, most - received.len(), want) {
                    self.give(now, number, want, &mut received, &mut dead);
                }
            }
            if let Some(attempt) = attempt.filter(|_| !received.is_empty()) {
                self.remember(now, attempt, &received);
            }
            return Ok((received, dead));
        }
        if room == 0 && ready > 0 {
            let why = format!("Too many messages are in flight: {MOST_IN_FLIGHT} are received and not deleted.");
            let mut refusal = Refusal::new("OverLimit", why);
            refusal.status = 403;
            return Err(refusal);
        }
        let most = if want.short { 1 + draw(ids, want.most) } else { want.most };
        while received.len() < most.min(room) {
            let first = self.messages.first_ready(WINDOW);
            if first.is_empty() {
                break;
            }
            self.give(now, first[draw(ids, first.len())], want, &mut received, &mut dead);
        }
        Ok((received, dead))
    }

    /// The next messages of an open group: as many as are wanted, and the dead letters among them.
    fn next_of(&self, group: &str, most: usize, want: Want) -> Vec<u64> {
        let mut wanted = most;
        let next = self.messages.head_of(group).take_while(|(_, message)| {
            let lives = !want.is_dead(message);
            let takes = wanted > 0;
            wanted -= usize::from(lives && takes);
            takes
        });
        next.map(|(number, _)| number).collect()
    }

    fn give(&mut self, now: Moment, number: u64, want: Want, received: &mut Vec<Received>, dead: &mut Vec<Message>) {
        let queue = self.number;
        let hidden = want.hidden.unwrap_or(Duration::from_secs(u64::from(self.attributes.hidden)));
        let Some(message) = self.messages.get_mut(number) else { return };
        if want.is_dead(message) {
            dead.extend(self.messages.remove(number));
            return;
        }
        message.receives = message.receives.saturating_add(1);
        message.receives_here = message.receives_here.saturating_add(1);
        message.first_received_at.get_or_insert(now);
        let receipt = Receipt { queue, message: number, receive: message.receives_here };
        received.push(Received { handle: receipt.handle(), message: message.clone() });
        let twice = !self.attributes.fifo && self.duplicates > 0;
        self.duplicates -= u32::from(twice);
        let until = if twice { now } else { now + hidden };
        self.messages.put(number, Place::Hidden { since: now, until });
    }

    /// Deletes a message. One that is gone is no error, nor is the handle of an earlier receive: it deletes nothing.
    ///
    /// # Errors
    /// What is no handle of this queue; of a FIFO queue also a handle whose time is over.
    pub fn delete(&mut self, now: Moment, handle: &str) -> Result<(), Refusal> {
        let receipt = self.receipt(handle)?;
        let Some(message) = self.messages.get(receipt.message) else { return Ok(()) };
        let last = message.receives_here == receipt.receive;
        let over = match message.place {
            Place::Ready | Place::Delayed { .. } => true,
            Place::Hidden { since, .. } => since + Duration::from_secs(u64::from(LONGEST_HIDDEN)) <= now,
        };
        if self.attributes.fifo && (over || !last) {
            return Err(invalid("ReceiptHandle", handle, "The receipt handle has expired."));
        }
        if last {
            self.messages.remove(receipt.message);
        }
        Ok(())
    }

    /// Hides a message for so many seconds from now on.
    ///
    /// # Errors
    /// What is no handle of a message in flight, and what would hide it for more than 12 hours since its receive.
    pub fn change_visibility(&mut self, now: Moment, handle: &str, seconds: i64) -> Result<(), Refusal> {
        let within = u32::try_from(seconds).ok().filter(|seconds| *seconds <= LONGEST_HIDDEN);
        let hidden = within.ok_or_else(|| {
            let why = format!("Must be between 0 and {LONGEST_HIDDEN} (12 hours), if provided.");
            invalid("VisibilityTimeout", seconds, &why)
        })?;
        let receipt = self.receipt(handle)?;
        let in_flight = self.messages.get(receipt.message).filter(|m| m.receives_here == receipt.receive);
        let Some(Place::Hidden { since, .. }) = in_flight.map(|message| message.place) else {
            let why = "Message does not exist or is not available for visibility timeout change.";
            return Err(invalid("ReceiptHandle", handle, why));
        };
        let until = now + Duration::from_secs(u64::from(hidden));
        if until.since(since) > Duration::from_secs(u64::from(LONGEST_HIDDEN)) {
            let why = format!("Total VisibilityTimeout for the message is beyond the limit [{LONGEST_HIDDEN} seconds]");
            return Err(invalid("VisibilityTimeout", seconds, &why));
        }
        let place = if hidden == 0 { Place::Ready } else { Place::Hidden { since, until } };
        self.messages.put(receipt.message, place);
        Ok(())
    }

    fn receipt(&self, handle: &str) -> Result<Receipt, Refusal> {
        Receipt::read(handle).filter(|receipt| receipt.queue == self.number).ok_or_else(|| no_handle(handle))
    }
}

/// One of so many, from 0.
fn draw(ids: &mut Ids, among: usize) -> usize {
    usize::try_from(ids.number() % (among.max(1) as u64)).unwrap_or(0)
}
