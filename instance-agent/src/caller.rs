//! As whom the agent speaks to supervisors.

use daemon::moment::Clock;
use task_state::{Token, WatcherId};

/// One of this run, the same for watches and reports.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What it calls itself.
    pub id: WatcherId,
    /// What it shows where a supervisor wants one (rule W4).
    pub token: Option<Token>,
    /// By which it dates what is said.
    pub clock: Clock,
}
