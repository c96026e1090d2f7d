//! What FIFO queues know besides the order of their groups: what was sent and received in the last five minutes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use daemon::moment::Moment;

/// How long a deduplication id is remembered (SQS developer guide, "Exactly-once processing"), and the id of an attempt to
/// receive. It is a promise to the caller, not a wait of SQS: the time factor does not shorten it.
pub const REMEMBERED: Duration = Duration::from_secs(300);

/// What a message was answered with when it was sent first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// `MessageId`.
    pub id: String,
    /// `SequenceNumber`.
    pub sequence: Option<String>,
}

/// The deduplication ids of the last five minutes.
#[derive(Debug, Default)]
pub struct Deduplication {
    seen: Recent<(Option<String>, String), Sent>,
}

impl Deduplication {
    /// What was sent with this id; `group` where ids count per group.
    pub fn find(&mut self, now: Moment, group: Option<&str>, id: &str) -> Option<Sent> {
        self.seen.find(now, &(group.map(str::to_owned), id.to_owned())).cloned()
    }

    /// Remembers what was sent.
    pub fn remember(&mut self, now: Moment, group: Option<&str>, id: &str, sent: Sent) {
        self.seen.remember(now, (group.map(str::to_owned), id.to_owned()), sent);
    }
}

/// What was said in the last five minutes.
#[derive(Debug)]
pub struct Recent<K, V> {
    seen: BTreeMap<K, (Moment, V)>,
    order: VecDeque<(Moment, K)>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent { seen: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<K: Ord + Clone, V> Recent<K, V> {
    /// What was said last of this. Forgets what is too old.
    pub fn find(&mut self, now: Moment, key: &K) -> Option<&mut V> {
        while let Some((at, _)) = self.order.front()
            && *at + REMEMBERED <= now
        {
            if let Some((at, key)) = self.order.pop_front()
                && self.seen.get(&key).is_some_and(|(said, _)| *said == at)
            {
                self.seen.remove(&key);
            }
        }
        self.seen.get_mut(key).map(|(_, value)| value)
    }

    /// Remembers it from now on.
    pub fn remember(&mut self, now: Moment, key: K, value: V) {
        self.seen.insert(key.clone(), (now, value));
        self.order.push_back((now, key));
    }
}

/// A `SequenceNumber`: large, and not consecutive.
#[must_use]
pub fn sequence(number: u64) -> String {
    (18_849_496_460_467_696_128_u128 + u128::from(number) * 256).to_string()
}
