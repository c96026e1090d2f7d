//! What a service's scheduler does next: facts of one service in, steps out.
//!
//! Guarantees, as ECS documents them for rolling updates (API reference, DeploymentConfiguration) and for task scale-in
//! protection: a plan never stops a protected task, never takes the service below its minimum of healthy tasks, and
//! starts none beyond its maximum. What is left to a second plan without anything new is nothing.

mod daemon;
mod replica;
#[cfg(test)]
mod tests;

/// One service, as far as its scheduler cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What is to be there.
    pub wanted: Wanted,
    /// Per cent of the wanted tasks that have to be healthy.
    pub minimum_percent: u32,
    /// Per cent of the wanted tasks that may be there.
    pub maximum_percent: u32,
    /// Whether tasks may be started now: not while the service is throttled or its deployment has failed.
    pub may_start: bool,
    /// Its tasks that have not stopped.
    pub tasks: Vec<TaskFact>,
}

/// What is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many tasks.
    Replica(usize),
    /// One task on each of these hosts.
    Daemon(Vec<String>),
}

/// A task of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFact {
    /// Its id.
    pub id: String,
    /// What came first has the smaller number.
    pub number: u64,
    /// Its host.
    pub host: Option<String>,
    /// Whether it is of the newest deployment.
    pub current: bool,
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether scale-in and deployments have to spare it.
    pub protected: bool,
    /// Whether its host takes no tasks any more, so that it is to be replaced elsewhere.
    pub leaves: bool,
}

/// Where a task is in its life, as a scheduler counts it. The least valuable is the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It was told to stop and has not stopped.
    Stopping,
    /// It does not run yet.
    Waiting,
    /// It runs, for too short a time to count as healthy.
    Young,
    /// It counts as healthy.
    Healthy,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Stop this task.
    Stop(String),
    /// Start a task wherever it fits.
    Start,
    /// Start a task on this host.
    StartOn(String),
}

/// Why a service is not where it should be, although there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// What should go is protected.
    Protected,
    /// Its minimum and maximum leave no room to replace anything.
    Configuration,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What keeps the service from its goal.
    pub hindrance: Option<Hindrance>,
    /// Whether the service is at its goal: as many healthy tasks of the newest deployment as wanted, and no others.
    pub steady: bool,
}

impl Plan {
    /// What is to be done.
    #[must_use]
    pub fn new(facts: &Facts) -> Plan {
        match &facts.wanted {
            Wanted::Replica(desired) => replica::plan(facts, *desired),
            Wanted::Daemon(hosts) => daemon::plan(facts, hosts),
        }
    }
}

impl Facts {
    fn desired(&self) -> usize {
        match &self.wanted {
            Wanted::Replica(desired) => *desired,
            Wanted::Daemon(hosts) => hosts.len(),
        }
    }

    /// How many tasks have to be healthy: rounded up (API reference).
    #[must_use]
    pub fn minimum(&self) -> usize {
        let percent = usize::try_from(self.minimum_percent.min(100)).unwrap_or(100);
        self.desired().saturating_mul(percent).div_ceil(100)
    }

    /// How many tasks may be there: rounded down (API reference).
    #[must_use]
    pub fn maximum(&self) -> usize {
        let percent = usize::try_from(self.maximum_percent).unwrap_or(usize::MAX);
        self.desired().saturating_mul(percent) / 100
    }

    fn live(&self) -> impl Iterator<Item = &TaskFact> {
        self.tasks.iter().filter(|task| task.phase > Phase::Stopping)
    }
}

/// Picks those of `candidates` that may be stopped now: any that is not healthy, and of the healthy ones as many as
/// `spare`.
fn stops<'a>(candidates: impl IntoIterator<Item = &'a TaskFact>, mut spare: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for task in candidates {
        match task.phase {
            Phase::Healthy if spare == 0 => continue,
            Phase::Healthy => spare -= 1,
            Phase::Stopping | Phase::Waiting | Phase::Young => {}
        }
        steps.push(Step::Stop(task.id.clone()));
    }
    steps
}
