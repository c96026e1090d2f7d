//! The ECS agents of hosts while they are restarted: the introspection port refuses, then it answers without knowing
//! anything (`ContainerInstanceArn` null, no tasks), then with an ARN but still no tasks, then all is as before.
//!
//! That is what an agent looks like that lost its data, from its start until ECS has told it everything again.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;

/// How long the steps of a restart take. These are waits of the fault, so `--time-factor` does not divide them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentRestart {
    /// The port refuses.
    pub refuses: Duration,
    /// Then it answers, unregistered: no ARN, no tasks.
    pub unregistered: Duration,
    /// Then it is registered, and still lists no tasks.
    pub empty: Duration,
}

impl Default for AgentRestart {
    fn default() -> Self {
        AgentRestart {
            refuses: Duration::from_secs(5),
            unregistered: Duration::from_secs(2),
            empty: Duration::from_secs(5),
        }
    }
}

/// Where a restart is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// The port refuses.
    Refuses,
    /// It answers: no ARN, no tasks.
    Unregistered,
    /// It answers: an ARN, no tasks.
    Empty,
    /// As always.
    Well,
}

/// The agents that are being restarted.
#[derive(Debug, Default)]
pub struct EcsAgents(BTreeMap<String, (Moment, AgentRestart, AgentState)>);

impl EcsAgents {
    /// Begins a restart; one that is under way begins anew.
    pub fn restart(&mut self, now: Moment, host: &str, restart: AgentRestart) {
        self.0.insert(host.to_owned(), (now, restart, AgentState::Refuses));
    }

    /// The host has gone, and its agent with it.
    pub fn forget(&mut self, host: &str) {
        self.0.remove(host);
    }

    /// Where a host's agent is.
    #[must_use]
    pub fn state(&self, host: &str) -> AgentState {
        self.0.get(host).map_or(AgentState::Well, |(_, _, state)| *state)
    }

    /// When [`EcsAgents::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.0.values().map(|(began, restart, state)| next(*began, *restart, *state)).min()
    }

    /// Lets time pass; the agents whose state changed.
    pub fn advance(&mut self, now: Moment) -> Vec<(String, AgentState)> {
        let mut changed = Vec::new();
        for (host, (began, restart, state)) in &mut self.0 {
            let before = *state;
            while *state != AgentState::Well && next(*began, *restart, *state) <= now {
                *state = match *state {
                    AgentState::Refuses => AgentState::Unregistered,
                    AgentState::Unregistered => AgentState::Empty,
                    AgentState::Empty | AgentState::Well => AgentState::Well,
                };
            }
            if *state != before {
                changed.push((host.clone(), *state));
            }
        }
        self.0.retain(|_, (_, _, state)| *state != AgentState::Well);
        changed
    }
}

/// When a state ends.
fn next(began: Moment, restart: AgentRestart, state: AgentState) -> Moment {
    let answers = began + restart.refuses;
    match state {
        AgentState::Refuses => answers,
        AgentState::Unregistered => answers + restart.unregistered,
        AgentState::Empty | AgentState::Well => answers + restart.unregistered + restart.empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_refuses_then_knows_nothing_then_lists_nothing_then_is_over() {
        let mut agents = EcsAgents::default();
        let seconds = Duration::from_secs;
        let restart = AgentRestart { refuses: seconds(5), unregistered: seconds(2), empty: seconds(5) };
        agents.restart(Moment::millis(1000), "i-1", restart);
        assert_eq!((agents.state("i-1"), agents.state("i-2")), (AgentState::Refuses, AgentState::Well));
        assert_eq!(agents.deadline(), Some(Moment::millis(6000)));
        assert_eq!(agents.advance(Moment::millis(5999)), []);
        assert_eq!(agents.advance(Moment::millis(6000)), [("i-1".to_owned(), AgentState::Unregistered)]);
        assert_eq!(agents.advance(Moment::millis(8000)), [("i-1".to_owned(), AgentState::Empty)]);
        assert_eq!(agents.advance(Moment::millis(20_000)), [("i-1".to_owned(), AgentState::Well)]);
        assert_eq!((agents.deadline(), agents.state("i-1")), (None, AgentState::Well));
    }
}
