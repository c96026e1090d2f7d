//! Who can be asked: what ECS names in the environment of each container, and the readiness address of the settings.

use std::time::Duration;

use super::target::{Ready, Target};
use super::{Purpose, Question, agent, task};
use crate::decide::action::Ask;
use crate::decide::policy::Asks;
use crate::log;

/// Where ECS says that a task can ask about itself.
const METADATA: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// Where ECS says that a task can ask its agent.
const AGENT: &str = "ECS_AGENT_URI";

/// Who can be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    task: Option<Target>,
    agent: Option<Target>,
    ready: Option<Ready>,
}

impl Endpoints {
    /// Those of this process's environment, and `ready` of the settings.
    #[must_use]
    pub fn find(ready: Option<Ready>) -> Self {
        Endpoints { task: named(METADATA), agent: named(AGENT), ready }
    }

    /// What can be asked, with `protection` for so long where that was set.
    #[must_use]
    pub fn asks(&self, protection: Option<Duration>, spread: u8) -> Asks {
        if protection.is_some() && self.agent.is_none() {
            log::info("task is not protected, for this is no ECS task").with("expected", AGENT).write();
        }
        let protection = protection.filter(|_| self.agent.is_some());
        Asks { task: self.task.is_some(), ready: self.ready.is_some(), protection, spread }
    }

    /// The question that `ask` is; none where nobody can be asked.
    #[must_use]
    pub fn question(&self, ask: Ask) -> Option<(Purpose, Question)> {
        match ask {
            Ask::Task => self.task.as_ref().map(|base| (Purpose::Task, task::question(base))),
            Ask::Ready => self.ready.as_ref().map(|ready| (Purpose::Ready, Question::ready(ready))),
            Ask::Protection { on, lasts } => {
                self.agent.as_ref().map(|agent| (Purpose::Protection, agent::question(agent, on, lasts)))
            }
        }
    }
}

/// The endpoint that a variable of ECS's names.
fn named(variable: &'static str) -> Option<Target> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty())?;
    match Target::parse(&value) {
        Ok(target) => Some(target),
        Err(expected) => {
            log::warn("an endpoint of ECS cannot be asked")
                .with("variable", variable)
                .with("value", &value)
                .with("expected", expected)
                .write();
            None
        }
    }
}
