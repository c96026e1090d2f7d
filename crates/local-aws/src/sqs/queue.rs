//! One queue: what is sent comes out, at least once, in an order that a standard queue does not promise and a FIFO queue
//! does, until it is deleted, too old, or a dead letter.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;
use sha2::{Digest as _, Sha256};

use super::attributes::{Attributes, LONGEST_DELAY};
use super::fifo::{Deduplication, Sent, sequence};
use super::message::{Content, hex};
use super::refusals::{bad_value, invalid, missing};
use super::requests::Entry;
pub use super::store::Message;
use super::store::{Place, Store};
use crate::ids::Ids;
use crate::refusal::Refusal;

mod attempts;
mod in_flight;

pub use in_flight::{MOST_IN_FLIGHT, Received, Want};

/// A queue.
#[derive(Debug)]
pub struct Queue {
    /// Its number: no two queues have had the same, however they were called.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it was told.
    pub attributes: Attributes,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Moment,
    /// When its attributes were set last.
    pub modified_at: Moment,
    /// When it was purged last.
    pub purged_at: Option<Moment>,
    messages: Store,
    deduplication: Deduplication,
    attempts: attempts::Attempts,
    sent: u64,
    duplicates: u32,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(number: u64, name: &str, arn: String, attributes: Attributes, now: Moment) -> Self {
        Queue {
            number,
            name: name.to_owned(),
            arn,
            messages: Store::new(attributes.fifo),
            attributes,
            tags: BTreeMap::new(),
            created_at: now,
            modified_at: now,
            purged_at: None,
            deduplication: Deduplication::default(),
            attempts: attempts::Attempts::default(),
            sent: 0,
            duplicates: 0,
        }
    }

    /// Messages that can be received, are in flight, are delayed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        self.messages.counts()
    }

    /// Lets time pass.
    pub fn settle(&mut self, now: Moment) {
        self.messages.settle(now, self.attributes.kept());
    }

    /// When it may have something to give without anybody sending, deleting or changing anything.
    #[must_use]
    pub fn next_change(&self) -> Option<Moment> {
        let oldest = self.messages.oldest().map(|from| from + self.attributes.kept());
        [self.messages.next_ready(), oldest].into_iter().flatten().min()
    }

    /// Throws every message away.
    pub fn purge(&mut self) {
        self.messages.clear();
    }

    /// The next message that a standard queue gives is given a second time.
    pub const fn duplicate_next(&mut self) {
        self.duplicates += 1;
    }

    /// Takes a message.
    ///
    /// # Errors
    /// What does not fit this queue.
    pub fn send(
        &mut self,
        now: Moment,
        content: Content,
        entry: &Entry,
        sender: &str,
        ids: &mut Ids,
    ) -> Result<Sent, Refusal> {
        if content.size() > self.attributes.largest as usize {
            let most = self.attributes.largest;
            let why = format!("One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.");
            return Err(bad_value(why));
        }
        let delay = self.delay(entry)?;
        let deduplication = self.deduplication_id(entry, &content)?;
        let group = match &entry.message_group_id {
            Some(group) => Some(token("MessageGroupId", group)?),
            None if self.attributes.fifo => return Err(missing("MessageGroupId")),
            None => None,
        };
        let scope = group.as_deref().filter(|_| self.attributes.per_group);
        if let Some(id) = &deduplication
            && let Some(sent) = self.deduplication.find(now, scope, id)
        {
            return Ok(sent);
        }
        self.sent += 1;
        let sent = Sent { id: ids.uuid(), sequence: self.attributes.fifo.then(|| sequence(self.sent)) };
        if let Some(id) = &deduplication {
            self.deduplication.remember(now, scope, id, sent.clone());
        }
        let place = if delay.is_zero() { Place::Ready } else { Place::Delayed { until: now + delay } };
        self.messages.add(Message {
            id: sent.id.clone(),
            content,
            sender: sender.to_owned(),
            sent_at: now,
            kept_from: now,
            group,
            deduplication,
            sequence: sent.sequence.clone(),
            receives: 0,
            receives_here: 0,
            first_received_at: None,
            dead_from: None,
            place,
        });
        Ok(sent)
    }

    fn delay(&self, entry: &Entry) -> Result<Duration, Refusal> {
        let seconds = match entry.delay_seconds {
            Some(seconds) if self.attributes.fifo && seconds != 0 => {
                let why = "The request include parameter that is not valid for this queue type.";
                return Err(invalid("DelaySeconds", seconds, why));
            }
            Some(seconds) if !self.attributes.fifo => {
                let within = u32::try_from(seconds).ok().filter(|seconds| *seconds <= LONGEST_DELAY);
                let why = format!("DelaySeconds must be >= 0 and <= {LONGEST_DELAY}.");
                within.ok_or_else(|| invalid("DelaySeconds", seconds, &why))?
            }
            Some(_) | None => self.attributes.delay,
        };
        Ok(Duration::from_secs(u64::from(seconds)))
    }

    fn deduplication_id(&self, entry: &Entry, content: &Content) -> Result<Option<String>, Refusal> {
        match &entry.message_deduplication_id {
            Some(id) if self.attributes.fifo => token("MessageDeduplicationId", id).map(Some),
            Some(id) => {
                let why = "The request include parameter that is not valid for this queue type.";
                Err(invalid("MessageDeduplicationId", id, why))
            }
            None if !self.attributes.fifo => Ok(None),
            None if self.attributes.by_content => Ok(Some(hex(&Sha256::digest(content.body.as_bytes())))),
            None => Err(bad_value(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly",
            )),
        }
    }

    /// Takes a dead letter of another queue. Its age goes on counting, but for a FIFO queue (SQS developer guide, "Using
    /// dead-letter queues").
    pub fn bury(&mut self, now: Moment, mut message: Message, from: &str) {
        self.sent += 1;
        message.receives_here = 0;
        message.dead_from = Some(from.to_owned());
        message.place = Place::Ready;
        if self.attributes.fifo {
            message.kept_from = now;
            message.sequence = Some(sequence(self.sent));
        }
        self.messages.add(message);
    }
}

/// A token of FIFO queues: up to 128 letters, digits and punctuation.
fn token(parameter: &str, text: &str) -> Result<String, Refusal> {
    if text.is_empty() || text.len() > 128 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let why = format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
        return Err(invalid(parameter, text, &why));
    }
    Ok(text.to_owned())
}
