//! What has happened, in order: the time line of the page and of the demo.

use std::collections::VecDeque;

use daemon::moment::Moment;
use serde::Serialize;

/// How many events are kept for those who come late.
const KEPT: usize = 4000;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Counts the events, from 1.
    pub id: u64,
    /// Milliseconds since local-aws started.
    pub at_ms: u64,
    /// `host.launched`, `task.running`, `log` …
    pub kind: &'static str,
    /// Whom it happened to: a task's or an instance's id.
    pub subject: String,
    /// A sentence for people; empty for `log`.
    pub text: String,
    /// Of `log`: what was printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

/// The last events.
#[derive(Debug, Default)]
pub struct EventLog {
    events: VecDeque<Event>,
    last: u64,
}

impl EventLog {
    /// Adds what happened.
    pub fn tell(&mut self, now: Moment, kind: &'static str, subject: &str, text: impl Into<String>) {
        self.add(now, kind, subject, text.into(), None);
    }

    /// Adds a line that a task or an agent printed.
    pub fn line(&mut self, now: Moment, subject: &str, line: String) {
        self.add(now, "log", subject, String::new(), Some(line));
    }

    fn add(&mut self, now: Moment, kind: &'static str, subject: &str, text: String, line: Option<String>) {
        self.last += 1;
        let at_ms = u64::try_from(now.since_start().as_millis()).unwrap_or(u64::MAX);
        self.events.push_back(Event { id: self.last, at_ms, kind, subject: subject.to_owned(), text, line });
        if self.events.len() > KEPT {
            self.events.pop_front();
        }
    }

    /// The events after the one of this id, as far as they are kept, at most `most`.
    #[must_use]
    pub fn after(&self, id: u64, most: usize) -> Vec<Event> {
        let first = self.events.front().map_or(self.last + 1, |event| event.id);
        let skip = usize::try_from(id.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.events.iter().skip(skip).take(most).cloned().collect()
    }

    /// The id of the last event; 0 before the first.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_gets_what_is_kept_and_nothing_twice() {
        let mut log = EventLog::default();
        for number in 0..u64::try_from(KEPT).expect("small") + 10 {
            log.tell(Moment::millis(number), "task.running", "t", "");
        }
        let all = log.after(0, usize::MAX);
        assert_eq!((all.len(), all[0].id, log.last()), (KEPT, 11, 4010));
        assert_eq!(log.after(4008, usize::MAX).iter().map(|e| e.id).collect::<Vec<_>>(), [4009, 4010]);
        assert!(log.after(4010, 5).is_empty());
        assert!(log.after(u64::MAX - 1, 5).is_empty());
    }
}
