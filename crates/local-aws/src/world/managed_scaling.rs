//! What ECS does for the groups of its capacity providers: managed scaling's looks, managed termination protection,
//! managed draining.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daemon::moment::Moment;

use super::state::State;
use crate::auto_scaling::model::{Instance, Lifecycle, Step};
use crate::auto_scaling::requests::{HookSpecification, LifecycleAction, LifecycleHookNamed, PutLifecycleHook};
use crate::ecs::capacity::CapacityProvider;
use crate::ecs::service::Scheduling;
use crate::ecs::task::Task;
use crate::scaling::{self, Memory, Observed, Settings, protection};

/// The hook of managed draining, as ECS names it (ECS developer guide, "managed instance draining").
pub const DRAINING_HOOK: &str = "ecs-managed-draining-termination-hook";

/// The tag that ECS puts on a group that it scales. Without it, it does not (containers-roadmap #935).
const MANAGED: &str = "AmazonECSManaged";

/// What managed scaling remembers.
#[derive(Debug, Default)]
pub struct ManagedScaling {
    /// By capacity provider.
    memories: BTreeMap<String, Memory>,
    /// Capacity providers whose group has been prepared, and for what: scaling, draining.
    prepared: BTreeMap<String, (bool, bool)>,
}

impl State {
    /// Puts the tag and the hook on groups of new capacity providers, and follows what is changed of them.
    pub(super) fn prepare_groups(&mut self, now: Moment) {
        let providers: Vec<(String, String, (bool, bool))> = self
            .ecs
            .capacity_providers()
            .map(|p| (p.name.clone(), p.group_name().to_owned(), (p.scales(), p.drains())))
            .filter(|(name, _, wants)| self.managed.prepared.get(name) != Some(wants))
            .collect();
        for (name, group, (scales, drains)) in providers {
            let before = self.managed.prepared.insert(name, (scales, drains)).unwrap_or((false, false));
            if scales && !before.0 {
                self.auto_scaling.tag(&group, MANAGED, "", true);
            }
            match (before.1, drains) {
                (false, true) => drop(self.auto_scaling.put_hook(draining_hook(&group))),
                (true, false) => {
                    let hook = LifecycleHookNamed {
                        auto_scaling_group_name: group,
                        lifecycle_hook_name: DRAINING_HOOK.to_owned(),
                    };
                    drop(self.auto_scaling.delete_hook(now, &hook));
                }
                (false, false) | (true, true) => {}
            }
        }
    }

    /// Managed scaling's looks, each at its time.
    pub(super) fn look(&mut self, now: Moment) {
        while self.next_look <= now {
            let every = self.settings.pace.of(scaling::LOOKS_EVERY);
            // Whoever slept through several looks has missed them.
            self.next_look = if self.next_look + every > now { self.next_look + every } else { now + every };
            self.look_once(now);
        }
    }

    fn look_once(&mut self, now: Moment) {
        let daemons = self.daemons();
        let seen: Vec<(String, String, Settings, Observed)> = self
            .ecs
            .capacity_providers()
            .filter(|provider| provider.scales())
            .filter_map(|provider| {
                let observed = self.observe(provider, &daemons)?;
                Some((provider.name.clone(), provider.group_name().to_owned(), settings(provider), observed))
            })
            .collect();
        for (provider, group, settings, observed) in seen {
            let memory = self.managed.memories.entry(provider).or_default();
            let seen = scaling::look(now, self.settings.pace, settings, memory, &observed);
            if let Some(desired) = seen.desired {
                let which = if desired > observed.desired { "AlarmHigh" } else { "AlarmLow" };
                let alarm = format!("TargetTracking-{group}-{which}");
                self.auto_scaling.alarm(now, &group, desired, &alarm);
                let text = format!(
                    "managed scaling sees {}% of group {group} reserved and asks for {desired} hosts",
                    seen.reservation
                );
                self.events.tell(now, "group.scaled", &group, text);
            }
        }
    }

    fn observe(&self, provider: &CapacityProvider, daemons: &BTreeSet<String>) -> Option<Observed> {
        let group = self.auto_scaling.group(provider.group_name()).filter(|g| g.tags.contains_key(MANAGED))?;
        let theirs = |task: &&Task| task.provider.as_ref() == Some(&provider.name) && self.ecs.wants_a_host(task);
        let waiting = self.ecs.waiting().into_iter().filter(theirs);
        let instances = self.auto_scaling.instances();
        let hosts: Vec<&&Instance> =
            instances.iter().filter(|i| i.group == group.name && i.lifecycle.counts()).collect();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Some(Observed {
            waiting: waiting.map(|task| task.wants()).collect(),
            hosts: count(hosts.len()),
            booting: count(hosts.iter().filter(|instance| !instance.joined).count()),
            busy: count(hosts.iter().filter(|instance| self.is_busy(&instance.id, daemons)).count()),
            desired: group.desired,
            min: group.min,
            max: group.max,
            size: self.settings.host,
        })
    }

    /// The groups of daemons' tasks, as tasks have them.
    fn daemons(&self) -> BTreeSet<String> {
        let daemons = self.ecs.services().filter(|service| service.scheduling == Scheduling::Daemon);
        daemons.map(|service| format!("service:{}", service.name)).collect()
    }

    /// Whether tasks hold a host that are no daemon's.
    fn is_busy(&self, host: &str, daemons: &BTreeSet<String>) -> bool {
        let instance = self.ecs.instance_of(host);
        let load = instance.and_then(|instance| self.ecs.kept().load(&instance.arn));
        let holding = load.into_iter().flat_map(|load| &load.holding);
        holding.filter_map(|id| self.ecs.task(id)).any(|task| !daemons.contains(&task.group))
    }

    /// ECS sets and lifts the protection of the hosts whose capacity provider has managed termination protection.
    pub(super) fn protect_hosts(&mut self) {
        let theirs: Vec<String> = self
            .ecs
            .capacity_providers()
            .filter(|provider| provider.scales() && provider.protects())
            .map(|provider| provider.group_name().to_owned())
            .collect();
        if theirs.is_empty() {
            return;
        }
        let daemons = self.daemons();
        for group in theirs {
            let Some(desired) = self.auto_scaling.group(&group).map(|group| group.desired as usize) else { continue };
            let instances = self.auto_scaling.instances();
            let here = instances.iter().filter(|i| i.group == group);
            let there = here.clone().filter(|instance| instance.lifecycle.counts()).count();
            let hosts: Vec<protection::Host> = here
                .filter(|instance| instance.lifecycle == Lifecycle::InService)
                .map(|instance| protection::Host {
                    id: instance.id.clone(),
                    busy: self.is_busy(&instance.id, &daemons),
                    protected: instance.protected,
                })
                .collect();
            for (id, protected) in protection::plan(&hosts, there.saturating_sub(desired)) {
                self.auto_scaling.protect(&id, protected);
            }
        }
    }

    /// Managed draining: a host that waits for ECS's hook takes no new tasks, and goes on when its last task has ended.
    pub(super) fn drain_hosts(&mut self, now: Moment) {
        let waiting: Vec<(String, String, Moment)> = self
            .auto_scaling
            .instances()
            .into_iter()
            .filter(|instance| instance.lifecycle == Lifecycle::Terminating(Step::Wait))
            .filter_map(|instance| {
                let wait = instance.waits.iter().find(|wait| wait.hook.name == DRAINING_HOOK)?;
                Some((instance.id.clone(), instance.group.clone(), wait.until))
            })
            .collect();
        for (host, group, until) in waiting {
            self.ecs.drain_host(&host);
            let arn = self.ecs.instance_of(&host).filter(|i| i.gone_at.is_none()).map(|i| i.arn.clone());
            let load = arn.and_then(|arn| self.ecs.kept().load(&arn));
            let empty = load.is_none_or(|load| load.holding.is_empty());
            let action = LifecycleAction {
                auto_scaling_group_name: group,
                lifecycle_hook_name: DRAINING_HOOK.to_owned(),
                lifecycle_action_token: None,
                instance_id: Some(host),
                lifecycle_action_result: Some("CONTINUE".to_owned()),
            };
            // It waits for up to 48 hours, by one heartbeat after the other.
            if empty {
                drop(self.auto_scaling.complete_action(now, &action));
            } else if until <= now {
                drop(self.auto_scaling.record_heartbeat(now, &action));
            }
        }
    }
}

fn settings(provider: &CapacityProvider) -> Settings {
    let managed = &provider.group.managed_scaling;
    Settings {
        target: managed.target_capacity,
        min_step: managed.minimum_scaling_step_size,
        max_step: managed.maximum_scaling_step_size,
        warmup: Duration::from_secs(u64::from(managed.instance_warmup_period)),
    }
}

fn draining_hook(group: &str) -> PutLifecycleHook {
    PutLifecycleHook {
        auto_scaling_group_name: group.to_owned(),
        hook: HookSpecification {
            lifecycle_hook_name: DRAINING_HOOK.to_owned(),
            lifecycle_transition: Some("autoscaling:EC2_INSTANCE_TERMINATING".to_owned()),
            heartbeat_timeout: Some(3600),
            default_result: Some("CONTINUE".to_owned()),
            notification_metadata: None,
            notification_target_arn: None,
            role_arn: None,
        },
    }
}
