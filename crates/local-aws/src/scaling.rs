//! Managed scaling: once a minute ECS looks at what waits for a host and at what stands empty, and an alarm makes the
//! group grow or shrink.
//!
//! As documented for ECS cluster auto scaling: the metric `CapacityProviderReservation` is M / N × 100, where M is how
//! many hosts are needed and N how many there are. Above the target the group grows at once, but not twice within the
//! instances' warm-up; from zero hosts the metric jumps to 200, which is two hosts whatever is needed. Below the target
//! it shrinks after fifteen looks in a row, then by half of what is too much with each look.

use std::time::Duration;

use daemon::moment::Moment;

use crate::ecs::placement::Resources;
use crate::pace::Pace;

pub mod protection;

/// From one look to the next.
pub const LOOKS_EVERY: Duration = Duration::from_secs(60);

/// How many looks in a row have to be below the target before the group shrinks: the alarm's data points, which nobody
/// can set (ECS developer guide; containers-roadmap #1220).
pub const QUIET_LOOKS: u32 = 15;

/// What comes from zero hosts (ECS developer guide: the metric is 200 then; containers-roadmap #1716).
const FROM_ZERO: u32 = 2;

/// What a capacity provider's managed scaling is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `targetCapacity`: per cent of the group that should be used, 1 to 100.
    pub target: u32,
    /// `minimumScalingStepSize`: how many hosts a look adds at least.
    pub min_step: u32,
    /// `maximumScalingStepSize`: how many hosts a look adds at most.
    pub max_step: u32,
    /// `instanceWarmupPeriod`: until a step of growth counts, no other one follows.
    pub warmup: Duration,
}

/// What a look sees of one capacity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What each waiting task wants, the oldest first.
    pub waiting: Vec<Resources>,
    /// Hosts of the group: N.
    pub hosts: u32,
    /// Of those, the ones that have not registered yet: what waits may fit on them.
    pub booting: u32,
    /// Of those, the ones with tasks that are no daemon's.
    pub busy: u32,
    /// What the group wants now.
    pub desired: u32,
    /// What it may want at least.
    pub min: u32,
    /// What it may want at most.
    pub max: u32,
    /// What a host of it has.
    pub size: Resources,
}

/// What the looks before leave behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// How many looks in a row have been below the target.
    pub quiet: u32,
    /// When it last made the group grow.
    pub grew_at: Option<Moment>,
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `CapacityProviderReservation`, in whole per cent.
    pub reservation: u32,
    /// The desired capacity that the group should have; none when it is to stay as it is.
    pub desired: Option<u32>,
}

/// One look.
#[must_use]
pub fn look(now: Moment, pace: Pace, settings: Settings, memory: &mut Memory, observed: &Observed) -> Seen {
    let needed = needed(settings, observed);
    let target = settings.target.clamp(1, 100);
    let (used, wanted) = (u64::from(needed) * 100, u64::from(target) * u64::from(observed.hosts));
    memory.quiet = if used < wanted { memory.quiet.saturating_add(1) } else { 0 };
    let warms_up = memory.grew_at.is_some_and(|at| at + pace.of(settings.warmup) > now);
    let desired = if used > wanted && !warms_up {
        grown(target, needed, observed)
    } else if memory.quiet >= QUIET_LOOKS {
        shrunk(target, needed, observed)
    } else {
        None
    };
    if desired.is_some_and(|desired| desired > observed.desired) {
        memory.grew_at = Some(now);
    }
    Seen { reservation: reservation(needed, observed.hosts), desired }
}

/// M: what there is and what is missing while tasks wait; else the hosts that are in use.
fn needed(settings: Settings, observed: &Observed) -> u32 {
    let empty = hosts_for(&observed.waiting, observed.size);
    match (empty, empty.saturating_sub(observed.booting)) {
        (0, _) => observed.busy,
        // What waits will fit on what boots.
        (_, 0) => observed.hosts,
        (_, missing) => {
            let most = settings.max_step.max(1);
            observed.hosts.saturating_add(missing.max(settings.min_step).min(most))
        }
    }
}

fn grown(target: u32, needed: u32, observed: &Observed) -> Option<u32> {
    let wanted = match observed.hosts {
        0 => FROM_ZERO,
        _ => for_target(needed, target),
    };
    let wanted = wanted.min(observed.max);
    (wanted > observed.desired).then_some(wanted)
}

fn shrunk(target: u32, needed: u32, observed: &Observed) -> Option<u32> {
    let goal = for_target(needed, target).max(observed.min);
    let too_much = observed.desired.saturating_sub(goal);
    (too_much > 0).then(|| observed.desired - too_much.div_ceil(2))
}

/// How many hosts make `needed` the target's share of them.
fn for_target(needed: u32, target: u32) -> u32 {
    u32::try_from((u64::from(needed) * 100).div_ceil(u64::from(target))).unwrap_or(u32::MAX)
}

/// The metric as it is shown: in whole per cent.
fn reservation(needed: u32, hosts: u32) -> u32 {
    match (needed, hosts) {
        (0, 0) => 100,
        (_, 0) => 200,
        (needed, hosts) => u32::try_from(u64::from(needed) * 100 / u64::from(hosts)).unwrap_or(u32::MAX),
    }
}

/// How many empty hosts the tasks fill, each put where it first fits. What fits on no empty host asks for none.
fn hosts_for(waiting: &[Resources], size: Resources) -> u32 {
    let mut hosts: Vec<Resources> = Vec::new();
    for task in waiting.iter().filter(|task| size.holds(**task)) {
        match hosts.iter_mut().find(|left| left.holds(*task)) {
            Some(left) => *left = left.without(*task),
            None => hosts.push(size.without(*task)),
        }
    }
    u32::try_from(hosts.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
