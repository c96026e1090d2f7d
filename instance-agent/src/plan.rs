//! What is to be done now: a plain, ordered, printable value. Pure: no clock, no network.
//!
//! The order is that of the steps' urgency: registrations before reports, both before the host. Steps of one plan touch
//! different things and may be carried out side by side; what has to come one after the other (A4 above all) comes in
//! one plan after the other, because each step's outcome is part of what the next plan sees.

pub mod pace;
pub mod protection;
pub mod registrations;
pub mod release;
pub mod step;

#[cfg(test)]
mod world;

use std::fmt;
use std::time::Duration;

use daemon::moment::Moment;

use crate::observe::Observed;
use step::Step;

/// How long everything takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long a host has to be empty before it is released.
    pub idle_grace: Duration,
    /// How long after its deregistration a task's address may still be in use (A2).
    pub record_ttl: Duration,
    /// How long after DRAINING ECS may still show a placement that it chose before (A4).
    pub drain_settles: Duration,
    /// How long ago a look for work may have ended when something is done because of it.
    pub fresh: Duration,
    /// The pause between looks at a host that is about to change.
    pub look_soon: Duration,
    /// The pause between looks for work on a host that has some, or that its group needs.
    pub look_again: Duration,
    /// The pause between looks at what seldom changes.
    pub look_seldom: Duration,
    /// How often in a row a host is kept because a task waits for one.
    pub most_give_ways: u32,
    /// How long an empty host waits for its registrations to be removed.
    pub registrations_deadline: Duration,
}

impl Policy {
    /// The protocol's times, with the one that is a setting.
    #[must_use]
    pub const fn new(idle_grace: Duration) -> Self {
        Policy {
            idle_grace,
            record_ttl: cloud_map::RECORD_TTL,
            drain_settles: Duration::from_secs(5),
            fresh: Duration::from_secs(5),
            look_soon: Duration::from_secs(10),
            look_again: Duration::from_secs(15),
            look_seldom: Duration::from_secs(300),
            most_give_ways: 3,
            registrations_deadline: Duration::from_secs(600),
        }
    }
}

/// What is to be done, and what is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be done now, in this order.
    pub steps: Vec<Step>,
    /// Not to be done now, though nothing but time is missing.
    pub waits: Vec<Wait>,
}

/// Something that only time stands before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Until when.
    pub until: Moment,
    /// For what.
    pub reason: Reason,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// This step has failed; it is tried again.
    Retry(Step),
    /// Addresses of a deregistered task that somebody still holds.
    RecordTtl(cloud_map::TaskArn),
    /// The host has to stay empty for the idle grace.
    IdleGrace,
    /// Registrations of an empty host's tasks that are not removed yet.
    Registrations,
    /// ECS may still show a placement on the host that is DRAINING.
    DrainSettles,
    /// There is work, or the group needs the host: look again.
    LookForWork,
    /// The next look at the group.
    LookAtGroup,
    /// The next look at the container instance.
    LookAtInstance,
}

impl Plan {
    /// What is to be done at `now`.
    #[must_use]
    pub fn new(observed: &Observed, policy: &Policy, now: Moment) -> Plan {
        let mut draft = Draft { observed, policy, now, plan: Plan::default() };
        registrations::plan(&mut draft);
        protection::plan(&mut draft);
        release::plan(&mut draft);
        draft.plan
    }

    /// When a plan of the same facts would be another one; none: never.
    #[must_use]
    pub fn next(&self) -> Option<Moment> {
        self.waits.iter().map(|wait| wait.until).min()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "now: {step}")?;
        }
        for wait in &self.waits {
            writeln!(f, "{wait}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.until, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Retry(step) => write!(f, "try again to {step}"),
            Reason::RecordTtl(task) => write!(f, "release the drain of {}: its address may still be held", task.id()),
            Reason::IdleGrace => f.write_str("this host has been empty for long enough"),
            Reason::Registrations => f.write_str("release this host even if registrations remain"),
            Reason::DrainSettles => f.write_str("look whether ECS had placed something before DRAINING"),
            Reason::LookForWork => f.write_str("ask ECS for work on this host again"),
            Reason::LookAtGroup => f.write_str("ask the Auto Scaling group about this host again"),
            Reason::LookAtInstance => f.write_str("ask ECS about this container instance again"),
        }
    }
}

/// A plan being made.
pub(crate) struct Draft<'a> {
    observed: &'a Observed,
    policy: &'a Policy,
    now: Moment,
    plan: Plan,
}

impl Draft<'_> {
    /// Puts a step into the plan, unless something that touches the same is under way or it has to wait its time.
    fn propose(&mut self, step: Step) {
        let key = step.key();
        if self.observed.pace.is_under_way(&key) || self.plan.steps.iter().any(|planned| planned.key() == key) {
            return;
        }
        match self.observed.pace.waits_until(&step, self.now) {
            Some(until) => self.wait(until, Reason::Retry(step)),
            None => self.plan.steps.push(step),
        }
    }

    fn wait(&mut self, until: Moment, reason: Reason) {
        self.plan.waits.push(Wait { until, reason });
    }

    /// Proposes the step from `due` on; until then the plan waits for it.
    fn propose_from(&mut self, due: Moment, step: Step, reason: Reason) {
        if self.now < due { self.wait(due, reason) } else { self.propose(step) }
    }
}
