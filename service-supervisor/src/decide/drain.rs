//! One drain: whether it may end in SIGTERM, has to go back, or waits (rules S3, S4, S5).

mod remains;

use std::fmt;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::Cause;

use self::remains::{in_the_way, is_anybody_queued};
use super::look::Look;
use super::policy::Policy;
use super::usage::Usage;
use super::watchers::{Agents, Watchers};

/// Between two looks in a drain, and so between the two that have to show nobody.
pub const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// The kernel's clock ticks in up to 10 ms: a last use that seems this much later is the same one.
const SAME_USE: Duration = Duration::from_millis(50);

/// A drain under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Counts the drains of this life, from 1.
    pub number: u64,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub began: Moment,
    /// When it has to end, one way or the other.
    pub deadline: Moment,
    /// The last use when it began: anything later calls an idle drain back.
    used: Moment,
    /// The first of two looks that showed nobody, while nothing else was in the way.
    empty_since: Option<Moment>,
    /// It could be committed, but the task is of an ECS service and waits for ECS to stop it (rule S9).
    pub left_to_ecs: bool,
}

/// What is to become of a drain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet.
    Wait(Waiting),
    /// SIGTERM now.
    Commit(Commit),
    /// Awake again.
    Back(String),
}

/// Why a drain may commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Nobody ever watched and nobody is connected.
    NobodyEverWatched,
    /// Every lease is over, the agents are done, and two looks showed nobody.
    AllGone,
    /// The deadline of an order, or of an idle drain in whose way only forgotten connections were.
    Deadline,
    /// A second SIGTERM.
    Hurried,
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Commit::NobodyEverWatched => "nobody has watched and nobody is connected",
            Commit::AllGone => "every lease is over and two looks showed no connection",
            Commit::Deadline => "the drain's deadline has passed",
            Commit::Hurried => "a second SIGTERM came",
        })
    }
}

/// What a drain waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Leases that run until then, margin included.
    Leases(Moment),
    /// An agent that has not released.
    Agent,
    /// The least time without an agent.
    Least(Moment),
    /// So many connections, or connections that wait to be accepted.
    Connections(usize),
    /// Requests that a proxy reports.
    InFlight,
    /// The busy sign.
    Busy,
    /// The second look.
    SecondLook,
    /// The kernel did not tell about the sockets.
    Sockets,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waiting::Leases(until) => write!(f, "leases run until {until}"),
            Waiting::Agent => write!(f, "an agent has not released the drain"),
            Waiting::Least(until) => write!(f, "no agent watches, so the drain lasts until {until}"),
            Waiting::Connections(0) => write!(f, "connections wait to be accepted"),
            Waiting::Connections(count) => write!(f, "{count} connections are open"),
            Waiting::InFlight => write!(f, "a proxy has requests under way"),
            Waiting::Busy => write!(f, "the app says that it is busy"),
            Waiting::SecondLook => write!(f, "a second look has to show nobody, too"),
            Waiting::Sockets => write!(f, "the kernel did not tell about the sockets"),
        }
    }
}

/// What a drain is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The sockets; none: the look failed.
    pub look: Option<&'a Look>,
    /// The last use.
    pub usage: &'a Usage,
    /// Who watches.
    pub watchers: &'a Watchers,
    /// Whether the busy sign stands.
    pub busy: bool,
    /// What was set.
    pub policy: &'a Policy,
}

impl Drain {
    /// A drain that begins now.
    #[must_use]
    pub fn begin(number: u64, cause: Cause, used: Moment, policy: &Policy, now: Moment) -> Self {
        let deadline = now + longest(cause, policy);
        Drain { number, cause, began: now, deadline, used, empty_since: None, left_to_ecs: false }
    }

    /// A later order takes over: no later than it would have ended, and not called back any more. The number stays, as
    /// nothing was granted since: what was released is released.
    pub fn overrule(&mut self, cause: Cause, policy: &Policy, now: Moment) {
        self.cause = cause;
        self.left_to_ecs = false;
        self.deadline = self.deadline.min(now + longest(cause, policy));
    }

    /// Whether the app was used since an idle drain began.
    #[must_use]
    pub fn is_called_back_by(&self, usage: &Usage) -> bool {
        self.cause.can_be_called_back() && usage.last() > self.used + SAME_USE
    }

    /// Judges by what a look showed at `now`.
    pub fn judge(&mut self, facts: Facts<'_>, now: Moment) -> Verdict {
        if self.is_called_back_by(facts.usage) {
            return Verdict::Back(facts.usage.evidence().to_string());
        }
        let waiting = match self.obstacle(facts, now) {
            Some(obstacle) => {
                self.empty_since = None;
                obstacle
            }
            None if !facts.watchers.were_told_awake() && !self.cause.can_be_called_back() => {
                return Verdict::Commit(Commit::NobodyEverWatched);
            }
            None => {
                let first = *self.empty_since.get_or_insert(now);
                if now.since(first) >= BETWEEN_LOOKS {
                    return Verdict::Commit(Commit::AllGone);
                }
                Waiting::SecondLook
            }
        };
        match (now >= self.deadline, self.cause.can_be_called_back()) {
            (false, _) => Verdict::Wait(waiting),
            (true, false) => Verdict::Commit(Commit::Deadline),
            (true, true) => self.at_the_end_of_patience(facts, waiting, now),
        }
    }

    /// What stands in the way of the commit at this look.
    fn obstacle(&self, facts: Facts<'_>, now: Moment) -> Option<Waiting> {
        let watchers = facts.watchers;
        let Some(look) = facts.look else { return Some(Waiting::Sockets) };
        if let Some(until) = watchers.leases_end(self.number).filter(|until| now < *until) {
            return Some(Waiting::Leases(until));
        }
        if watchers.in_flight(facts.policy.longest_answer, now).is_some() {
            return Some(Waiting::InFlight);
        }
        if facts.busy {
            return Some(Waiting::Busy);
        }
        if let Some(open) = in_the_way(look, facts, now) {
            return Some(Waiting::Connections(open));
        }
        // An order with nobody ever told has no agent to wait for: nothing was registered.
        if !watchers.were_told_awake() && !self.cause.can_be_called_back() {
            return None;
        }
        match watchers.agents(self.number) {
            Agents::Released => None,
            // After the drain timeout an agent that has not released counts as none.
            Agents::Busy => (now < self.deadline).then_some(Waiting::Agent),
            Agents::Absent { since } => {
                let until = since.map_or(self.began, |left| left.max(self.began)) + facts.policy.drain_min;
                (now < until.min(self.deadline)).then_some(Waiting::Least(until))
            }
        }
    }

    /// An idle drain that has waited long enough: what remains is cut only if nobody can miss it.
    fn at_the_end_of_patience(&self, facts: Facts<'_>, waiting: Waiting, now: Moment) -> Verdict {
        let Some(look) = facts.look else { return Verdict::Back(waiting.to_string()) };
        match waiting {
            // The second look comes in a moment.
            Waiting::SecondLook => Verdict::Wait(waiting),
            Waiting::Connections(_) => {
                let queued = is_anybody_queued(look, facts);
                match look.connections.iter().find_map(|connection| self.missed(connection, facts, now)) {
                    Some(reason) => Verdict::Back(reason),
                    None if queued => Verdict::Back(Waiting::Connections(0).to_string()),
                    None => Verdict::Commit(Commit::Deadline),
                }
            }
            Waiting::Leases(_)
            | Waiting::Agent
            | Waiting::Least(_)
            | Waiting::InFlight
            | Waiting::Busy
            | Waiting::Sockets => Verdict::Back(waiting.to_string()),
        }
    }
}

fn longest(cause: Cause, policy: &Policy) -> Duration {
    match cause {
        Cause::Idle | Cause::File | Cause::Asked => policy.drain_timeout,
        Cause::Signal => policy.signal_drain(),
    }
}

#[cfg(test)]
mod tests;
