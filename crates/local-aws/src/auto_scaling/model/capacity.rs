//! What a group does towards the capacity that is wanted of it: launch what is missing, terminate what is too much.

use daemon::moment::Moment;

use super::lifecycle::{Lifecycle, Step};
use super::machine::Machine;
use super::passing::BOOTS;
use super::{AutoScaling, Effect, Group, Instance};

impl AutoScaling {
    pub(super) fn towards_what_is_wanted(&mut self, now: Moment) {
        let groups: Vec<Group> = self.groups.values().cloned().collect();
        groups.iter().for_each(|group| self.towards_desired(now, group));
    }

    fn towards_desired(&mut self, now: Moment, group: &Group) {
        let there = self.of(&group.name).filter(|instance| instance.lifecycle.counts()).count();
        let desired = group.desired as usize;
        for _ in there..desired {
            self.launch(now, group);
        }
        // Scale-in spares the protected: what is too much stays until its protection is lifted.
        for _ in desired..there {
            let Some(victim) = self.victim(group) else { break };
            self.begin_termination(now, &victim);
        }
    }

    /// The instances of a group.
    pub(super) fn of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.instances.values().filter(move |instance| instance.group == group)
    }

    /// Whom scale-in takes: of the zone with the most instances that has an unprotected one, the oldest ("Default
    /// termination policy", Auto Scaling user guide; all instances have the same launch template here).
    fn victim(&self, group: &Group) -> Option<String> {
        let here = || self.of(&group.name).filter(|instance| instance.lifecycle.counts());
        let in_zone = |zone: &str| here().filter(|instance| instance.zone == zone).count();
        let spare = here().filter(|instance| instance.lifecycle == Lifecycle::InService && !instance.protected);
        spare
            .max_by_key(|instance| (in_zone(&instance.zone), std::cmp::Reverse(instance.number)))
            .map(|instance| instance.id.clone())
    }

    pub(super) fn begin_termination(&mut self, now: Moment, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.lifecycle.is_ending() {
            return;
        }
        instance.move_to(now, Lifecycle::Terminating(Step::Going));
    }

    fn launch(&mut self, now: Moment, group: &Group) {
        let id = format!("i-{}", self.ids.hex(17));
        self.launched += 1;
        let instance = Instance {
            id: id.clone(),
            number: self.launched,
            group: group.name.clone(),
            zone: self.emptiest_zone(group),
            lifecycle: Lifecycle::Pending(Step::Going),
            since: now,
            target: None,
            machine: Machine::Starting { until: now + self.pace.of(BOOTS) },
            healthy: true,
            protected: group.protects_new,
            joined: false,
            spot: false,
            notice: None,
            rebalance: None,
            launched_at: now,
        };
        self.instances.insert(id.clone(), instance);
        self.effects.push(Effect::Launched { host: id.clone(), group: group.name.clone() });
        if group.protects_new {
            self.effects.push(Effect::Protected { host: id });
        }
    }

    /// The zone with the fewest of the group's instances, the first of those.
    fn emptiest_zone(&self, group: &Group) -> String {
        let in_zone = |zone: &String| self.of(&group.name).filter(|i| i.lifecycle.counts() && i.zone == *zone).count();
        group.zones.iter().min_by_key(|zone| in_zone(zone)).cloned().unwrap_or_default()
    }
}
