//! The messages of one queue, and where each of them is: ready, delayed or hidden. Every question is answered from an index,
//! so that a queue with a hundred thousand messages is as quick as one with ten.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daemon::moment::Moment;

use super::message::Content;

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It can be received.
    Ready,
    /// It was sent with a delay.
    Delayed {
        /// Until then.
        until: Moment,
    },
    /// It was received and is not deleted: in flight.
    Hidden {
        /// Since its receive: 12 hours at most from then.
        since: Moment,
        /// Until then.
        until: Moment,
    },
}

/// A message in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// What was sent.
    pub content: Content,
    /// Who sent it.
    pub sender: String,
    /// When it was sent.
    pub sent_at: Moment,
    /// When its retention began.
    pub kept_from: Moment,
    /// `MessageGroupId`.
    pub group: Option<String>,
    /// `MessageDeduplicationId`, given or made from the body.
    pub deduplication: Option<String>,
    /// `SequenceNumber`, of FIFO queues.
    pub sequence: Option<String>,
    /// How often it was received, over all queues that it was in.
    pub receives: u32,
    /// How often it was received from this one.
    pub receives_here: u32,
    /// When it was received first.
    pub first_received_at: Option<Moment>,
    /// The ARN of the queue whose dead letter it is.
    pub dead_from: Option<String>,
    pub(super) place: Place,
}

/// A FIFO queue's messages of one group.
#[derive(Debug, Default)]
struct Group {
    messages: BTreeSet<u64>,
    hidden: usize,
}

/// The messages of one queue, numbered in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Store {
    all: BTreeMap<u64, Message>,
    ready: BTreeSet<u64>,
    delayed: BTreeSet<(Moment, u64)>,
    hidden: BTreeSet<(Moment, u64)>,
    ages: BTreeSet<(Moment, u64)>,
    /// Of a FIFO queue.
    groups: BTreeMap<String, Group>,
    last: u64,
    fifo: bool,
}

impl Store {
    pub(super) fn new(fifo: bool) -> Self {
        Store { fifo, ..Store::default() }
    }

    /// How many can be received, are in flight, are delayed.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        (self.ready.len(), self.hidden.len(), self.delayed.len())
    }

    pub(super) fn get(&self, number: u64) -> Option<&Message> {
        self.all.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Message> {
        self.all.get_mut(&number)
    }

    /// Adds a message at the end.
    pub(super) fn add(&mut self, message: Message) {
        self.last += 1;
        let number = self.last;
        self.ages.insert((message.kept_from, number));
        if let (true, Some(group)) = (self.fifo, &message.group) {
            self.groups.entry(group.clone()).or_default().messages.insert(number);
        }
        let place = message.place;
        self.all.insert(number, message);
        self.index(number, place);
    }

    /// Takes a message out.
    pub(super) fn remove(&mut self, number: u64) -> Option<Message> {
        let message = self.all.remove(&number)?;
        self.unindex(number, message.place, message.group.as_deref());
        self.ages.remove(&(message.kept_from, number));
        if let (true, Some(name)) = (self.fifo, &message.group)
            && let Some(group) = self.groups.get_mut(name)
        {
            group.messages.remove(&number);
            if group.messages.is_empty() {
                self.groups.remove(name);
            }
        }
        Some(message)
    }

    /// Moves a message to another place.
    pub(super) fn put(&mut self, number: u64, place: Place) {
        let Some(message) = self.all.get_mut(&number) else { return };
        let old = std::mem::replace(&mut message.place, place);
        let group = message.group.clone();
        self.unindex(number, old, group.as_deref());
        self.index(number, place);
    }

    /// Throws all away.
    pub(super) fn clear(&mut self) {
        *self = Store { last: self.last, fifo: self.fifo, ..Store::default() };
    }

    /// Lets time pass: what was delayed or hidden comes back, what is too old goes.
    pub(super) fn settle(&mut self, now: Moment, kept: Duration) {
        for which in [Self::first_delayed, Self::first_hidden] {
            while let Some((until, number)) = which(self)
                && until <= now
            {
                self.put(number, Place::Ready);
            }
        }
        while let Some(&(from, number)) = self.ages.first()
            && from + kept <= now
        {
            self.remove(number);
        }
    }

    fn first_delayed(&self) -> Option<(Moment, u64)> {
        self.delayed.first().copied()
    }

    fn first_hidden(&self) -> Option<(Moment, u64)> {
        self.hidden.first().copied()
    }

    /// When the next message comes back, at the earliest.
    pub(super) fn next_ready(&self) -> Option<Moment> {
        let both = [self.first_delayed(), self.first_hidden()];
        both.into_iter().flatten().map(|(until, _)| until).min()
    }

    /// When the retention of the oldest message began.
    pub(super) fn oldest(&self) -> Option<Moment> {
        self.ages.first().map(|(from, _)| *from)
    }

    /// The first few that can be received, in their order.
    pub(super) fn first_ready(&self, most: usize) -> Vec<u64> {
        self.ready.iter().copied().take(most).collect()
    }

    /// The groups of a FIFO queue that something can be received of, the one that waits longest first: no message of theirs
    /// is in flight, and their first is ready.
    pub(super) fn open_groups(&self) -> Vec<String> {
        let open = self.groups.iter().filter(|(_, group)| group.hidden == 0);
        let mut open: Vec<(u64, &String)> =
            open.filter_map(|(name, group)| Some((*group.messages.first()?, name))).collect();
        open.retain(|(first, _)| self.ready.contains(first));
        open.sort_unstable();
        open.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// The messages at the head of a group that can be received, in their order.
    pub(super) fn head_of<'a>(&'a self, group: &str) -> impl Iterator<Item = (u64, &'a Message)> + use<'a> {
        let numbers = self.groups.get(group).into_iter().flat_map(|group| &group.messages).copied();
        let ready = numbers.take_while(|number| self.ready.contains(number));
        ready.filter_map(|number| Some((number, self.all.get(&number)?)))
    }

    fn index(&mut self, number: u64, place: Place) {
        match place {
            Place::Ready => {
                self.ready.insert(number);
            }
            Place::Delayed { until } => {
                self.delayed.insert((until, number));
            }
            Place::Hidden { until, .. } => {
                self.hidden.insert((until, number));
                if let Some(group) = self.group_of(number) {
                    group.hidden += 1;
                }
            }
        }
    }

    fn unindex(&mut self, number: u64, place: Place, group: Option<&str>) {
        match place {
            Place::Ready => {
                self.ready.remove(&number);
            }
            Place::Delayed { until } => {
                self.delayed.remove(&(until, number));
            }
            Place::Hidden { until, .. } => {
                self.hidden.remove(&(until, number));
                if let Some(group) = group.and_then(|group| self.groups.get_mut(group)) {
                    group.hidden -= 1;
                }
            }
        }
    }

    fn group_of(&mut self, number: u64) -> Option<&mut Group> {
        let group = self.all.get(&number)?.group.as_deref()?;
        self.groups.get_mut(group)
    }
}
