//! RunTask: accepts tasks. They wait in PROVISIONING; placement comes with time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use daemon::moment::Moment;

use super::cluster::Cluster;
use super::launch::{Launch, On, Ran};
use super::model::Ecs;
use super::requests::RunTask;
use super::task::{LaunchType, Task};
use crate::pace::Pace;
use crate::refusal::Refusal;

/// A call that was answered under a `clientToken`.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// What was asked.
    request: RunTask,
    /// What was answered: the tasks as they were then.
    answer: Vec<Task>,
    /// When.
    at: Moment,
}

/// How long a `clientToken` is remembered ("up to 24 hours", ECS developer guide, idempotency).
const TOKEN_IS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// What was answered under tokens, by cluster and token.
#[derive(Debug, Default)]
pub struct Tokens {
    by_key: BTreeMap<(String, String), Remembered>,
    /// The oldest first.
    order: VecDeque<(Moment, (String, String))>,
}

impl Tokens {
    fn get(&self, cluster: &str, token: &str) -> Option<&Remembered> {
        self.by_key.get(&(cluster.to_owned(), token.to_owned()))
    }

    fn remember(&mut self, cluster: String, token: String, remembered: Remembered) {
        let key = (cluster, token);
        self.order.push_back((remembered.at, key.clone()));
        self.by_key.insert(key, remembered);
    }

    /// Forgets what is too old.
    pub(super) fn forget(&mut self, now: Moment, pace: Pace) {
        let kept = pace.of(TOKEN_IS_KEPT);
        while let Some((_, key)) = self.order.pop_front_if(|(at, _)| *at + kept <= now) {
            self.by_key.remove(&key);
        }
    }
}

impl Ecs {
    /// RunTask.
    ///
    /// # Errors
    /// What AWS refuses; `ConflictException` for a token that was used for another call.
    pub fn run_task(&mut self, now: Moment, request: &RunTask) -> Result<Ran, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.clone();
        valid(request)?;
        if let Some(token) = &request.client_token
            && let Some(remembered) = self.tokens.get(&cluster.name, token)
        {
            return again(request, remembered);
        }
        let name = cluster.name.clone();
        let launch = Launch {
            on: self.on(&cluster, request)?,
            cluster: cluster.name,
            definition: request.task_definition.clone(),
            count: request.count.unwrap_or(1) as usize,
            overrides: request.overrides.clone(),
            started_by: request.started_by.clone(),
            group: request.group.clone(),
            tags: request.tags.clone(),
        };
        let ran = self.launch(now, &launch)?;
        if let Some(token) = request.client_token.as_ref().filter(|_| ran.failures.is_empty()) {
            let remembered = Remembered { request: request.clone(), answer: ran.tasks.clone(), at: now };
            self.tokens.remember(name, token.clone(), remembered);
        }
        Ok(ran)
    }

    /// What the tasks are to run on.
    fn on(&self, cluster: &Cluster, request: &RunTask) -> Result<On, Refusal> {
        let given = &request.capacity_provider_strategy;
        match (request.launch_type.as_deref(), given.is_empty(), cluster.default_strategy.is_empty()) {
            (Some(_), false, _) => Err(invalid(
                "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
            )),
            (None, false, _) => Ok(On::Providers(given.clone())),
            (None, true, false) => Ok(On::Providers(cluster.default_strategy.clone())),
            (None | Some("EC2"), true, _) => Ok(On::LaunchType(LaunchType::Ec2)),
            (Some("FARGATE"), true, _) => Ok(On::LaunchType(LaunchType::Fargate)),
            (Some(other), true, _) => Err(invalid(format!("Launch type {other} is not supported here."))),
        }
    }
}

fn valid(request: &RunTask) -> Result<(), Refusal> {
    if !(1..=10).contains(&request.count.unwrap_or(1)) {
        return Err(invalid("Count must be between 1 and 10."));
    }
    let token = request.client_token.as_deref().unwrap_or("-");
    if token.is_empty() || token.len() > 64 || !token.bytes().all(|byte| (33..=126).contains(&byte)) {
        return Err(invalid("clientToken must be at most 64 characters of ASCII 33 to 126."));
    }
    let who = request.started_by.as_deref().unwrap_or_default();
    if who.len() > 128 || !who.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte)) {
        return Err(invalid("startedBy must be at most 128 letters, digits, hyphens, underscores and slashes."));
    }
    let overrides = serde_json::to_string(&request.overrides).unwrap_or_default();
    if overrides.chars().count() > 8192 {
        return Err(invalid("Container Overrides length must be at most 8192."));
    }
    Ok(())
}

/// The same token again: the first answer as it was, or a conflict.
fn again(request: &RunTask, remembered: &Remembered) -> Result<Ran, Refusal> {
    if *request == remembered.request {
        return Ok(Ran { tasks: remembered.answer.clone(), failures: Vec::new() });
    }
    let tasks: Vec<serde_json::Value> = remembered.answer.iter().map(|task| task.arn.clone().into()).collect();
    Err(Refusal::new("ConflictException", "The request conflicts with an earlier one that used the same client token.")
        .with("resourceIds", tasks))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
