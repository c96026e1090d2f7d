//! What FIFO queues know besides the order of their groups: what was sent in the last five minutes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use daemon::moment::Moment;

/// How long a deduplication id is remembered (SQS developer guide, "Exactly-once processing"). It is a promise to the
/// sender, not a wait of SQS: the time factor does not shorten it.
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
    seen: BTreeMap<(Option<String>, String), Sent>,
    order: VecDeque<(Moment, (Option<String>, String))>,
}

impl Deduplication {
    /// What was sent with this id; `group` where ids count per group. Forgets what is too old.
    pub fn find(&mut self, now: Moment, group: Option<&str>, id: &str) -> Option<Sent> {
        while let Some((at, _)) = self.order.front()
            && *at + REMEMBERED <= now
        {
            if let Some((_, key)) = self.order.pop_front() {
                self.seen.remove(&key);
            }
        }
        self.seen.get(&(group.map(str::to_owned), id.to_owned())).cloned()
    }

    /// Remembers what was sent.
    pub fn remember(&mut self, now: Moment, group: Option<&str>, id: &str, sent: Sent) {
        let key = (group.map(str::to_owned), id.to_owned());
        self.seen.insert(key.clone(), sent);
        self.order.push_back((now, key));
    }
}

/// A `SequenceNumber`: large, and not consecutive.
#[must_use]
pub fn sequence(number: u64) -> String {
    (18_849_496_460_467_696_128_u128 + u128::from(number) * 256).to_string()
}
