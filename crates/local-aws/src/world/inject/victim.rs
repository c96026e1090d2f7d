//! Whom a fault is for: who is meant by `oldest`, `newest` and `any`, whether they run, and what they consist of.

use super::super::state::{Part, State};
use crate::ecs::task::LastStatus;
use crate::faults::{Fault, Victim};

impl State {
    /// Replaces `oldest`, `newest` and `any` by the id of one that runs.
    pub(super) fn name_victim(&mut self, fault: &mut Fault) -> Result<(), String> {
        match fault {
            Fault::CutOffAws { what } | Fault::Cut { what } | Fault::Freeze { what } | Fault::Kill { what } => {
                match what {
                    Victim::Task(id) => self.name(id, true),
                    Victim::Host(id) | Victim::Agent(id) => self.name(id, false),
                }
            }
            Fault::RestartEcsAgent { host, .. } | Fault::SpotNotice { host, .. } | Fault::Rebalance { host } => {
                self.name(host, false)
            }
            Fault::Throttle { .. }
            | Fault::Delay { .. }
            | Fault::Fail { .. }
            | Fault::ScaleIn { .. }
            | Fault::LoseOperations { .. }
            | Fault::SpreadLate { .. }
            | Fault::DuplicateMessage { .. }
            | Fault::Dns { .. } => Ok(()),
        }
    }

    fn name(&mut self, id: &mut String, task: bool) -> Result<(), String> {
        if !matches!(id.as_str(), "oldest" | "newest" | "any") {
            // A task may be called by its ARN.
            *id = crate::account::last_part(id).to_owned();
            return Ok(());
        }
        let running: Vec<String> = match task {
            true => self
                .ecs
                .tasks()
                .into_iter()
                .filter(|t| t.last_status == LastStatus::Running)
                .map(|t| t.id.clone())
                .collect(),
            false => self.auto_scaling.instances().into_iter().filter(|i| i.runs()).map(|i| i.id.clone()).collect(),
        };
        let place = match id.as_str() {
            "oldest" => 0,
            "newest" => running.len().saturating_sub(1),
            _ => self.faults.pick(running.len()),
        };
        let what = if task { "task" } else { "host" };
        *id = running.into_iter().nth(place).ok_or_else(|| format!("no {what} runs"))?;
        Ok(())
    }

    pub(super) fn check(&self, what: &Victim) -> Result<(), String> {
        let there = match what {
            Victim::Task(id) => self.ecs.task(id).is_some_and(|task| task.last_status != LastStatus::Stopped),
            Victim::Host(id) | Victim::Agent(id) => self.auto_scaling.instance(id).is_some_and(|host| host.runs()),
        };
        if there { Ok(()) } else { Err(format!("{what} does not run")) }
    }

    /// What is done to a victim is done to these.
    pub(super) fn parts(&self, what: &Victim) -> Vec<Part> {
        let task = |id: &str| Part::Task { task: id.to_owned() };
        let host = |id: &str| Part::Host { host: id.to_owned() };
        match what {
            Victim::Task(id) => vec![task(id)],
            Victim::Agent(id) => vec![host(id)],
            Victim::Host(id) => {
                let here = self.ecs.tasks().into_iter().filter(|t| self.host_of(t) == Some(id.as_str()));
                std::iter::once(host(id)).chain(here.map(|t| task(&t.id))).collect()
            }
        }
    }
}
