//! Where an instance is in its life: the states of `LifecycleState` (autoscaling/2011-01-01) that are modelled here.

/// How far a launch or a termination has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Under way; no lifecycle hook has been asked yet, or there is none.
    Going,
    /// Lifecycle hooks are waited for.
    Wait,
    /// They have answered.
    Proceed,
}

/// What an instance is in a warm pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolState {
    /// Stopped: only its disk is kept.
    Stopped,
    /// It runs.
    Running,
    /// Its memory is kept on its disk.
    Hibernated,
}

impl PoolState {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PoolState::Stopped => "Stopped",
            PoolState::Running => "Running",
            PoolState::Hibernated => "Hibernated",
        }
    }

    /// What the API writes so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [PoolState::Stopped, PoolState::Running, PoolState::Hibernated].into_iter().find(|state| state.name() == name)
    }

    const fn warmed(self) -> &'static str {
        match self {
            PoolState::Stopped => "Warmed:Stopped",
            PoolState::Running => "Warmed:Running",
            PoolState::Hibernated => "Warmed:Hibernated",
        }
    }
}

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Being launched.
    Pending(Step),
    /// In service.
    InService,
    /// On its way out of service, to come back.
    EnteringStandby,
    /// Out of service, to come back.
    Standby,
    /// Being terminated.
    Terminating(Step),
    /// Off.
    Terminated,
    /// Being prepared for the warm pool.
    Warming(Step, PoolState),
    /// In the warm pool.
    Warmed(PoolState),
    /// Being terminated out of the warm pool.
    WarmedTerminating(Step),
    /// Off; it never left the warm pool.
    WarmedTerminated,
}

impl Lifecycle {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Lifecycle::Pending(Step::Going) => "Pending",
            Lifecycle::Pending(Step::Wait) => "Pending:Wait",
            Lifecycle::Pending(Step::Proceed) => "Pending:Proceed",
            Lifecycle::InService => "InService",
            Lifecycle::EnteringStandby => "EnteringStandby",
            Lifecycle::Standby => "Standby",
            Lifecycle::Terminating(Step::Going) => "Terminating",
            Lifecycle::Terminating(Step::Wait) => "Terminating:Wait",
            Lifecycle::Terminating(Step::Proceed) => "Terminating:Proceed",
            Lifecycle::Terminated => "Terminated",
            Lifecycle::Warming(Step::Going, _) => "Warmed:Pending",
            Lifecycle::Warming(Step::Wait, _) => "Warmed:Pending:Wait",
            Lifecycle::Warming(Step::Proceed, _) => "Warmed:Pending:Proceed",
            Lifecycle::Warmed(state) => state.warmed(),
            Lifecycle::WarmedTerminating(Step::Going) => "Warmed:Terminating",
            Lifecycle::WarmedTerminating(Step::Wait) => "Warmed:Terminating:Wait",
            Lifecycle::WarmedTerminating(Step::Proceed) => "Warmed:Terminating:Proceed",
            Lifecycle::WarmedTerminated => "Warmed:Terminated",
        }
    }

    /// What it is on its way to be, as instance metadata writes it.
    #[must_use]
    pub const fn target(self) -> &'static str {
        match self {
            Lifecycle::Pending(_) | Lifecycle::InService => "InService",
            Lifecycle::EnteringStandby | Lifecycle::Standby => "Standby",
            Lifecycle::Terminating(_) | Lifecycle::Terminated => "Terminated",
            Lifecycle::Warming(_, state) | Lifecycle::Warmed(state) => state.warmed(),
            Lifecycle::WarmedTerminating(_) | Lifecycle::WarmedTerminated => "Warmed:Terminated",
        }
    }

    /// Whether it is part of the group's capacity, or about to be.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self.part(), Part::Capacity)
    }

    /// Whether it is in the warm pool, on its way into it, or going from there.
    #[must_use]
    pub const fn in_pool(self) -> bool {
        matches!(self.part(), Part::Pool | Part::PoolEnding)
    }

    /// Whether its termination has begun.
    #[must_use]
    pub const fn is_ending(self) -> bool {
        matches!(self.part(), Part::Ending | Part::PoolEnding)
    }

    const fn part(self) -> Part {
        match self {
            Lifecycle::Pending(_) | Lifecycle::InService => Part::Capacity,
            Lifecycle::EnteringStandby | Lifecycle::Standby => Part::Standby,
            Lifecycle::Terminating(_) | Lifecycle::Terminated => Part::Ending,
            Lifecycle::Warming(..) | Lifecycle::Warmed(_) => Part::Pool,
            Lifecycle::WarmedTerminating(_) | Lifecycle::WarmedTerminated => Part::PoolEnding,
        }
    }

    /// Whether it is off.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Lifecycle::Terminated | Lifecycle::WarmedTerminated)
    }
}

/// The part of a group that an instance is in, or comes into.
#[derive(Clone, Copy)]
enum Part {
    Capacity,
    Standby,
    Ending,
    Pool,
    PoolEnding,
}
