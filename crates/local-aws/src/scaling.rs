//! Managed scaling: once a minute ECS looks at what waits for a host, and makes groups grow.
//!
//! As documented for ECS cluster auto scaling: from zero hosts the metric jumps to 200, which is two hosts whatever is
//! needed; otherwise it adds what is missing; hosts that are booting count. It does not shrink anything here: hosts
//! leave when their agents release them.

use std::time::Duration;

use crate::ecs::placement::Resources;

/// From one look to the next.
pub const LOOKS_EVERY: Duration = Duration::from_secs(60);

/// What a look sees of one capacity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What each waiting task wants, the oldest first.
    pub waiting: Vec<Resources>,
    /// Hosts that take tasks or are on their way to.
    pub hosts: u32,
    /// Of those, the ones that have not registered yet: what waits may fit on them.
    pub booting: u32,
    /// What the group wants now.
    pub desired: u32,
    /// What it may want at most.
    pub max: u32,
    /// What a host of it has.
    pub size: Resources,
}

/// The desired capacity that the group should have; none when it is to stay as it is.
#[must_use]
pub fn look(observed: &Observed) -> Option<u32> {
    let needed = hosts_for(&observed.waiting, observed.size);
    if needed == 0 {
        return None;
    }
    let wanted = match observed.hosts {
        0 => 2,
        hosts => hosts.saturating_add(needed.saturating_sub(observed.booting)),
    };
    let wanted = wanted.min(observed.max);
    (wanted > observed.desired).then_some(wanted)
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: Resources = Resources { cpu: 2048, memory: 3884 };
    const THIRD: Resources = Resources { cpu: 640, memory: 1024 };

    fn observed(waiting: usize, hosts: u32, booting: u32, desired: u32) -> Observed {
        Observed { waiting: vec![THIRD; waiting], hosts, booting, desired, max: 4, size: SIZE }
    }

    #[test]
    fn from_zero_two_hosts_come_for_one_task() {
        assert_eq!(look(&observed(1, 0, 0, 0)), Some(2));
        assert_eq!(look(&observed(9, 0, 0, 0)), Some(2));
    }

    #[test]
    fn hosts_that_boot_are_waited_for() {
        assert_eq!(look(&observed(1, 2, 2, 2)), None);
        assert_eq!(look(&observed(7, 2, 2, 2)), Some(3));
    }

    #[test]
    fn what_is_missing_is_added_up_to_the_greatest_size() {
        assert_eq!(look(&observed(4, 2, 0, 2)), Some(4));
        assert_eq!(look(&observed(40, 2, 0, 2)), Some(4));
        assert_eq!(look(&observed(0, 2, 0, 2)), None);
    }

    #[test]
    fn a_task_that_fits_on_no_host_asks_for_none() {
        let giant = Observed { waiting: vec![Resources { cpu: 9999, memory: 1 }], ..observed(0, 0, 0, 0) };
        assert_eq!(look(&giant), None);
    }

    proptest! {
        #[test]
        fn a_second_look_at_what_the_first_made_asks_for_nothing(
            waiting in 0usize..60, hosts in 0u32..4, booting in 0u32..4, max in 0u32..30
        ) {
            let hosts = hosts.max(booting);
            let first = Observed { max, ..observed(waiting, hosts, booting, hosts) };
            let Some(desired) = look(&first) else { return Ok(()) };
            prop_assert!(desired <= max && desired > hosts);
            let launched = desired - hosts;
            let then = Observed { hosts: desired, booting: booting + launched, desired, ..first };
            // From zero the first look brings two, whatever is needed; a later one may add.
            if hosts > 0 {
                prop_assert_eq!(look(&then), None);
            }
        }
    }
}
