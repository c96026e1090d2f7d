//! What each fault does when it begins and how it is taken back. What lasts is set from all faults in force, so that two
//! of them may overlap and end in any order.

use std::time::Duration;

use daemon::moment::Moment;

use super::super::ecs_agents::AgentRestart;
use super::super::state::{Action, State};
use crate::auto_scaling::model::SpotAction;
use crate::cloud_map::{Lost, spread};
use crate::dns::faults as dns;
use crate::faults::fault::{Answering, Interruption, Side, Span};
use crate::faults::read::error_code;
use crate::faults::{Fault, Victim};
use crate::refusal::Refusal;

impl State {
    /// Does what a fault says that has begun.
    ///
    /// # Errors
    /// Whom it is to happen to does not exist, or does not run.
    pub(super) fn do_harm(&mut self, now: Moment, id: u64, fault: &Fault) -> Result<(), String> {
        match fault {
            Fault::Throttle { .. } | Fault::Delay { .. } | Fault::Fail { .. } => Ok(()),
            Fault::CutOffAws { what } => self.check(what),
            Fault::Cut { what } | Fault::Freeze { what } => {
                self.check(what)?;
                self.follow_grips();
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
                self.cloud_map.lose_for(id, *count, lost);
                Ok(())
            }
            Fault::SpreadLate { .. } => {
                self.spread_as_faults_say();
                Ok(())
            }
            Fault::Dns { .. } => {
                self.answer_dns_as_faults_say();
                Ok(())
            }
        }
    }

    /// Takes back what a fault did that is over: what remains is what the others say.
    pub(super) fn undo(&mut self, now: Moment, id: u64, fault: &Fault) {
        match fault {
            Fault::Cut { what } | Fault::Freeze { what } => {
                self.follow_grips();
                self.reconnect(now, what);
            }
            Fault::LoseOperations { .. } => self.cloud_map.lose_none_for(id),
            Fault::SpreadLate { .. } => self.spread_as_faults_say(),
            Fault::Dns { .. } => self.answer_dns_as_faults_say(),
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

    /// Of several faults each bound is the latest's that has one.
    fn spread_as_faults_say(&mut self) {
        let (mut latest_discover, mut latest_dns, mut latest_tasks) = (spread::DISCOVER, spread::DNS, Duration::ZERO);
        for (_, known) in self.faults.active() {
            if let Fault::SpreadLate { discover, dns, tasks } = &known.fault {
                let or = |given: &Option<Span>, before: Duration| given.map_or(before, |span| span.0);
                latest_discover = or(discover, latest_discover);
                latest_dns = or(dns, latest_dns);
                latest_tasks = or(tasks, latest_tasks);
            }
        }
        self.cloud_map.set_spread(latest_discover, latest_dns);
        self.ecs.set_read_delay(latest_tasks);
    }

    fn answer_dns_as_faults_say(&mut self) {
        let rules = self.faults.active().filter_map(|(_, known)| {
            let Fault::Dns { side, name, percent, how, by } = &known.fault else { return None };
            let fault = match how {
                Answering::Drop => dns::Fault::Drop,
                Answering::Servfail => dns::Fault::ServFail,
                Answering::Delay => dns::Fault::Delay(by.map_or(Duration::ZERO, |span| span.0)),
            };
            Some(dns::Rule { side: side.map(dns_side), name: name.clone(), percent: *percent, fault })
        });
        self.dns_faults.follow(rules.collect());
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
