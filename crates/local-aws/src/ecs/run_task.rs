//! RunTask and StartTask: what they may carry, and the tokens by which the same call is known again.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use daemon::moment::Moment;
use serde_json::Value;

use super::cluster::Cluster;
use super::definition::NetworkMode;
use super::launch::{Failure, Launch, On, Ran};
use super::model::Ecs;
use super::requests::{RunTask, StartTask, Tag, TaskOverride};
use super::tags;
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
    /// What was not started.
    failures: Vec<Failure>,
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
    /// RunTask. Under a token, the answer to the first call is the answer to all, whatever has become of its tasks; a call
    /// that started none is not remembered.
    ///
    /// # Errors
    /// What AWS refuses; `ConflictException` for a token that was used for another call.
    pub fn run_task(&mut self, now: Moment, request: &RunTask) -> Result<Ran, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.clone();
        let count = usize::try_from(request.count.unwrap_or(1)).unwrap_or(0);
        if !(1..=10).contains(&count) {
            return Err(invalid("Count must be between 1 and 10."));
        }
        valid_token(request.client_token.as_deref())?;
        valid_common(request.started_by.as_deref(), request.group.as_deref(), &request.overrides, &request.tags)?;
        if let Some(token) = &request.client_token
            && let Some(remembered) = self.tokens.get(&cluster.name, token)
        {
            return again(request, remembered);
        }
        let on = on(&cluster, request)?;
        self.valid_network(&request.task_definition, request.network_configuration.as_ref())?;
        let tags = self.tags_of(
            &cluster,
            &request.task_definition,
            &request.tags,
            request.propagate_tags.as_deref(),
            request.enable_ecs_managed_tags,
        )?;
        let launch = Launch {
            count,
            overrides: request.overrides.clone(),
            constraints: request.placement_constraints.clone(),
            strategies: request.placement_strategy.clone(),
            started_by: request.started_by.clone(),
            group: request.group.clone(),
            tags,
            platform_version: self.platform(&on, request.platform_version.as_deref())?,
            network_configuration: request.network_configuration.clone(),
            enable_execute_command: request.enable_execute_command,
            ..Launch::one(&cluster.name, &request.task_definition, on)
        };
        let ran = self.launch(now, &launch)?;
        if let Some(token) = request.client_token.as_ref().filter(|_| !ran.tasks.is_empty()) {
            let remembered = Remembered {
                request: request.clone(),
                answer: ran.tasks.clone(),
                failures: ran.failures.clone(),
                at: now,
            };
            self.tokens.remember(cluster.name, token.clone(), remembered);
        }
        Ok(ran)
    }

    /// StartTask: on these container instances, whatever ECS would choose.
    ///
    /// # Errors
    /// What AWS refuses.
    pub fn start_task(&mut self, now: Moment, request: &StartTask) -> Result<Ran, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.clone();
        let instances = &request.container_instances;
        if instances.is_empty() {
            return Err(Refusal::new("ClientException", "Container Instances cannot be empty."));
        }
        if instances.len() > 10 {
            return Err(invalid("Container Instances must be at most 10."));
        }
        valid_common(request.started_by.as_deref(), request.group.as_deref(), &request.overrides, &request.tags)?;
        self.valid_network(&request.task_definition, request.network_configuration.as_ref())?;
        let launch = Launch {
            overrides: request.overrides.clone(),
            started_by: request.started_by.clone(),
            group: request.group.clone(),
            tags: self.tags_of(
                &cluster,
                &request.task_definition,
                &request.tags,
                request.propagate_tags.as_deref(),
                request.enable_ecs_managed_tags,
            )?,
            network_configuration: request.network_configuration.clone(),
            enable_execute_command: request.enable_execute_command,
            ..Launch::one(&cluster.name, &request.task_definition, On::LaunchType(LaunchType::Ec2))
        };
        self.launch_on(now, &launch, instances)
    }

    /// A network configuration belongs to `awsvpc`. That `awsvpc` needs one is not enforced: here every subnet is the same.
    fn valid_network(&self, definition: &str, network: Option<&Value>) -> Result<(), Refusal> {
        let (Ok(definition), Some(network)) = (self.task_definition(definition), network) else { return Ok(()) };
        if definition.network_mode() != NetworkMode::Awsvpc {
            return Err(invalid(
                "Network Configuration is not valid for the given networkMode of this task definition.",
            ));
        }
        let of = |what: &str| network.pointer(&format!("/awsvpcConfiguration/{what}")).and_then(Value::as_array);
        match (of("subnets").map_or(0, Vec::len), of("securityGroups").map_or(0, Vec::len)) {
            (0, _) => Err(invalid("subnets can not be empty.")),
            (17.., _) => Err(invalid("subnets can have at most 16 items.")),
            (_, 6..) => Err(invalid("securityGroups can have at most 5 items.")),
            (_, _) => Ok(()),
        }
    }

    /// The tags of the tasks: the call's win over the definition's.
    fn tags_of(
        &self,
        cluster: &Cluster,
        definition: &str,
        given: &[Tag],
        propagate: Option<&str>,
        managed: bool,
    ) -> Result<Vec<Tag>, Refusal> {
        let mut all = match propagate {
            None | Some("NONE") => Vec::new(),
            Some("TASK_DEFINITION") => self.task_definition(definition).map(|d| d.tags.clone()).unwrap_or_default(),
            Some("SERVICE") => {
                return Err(invalid("The propagateTags value SERVICE is only allowed for services."));
            }
            Some(_) => return Err(invalid("propagateTags should be one of [TASK_DEFINITION, SERVICE, NONE].")),
        };
        tags::merge(&mut all, given)?;
        if managed {
            all.push(Tag { key: "aws:ecs:clusterName".to_owned(), value: cluster.name.clone() });
        }
        Ok(all)
    }

    /// Fargate's platform version.
    fn platform(&self, on: &On, asked: Option<&str>) -> Result<Option<String>, Refusal> {
        let fargate = match on {
            On::LaunchType(launch_type) => *launch_type == LaunchType::Fargate,
            On::Providers(items) => {
                items.iter().any(|i| super::capacity::FARGATE.contains(&i.capacity_provider.as_str()))
            }
        };
        match (fargate, asked) {
            (false, None) => Ok(None),
            (false, Some(_)) => Err(invalid("The platform version must be null when specifying an EC2 launch type.")),
            (true, None | Some("LATEST" | "1.4.0")) => Ok(Some("1.4.0".to_owned())),
            (true, Some("1.3.0")) => Ok(Some("1.3.0".to_owned())),
            (true, Some(_)) => {
                Err(Refusal::new("PlatformUnknownException", "The specified platform version doesn't exist."))
            }
        }
    }
}

/// What the tasks are to run on.
fn on(cluster: &Cluster, request: &RunTask) -> Result<On, Refusal> {
    let given = &request.capacity_provider_strategy;
    match (request.launch_type.as_deref(), given.is_empty(), cluster.default_strategy.is_empty()) {
        (Some(_), false, _) => Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )),
        (None, false, _) => Ok(On::Providers(given.clone())),
        (None, true, false) => Ok(On::Providers(cluster.default_strategy.clone())),
        (None | Some("EC2"), true, _) => Ok(On::LaunchType(LaunchType::Ec2)),
        (Some("FARGATE"), true, _) => Ok(On::LaunchType(LaunchType::Fargate)),
        (Some("EXTERNAL" | "MANAGED_INSTANCES"), true, _) => {
            Err(Refusal::new("UnsupportedFeatureException", "Only the launch types EC2 and FARGATE are here."))
        }
        (Some(_), true, _) => Err(Refusal::new("ClientException", "launch type should be one of [EC2,FARGATE]")),
    }
}

/// "Up to 64 characters … in the range of 33-126" (RunTask).
fn valid_token(token: Option<&str>) -> Result<(), Refusal> {
    let token = token.unwrap_or("-");
    if token.is_empty() || token.len() > 64 || !token.bytes().all(|byte| (33..=126).contains(&byte)) {
        return Err(invalid("clientToken must be at most 64 characters of ASCII 33 to 126."));
    }
    Ok(())
}

fn valid_common(
    started_by: Option<&str>,
    group: Option<&str>,
    overrides: &TaskOverride,
    given: &[Tag],
) -> Result<(), Refusal> {
    let who = started_by.unwrap_or_default();
    if who.len() > 128 || !who.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte)) {
        return Err(invalid("startedBy must be at most 128 letters, digits, hyphens, underscores and slashes."));
    }
    // A service's groups are its own.
    if group.is_some_and(|group| group.is_empty() || group.starts_with("service:")) {
        return Err(invalid("Invalid namespace for group."));
    }
    let length = serde_json::to_string(overrides).map_or(0, |text| text.chars().count());
    if length > 8192 {
        return Err(invalid("Container Overrides length must be at most 8192."));
    }
    tags::valid(given)
}

/// The same token again: the first answer as it was, or a conflict.
fn again(request: &RunTask, remembered: &Remembered) -> Result<Ran, Refusal> {
    if *request == remembered.request {
        return Ok(Ran { tasks: remembered.answer.clone(), failures: remembered.failures.clone() });
    }
    let tasks: Vec<Value> = remembered.answer.iter().map(|task| task.arn.clone().into()).collect();
    Err(Refusal::new("ConflictException", "The request conflicts with an earlier one that used the same client token.")
        .with("resourceIds", tasks))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
