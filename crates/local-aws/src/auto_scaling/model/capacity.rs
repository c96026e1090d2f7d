//! What a group does towards the capacity that is wanted of it: launch what is missing, replace what is unhealthy,
//! terminate what is too much, balance its zones.

use std::time::Duration;

use daemon::moment::Moment;

use super::activities::{ActivityStatus, Cause};
use super::lifecycle::{Lifecycle, Step};
use super::machine::Machine;
use super::passing::BOOTS;
use super::processes::Process;
use super::{AutoScaling, Balance, Effect, Group, Illness, Instance};

/// From zones out of balance until AZRebalance launches: not documented; so that what passes by itself moves nothing.
const REBALANCES: Duration = Duration::from_secs(300);

/// How many instances the account may have at once: EC2 has such a quota, and a group of four thousand million is
/// accepted as AWS accepts it. A group that lacks some for it goes on trying.
const MOST: usize = 1000;

impl AutoScaling {
    pub(super) fn towards_what_is_wanted(&mut self, now: Moment) {
        let groups: Vec<Group> = self.groups.values().filter(|group| !group.deleting).cloned().collect();
        for group in &groups {
            self.replace_unhealthy(now, group);
            self.towards_desired(now, group);
            self.rebalance(now, group);
            self.keep_pool(now, group);
        }
        self.end_deleted_groups();
    }

    /// When a group does something because time has passed.
    pub(super) fn rebalances_at(&self, group: &Group) -> Option<Moment> {
        match group.balance {
            Balance::Uneven { since } => Some(since + self.pace.of(REBALANCES)),
            Balance::Even | Balance::Rebalancing => None,
        }
    }

    fn replace_unhealthy(&mut self, now: Moment, group: &Group) {
        if !group.does(Process::ReplaceUnhealthy) {
            return;
        }
        let ill = self.of(&group.name).filter(|i| i.lifecycle.counts() || i.lifecycle.in_pool());
        let ill: Vec<(String, Illness)> =
            ill.filter_map(|i| i.illness.map(|illness| (i.id.clone(), illness))).collect();
        for (id, illness) in ill {
            let why = match illness {
                Illness::MachineIsOff => {
                    "an instance was taken out of service in response to an EC2 health check indicating it has been \
                     terminated or stopped."
                }
                Illness::SaidSo => "an instance was taken out of service in response to a user health-check.",
            };
            self.begin_termination(now, &id, vec![(now, why.to_owned())]);
        }
    }

    fn towards_desired(&mut self, now: Moment, group: &Group) {
        let there = self.of(&group.name).filter(|instance| instance.lifecycle.counts()).count();
        let desired = group.desired as usize;
        if there <= desired
            && let Some(group) = self.groups.get_mut(&group.name)
        {
            group.reason = None;
        }
        if there < desired && group.does(Process::Launch) {
            let why = format!(
                "an instance was started in response to a difference between desired and actual capacity, increasing \
                 the capacity from {there} to {desired}."
            );
            let causes: Vec<Cause> = group.reason.iter().cloned().chain([(now, why)]).collect();
            for _ in there..desired {
                match self.warm_one(group) {
                    Some(id) => self.unpool(now, group, &id, causes.clone()),
                    None if self.room() == 0 => break,
                    None => self.launch(now, group, Lifecycle::Pending(Step::Going), "", causes.clone()),
                }
            }
        }
        if there <= desired || !group.does(Process::Terminate) {
            return;
        }
        // A rebalance that is under way goes over the desired capacity until its new instance serves.
        let coming = self.of(&group.name).any(|instance| matches!(instance.lifecycle, Lifecycle::Pending(_)));
        if group.balance == Balance::Rebalancing && coming {
            return;
        }
        // Scale-in spares the protected: what is too much stays until its protection is lifted.
        for _ in desired..there {
            let Some(victim) = self.victim(group) else { break };
            let why = format!(
                "an instance was taken out of service in response to a difference between desired and actual capacity, \
                 shrinking the capacity from {there} to {desired}."
            );
            let selected = format!("instance {victim} was selected for termination.");
            let causes = group.reason.iter().cloned().chain([(now, why), (now, selected)]).collect();
            self.begin_termination(now, &victim, causes);
        }
    }

    /// AZRebalance: launches in the emptiest zone before it terminates in the fullest (Auto Scaling user guide,
    /// "rebalancing activities"); the termination is the scale-in that follows.
    fn rebalance(&mut self, now: Moment, group: &Group) {
        let here = || self.of(&group.name).filter(|i| !i.lifecycle.in_pool() && !i.lifecycle.is_over());
        let serving = here().filter(|instance| instance.lifecycle == Lifecycle::InService).count();
        let steady = serving == group.desired as usize && here().count() == serving;
        let does = group.does(Process::AzRebalance) && group.does(Process::Launch) && group.does(Process::Terminate);
        let uneven = does && steady && self.is_unbalanced(group);
        let due = self.rebalances_at(group).is_some_and(|at| at <= now);
        let coming = here().any(|instance| matches!(instance.lifecycle, Lifecycle::Pending(_)));
        let balance = match group.balance {
            Balance::Even if uneven => Balance::Uneven { since: now },
            Balance::Uneven { .. } if uneven && due => Balance::Rebalancing,
            Balance::Uneven { since } if uneven => Balance::Uneven { since },
            Balance::Rebalancing if coming => Balance::Rebalancing,
            Balance::Even | Balance::Uneven { .. } | Balance::Rebalancing => Balance::Even,
        };
        if let Some(there) = self.groups.get_mut(&group.name) {
            there.balance = balance;
        }
        if balance == Balance::Rebalancing && group.balance != Balance::Rebalancing {
            let why = "instances were launched to balance instances in zones with other zones resulting in more than \
                       desired number of instances in the group.";
            self.launch(now, group, Lifecycle::Pending(Step::Going), "", vec![(now, why.to_owned())]);
        }
    }

    /// One zone has two instances more than another, and one that may go.
    fn is_unbalanced(&self, group: &Group) -> bool {
        let serving = |zone: &str| self.of(&group.name).filter(|i| i.lifecycle.counts() && i.zone == *zone).count();
        let least = group.zones.iter().map(|zone| serving(zone)).min().unwrap_or(0);
        let may_go = |zone: &str| self.of(&group.name).any(|i| i.zone == zone && i.lifecycle.counts() && !i.protected);
        group.zones.iter().any(|zone| serving(zone) >= least + 2 && may_go(zone))
    }

    pub(super) fn launch(&mut self, now: Moment, group: &Group, lifecycle: Lifecycle, how: &str, causes: Vec<Cause>) {
        let id = format!("i-{}", self.ids.hex(17));
        self.launched += 1;
        let mixed = group.settings.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
        let instance = Instance {
            id: id.clone(),
            number: self.launched,
            group: group.name.clone(),
            zone: self.emptiest_zone(group),
            launch_template: group
                .settings
                .launch_template
                .clone()
                .or_else(|| mixed.and_then(|mixed| mixed.launch_template_specification.clone())),
            launch_configuration: group.settings.launch_configuration_name.clone(),
            lifecycle,
            since: now,
            target: None,
            machine: Machine::Starting { until: now + self.pace.of(BOOTS) },
            illness: None,
            protected: !lifecycle.in_pool() && group.protects_new(),
            joined: false,
            spot: self.next_is_spot(group),
            notice: None,
            rebalance: None,
            waits: Vec::new(),
            activity: None,
            launched_at: now,
        };
        let protected = instance.protected;
        self.instances.insert(id.clone(), instance);
        self.effects.push(Effect::Launched { host: id.clone(), group: group.name.clone() });
        if protected {
            self.effects.push(Effect::Protected { host: id.clone() });
        }
        let space = if how.is_empty() { "" } else { " " };
        let description = format!("Launching a new EC2 instance{space}{how}: {id}");
        self.begin_activity(now, &id, description, causes, ActivityStatus::PreInService);
    }

    /// How many more instances the account may have.
    pub(super) fn room(&self) -> usize {
        MOST.saturating_sub(self.instances.values().filter(|instance| !instance.lifecycle.is_over()).count())
    }

    /// The zone with the fewest of the group's instances, the first of those.
    fn emptiest_zone(&self, group: &Group) -> String {
        let in_zone = |zone: &String| {
            let live = self.of(&group.name).filter(|i| i.lifecycle.counts() || i.lifecycle.in_pool());
            live.filter(|i| !i.lifecycle.is_ending() && i.zone == *zone).count()
        };
        group.zones.iter().min_by_key(|zone| in_zone(zone)).cloned().unwrap_or_default()
    }

    /// What a mixed instances policy makes of the next instance: on demand up to the base, then by the percentage.
    fn next_is_spot(&self, group: &Group) -> bool {
        let policy = group.settings.mixed_instances_policy.as_ref();
        let Some(shares) = policy.and_then(|policy| policy.instances_distribution.as_ref()) else { return false };
        let base = shares.on_demand_base_capacity.unwrap_or(0) as usize;
        let percentage = shares.on_demand_percentage_above_base_capacity.unwrap_or(100).min(100) as usize;
        let here = || self.of(&group.name).filter(|instance| instance.lifecycle.counts());
        let all = here().count() + 1;
        let wanted = all.min(base) + (all.saturating_sub(base) * percentage).div_ceil(100);
        here().filter(|instance| !instance.spot).count() >= wanted
    }
}
