//! Lifecycle hooks: an instance waits at its launch or termination until each hook of the group was answered, or its
//! time is over (Auto Scaling user guide, "Amazon EC2 Auto Scaling lifecycle hooks").

use std::time::Duration;

use daemon::moment::Moment;

use super::activities::ActivityStatus;
use super::lifecycle::{Lifecycle, Step};
use super::{AutoScaling, Effect, validation};
use crate::account::last_part;
use crate::auto_scaling::requests::{LifecycleAction, LifecycleHookNamed, PutLifecycleHook, is_null};
use crate::refusal::Refusal;

mod hook;

pub use hook::{ActionResult, Hook, Transition, Wait};

impl AutoScaling {
    /// PutLifecycleHook.
    ///
    /// # Errors
    /// No such group; a hook that makes no sense.
    pub fn put_hook(&mut self, request: PutLifecycleHook) -> Result<(), Refusal> {
        self.change_group(&request.auto_scaling_group_name)?.put_hook(request.hook)
    }

    /// DeleteLifecycleHook. What waits for it is abandoned at launch, and goes on at termination (API reference).
    ///
    /// # Errors
    /// No such group or hook.
    pub fn delete_hook(&mut self, now: Moment, request: &LifecycleHookNamed) -> Result<(), Refusal> {
        let (group, name) = (&request.auto_scaling_group_name, &request.lifecycle_hook_name);
        if self.change_group(group)?.hooks.remove(name).is_none() {
            return Err(validation(format!("No Lifecycle Hook found with name: {name}")));
        }
        let waits = |i: &&super::Instance| i.waits.iter().any(|wait| wait.hook.name == *name);
        let waiting: Vec<String> = self.of(group).filter(waits).map(|i| i.id.clone()).collect();
        for id in waiting {
            let result = match self.instances.get(&id).map(|instance| instance.lifecycle.is_ending()) {
                Some(true) => ActionResult::Continue,
                Some(false) | None => ActionResult::Abandon,
            };
            self.answer(now, &id, name, result);
        }
        Ok(())
    }

    /// CompleteLifecycleAction.
    ///
    /// # Errors
    /// Nothing waits for that hook; another result.
    pub fn complete_action(&mut self, now: Moment, request: &LifecycleAction) -> Result<(), Refusal> {
        let result = request.lifecycle_action_result.as_deref().ok_or_else(|| is_null("LifecycleActionResult"))?;
        let result = ActionResult::read(result)?;
        let id = self.waiting(request)?;
        self.answer(now, &id, &request.lifecycle_hook_name, result);
        Ok(())
    }

    /// RecordLifecycleActionHeartbeat: the hook has its time once more, within its greatest.
    ///
    /// # Errors
    /// Nothing waits for that hook.
    pub fn record_heartbeat(&mut self, now: Moment, request: &LifecycleAction) -> Result<(), Refusal> {
        let id = self.waiting(request)?;
        let pace = self.pace;
        let waits = self.instances.get_mut(&id).map(|instance| &mut instance.waits);
        if let Some(wait) = waits.into_iter().flatten().find(|wait| wait.hook.name == request.lifecycle_hook_name) {
            let end = wait.began + pace.of(seconds(wait.hook.global_timeout()));
            wait.until = end.min(now + pace.of(seconds(wait.hook.heartbeat)));
        }
        Ok(())
    }

    /// The instance that waits, by the token or by itself.
    fn waiting(&self, request: &LifecycleAction) -> Result<String, Refusal> {
        let group = last_part(&request.auto_scaling_group_name);
        self.group_named(group)?;
        let (token, instance) = (request.lifecycle_action_token.as_deref(), request.instance_id.as_deref());
        if token.is_none() && instance.is_none() {
            return Err(validation("Either LifecycleActionToken or InstanceId must be specified."));
        }
        let found = self.of(group).filter(|i| instance.is_none_or(|id| i.id == id)).find(|instance| {
            let of_hook = instance.waits.iter().filter(|wait| wait.hook.name == request.lifecycle_hook_name);
            of_hook.into_iter().any(|wait| token.is_none_or(|token| wait.token == token))
        });
        found.map(|instance| instance.id.clone()).ok_or_else(|| match (token, instance) {
            (Some(token), _) => validation(format!("No active Lifecycle Action found with token {token}")),
            (None, instance) => validation(format!(
                "No active Lifecycle Action found with instance ID {}",
                instance.unwrap_or_default()
            )),
        })
    }

    /// The instance waits for the hooks of its group, all at once; whether there are any.
    pub(super) fn begin_waits(&mut self, now: Moment, id: &str, transition: Transition) -> bool {
        let Some(instance) = self.instances.get(id) else { return false };
        let hooks = self.groups.get(&instance.group).map(|group| &group.hooks);
        let hooks: Vec<Hook> =
            hooks.into_iter().flatten().map(|(_, h)| h.clone()).filter(|hook| hook.transition == transition).collect();
        if hooks.is_empty() {
            return false;
        }
        let mut waits = Vec::new();
        for hook in hooks {
            let until = now + self.pace.of(seconds(hook.heartbeat));
            waits.push(Wait { hook, token: self.ids.uuid(), began: now, until });
        }
        let Some(instance) = self.instances.get_mut(id) else { return false };
        instance.waits = waits;
        instance.move_to(now, at_step(instance.lifecycle, Step::Wait));
        self.effects.push(Effect::Waits { host: id.to_owned(), lifecycle: instance.lifecycle });
        self.set_activity(id, ActivityStatus::MidLifecycleAction);
        true
    }

    /// When the first of its hooks has taken too long.
    pub(super) fn gives_up(instance: &super::Instance) -> Option<Moment> {
        instance.waits.iter().map(|wait| wait.until).min()
    }

    /// The first of its hooks has taken too long: its default result is taken.
    pub(super) fn give_up(&mut self, at: Moment, id: &str) {
        let waits = self.instances.get(id).map(|instance| &instance.waits);
        let first = waits.into_iter().flatten().min_by_key(|wait| wait.until);
        if let Some((name, result)) = first.map(|wait| (wait.hook.name.clone(), wait.hook.default_result)) {
            self.answer(at, id, &name, result);
        }
    }

    /// A termination goes on without its hooks.
    pub(super) fn abandon_waits(&mut self, now: Moment, id: &str) {
        let waits = self.instances.get(id).map(|instance| &instance.waits);
        if let Some(name) = waits.into_iter().flatten().next().map(|wait| wait.hook.name.clone()) {
            self.answer(now, id, &name, ActionResult::Abandon);
        }
    }

    fn answer(&mut self, now: Moment, id: &str, hook: &str, result: ActionResult) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let ending = instance.lifecycle.is_ending();
        match (result, ending) {
            (ActionResult::Continue, _) => instance.waits.retain(|wait| wait.hook.name != hook),
            (ActionResult::Abandon, true) => instance.waits.clear(),
            (ActionResult::Abandon, false) => {
                let why = format!("instance {id} was abandoned by the lifecycle hook {hook}.");
                self.begin_termination(now, id, vec![(now, why)]);
                return;
            }
        }
        if instance.waits.is_empty() {
            instance.move_to(now, at_step(instance.lifecycle, Step::Proceed));
            let status = if ending { ActivityStatus::InProgress } else { ActivityStatus::PreInService };
            self.set_activity(id, status);
        }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

fn at_step(lifecycle: Lifecycle, step: Step) -> Lifecycle {
    match lifecycle {
        Lifecycle::Pending(_) => Lifecycle::Pending(step),
        Lifecycle::Terminating(_) => Lifecycle::Terminating(step),
        Lifecycle::Warming(_, state) => Lifecycle::Warming(step, state),
        Lifecycle::WarmedTerminating(_) => Lifecycle::WarmedTerminating(step),
        Lifecycle::InService
        | Lifecycle::EnteringStandby
        | Lifecycle::Standby
        | Lifecycle::Terminated
        | Lifecycle::Warmed(_)
        | Lifecycle::WarmedTerminated => lifecycle,
    }
}
