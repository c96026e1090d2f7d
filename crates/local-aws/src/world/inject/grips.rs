//! What faults hold: the tasks and hosts that are frozen or cut off, and the hosts whose agents ECS has lost for it.
//!
//! What is held is what the faults in force say together, and never what one of them took back.

use std::collections::BTreeSet;

use daemon::moment::Moment;

use super::super::ecs_agents::AgentState;
use super::super::state::{Action, Part, State};
use crate::ecs::task::LastStatus;
use crate::faults::{Fault, Victim};

/// How a part is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Hold {
    /// Frozen.
    Frozen,
    /// Off the network.
    Cut,
}

/// What is held.
pub(in super::super) type Gripped = BTreeSet<(Hold, Part)>;

impl State {
    /// Says what is to be held from now on and what no longer.
    pub(in super::super) fn follow_grips(&mut self) {
        if self.faults.is_empty() && self.gripped.is_empty() {
            return;
        }
        let wanted: Gripped = self
            .faults
            .active()
            .filter_map(|(_, known)| hold(&known.fault))
            .flat_map(|(hold, what)| self.parts(what).into_iter().map(move |part| (hold, part)))
            .collect();
        let before = std::mem::replace(&mut self.gripped, wanted);
        let let_go = before.difference(&self.gripped).cloned().map(|(hold, part)| match hold {
            Hold::Frozen => Action::Thaw(part),
            Hold::Cut => Action::Mend(part),
        });
        let taken = self.gripped.difference(&before).cloned().map(|(hold, part)| match hold {
            Hold::Frozen => Action::Freeze(part),
            Hold::Cut => Action::Cut(part),
        });
        self.actions.extend(let_go.chain(taken));
    }

    /// Whether ECS cannot reach a host's agent, for a fault.
    pub(in super::super) fn is_silenced(&self, host: &str) -> bool {
        !self.faults.is_empty() && self.faults.active().any(|(_, known)| known.silences(host))
    }

    /// ECS has the agent of a host again, unless a fault still holds the host or the agent itself is away.
    pub(in super::super) fn connect_agent(&mut self, host: &str) {
        let answers = match self.ecs_agents.state(host) {
            AgentState::Well | AgentState::Empty => true,
            AgentState::Refuses | AgentState::Unregistered => false,
        };
        if answers && !self.is_silenced(host) {
            self.ecs.agent_connection(host, true);
        }
    }

    /// ECS loses the agent of a host that is cut off or frozen.
    pub(super) fn disconnect(&mut self, what: &Victim) {
        match what {
            Victim::Host(host) => self.ecs.agent_connection(host, false),
            Victim::Task(_) | Victim::Agent(_) => {}
        }
    }

    /// It has it again: it learns what happened meanwhile, and says again what it wants stopped.
    pub(super) fn reconnect(&mut self, now: Moment, what: &Victim) {
        let Victim::Host(host) = what else { return };
        if self.check(what).is_err() {
            // What its tasks did meanwhile nobody will tell.
            self.held.retain(|(of, _)| of != host);
            return;
        }
        if self.is_silenced(host) {
            return;
        }
        self.connect_agent(host);
        let (told, held) = std::mem::take(&mut self.held).into_iter().partition(|(of, _)| of == host);
        self.held = held;
        for (_, happened) in told {
            self.learn(now, happened);
        }
        let stops: Vec<Action> = self
            .ecs
            .tasks()
            .into_iter()
            .filter(|task| self.host_of(task) == Some(host) && task.last_status == LastStatus::Stopping)
            .map(|task| Action::Stop { task: task.id.clone() })
            .collect();
        self.actions.extend(stops);
    }
}

/// What a fault holds, and how.
fn hold(fault: &Fault) -> Option<(Hold, &Victim)> {
    match fault {
        Fault::Freeze { what } => Some((Hold::Frozen, what)),
        Fault::Cut { what } => Some((Hold::Cut, what)),
        Fault::Throttle { .. }
        | Fault::Delay { .. }
        | Fault::Fail { .. }
        | Fault::CutOffAws { .. }
        | Fault::Kill { .. }
        | Fault::RestartEcsAgent { .. }
        | Fault::SpotNotice { .. }
        | Fault::Rebalance { .. }
        | Fault::ScaleIn { .. }
        | Fault::LoseOperations { .. }
        | Fault::SpreadLate { .. }
        | Fault::DuplicateMessage { .. }
        | Fault::Dns { .. } => None,
    }
}
