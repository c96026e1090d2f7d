//! What a lifecycle hook is, and how a group gets one.

use daemon::moment::Moment;

use crate::auto_scaling::model::{Group, validation};
use crate::auto_scaling::requests::{HookSpecification, is_null};
use crate::refusal::Refusal;

/// Seconds that a heartbeat may last.
const HEARTBEAT: std::ops::RangeInclusive<u32> = 30..=7200;
/// Unless said.
const DEFAULT_HEARTBEAT: u32 = 3600;
/// An instance waits for at most so many heartbeats …
const HEARTBEATS: u32 = 100;
/// … and never longer than so many seconds: 48 hours.
const LONGEST: u32 = 48 * 3600;
/// How many hooks a group may have ("Lifecycle hooks per Auto Scaling group: 50", quotas of Auto Scaling).
const MOST: usize = 50;

/// When a hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// At launch.
    Launching,
    /// At termination.
    Terminating,
}

impl Transition {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Transition::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            Transition::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }
}

/// How a hook is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionResult {
    /// The instance goes on.
    Continue,
    /// At launch the instance is terminated; at termination it goes on, and no other hook is waited for.
    Abandon,
}

impl ActionResult {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ActionResult::Continue => "CONTINUE",
            ActionResult::Abandon => "ABANDON",
        }
    }

    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        match text {
            "CONTINUE" => Ok(ActionResult::Continue),
            "ABANDON" => Ok(ActionResult::Abandon),
            other => Err(validation(format!("{other} is no result of a lifecycle action: CONTINUE or ABANDON"))),
        }
    }
}

/// A lifecycle hook of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// When it is asked.
    pub transition: Transition,
    /// Seconds that it may take.
    pub heartbeat: u32,
    /// Its answer when its time is over.
    pub default_result: ActionResult,
    /// As it was given.
    pub specification: HookSpecification,
}

impl Hook {
    /// Seconds that it may take at most, however often it is extended.
    #[must_use]
    pub fn global_timeout(&self) -> u32 {
        self.heartbeat.saturating_mul(HEARTBEATS).min(LONGEST)
    }
}

/// A hook that an instance waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The hook as it was when the wait began.
    pub hook: Hook,
    /// A UUID.
    pub token: String,
    /// When it began.
    pub began: Moment,
    /// When the default result is taken.
    pub until: Moment,
}

impl Group {
    pub(in super::super) fn put_hook(&mut self, new: HookSpecification) -> Result<(), Refusal> {
        let name = new.lifecycle_hook_name.clone();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
        if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
            return Err(validation(format!(
                "1 validation error detected: Value '{name}' at 'lifecycleHookName' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [A-Za-z0-9\\-_\\/]+"
            )));
        }
        let before = self.hooks.get(&name);
        let transition = match (new.lifecycle_transition.as_deref(), before) {
            (Some("autoscaling:EC2_INSTANCE_LAUNCHING"), _) => Transition::Launching,
            (Some("autoscaling:EC2_INSTANCE_TERMINATING"), _) => Transition::Terminating,
            (None, Some(before)) => before.transition,
            (None, None) => return Err(is_null("LifecycleTransition")),
            (Some(other), _) => {
                return Err(validation(format!("{other} is not a valid lifecycle transition.")));
            }
        };
        let heartbeat = new.heartbeat_timeout.or(before.map(|hook| hook.heartbeat)).unwrap_or(DEFAULT_HEARTBEAT);
        if !HEARTBEAT.contains(&heartbeat) {
            return Err(validation("HeartbeatTimeout must be between 30 and 7200 seconds."));
        }
        let default_result = match &new.default_result {
            Some(text) => ActionResult::read(text)?,
            None => before.map_or(ActionResult::Abandon, |hook| hook.default_result),
        };
        if before.is_none() && self.hooks.len() >= MOST {
            return Err(Refusal::new("LimitExceeded", format!("A group has at most {MOST} lifecycle hooks.")));
        }
        let old = before.map(|hook| hook.specification.clone());
        let specification = HookSpecification {
            notification_metadata: new.notification_metadata.or(old.clone().and_then(|o| o.notification_metadata)),
            notification_target_arn: new
                .notification_target_arn
                .or(old.clone().and_then(|o| o.notification_target_arn)),
            role_arn: new.role_arn.or(old.and_then(|o| o.role_arn)),
            ..new
        };
        self.hooks.insert(name.clone(), Hook { name, transition, heartbeat, default_result, specification });
        Ok(())
    }
}
