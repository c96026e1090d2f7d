//! What a group does by itself, and what of it is suspended (SuspendProcesses, ResumeProcesses).

use daemon::moment::Moment;

use super::{AutoScaling, validation};
use crate::auto_scaling::requests::Processes;
use crate::refusal::Refusal;

/// A process of Auto Scaling (Auto Scaling user guide, "Suspend and resume processes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Process {
    /// Launches.
    Launch,
    /// Terminations, but for those that a call asks for.
    Terminate,
    /// Not modelled: there are no load balancers.
    AddToLoadBalancer,
    /// What alarms ask for: ECS's managed scaling.
    AlarmNotification,
    /// Balances zones.
    AzRebalance,
    /// Finds machines that do not run.
    HealthCheck,
    /// Not modelled: there are no instance refreshes.
    InstanceRefresh,
    /// Replaces what is unhealthy.
    ReplaceUnhealthy,
    /// Not modelled: there are no scheduled actions.
    ScheduledActions,
}

impl Process {
    const ALL: [Process; 9] = [
        Process::Launch,
        Process::Terminate,
        Process::AddToLoadBalancer,
        Process::AlarmNotification,
        Process::AzRebalance,
        Process::HealthCheck,
        Process::InstanceRefresh,
        Process::ReplaceUnhealthy,
        Process::ScheduledActions,
    ];

    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Process::Launch => "Launch",
            Process::Terminate => "Terminate",
            Process::AddToLoadBalancer => "AddToLoadBalancer",
            Process::AlarmNotification => "AlarmNotification",
            Process::AzRebalance => "AZRebalance",
            Process::HealthCheck => "HealthCheck",
            Process::InstanceRefresh => "InstanceRefresh",
            Process::ReplaceUnhealthy => "ReplaceUnhealthy",
            Process::ScheduledActions => "ScheduledActions",
        }
    }
}

impl AutoScaling {
    /// SuspendProcesses: those named, or all. What is suspended already stays so since when it was.
    ///
    /// # Errors
    /// No such group or process.
    pub fn suspend(&mut self, now: Moment, request: &Processes) -> Result<(), Refusal> {
        let named = named(&request.scaling_processes)?;
        let group = self.change_group(&request.auto_scaling_group_name)?;
        for process in named {
            group.suspended.entry(process).or_insert(now);
        }
        Ok(())
    }

    /// ResumeProcesses: those named, or all.
    ///
    /// # Errors
    /// No such group or process.
    pub fn resume(&mut self, request: &Processes) -> Result<(), Refusal> {
        let named = named(&request.scaling_processes)?;
        let group = self.change_group(&request.auto_scaling_group_name)?;
        group.suspended.retain(|process, _| !named.contains(process));
        Ok(())
    }
}

fn named(names: &[String]) -> Result<Vec<Process>, Refusal> {
    if names.is_empty() {
        return Ok(Process::ALL.to_vec());
    }
    let find = |name: &String| {
        let found = Process::ALL.into_iter().find(|process| process.name() == name);
        found.ok_or_else(|| validation(format!("{name} is not a valid scaling process.")))
    };
    names.iter().map(find).collect()
}
