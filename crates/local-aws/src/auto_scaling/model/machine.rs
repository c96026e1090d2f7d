//! The machine under an instance, which may go without anybody in Auto Scaling having asked: a spot notice, a machine
//! that is gone at once. EC2's health check notices later.

use std::time::Duration;

use daemon::moment::Moment;

use super::{AutoScaling, Effect, Instance, validation};
use crate::refusal::Refusal;

/// From the notice of an interruption until EC2 takes the machine ("two minutes", EC2 user guide, spot interruption
/// notices). Hibernation begins with its notice.
const NOTICE: Duration = Duration::from_secs(120);

/// What the machine of an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// It starts.
    Starting {
        /// When its programs run.
        until: Moment,
    },
    /// Its programs run.
    Running,
    /// It is stopped or hibernated; its disk and address are kept.
    Stopped {
        /// Since when.
        since: Moment,
    },
    /// EC2 has terminated it, and neither ECS nor Auto Scaling asked for that.
    Lost {
        /// Since when.
        since: Moment,
        /// Whether a spot interruption took it.
        reclaimed: bool,
        /// Whether ECS has still to learn of it.
        registered: bool,
    },
    /// It was terminated.
    Off,
}

/// What EC2 does at the end of a spot notice, as instance metadata writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpotAction {
    /// The instance is terminated.
    Terminate,
    /// The instance is stopped.
    Stop,
    /// The instance hibernates, at once.
    Hibernate,
}

impl SpotAction {
    /// As instance metadata writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SpotAction::Terminate => "terminate",
            SpotAction::Stop => "stop",
            SpotAction::Hibernate => "hibernate",
        }
    }

    /// What instance metadata writes so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [SpotAction::Terminate, SpotAction::Stop, SpotAction::Hibernate].into_iter().find(|a| a.name() == name)
    }
}

/// The notice that a spot instance is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpotNotice {
    /// What happens.
    pub action: SpotAction,
    /// When it happens.
    pub ends: Moment,
}

impl Instance {
    /// Whether its programs run.
    #[must_use]
    pub const fn runs(&self) -> bool {
        matches!(self.machine, Machine::Running)
    }

    /// Whether its machine is there, or about to be.
    pub(super) const fn has_power(&self) -> bool {
        matches!(self.machine, Machine::Starting { .. } | Machine::Running)
    }
}

impl AutoScaling {
    /// EC2 gives notice that it takes a spot instance back, and does so after two minutes, whatever hooks, protection
    /// and agents do. Hibernation begins at once. The instance is a spot instance from now on.
    ///
    /// # Errors
    /// No such instance, or its machine is off.
    pub fn spot_notice(&mut self, now: Moment, host: &str, action: SpotAction) -> Result<(), Refusal> {
        let ends = match action {
            SpotAction::Terminate | SpotAction::Stop => now + self.pace.of(NOTICE),
            SpotAction::Hibernate => now,
        };
        let instance = self.powered(host)?;
        instance.spot = true;
        instance.notice = Some(SpotNotice { action, ends });
        self.effects.push(Effect::SpotNotice { host: host.to_owned(), action });
        Ok(())
    }

    /// EC2 recommends to rebalance: the instance is at elevated risk of an interruption.
    ///
    /// # Errors
    /// No such instance, or its machine is off.
    pub fn rebalance_recommendation(&mut self, now: Moment, host: &str) -> Result<(), Refusal> {
        let instance = self.powered(host)?;
        instance.rebalance = Some(now);
        self.effects.push(Effect::RebalanceRecommended { host: host.to_owned() });
        Ok(())
    }

    /// The machine is gone, as if somebody had terminated it in EC2: no hook, no signal to anything on it.
    ///
    /// # Errors
    /// No such instance, or its machine is off.
    pub fn terminate_at_once(&mut self, now: Moment, host: &str) -> Result<(), Refusal> {
        self.powered(host)?;
        self.lose(now, host, false);
        Ok(())
    }

    /// The spot notice of an instance has run out.
    pub(super) fn interrupt(&mut self, at: Moment, host: &str) {
        let Some(action) = self.instances.get(host).and_then(|i| i.notice).map(|notice| notice.action) else { return };
        match action {
            SpotAction::Terminate => self.lose(at, host, true),
            SpotAction::Stop | SpotAction::Hibernate => self.power_off(at, host),
        }
    }

    /// The machine stops; it keeps its disk and its address.
    pub(super) fn power_off(&mut self, at: Moment, host: &str) {
        let Some(instance) = self.instances.get_mut(host) else { return };
        if !instance.has_power() {
            return;
        }
        let ran = instance.runs();
        instance.machine = Machine::Stopped { since: at };
        // When it is started again, that is over.
        (instance.notice, instance.rebalance) = (None, None);
        if ran {
            self.effects.push(Effect::Down { host: host.to_owned() });
        }
    }

    fn lose(&mut self, at: Moment, host: &str, reclaimed: bool) {
        let Some(instance) = self.instances.get_mut(host) else { return };
        let ran = instance.runs();
        instance.machine = Machine::Lost { since: at, reclaimed, registered: instance.joined };
        if ran {
            self.effects.push(Effect::Down { host: host.to_owned() });
        }
    }

    /// ECS learns that a lost machine's container instance is gone.
    pub(super) fn deregister(&mut self, host: &str) {
        let Some(instance) = self.instances.get_mut(host) else { return };
        if let Machine::Lost { reclaimed, registered, .. } = &mut instance.machine
            && std::mem::take(registered)
        {
            let reclaimed = *reclaimed;
            self.effects.push(Effect::Deregisters { host: host.to_owned(), reclaimed });
        }
    }

    fn powered(&mut self, host: &str) -> Result<&mut Instance, Refusal> {
        let none = || validation(format!("The instance ID '{host}' does not exist, or its machine is off"));
        self.instances.get_mut(host).filter(|instance| instance.has_power()).ok_or_else(none)
    }
}
