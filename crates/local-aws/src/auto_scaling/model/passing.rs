//! How instances move when time passes: launch, boot, service, termination, and what EC2's health checks find.

use std::time::Duration;

use daemon::moment::Moment;

use super::activities::ActivityStatus;
use super::hooks::Transition;
use super::lifecycle::{Lifecycle, PoolState, Step};
use super::machine::Machine;
use super::processes::Process;
use super::{AutoScaling, Effect, Illness, Instance};

/// From launch to InService, or to what launch hooks are asked.
const COMES_INTO_SERVICE: Duration = Duration::from_secs(15);
/// From launch until the host's programs run.
pub(super) const BOOTS: Duration = Duration::from_secs(30);
/// The same of what comes out of a warm pool or out of standby, where it runs or is stopped already.
const COMES_BACK: Duration = Duration::from_secs(10);
/// From the hooks' answers to what they allow.
const PROCEEDS: Duration = Duration::from_secs(1);
/// From EnteringStandby to Standby.
const ENTERS_STANDBY: Duration = Duration::from_secs(5);
/// From Terminating until the host is off.
const TERMINATES: Duration = Duration::from_secs(6);
/// However fast time passes, the call that terminates a host is answered before the host is off.
const TERMINATES_AT_LEAST: Duration = Duration::from_millis(200);
/// From a machine's end until EC2's health check has found it: status checks run every minute (EC2 user guide).
const FOUND_UNHEALTHY: Duration = Duration::from_secs(60);
/// From a machine's end until ECS deregisters its container instance, having seen its agent disconnected first.
const DEREGISTERS: Duration = Duration::from_secs(60);
/// How long a terminated instance is remembered here: as long as ECS remembers the tasks it had.
const KEPT: Duration = Duration::from_secs(3600);

/// What an instance does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Boots,
    Interrupted,
    FoundUnhealthy,
    Deregisters,
    GivenUp,
    MovesOn,
}

impl AutoScaling {
    /// What an instance does next by itself, and when.
    fn due(&self, instance: &Instance) -> Option<(Moment, Due)> {
        let machine = match instance.machine {
            Machine::Starting { until } => Some((until, Due::Boots)),
            Machine::Lost { since, registered: true, .. } => {
                Some((since + self.pace.of(DEREGISTERS), Due::Deregisters))
            }
            Machine::Running | Machine::Stopped { .. } | Machine::Lost { .. } | Machine::Off => None,
        };
        let interrupted = match instance.notice {
            Some(notice) if instance.has_power() => Some((notice.ends, Due::Interrupted)),
            Some(_) | None => None,
        };
        let moves_on = self.moves_on(instance).map(|at| (at, Due::MovesOn));
        let found = self.found_unhealthy(instance).map(|at| (at, Due::FoundUnhealthy));
        let given_up = Self::gives_up(instance).map(|at| (at, Due::GivenUp));
        [machine, interrupted, moves_on, found, given_up].into_iter().flatten().min()
    }

    fn moves_on(&self, instance: &Instance) -> Option<Moment> {
        let after = |wait: Duration| Some(instance.since + self.pace.of(wait));
        match instance.lifecycle {
            Lifecycle::Pending(Step::Going) if instance.target.is_some() => after(COMES_BACK),
            Lifecycle::Pending(Step::Going) | Lifecycle::Warming(Step::Going, _) => after(COMES_INTO_SERVICE),
            Lifecycle::Pending(Step::Proceed) | Lifecycle::Warming(Step::Proceed, _) => after(PROCEEDS),
            Lifecycle::Pending(Step::Wait)
            | Lifecycle::Warming(Step::Wait, _)
            | Lifecycle::Terminating(Step::Wait)
            | Lifecycle::WarmedTerminating(Step::Wait) => None,
            Lifecycle::EnteringStandby => after(ENTERS_STANDBY),
            Lifecycle::InService | Lifecycle::Standby | Lifecycle::Warmed(_) => None,
            Lifecycle::Terminating(Step::Going | Step::Proceed)
            | Lifecycle::WarmedTerminating(Step::Going | Step::Proceed) => {
                Some(instance.since + self.pace.of(TERMINATES).max(TERMINATES_AT_LEAST))
            }
            Lifecycle::Terminated | Lifecycle::WarmedTerminated => after(KEPT),
        }
    }

    /// Health checks look at what is in service, or in the warm pool, and find a machine that does not run. What comes
    /// (back) into their sight is looked at from then on.
    fn found_unhealthy(&self, instance: &Instance) -> Option<Moment> {
        let looked_at = |in_pool: bool| instance.lifecycle.counts() || (in_pool && instance.lifecycle.in_pool());
        let since = match instance.machine {
            Machine::Lost { since, .. } if looked_at(true) => since,
            Machine::Stopped { since } if looked_at(false) => since,
            Machine::Starting { .. }
            | Machine::Running
            | Machine::Stopped { .. }
            | Machine::Lost { .. }
            | Machine::Off => return None,
        };
        let looks = self.groups.get(&instance.group).is_some_and(|group| group.does(Process::HealthCheck));
        let found = since.max(instance.since) + self.pace.of(FOUND_UNHEALTHY);
        (looks && instance.healthy() && !instance.lifecycle.is_ending()).then_some(found)
    }

    /// When [`AutoScaling::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let instances = self.instances.values().filter_map(|instance| self.due(instance)).map(|(at, _)| at);
        instances.chain(self.groups.values().filter_map(|group| self.rebalances_at(group))).min()
    }

    /// Lets time pass: instances move on, groups launch and terminate towards what is wanted of them.
    pub fn advance(&mut self, now: Moment) {
        while let Some((at, due, id)) = self.next_due(now) {
            match due {
                Due::Boots => self.booted(&id),
                Due::Interrupted => self.interrupt(at, &id),
                Due::Deregisters => self.deregister(&id),
                Due::FoundUnhealthy => self.found(&id),
                Due::GivenUp => self.give_up(at, &id),
                Due::MovesOn => self.move_on(at, &id),
            }
        }
        self.towards_what_is_wanted(now);
    }

    fn next_due(&self, now: Moment) -> Option<(Moment, Due, String)> {
        let due = self.instances.values().filter_map(|instance| self.due(instance).map(|due| (due, instance)));
        let ((at, due), instance) = due.filter(|((at, _), _)| *at <= now).min_by_key(|(due, i)| (*due, i.number))?;
        Some((at, due, instance.id.clone()))
    }

    fn booted(&mut self, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.machine = Machine::Running;
        self.effects.push(Effect::Booted { host: id.to_owned(), group: instance.group.clone() });
        self.join(id);
    }

    /// The ECS agent registers when it runs and the instance is (on its way to be) in service: as with
    /// `ECS_WARM_POOLS_CHECK=true`, which ECS asks for with warm pools.
    pub(super) fn join(&mut self, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.runs() && instance.lifecycle.counts() && !instance.joined {
            instance.joined = true;
            self.effects.push(Effect::Joins { host: id.to_owned(), group: instance.group.clone() });
        }
    }

    fn found(&mut self, id: &str) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.illness = Some(Illness::MachineIsOff);
        }
    }

    fn move_on(&mut self, at: Moment, id: &str) {
        let Some(lifecycle) = self.instances.get(id).map(|instance| instance.lifecycle) else { return };
        match lifecycle {
            Lifecycle::Pending(Step::Going) | Lifecycle::Warming(Step::Going, _)
                if self.begin_waits(at, id, Transition::Launching) => {}
            Lifecycle::Pending(_) => self.in_service(at, id),
            Lifecycle::Warming(_, state) => self.pool(at, id, state),
            Lifecycle::EnteringStandby => {
                self.change_lifecycle(at, id, Lifecycle::Standby);
                self.end_activity(at, id, ActivityStatus::Successful);
            }
            Lifecycle::Terminating(_) => self.off(at, id, Lifecycle::Terminated),
            Lifecycle::WarmedTerminating(_) => self.off(at, id, Lifecycle::WarmedTerminated),
            Lifecycle::Terminated | Lifecycle::WarmedTerminated => {
                self.instances.remove(id);
            }
            Lifecycle::InService
            | Lifecycle::Standby
            | Lifecycle::Warmed(PoolState::Stopped | PoolState::Running | PoolState::Hibernated) => {}
        }
    }

    fn in_service(&mut self, at: Moment, id: &str) {
        self.change_lifecycle(at, id, Lifecycle::InService);
        self.join(id);
        self.end_activity(at, id, ActivityStatus::Successful);
    }

    fn change_lifecycle(&mut self, at: Moment, id: &str, lifecycle: Lifecycle) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.move_to(at, lifecycle);
        }
    }

    /// EC2 has terminated it for Auto Scaling. A container instance whose machine ran is deregistered with that; one
    /// whose agent was disconnected is not (ECS developer guide, deregistering container instances).
    fn off(&mut self, at: Moment, id: &str, lifecycle: Lifecycle) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let deregisters = match instance.machine {
            Machine::Starting { .. } | Machine::Running => true,
            // One that was stopped as a warm one never joined.
            Machine::Stopped { .. } | Machine::Off => false,
            Machine::Lost { .. } => {
                self.deregister(id);
                false
            }
        };
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.machine = Machine::Off;
        instance.move_to(at, lifecycle);
        self.effects.push(Effect::Terminated { host: id.to_owned(), deregisters });
        self.end_activity(at, id, ActivityStatus::Successful);
    }
}
