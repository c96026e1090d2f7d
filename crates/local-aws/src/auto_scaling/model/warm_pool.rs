//! Warm pools: instances that are launched beforehand, and kept stopped, hibernated or running beside the group.

use std::time::Duration;

use daemon::moment::Moment;

use super::activities::ActivityStatus;
use super::lifecycle::{Lifecycle, PoolState, Step};
use super::machine::Machine;
use super::{AutoScaling, Effect, Group, Instance, validation};
use crate::auto_scaling::requests::{DeleteWarmPool, PutWarmPool};
use crate::refusal::Refusal;

/// From the start of a stopped machine until its programs run: less than a new one takes (activity histories of warm
/// pools show 19 to 36 s where a launch took minutes).
const STARTS: Duration = Duration::from_secs(15);
/// From the start of a hibernated machine until its programs run again.
const WAKES: Duration = Duration::from_secs(10);

/// The warm pool of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmPool {
    /// Hosts in the pool and in the group together; none is the group's greatest size.
    pub max_prepared: Option<u32>,
    /// Hosts in the pool at least.
    pub min: u32,
    /// What its hosts are.
    pub state: PoolState,
    /// Whether it ends with its last instance.
    pub deleting: bool,
}

impl WarmPool {
    /// How many instances are to be in it: what its group lacks to the prepared capacity, and no less than its least
    /// (API reference of PutWarmPool).
    #[must_use]
    pub fn size(&self, group: &Group) -> u32 {
        match self.deleting || group.deleting {
            true => 0,
            false => self.max_prepared.unwrap_or(group.max).saturating_sub(group.desired).max(self.min),
        }
    }
}

impl AutoScaling {
    /// PutWarmPool.
    ///
    /// # Errors
    /// No such group, or one with several instance types; numbers that contradict each other; a reuse policy, which ECS
    /// does not allow and which is not modelled.
    pub fn put_warm_pool(&mut self, request: &PutWarmPool) -> Result<(), Refusal> {
        let group = self.change_group(&request.auto_scaling_group_name)?;
        if group.settings.mixed_instances_policy.is_some() {
            return Err(validation(
                "You can't add a warm pool to an Auto Scaling group that has a mixed instances policy or a launch \
                 template or launch configuration that requests Spot Instances.",
            ));
        }
        if request.instance_reuse_policy.as_ref().is_some_and(|policy| policy.reuse_on_scale_in) {
            return Err(validation("ReuseOnScaleIn is not supported here, as it is not by ECS capacity providers."));
        }
        let before = group.warm_pool;
        let state = match &request.pool_state {
            Some(name) => {
                PoolState::named(name).ok_or_else(|| validation(format!("{name} is not a valid warm pool state.")))?
            }
            None => before.map_or(PoolState::Stopped, |pool| pool.state),
        };
        let min = request.min_size.or(before.map(|pool| pool.min)).unwrap_or(0);
        let max_prepared = match request.max_group_prepared_capacity {
            Some(number) => u32::try_from(number).ok(),
            None => before.and_then(|pool| pool.max_prepared),
        };
        if max_prepared.is_some_and(|most| most < min) {
            return Err(validation("MinSize must not be greater than MaxGroupPreparedCapacity."));
        }
        if before.is_some_and(|pool| pool.deleting) {
            return Err(validation("The warm pool is being deleted."));
        }
        group.warm_pool = Some(WarmPool { max_prepared, min, state, deleting: false });
        Ok(())
    }

    /// DeleteWarmPool: it ends with its last instance.
    ///
    /// # Errors
    /// No such group, or none with a warm pool.
    pub fn delete_warm_pool(&mut self, request: &DeleteWarmPool) -> Result<(), Refusal> {
        let name = &request.auto_scaling_group_name;
        match &mut self.change_group(name)?.warm_pool {
            Some(pool) => pool.deleting = true,
            None => return Err(validation(format!("No warm pool found for the Auto Scaling group {name}"))),
        }
        Ok(())
    }

    /// The instances of a group's warm pool that are not off.
    pub fn pooled<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.of(group).filter(|i| i.lifecycle.in_pool() && !i.lifecycle.is_over())
    }

    pub(super) fn keep_pool(&mut self, now: Moment, group: &Group) {
        let Some(pool) = group.warm_pool else { return };
        let mut there: Vec<(u64, String)> = self
            .pooled(&group.name)
            .filter(|instance| !instance.lifecycle.is_ending())
            .map(|instance| (instance.number, instance.id.clone()))
            .collect();
        there.sort_unstable();
        let size = pool.size(group) as usize;
        for _ in there.len()..size.min(there.len() + self.room()) {
            let lifecycle = Lifecycle::Warming(Step::Going, pool.state);
            let why = "an instance was launched into the warm pool in response to a difference between desired and \
                       actual capacity.";
            self.launch(now, group, lifecycle, "into warm pool", vec![(now, why.to_owned())]);
        }
        for (_, id) in there.iter().take(there.len().saturating_sub(size)) {
            let why = "an instance was taken out of the warm pool in response to a difference between desired and \
                       actual capacity.";
            self.begin_termination(now, id, vec![(now, why.to_owned())]);
        }
        if pool.deleting
            && self.pooled(&group.name).next().is_none()
            && let Some(group) = self.groups.get_mut(&group.name)
        {
            group.warm_pool = None;
        }
    }

    /// An instance that waits in the pool, the oldest.
    pub(super) fn warm_one(&self, group: &Group) -> Option<String> {
        let here = self.of(&group.name).filter(|instance| instance.healthy());
        let warm = here.filter(|instance| matches!(instance.lifecycle, Lifecycle::Warmed(_)));
        warm.min_by_key(|instance| instance.number).map(|instance| instance.id.clone())
    }

    /// The instance has been prepared: it is stopped, as the pool wants it.
    pub(super) fn pool(&mut self, at: Moment, id: &str, state: PoolState) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.move_to(at, Lifecycle::Warmed(state));
        match state {
            PoolState::Stopped | PoolState::Hibernated => self.power_off(at, id),
            PoolState::Running => {}
        }
        self.effects.push(Effect::Pooled { host: id.to_owned() });
        self.end_activity(at, id, ActivityStatus::Successful);
    }

    /// An instance leaves the pool for the group. Its protection is what the group gives to new ones.
    pub(super) fn unpool(&mut self, now: Moment, group: &Group, id: &str, causes: Vec<super::activities::Cause>) {
        let (starts, wakes) = (self.pace.of(STARTS), self.pace.of(WAKES));
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.machine = match (instance.machine, instance.lifecycle) {
            (Machine::Stopped { .. }, Lifecycle::Warmed(PoolState::Hibernated)) => {
                Machine::Starting { until: now + wakes }
            }
            (Machine::Stopped { .. }, _) => Machine::Starting { until: now + starts },
            (machine, _) => machine,
        };
        instance.move_to(now, Lifecycle::Pending(Step::Going));
        self.effects.push(Effect::Unpooled { host: id.to_owned() });
        self.protect(id, group.protects_new());
        let description = format!("Launching a new EC2 instance from warm pool: {id}");
        self.begin_activity(now, id, description, causes, ActivityStatus::PreInService);
        self.join(id);
    }
}
