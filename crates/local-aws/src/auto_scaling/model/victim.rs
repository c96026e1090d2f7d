//! Whom scale-in takes.

use std::cmp::Reverse;

use super::lifecycle::Lifecycle;
use super::{AutoScaling, Group};

/// In which order the instances of a zone go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    OldestFirst,
    NewestFirst,
}

impl AutoScaling {
    /// Of the zone with the most instances that has an unprotected one, the first by the group's termination policies
    /// (Auto Scaling user guide: zones are balanced first, whichever the policy is). All instances have the same launch
    /// template and are billed by the second here, so every policy but `NewestInstance` comes to the oldest.
    pub(super) fn victim(&self, group: &Group) -> Option<String> {
        let here = || self.of(&group.name).filter(|instance| instance.lifecycle.counts());
        let in_zone = |zone: &str| here().filter(|instance| instance.zone == zone).count();
        let spare = here().filter(|instance| instance.lifecycle == Lifecycle::InService && !instance.protected);
        let first = match order(group) {
            Order::OldestFirst => spare.max_by_key(|i| (in_zone(&i.zone), Reverse(i.number))),
            Order::NewestFirst => spare.max_by_key(|i| (in_zone(&i.zone), i.number)),
        };
        first.map(|instance| instance.id.clone())
    }
}

fn order(group: &Group) -> Order {
    let policies = group.settings.termination_policies.iter().flatten();
    let mut said = policies.filter_map(|policy| match policy.as_str() {
        "NewestInstance" => Some(Order::NewestFirst),
        "OldestInstance" => Some(Order::OldestFirst),
        _ => None,
    });
    said.next().unwrap_or(Order::OldestFirst)
}
