//! All queues of the account, and what connects them: names, dead letters.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;

use super::attributes::Attributes;
use super::message::Content;
use super::queue::{Queue, Received, Want};
use super::redrive::Redrive;
use super::refusals::{bad_value, invalid, no_queue, no_url};
use super::requests::{Entry, Texts};
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::Pace;
use crate::refusal::Refusal;

/// After a queue was deleted, how long its name cannot be used (DeleteQueue in the SQS API reference).
pub const NAME_RESTS: Duration = Duration::from_secs(60);
/// After a purge, how long there is no other (PurgeQueue in the SQS API reference).
pub const PURGE_TAKES: Duration = Duration::from_secs(60);
/// How often at most it is told that messages are sent to a queue or received from it.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Something that people may want to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A queue was made.
    Created {
        /// Its name.
        queue: String,
    },
    /// A queue was deleted, and with it so many messages.
    Deleted {
        /// Its name.
        queue: String,
        /// What was in it.
        messages: usize,
    },
    /// A queue was emptied.
    Purged {
        /// Its name.
        queue: String,
    },
    /// Messages were sent, since this was last told.
    Sent {
        /// To which queue.
        queue: String,
        /// How many.
        messages: usize,
    },
    /// Messages were received, since this was last told.
    Received {
        /// From which queue.
        queue: String,
        /// How many.
        messages: usize,
    },
    /// A message was received so often that it went to the dead-letter queue.
    DeadLettered {
        /// From which queue.
        queue: String,
        /// To which.
        to: String,
        /// The message's id.
        message: String,
    },
}

/// Counts what happens often, so that it is told now and then.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    at: Option<Moment>,
    count: usize,
}

impl Told {
    fn add(&mut self, now: Moment, count: usize) -> Option<usize> {
        self.count += count;
        if count == 0 || self.at.is_some_and(|at| now.since(at) < TOLD_EVERY) {
            return None;
        }
        self.at = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

/// SQS.
#[derive(Debug)]
pub struct Sqs {
    account: Account,
    pace: Pace,
    ids: Ids,
    queues: BTreeMap<String, Queue>,
    /// The names of deleted queues, and until when they rest.
    resting: BTreeMap<String, Moment>,
    told: BTreeMap<String, (Told, Told)>,
    effects: Vec<Effect>,
    made: u64,
    changed: bool,
}

impl Sqs {
    /// SQS without a queue.
    #[must_use]
    pub const fn new(account: Account, pace: Pace, ids: Ids) -> Self {
        Sqs {
            account,
            pace,
            ids,
            queues: BTreeMap::new(),
            resting: BTreeMap::new(),
            told: BTreeMap::new(),
            effects: Vec::new(),
            made: 0,
            changed: false,
        }
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: Moment) {
        self.resting.retain(|_, until| *until > now);
        self.queues.values_mut().for_each(|queue| queue.settle(now));
    }

    /// What happened.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether a receive that waits may be answered differently than when this was last asked.
    pub const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.changed, false)
    }

    /// Something was called that may end somebody's wait.
    pub(super) const fn set_changed(&mut self) {
        self.changed = true;
    }

    /// Every queue, by name.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.queues.values()
    }

    /// The account that the queues are of.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Makes a queue. One that is there already is given back when it has the same attributes.
    ///
    /// # Errors
    /// A name or attribute that cannot be, a queue with other attributes, a name that rests.
    pub fn create(&mut self, now: Moment, name: &str, said: &Texts, tags: &Texts) -> Result<&Queue, Refusal> {
        let fifo = said.get("FifoQueue").is_some_and(|value| value == "true");
        check_name(name, fifo)?;
        if let Some(there) = self.queues.get(name) {
            if let Some(attribute) = there.attributes.differs(said)? {
                return Err(Refusal::new(
                    "QueueNameExists",
                    format!(
                        "A queue already exists with the same name and a different value for attribute {attribute}"
                    ),
                ));
            }
            return Ok(&self.queues[name]);
        }
        if self.resting.get(name).is_some_and(|until| *until > now) {
            let why =
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
            return Err(Refusal::new("QueueDeletedRecently", why));
        }
        let mut attributes = Attributes::new(fifo);
        attributes.set(said)?;
        let arn = self.account.arn("sqs", name);
        self.check_redrive(&arn, &attributes)?;
        self.made += 1;
        let mut queue = Queue::new(self.made, name, arn, attributes, now);
        queue.tags.clone_from(tags);
        self.effects.push(Effect::Created { queue: name.to_owned() });
        Ok(self.queues.entry(name.to_owned()).or_insert(queue))
    }

    /// Deletes a queue, whatever is in it.
    ///
    /// # Errors
    /// When there is none.
    pub fn delete(&mut self, now: Moment, name: &str) -> Result<(), Refusal> {
        let queue = self.queues.remove(name).ok_or_else(no_queue)?;
        self.told.remove(name);
        self.resting.insert(name.to_owned(), now + self.pace.of(NAME_RESTS));
        let (ready, in_flight, delayed) = queue.counts();
        self.effects.push(Effect::Deleted { queue: queue.name, messages: ready + in_flight + delayed });
        Ok(())
    }

    /// The queue of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn queue(&self, name: &str) -> Result<&Queue, Refusal> {
        self.queues.get(name).ok_or_else(no_queue)
    }

    /// The queue of this name, to be changed.
    ///
    /// # Errors
    /// When there is none.
    pub fn queue_mut(&mut self, name: &str) -> Result<&mut Queue, Refusal> {
        self.queues.get_mut(name).ok_or_else(no_queue)
    }

    /// The name of the queue that a URL is of: `http://…/<account>/<name>`, or the name alone. Which host it names does not
    /// matter: there is one endpoint.
    ///
    /// # Errors
    /// What is no such URL, or one of another account.
    pub fn name_of<'a>(&self, url: &'a str) -> Result<&'a str, Refusal> {
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/').ok_or_else(|| no_url(url))?.1,
            None => url.strip_prefix('/').unwrap_or(url),
        };
        match path.split_once('/') {
            None if !path.is_empty() => Ok(path),
            Some((account, name)) if account == self.account.id && !name.is_empty() && !name.contains('/') => Ok(name),
            Some((account, name)) if account.len() == 12 && !name.contains('/') => Err(no_queue()),
            Some(_) | None => Err(no_url(url)),
        }
    }

    /// Sets attributes.
    ///
    /// # Errors
    /// Attributes that cannot be set, or not so.
    pub fn set_attributes(&mut self, now: Moment, name: &str, said: &Texts) -> Result<(), Refusal> {
        let queue = self.queue(name)?;
        let mut attributes = queue.attributes.clone();
        attributes.set(said)?;
        let arn = queue.arn.clone();
        self.check_redrive(&arn, &attributes)?;
        let queue = self.queue_mut(name)?;
        queue.attributes = attributes;
        queue.modified_at = now;
        Ok(())
    }

    /// Empties a queue.
    ///
    /// # Errors
    /// When it was emptied less than a minute ago.
    pub fn purge(&mut self, now: Moment, name: &str) -> Result<(), Refusal> {
        let takes = self.pace.of(PURGE_TAKES);
        let queue = self.queue_mut(name)?;
        if queue.purged_at.is_some_and(|at| now.since(at) < takes) {
            let why = format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
            return Err(Refusal::new("PurgeQueueInProgress", why));
        }
        queue.purged_at = Some(now);
        queue.purge();
        self.effects.push(Effect::Purged { queue: name.to_owned() });
        Ok(())
    }

    /// Sends a message.
    ///
    /// # Errors
    /// What the queue does not take.
    pub fn send(
        &mut self,
        now: Moment,
        name: &str,
        content: Content,
        entry: &Entry,
        sender: &str,
    ) -> Result<super::fifo::Sent, Refusal> {
        let queue = self.queues.get_mut(name).ok_or_else(no_queue)?;
        let sent = queue.send(now, content, entry, sender, &mut self.ids)?;
        if let Some(messages) = self.told.entry(name.to_owned()).or_default().0.add(now, 1) {
            self.effects.push(Effect::Sent { queue: name.to_owned(), messages });
        }
        Ok(sent)
    }

    /// Receives messages; what was received too often goes to the dead-letter queue instead, if that exists.
    ///
    /// # Errors
    /// As [`Queue::receive`].
    pub fn receive(
        &mut self,
        now: Moment,
        name: &str,
        mut want: Want,
        attempt: Option<&str>,
    ) -> Result<Vec<Received>, Refusal> {
        let redrive = self.queue(name)?.attributes.redrive.clone();
        let target = redrive.as_ref().and_then(|redrive| self.by_arn(&redrive.target)).map(|queue| queue.name.clone());
        want.dead_after = target.as_ref().and(redrive).map(|redrive| redrive.most_receives);
        let queue = self.queues.get_mut(name).ok_or_else(no_queue)?;
        let arn = queue.arn.clone();
        let (received, dead) = queue.receive(now, want, attempt, &mut self.ids)?;
        if let Some(target) = target.and_then(|target| self.queues.get_mut(&target)) {
            for message in dead {
                let (queue, to, message_id) = (name.to_owned(), target.name.clone(), message.id.clone());
                self.effects.push(Effect::DeadLettered { queue, to, message: message_id });
                target.bury(now, message, &arn);
                self.changed = true;
            }
        }
        if let Some(messages) = self.told.entry(name.to_owned()).or_default().1.add(now, received.len()) {
            self.effects.push(Effect::Received { queue: name.to_owned(), messages });
        }
        Ok(received)
    }

    /// The next message of a standard queue is delivered twice.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn duplicate_next(&mut self, name: &str) -> Result<(), Refusal> {
        self.queue_mut(name).map(Queue::duplicate_next)
    }

    /// The queues whose dead letters go to this one.
    pub fn sources_of<'a>(&'a self, arn: &'a str) -> impl Iterator<Item = &'a Queue> {
        self.queues.values().filter(move |q| q.attributes.redrive.as_ref().is_some_and(|r| r.target == arn))
    }

    fn by_arn(&self, arn: &str) -> Option<&Queue> {
        self.queues.get(arn.rsplit(':').next()?).filter(|queue| queue.arn == arn)
    }

    /// A dead-letter queue has to be there, of the same kind, and to let the queue in.
    fn check_redrive(&self, arn: &str, attributes: &Attributes) -> Result<(), Refusal> {
        let Some(redrive @ Redrive { target, .. }) = &attributes.redrive else { return Ok(()) };
        let wrong = |why: &str| Err(invalid("RedrivePolicy", redrive.text(), why));
        match self.by_arn(target) {
            None => wrong("Dead letter target does not exist."),
            Some(queue) if queue.attributes.fifo != attributes.fifo => {
                wrong("Dead-letter queue must be same type of queue as the source.")
            }
            Some(queue) if queue.attributes.allow.as_ref().is_some_and(|allow| !allow.lets(arn)) => {
                wrong("The dead-letter queue's redrive allow policy does not permit this source queue.")
            }
            Some(_) => Ok(()),
        }
    }
}

fn check_name(name: &str, fifo: bool) -> Result<(), Refusal> {
    let letters =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match name.strip_suffix(".fifo") {
        Some(stem) if fifo && letters(stem) && name.len() <= 80 => Ok(()),
        None if !fifo && letters(name) && name.len() <= 80 => Ok(()),
        _ if fifo => Err(bad_value(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
             .fifo suffix and be 1 to 80 in length.",
        )),
        _ => Err(bad_value("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")),
    }
}
