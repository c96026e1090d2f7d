//! How a sleeping service is woken (rules X3 to X6).
//!
//! Look first: somebody else's wake, or a task that lives already, is waited for. Then ask for a task, with a token
//! that every proxy in the same situation computes alike, so that they all get the same task. Then follow that task
//! until it is reachable or over. A question without an answer is asked again with the same token before anything else;
//! an answer whose task is over advances the attempt.
//!
//! One [`Wake`] belongs to one service. The shell asks [`Wake::next`] what to do, does it, and says what came of it.

use std::time::Duration;

use daemon::backoff::Backoff;
use daemon::moment::Moment;
use sha2::{Digest as _, Sha256};

/// For how long ECS may not know a task that it has just told of (eventual consistency).
pub const PROPAGATION: Duration = Duration::from_secs(30);

/// Wakes in a row that never became reachable until the breaker opens.
pub const MOST_FRUITLESS: u32 = 5;

/// Looks at Cloud Map that may fail before a wake goes on without its revision: a surplus task heals by sleeping,
/// a request that is not served does not.
const LOOKS: u32 = 3;

const AGAIN: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(16));
const BREAKER: Backoff = Backoff::new(Duration::from_secs(30), Duration::from_secs(300));
const FULL: Duration = Duration::from_secs(2);

/// What RunTask is called with so that a repeat starts nothing new (rule X5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token of `service` at this revision of its instances and this attempt: 32 hexadecimal digits.
    #[must_use]
    pub fn new(service: &str, revision: i64, attempt: u32) -> Token {
        let hash = Sha256::digest(format!("{service}\n{revision}\n{attempt}"));
        Token(hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    /// As it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing until something changes.
    Rest,
    /// Nothing before this moment.
    Wait(Moment),
    /// Look whether somebody else's wake is under way.
    Look,
    /// RunTask with this token.
    Ask(Token),
    /// DescribeTasks for this task, at the pace of the shell.
    Describe(String),
}

/// A task of the service, as ECS and the watches show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTask {
    /// Its ARN.
    pub arn: String,
    /// How long ago it was created.
    pub age: Duration,
    /// ECS wants it stopped, or it has stopped.
    pub ending: bool,
    /// Its supervisor has said that it will not come back.
    pub going: bool,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Cloud Map's revision of the service's instances; none where Cloud Map could not be asked.
    pub revision: Option<i64>,
    /// The tasks; none where ECS could not be asked.
    pub tasks: Option<Vec<SeenTask>>,
}

/// What came of RunTask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// This task; new, or the one that the token had started before.
    Task(String),
    /// No answer: it may have been heard.
    NoAnswer,
    /// Too many calls.
    Throttled,
    /// It will not: no capacity, no such task definition, no permission.
    Refused,
}

/// What DescribeTasks says of the followed task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Described {
    /// It is on its way or runs.
    Alive,
    /// STOPPED.
    Stopped,
    /// ECS does not know it.
    Missing,
    /// No answer.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Looking { not_before: Moment, failures: u32 },
    Asking { not_before: Moment, failures: u32 },
    Following { task: String, by_token: bool, missing_since: Option<Moment> },
}

/// The wake of one service.
#[derive(Clone, Debug)]
pub struct Wake {
    service: String,
    start_grace: Duration,
    max_tasks: u32,
    phase: Phase,
    /// The revision of the tokens, and how many of its answers were over.
    revision: i64,
    attempt: u32,
    fruitless: u32,
    open_until: Option<Moment>,
    begun: Option<Moment>,
}

impl Wake {
    /// The wake of a service of which nothing is known.
    #[must_use]
    pub fn new(service: &str, start_grace: Duration, max_tasks: u32) -> Wake {
        Wake {
            service: service.to_owned(),
            start_grace,
            max_tasks,
            phase: Phase::Idle,
            revision: 0,
            attempt: 0,
            fruitless: 0,
            open_until: None,
            begun: None,
        }
    }

    /// What to do at `now`, where `needed` says whether the service needs somebody to wake it.
    pub fn next(&mut self, needed: bool, now: Moment) -> Action {
        if self.is_open(now) {
            return self.open_until.map_or(Action::Rest, Action::Wait);
        }
        // What a look found may come by itself. A question that was put once is seen through, whoever needs it.
        if !needed && matches!(self.phase, Phase::Looking { .. } | Phase::Asking { failures: 0, .. }) {
            self.end();
        }
        if needed && self.phase == Phase::Idle {
            self.begun = Some(now);
            self.phase = Phase::Looking { not_before: now, failures: 0 };
        }
        match &self.phase {
            Phase::Idle => Action::Rest,
            Phase::Looking { not_before, .. } if *not_before > now => Action::Wait(*not_before),
            Phase::Looking { .. } => Action::Look,
            Phase::Asking { not_before, .. } if *not_before > now => Action::Wait(*not_before),
            Phase::Asking { .. } => Action::Ask(Token::new(&self.service, self.revision, self.attempt)),
            Phase::Following { task, .. } => Action::Describe(task.clone()),
        }
    }

    /// What a look found.
    pub fn looked(&mut self, seen: &Seen, now: Moment) {
        let Phase::Looking { failures, .. } = self.phase else { return };
        let missing = seen.tasks.is_none() || seen.revision.is_none();
        if missing && (seen.tasks.is_none() || failures + 1 < LOOKS) {
            // Without ECS nobody knows what is under way, and RunTask would fail as well.
            let failures = failures.saturating_add(1);
            self.phase = Phase::Looking { not_before: now + AGAIN.after(failures), failures };
            return;
        }
        let tasks = seen.tasks.as_deref().unwrap_or_default();
        let alive: Vec<&SeenTask> = tasks.iter().filter(|t| !t.ending && !t.going).collect();
        let wakes = alive.iter().filter(|t| t.age <= self.start_grace);
        if let Some(oldest) = wakes.max_by_key(|t| (t.age, std::cmp::Reverse(t.arn.clone()))) {
            self.phase = Phase::Following { task: oldest.arn.clone(), by_token: false, missing_since: None };
        } else if alive.len() >= self.max_tasks as usize {
            self.phase = Phase::Looking { not_before: now + FULL, failures };
        } else {
            let revision = seen.revision.unwrap_or(self.revision);
            if revision != self.revision {
                (self.revision, self.attempt) = (revision, 0);
            }
            self.phase = Phase::Asking { not_before: now, failures: 0 };
        }
    }

    /// What came of RunTask.
    pub fn asked(&mut self, answer: Asked, now: Moment) {
        let Phase::Asking { failures, .. } = self.phase else { return };
        let failures = failures.saturating_add(1);
        let again = Phase::Asking { not_before: now + AGAIN.after(failures), failures };
        match answer {
            Asked::Task(task) => self.phase = Phase::Following { task, by_token: true, missing_since: None },
            Asked::NoAnswer | Asked::Throttled => self.phase = again,
            Asked::Refused => {
                self.phase = again;
                self.count_fruitless(now);
            }
        }
    }

    /// What DescribeTasks says of the followed task.
    pub fn described(&mut self, said: Described, now: Moment) {
        let Phase::Following { missing_since, .. } = &mut self.phase else { return };
        match said {
            Described::Alive => *missing_since = None,
            Described::Unknown => (),
            Described::Stopped => self.over(now),
            Described::Missing => {
                let since = *missing_since.get_or_insert(now);
                if now.since(since) >= PROPAGATION {
                    self.over(now);
                }
            }
        }
    }

    /// The followed task is nobody's wake: its supervisor said that it will not come back, or it is too old (X3).
    pub fn nobodys(&mut self, now: Moment) {
        self.over(now);
    }

    /// The service can be reached; gives how long the wake took.
    pub fn reached(&mut self, now: Moment) -> Option<Duration> {
        self.fruitless = 0;
        self.open_until = None;
        let took = self.begun.map(|begun| now.since(begun));
        // What RunTask was asked and has not answered has to be known first: it may have started a task.
        if !matches!(self.phase, Phase::Asking { .. }) {
            self.end();
        }
        took
    }

    /// The task that is followed.
    #[must_use]
    pub fn following(&self) -> Option<&str> {
        match &self.phase {
            Phase::Following { task, .. } => Some(task),
            Phase::Idle | Phase::Looking { .. } | Phase::Asking { .. } => None,
        }
    }

    /// Whether a wake is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.phase != Phase::Idle
    }

    /// When the wake under way began.
    #[must_use]
    pub fn begun(&self) -> Option<Moment> {
        self.begun
    }

    /// Whether too many wakes failed just now: requests are refused (rule X6).
    #[must_use]
    pub fn is_open(&self, now: Moment) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }

    /// How many wakes in a row never became reachable.
    #[must_use]
    pub fn fruitless(&self) -> u32 {
        self.fruitless
    }

    fn over(&mut self, now: Moment) {
        let Phase::Following { by_token, .. } = self.phase else { return };
        if by_token {
            self.attempt = self.attempt.saturating_add(1);
        }
        self.phase = Phase::Looking { not_before: now, failures: 0 };
        self.count_fruitless(now);
    }

    fn count_fruitless(&mut self, now: Moment) {
        self.fruitless = self.fruitless.saturating_add(1);
        if self.fruitless >= MOST_FRUITLESS {
            self.open_until = Some(now + BREAKER.after(self.fruitless - MOST_FRUITLESS + 1));
            self.end();
        }
    }

    fn end(&mut self) {
        self.phase = Phase::Idle;
        self.begun = None;
    }
}

#[cfg(test)]
mod tests;
