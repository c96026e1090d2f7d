//! Faults in the world: what each does to hosts, tasks and the DNS, and how it is taken back.

use std::num::NonZeroU8;
use std::time::Duration;

use daemon::moment::Moment;
use serde_json::Value;

mod victim;

use super::World;
use super::ecs_agents::AgentRestart;
use super::state::{Action, State};
use crate::auto_scaling::model::SpotAction;
use crate::cloud_map::{Lost, spread};
use crate::dns::faults as dns;
use crate::ecs::task::LastStatus;
use crate::faults::fault::{Answering, Interruption, Side, Span};
use crate::faults::read::error_code;
use crate::faults::{Fault, Injection, Victim};
use crate::refusal::Refusal;

impl World {
    /// Lets something go wrong; the fault's id.
    ///
    /// # Errors
    /// Whom it is to happen to does not exist, or does not run.
    pub fn inject(&self, injection: Injection) -> Result<u64, String> {
        self.change(|state, now| state.inject(now, injection))
    }

    /// Takes a fault back; whether it was under way.
    pub fn lift(&self, id: u64) -> bool {
        self.change(|state, now| state.lift(now, id))
    }

    /// Takes every fault back; how many were under way.
    pub fn lift_all(&self) -> usize {
        self.change(|state, now| state.lift_all(now))
    }

    /// What `GET /_faults` says: every fault that is known.
    #[must_use]
    pub fn faults(&self) -> Value {
        self.lock().faults.list()
    }

    /// One fault of those.
    #[must_use]
    pub fn fault(&self, id: u64) -> Option<Value> {
        self.lock().faults.one(id)
    }
}

impl State {
    /// See [`World::inject`].
    ///
    /// # Errors
    /// Whom it is to happen to does not exist, or does not run.
    pub fn inject(&mut self, now: Moment, injection: Injection) -> Result<u64, String> {
        self.advance(now);
        let Injection { mut fault, lasts } = injection;
        self.name_victim(&mut fault)?;
        // One that cannot happen is no fault; one that happens is one even if it is over at once.
        self.do_harm(now, &fault)?;
        let id = self.faults.begin(now, fault.clone(), lasts).inspect_err(|_| self.undo(now, &fault))?;
        let text = serde_json::to_string(&fault).unwrap_or_default();
        self.events.tell(now, "fault.injected", &id.to_string(), format!("fault {id}: {text}"));
        self.advance(now);
        Ok(id)
    }

    /// See [`World::lift`].
    pub fn lift(&mut self, now: Moment, id: u64) -> bool {
        let was_under_way = self.take_back(now, id);
        self.advance(now);
        was_under_way
    }

    /// See [`World::lift_all`].
    pub fn lift_all(&mut self, now: Moment) -> usize {
        let ids: Vec<u64> = self.faults.active().map(|(id, _)| id).collect();
        ids.into_iter().filter(|id| self.lift(now, *id)).count()
    }

    /// Ends the faults whose time is over.
    pub(super) fn end_due_faults(&mut self, now: Moment) {
        if self.faults.is_empty() {
            return;
        }
        for id in self.faults.due(now) {
            self.take_back(now, id);
        }
    }

    /// Ends the faults whose victim has gone: its address may soon be somebody else's.
    pub(super) fn end_pointless_faults(&mut self, now: Moment) {
        if self.faults.is_empty() {
            return;
        }
        let gone: Vec<u64> =
            self.faults.active().filter(|(_, known)| self.has_gone(&known.fault)).map(|(id, _)| id).collect();
        for id in gone {
            self.take_back(now, id);
        }
    }

    fn take_back(&mut self, now: Moment, id: u64) -> bool {
        let Some(fault) = self.faults.end(now, id) else { return false };
        self.undo(now, &fault);
        self.events.tell(now, "fault.lifted", &id.to_string(), format!("fault {id} is over"));
        true
    }

    fn has_gone(&self, fault: &Fault) -> bool {
        match fault {
            Fault::CutOffAws { what } | Fault::Cut { what } | Fault::Freeze { what } => self.check(what).is_err(),
            // The operations that were to be lost are.
            Fault::LoseOperations { .. } => self.cloud_map.to_lose() == 0,
            Fault::SpreadLate { .. }
            | Fault::Throttle { .. }
            | Fault::Delay { .. }
            | Fault::Fail { .. }
            | Fault::Dns { .. }
            | Fault::Kill { .. }
            | Fault::RestartEcsAgent { .. }
            | Fault::SpotNotice { .. }
            | Fault::Rebalance { .. }
            | Fault::ScaleIn { .. }
            | Fault::DuplicateMessage { .. } => false,
        }
    }

    /// Whether ECS cannot reach a host's agent, for a fault.
    pub(super) fn is_silenced(&self, host: &str) -> bool {
        !self.faults.is_empty() && self.faults.active().any(|(_, known)| known.silences(host))
    }

    fn do_harm(&mut self, now: Moment, fault: &Fault) -> Result<(), String> {
        match fault {
            Fault::Throttle { .. } | Fault::Delay { .. } | Fault::Fail { .. } => Ok(()),
            Fault::CutOffAws { what } => self.check(what),
            Fault::Cut { what } => {
                self.check(what)?;
                self.actions.extend(self.parts(what).into_iter().map(Action::Cut));
                self.disconnect(what);
                Ok(())
            }
            Fault::Freeze { what } => {
                self.check(what)?;
                self.actions.extend(self.parts(what).into_iter().map(Action::Freeze));
                self.disconnect(what);
                Ok(())
            }
            Fault::Kill { what } => {
                self.check(what)?;
                match what {
                    Victim::Task(task) => self.actions.push(Action::Kill { task: task.clone() }),
                    Victim::Agent(host) => self.actions.push(Action::KillAgent { host: host.clone() }),
                    Victim::Host(host) => return self.terminate_at_once(now, host).map_err(words),
                }
                Ok(())
            }
            Fault::RestartEcsAgent { host, refuses, unregistered, empty } => {
                let usual = AgentRestart::default();
                let or = |given: &Option<Span>, usual: Duration| given.map_or(usual, |span| span.0);
                let restart = AgentRestart {
                    refuses: or(refuses, usual.refuses),
                    unregistered: or(unregistered, usual.unregistered),
                    empty: or(empty, usual.empty),
                };
                self.restart_ecs_agent(now, host, restart).map_err(words)
            }
            Fault::SpotNotice { host, action } => {
                let action = match action {
                    Interruption::Terminate => SpotAction::Terminate,
                    Interruption::Stop => SpotAction::Stop,
                    Interruption::Hibernate => SpotAction::Hibernate,
                };
                self.spot_notice(now, host, action).map_err(words)
            }
            Fault::Rebalance { host } => self.rebalance_recommendation(now, host).map_err(words),
            Fault::DuplicateMessage { queue } => self.sqs.duplicate_next(queue).map_err(words),
            Fault::ScaleIn { group, count } => self.scale_in(now, group, *count).map(drop).map_err(words),
            Fault::LoseOperations { count, code } => {
                let lost = match code.as_deref().and_then(error_code) {
                    Some(code) => Lost::Fails { code, message: "The operation was lost on request.".to_owned() },
                    None => Lost::NeverEnds,
                };
                (0..*count).for_each(|_| self.cloud_map.lose_next(lost.clone()));
                Ok(())
            }
            Fault::SpreadLate { discover, dns, tasks } => {
                let or = |given: &Option<Span>, usual: Duration| given.map_or(usual, |span| span.0);
                self.cloud_map.set_spread(or(discover, spread::DISCOVER), or(dns, spread::DNS));
                self.ecs.set_read_delay(or(tasks, Duration::ZERO));
                Ok(())
            }
            Fault::Dns { side, name, percent, how, by } => {
                let fault = match how {
                    Answering::Drop => dns::Fault::Drop,
                    Answering::Servfail => dns::Fault::ServFail,
                    Answering::Delay => dns::Fault::Delay(by.map_or(Duration::ZERO, |span| span.0)),
                };
                let percent: Option<NonZeroU8> = *percent;
                self.dns_faults.set(dns::Rule { side: side.map(dns_side), name: name.clone(), percent, fault });
                Ok(())
            }
        }
    }

    fn undo(&mut self, now: Moment, fault: &Fault) {
        match fault {
            Fault::Cut { what } => {
                self.actions.extend(self.parts(what).into_iter().map(Action::Mend));
                self.reconnect(now, what);
            }
            Fault::Freeze { what } => {
                self.actions.extend(self.parts(what).into_iter().map(Action::Thaw));
                self.reconnect(now, what);
            }
            Fault::LoseOperations { .. } => self.cloud_map.lose_none(),
            Fault::SpreadLate { .. } => {
                self.cloud_map.set_spread(spread::DISCOVER, spread::DNS);
                self.ecs.set_read_delay(Duration::ZERO);
            }
            Fault::Dns { side, name, .. } => self.dns_faults.clear(side.map(dns_side), name.as_deref()),
            Fault::Throttle { .. }
            | Fault::Delay { .. }
            | Fault::Fail { .. }
            | Fault::CutOffAws { .. }
            | Fault::Kill { .. }
            | Fault::RestartEcsAgent { .. }
            | Fault::SpotNotice { .. }
            | Fault::Rebalance { .. }
            | Fault::ScaleIn { .. }
            | Fault::DuplicateMessage { .. } => {}
        }
    }

    /// ECS loses the agent of a host that is cut off or frozen.
    fn disconnect(&mut self, what: &Victim) {
        match what {
            Victim::Host(host) => self.ecs.agent_connection(host, false),
            Victim::Task(_) | Victim::Agent(_) => {}
        }
    }

    /// It has it again: it learns what happened meanwhile, and says again what it wants stopped.
    fn reconnect(&mut self, now: Moment, what: &Victim) {
        let Victim::Host(host) = what else { return };
        if self.check(what).is_err() {
            // What its tasks did meanwhile nobody will tell.
            self.held.retain(|(of, _)| of != host);
            return;
        }
        if self.is_silenced(host) {
            return;
        }
        self.ecs.agent_connection(host, true);
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

const fn dns_side(side: Side) -> dns::Side {
    match side {
        Side::Zones => dns::Side::Zones,
        Side::Resolver => dns::Side::Resolver,
    }
}

fn words(refusal: Refusal) -> String {
    refusal.message
}

#[cfg(test)]
mod tests;
