//! What has happened, in order: the time line of the page and of the demo.

use std::collections::VecDeque;

use daemon::moment::Moment;
use serde::Serialize;

use crate::wakes::Wakes;

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
    /// Of a task: its service, which is `SERVICE_NAME` of RunTask or the family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Of a task: the family of its definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Of a task: the host that it is on, once it is on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Of `log`: what was printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

/// The last events.
#[derive(Debug, Default)]
pub struct EventLog {
    events: VecDeque<Event>,
    last: u64,
    wakes: Wakes,
}

/// What is said of a task besides its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfTask {
    /// Its service: `SERVICE_NAME` of RunTask, or the family.
    pub service: String,
    /// The family of its definition.
    pub family: String,
    /// The host that it is on.
    pub host: Option<String>,
}

impl EventLog {
    /// Adds what happened.
    pub fn tell(&mut self, now: Moment, kind: &'static str, subject: &str, text: impl Into<String>) {
        self.add(now, kind, subject, |event| event.text = text.into());
    }

    /// Adds what happened to a task.
    pub fn task(&mut self, now: Moment, kind: &'static str, id: &str, text: String, of: OfTask) {
        self.add(now, kind, id, |event| {
            event.text = text;
            (event.service, event.family, event.host) = (Some(of.service), Some(of.family), of.host);
        });
    }

    /// Adds a line that a task or an agent printed.
    pub fn line(&mut self, now: Moment, subject: &str, line: String) {
        self.add(now, "log", subject, |event| event.line = Some(line));
    }

    fn add(&mut self, now: Moment, kind: &'static str, subject: &str, fill: impl FnOnce(&mut Event)) {
        self.last += 1;
        let mut event = Event {
            id: self.last,
            at_ms: millis(now),
            kind,
            subject: subject.to_owned(),
            text: String::new(),
            service: None,
            family: None,
            host: None,
            line: None,
        };
        fill(&mut event);
        self.wakes.follow(&event);
        self.events.push_back(event);
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

    /// The wakes that the events make.
    #[must_use]
    pub const fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    /// A proxy was asked.
    pub fn callers(&mut self, now: Moment, seen: &crate::wakes::Callers) {
        self.wakes.callers(millis(now), seen);
    }

    /// A proxy does not answer.
    pub fn proxy_silent(&mut self, now: Moment, proxy: &str) {
        self.wakes.proxy_silent(millis(now), proxy);
    }

    /// The id of the last event; 0 before the first.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }
}

/// Milliseconds since the start.
#[must_use]
pub fn millis(moment: Moment) -> u64 {
    u64::try_from(moment.since_start().as_millis()).unwrap_or(u64::MAX)
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
