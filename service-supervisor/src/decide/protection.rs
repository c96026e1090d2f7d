//! Scale-in protection of a task of an ECS service (rule S9): when to ask for it, and what is known to hold.
//!
//! Guarantees, each a property test: protection counts as held only from ECS's own answer and only until the time asked
//! for, counted from the sending, is over; from the moment it is asked to end it counts as gone; no two questions are
//! under way at once, so that no answer is taken for another's.

use std::time::Duration;

use daemon::moment::Moment;

use super::retry::Retry;

/// How long after its sending an unanswered question may still be carried out. The agent gives ECS 4 s (amazon-ecs-agent,
/// `tmds/handlers/taskprotection/v1`: `ecsCallTimeout`).
const MAY_BE_LATE: Duration = Duration::from_secs(10);

/// The longest reason that is kept.
const LONGEST_REASON: usize = 300;

/// What the ECS agent answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The task is protected now, or is not.
    Is(bool),
    /// This is no task of a service (`TASK_NOT_VALID`).
    NotValid,
    /// It was not done, and why.
    Refused(String),
    /// No answer, or none that can be read: it may have been done.
    Unclear(String),
}

/// What is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Protection is confirmed, for the first time or after it was not.
    On,
    /// The end of protection is confirmed.
    Off,
    /// The task cannot be protected, for it is of no service.
    NotValid,
    /// It is not as wanted, for a reason that was not known before.
    Hindered(String),
}

/// The task's protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    lasts: Duration,
    wanted: bool,
    /// What the question under way asks for.
    asked: bool,
    /// Until when it is confirmed.
    held_until: Option<Moment>,
    is_off: bool,
    is_of_service: bool,
    was_confirmed: bool,
    /// Before this an unanswered question may still be carried out.
    settled: Moment,
    retry: Retry,
    hindrance: Option<String>,
}

impl Protection {
    /// Of a task that has just started, which wants to be protected for `lasts` at a time.
    #[must_use]
    pub fn new(lasts: Duration, spread: u8, now: Moment) -> Self {
        Protection {
            lasts,
            wanted: true,
            asked: false,
            held_until: None,
            is_off: false,
            is_of_service: true,
            was_confirmed: false,
            settled: now,
            retry: Retry::new(spread, now),
            hindrance: None,
        }
    }

    /// For how long it is asked.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        self.lasts
    }

    /// Whether the task is of a service, as far as is known: it then does not end by itself.
    #[must_use]
    pub fn is_of_service(&self) -> bool {
        self.is_of_service
    }

    /// Whether it is protected, or need not be.
    #[must_use]
    pub fn holds(&self, now: Moment) -> bool {
        !self.is_of_service || self.held_until.is_some_and(|until| now < until)
    }

    /// It has to be protected, or need not be any more.
    pub fn want(&mut self, on: bool, now: Moment) {
        if self.wanted != on {
            self.wanted = on;
            self.hindrance = None;
            self.retry.start_anew(now.max(self.settled));
        }
    }

    /// When to ask next; none: not before something changes.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        if !self.is_of_service || (!self.wanted && self.is_off) {
            return None;
        }
        self.retry.due()
    }

    /// The question that is due: to protect, or to end it. It counts as sent.
    pub fn ask(&mut self, now: Moment) -> Option<bool> {
        let due = self.due()?;
        if now < due {
            return None;
        }
        self.retry.begin(now);
        self.asked = self.wanted;
        self.is_off = false;
        if !self.asked {
            self.held_until = None;
        }
        Some(self.asked)
    }

    /// Takes in the answer to the question under way.
    pub fn answered(&mut self, said: Said, now: Moment) -> Option<News> {
        let sent = self.retry.begun()?;
        let news = match said {
            Said::Is(on) if on == self.asked => self.done(sent, now),
            Said::Is(_) => self.hindered("the opposite of what was asked for", now),
            // One that was protected before is of a service; it is being stopped.
            Said::NotValid if self.was_confirmed => self.hindered("TASK_NOT_VALID: the task is being stopped", now),
            Said::NotValid => {
                self.is_of_service = false;
                Some(News::NotValid)
            }
            Said::Refused(reason) => self.hindered(&reason, now),
            Said::Unclear(reason) => {
                self.settled = sent + MAY_BE_LATE;
                self.hindered(&reason, now)
            }
        };
        if self.asked != self.wanted {
            self.retry.start_anew(now.max(self.settled));
        }
        news
    }

    fn done(&mut self, sent: Moment, now: Moment) -> Option<News> {
        let (held, hindered) = (self.holds(now), self.hindrance.take().is_some());
        match self.asked {
            true => {
                self.was_confirmed = true;
                self.held_until = Some(sent + self.lasts);
                self.retry.succeeded(sent + self.lasts / 2);
                (!held || hindered).then_some(News::On)
            }
            false => {
                self.is_off = true;
                self.retry.succeeded(now);
                Some(News::Off)
            }
        }
    }

    fn hindered(&mut self, reason: &str, now: Moment) -> Option<News> {
        self.retry.failed(now);
        let reason: String = reason.chars().take(LONGEST_REASON).collect();
        let is_news = self.hindrance.as_ref() != Some(&reason);
        self.hindrance = Some(reason.clone());
        is_news.then_some(News::Hindered(reason))
    }

    /// In words, for people.
    #[must_use]
    pub fn describe(&self, now: Moment) -> String {
        let state = match (self.is_of_service, self.holds(now), self.is_off) {
            (false, _, _) => "not needed: this is no task of a service",
            (true, true, _) => "on",
            (true, false, true) => "off",
            (true, false, false) => "not confirmed",
        };
        match &self.hindrance {
            Some(reason) => format!("{state}; the last answer was {reason}"),
            None => state.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
