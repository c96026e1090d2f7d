//! How groups and instances move when time passes: launch, boot, service, termination, and scale-in that spares the
//! protected.

use std::time::Duration;

use daemon::moment::Moment;

use super::{AutoScaling, Effect, Group, Instance, Lifecycle};

/// From launch to InService.
const COMES_INTO_SERVICE: Duration = Duration::from_secs(15);
/// From launch until the host's programs run.
const BOOTS: Duration = Duration::from_secs(30);
/// From Terminating until the host is off.
const TERMINATES: Duration = Duration::from_secs(6);
/// However fast time passes, the call that terminates a host is answered before the host is off.
const TERMINATES_AT_LEAST: Duration = Duration::from_millis(200);
/// How long a terminated instance is remembered here: as long as ECS remembers the tasks it had.
const KEPT: Duration = Duration::from_secs(3600);

impl AutoScaling {
    pub(super) fn begin_termination(&mut self, now: Moment, id: &str) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.lifecycle = Lifecycle::Terminating;
            instance.since = now;
        }
    }

    /// When an instance moves on by itself.
    fn due(&self, instance: &Instance) -> Option<Moment> {
        let boots = (!instance.booted).then(|| instance.launched_at + self.pace.of(BOOTS));
        match instance.lifecycle {
            Lifecycle::Pending => Some(instance.launched_at + self.pace.of(COMES_INTO_SERVICE)),
            Lifecycle::InService => boots,
            Lifecycle::Terminating => Some(instance.since + self.pace.of(TERMINATES).max(TERMINATES_AT_LEAST)),
            Lifecycle::Terminated => Some(instance.since + self.pace.of(KEPT)),
        }
    }

    /// When [`AutoScaling::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.instances.values().filter_map(|instance| self.due(instance)).min()
    }

    /// Lets time pass: instances move on, groups launch and terminate towards what is wanted of them.
    pub fn advance(&mut self, now: Moment) {
        let due: Vec<String> = self
            .instances
            .values()
            .filter(|instance| self.due(instance).is_some_and(|due| due <= now))
            .map(|instance| instance.id.clone())
            .collect();
        let boots = self.pace.of(BOOTS);
        for id in due {
            let Some(instance) = self.instances.get_mut(&id) else { continue };
            let (host, group) = (id.clone(), instance.group.clone());
            match instance.lifecycle {
                Lifecycle::Pending => {
                    instance.lifecycle = Lifecycle::InService;
                    instance.since = now;
                    if instance.launched_at + boots <= now {
                        instance.booted = true;
                        self.effects.push(Effect::Booted { host, group });
                    }
                }
                Lifecycle::InService => {
                    instance.booted = true;
                    self.effects.push(Effect::Booted { host, group });
                }
                Lifecycle::Terminating => {
                    instance.lifecycle = Lifecycle::Terminated;
                    instance.since = now;
                    self.effects.push(Effect::Terminated { host });
                }
                Lifecycle::Terminated => {
                    self.instances.remove(&id);
                }
            }
        }
        let groups: Vec<Group> = self.groups.values().cloned().collect();
        groups.iter().for_each(|group| self.towards_desired(now, group));
    }

    fn towards_desired(&mut self, now: Moment, group: &Group) {
        let here = |i: &&Instance| i.group == group.name && i.lifecycle <= Lifecycle::InService;
        let there = self.instances.values().filter(here).count();
        let desired = group.desired as usize;
        for _ in there..desired {
            self.launch(now, group);
        }
        // Scale-in spares the protected: what is too much stays until its protection is lifted.
        let mut spare: Vec<(u64, String)> = self
            .instances
            .values()
            .filter(here)
            .filter(|instance| instance.lifecycle == Lifecycle::InService && !instance.protected)
            .map(|instance| (instance.number, instance.id.clone()))
            .collect();
        spare.sort_unstable();
        for (_, id) in spare.into_iter().take(there.saturating_sub(desired)) {
            self.begin_termination(now, &id);
        }
    }

    fn launch(&mut self, now: Moment, group: &Group) {
        let id = format!("i-{}", self.ids.hex(17));
        let zone = group.zones[usize::try_from(self.launched).unwrap_or(0) % group.zones.len()].clone();
        self.launched += 1;
        let instance = Instance {
            id: id.clone(),
            number: self.launched,
            group: group.name.clone(),
            zone,
            lifecycle: Lifecycle::Pending,
            protected: group.protects_new,
            booted: false,
            launched_at: now,
            since: now,
        };
        self.instances.insert(id.clone(), instance);
        self.effects.push(Effect::Launched { host: id.clone(), group: group.name.clone() });
        if group.protects_new {
            self.effects.push(Effect::Protected { host: id });
        }
    }
}
