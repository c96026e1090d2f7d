//! CreateService.

use std::collections::{BTreeMap, VecDeque};

use daemon::moment::Moment;
use serde_json::Value;

use super::requests::{Configuration, Controller, CreateService, GivenConfiguration};
use super::{Deployment, Propagate, Scheduling, Service, ServiceStatus};
use crate::ecs::cluster::Cluster;
use crate::ecs::constraints::Placing;
use crate::ecs::definition::NetworkMode;
use crate::ecs::launch::On;
use crate::ecs::model::Ecs;
use crate::ecs::requests::StrategyItem;
use crate::ecs::tags;
use crate::ecs::task::LaunchType;
use crate::refusal::Refusal;

/// The most tasks of a service (ECS service quotas, "Tasks per service").
const DESIRED_AT_MOST: i64 = 5000;

impl Ecs {
    /// CreateService.
    ///
    /// # Errors
    /// What AWS refuses; a name that is taken by a service that was asked for in other words.
    pub fn create_service(&mut self, now: Moment, request: CreateService) -> Result<Service, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.clone();
        let name = request.service_name.clone();
        valid_name(&name)?;
        valid_token(request.client_token.as_deref())?;
        tags::valid(&request.tags)?;
        let key = (cluster.name.clone(), name.clone());
        if let Some(there) = self.services.get(&key).filter(|service| service.is_there()) {
            return again(there, &request).cloned();
        }
        let scheduling = scheduling(request.scheduling_strategy.as_deref())?;
        not_here(request.deployment_controller.as_ref(), &request.load_balancers)?;
        let desired = match scheduling {
            Scheduling::Replica => count(request.desired_count)?,
            Scheduling::Daemon => 0,
        };
        let configuration = Configuration::given(scheduling, &request.deployment_configuration, None)?;
        let on = service_on(&cluster, request.launch_type.as_deref(), &request.capacity_provider_strategy, scheduling)?;
        if scheduling == Scheduling::Daemon {
            valid_daemon(&request, &on)?;
        }
        self.on_is_there(&cluster, &on)?;
        let named = request.task_definition.as_deref().filter(|named| !named.is_empty());
        let definition = self.service_definition(
            named.ok_or_else(|| invalid("TaskDefinition can not be blank."))?,
            request.network_configuration.as_ref(),
        )?;
        Placing::read(&[], &request.placement_constraints, &request.placement_strategy)?;
        let number = self.ids.number();
        let network = request.network_configuration.clone();
        let service = Service {
            arn: self.account.arn("ecs", &format!("service/{}/{name}", cluster.name)),
            name,
            cluster: cluster.name,
            cluster_arn: cluster.arn,
            status: ServiceStatus::Active,
            scheduling,
            desired,
            configuration,
            constraints: request.placement_constraints.clone(),
            strategies: request.placement_strategy.clone(),
            registries: request.service_registries.clone(),
            grace_period: request.health_check_grace_period_seconds,
            execute_command: request.enable_execute_command,
            managed_tags: request.enable_ecs_managed_tags,
            propagate: propagate(request.propagate_tags.as_deref())?,
            tags: request.tags.clone(),
            created_at: now,
            deployments: vec![Deployment::new(now, number, definition, on, network)],
            completed: None,
            tasks: BTreeMap::new(),
            events: VecDeque::new(),
            standing: BTreeMap::new(),
            request,
            next: None,
        };
        self.tell_service(&service, "service.created", format!("(service {}) was created.", service.name));
        self.services.insert(key, service.clone());
        self.tasks.stir();
        Ok(service)
    }

    /// The ARN of the definition that a service names.
    pub(super) fn service_definition(&self, named: &str, network: Option<&Value>) -> Result<String, Refusal> {
        let none = |_| Refusal::new("ClientException", "TaskDefinition not found.");
        let definition = self.task_definition(named).map_err(none)?;
        match (definition.network_mode() == NetworkMode::Awsvpc, network.is_some()) {
            (true, true) | (false, false) => Ok(definition.arn.clone()),
            (true, false) => {
                Err(invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified."))
            }
            (false, true) => {
                Err(invalid("Network Configuration is not valid for the given networkMode of this task definition."))
            }
        }
    }

    /// Whether the cluster may use what is asked for.
    pub(super) fn on_is_there(&self, cluster: &Cluster, on: &On) -> Result<(), Refusal> {
        let On::Providers(items) = on else { return Ok(()) };
        let there =
            |name: &String| crate::ecs::capacity::FARGATE.contains(&name.as_str()) || cluster.providers.contains(name);
        match items.iter().all(|item| there(&item.capacity_provider)) {
            true => Ok(()),
            false => Err(invalid(
                "The specified capacity provider was not found. Specify a valid name or ARN and try again.",
            )),
        }
    }
}

impl Configuration {
    /// What is said, else what there was, else AWS's defaults.
    pub(super) fn given(
        scheduling: Scheduling,
        given: &GivenConfiguration,
        before: Option<&Configuration>,
    ) -> Result<Self, Refusal> {
        let (minimum, maximum) = match (scheduling, before) {
            (_, Some(before)) => (before.minimum_healthy_percent, before.maximum_percent),
            (Scheduling::Replica, None) => (100, 200),
            (Scheduling::Daemon, None) => (0, 100),
        };
        let breaker = given.deployment_circuit_breaker.or(before.map(|before| before.deployment_circuit_breaker));
        let configuration = Configuration {
            maximum_percent: given.maximum_percent.unwrap_or(maximum),
            minimum_healthy_percent: given.minimum_healthy_percent.unwrap_or(minimum),
            deployment_circuit_breaker: breaker.unwrap_or_default(),
            strategy: "ROLLING".to_owned(),
        };
        if given.strategy.as_deref().is_some_and(|strategy| strategy != "ROLLING") {
            return Err(Refusal::new(
                "UnsupportedFeatureException",
                "local-aws has the deployment strategy ROLLING only.",
            ));
        }
        match (scheduling, configuration.minimum_healthy_percent, configuration.maximum_percent) {
            (Scheduling::Daemon, _, maximum) if maximum != 100 => Err(invalid(
                "The daemon scheduling strategy does not support values above 100 for maximumPercent on the deployment \
                 configuration. Remove the value or set it to 100, and try again.",
            )),
            (Scheduling::Replica, 100, 100) => Err(invalid(
                "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
            )),
            (_, minimum, maximum) if minimum > 100 || maximum < 100 => {
                Err(invalid("minimumHealthyPercent must be at most 100, and maximumPercent at least 100."))
            }
            _ => Ok(configuration),
        }
    }
}

/// What a service's tasks run on.
pub(super) fn service_on(
    cluster: &Cluster,
    launch_type: Option<&str>,
    strategy: &[StrategyItem],
    scheduling: Scheduling,
) -> Result<On, Refusal> {
    if launch_type.is_some() && !strategy.is_empty() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    match (launch_type, strategy.is_empty()) {
        (Some("EC2"), _) => Ok(On::LaunchType(LaunchType::Ec2)),
        (Some("FARGATE"), _) => Ok(On::LaunchType(LaunchType::Fargate)),
        (Some(other), _) => Err(invalid(format!("Launch type {other} is not supported here."))),
        (None, false) => Ok(On::Providers(strategy.to_vec())),
        // A daemon goes to every host, whatever the cluster prefers.
        (None, true) => match (scheduling, cluster.default_strategy.is_empty()) {
            (Scheduling::Replica, false) => Ok(On::Providers(cluster.default_strategy.clone())),
            (Scheduling::Replica, true) | (Scheduling::Daemon, _) => Ok(On::LaunchType(LaunchType::Ec2)),
        },
    }
}

/// How many tasks are desired.
pub(super) fn count(given: Option<i64>) -> Result<usize, Refusal> {
    let given =
        given.ok_or_else(|| invalid("The desired count must be specified for the REPLICA scheduling strategy."))?;
    let allowed = (0..=DESIRED_AT_MOST).contains(&given);
    usize::try_from(given)
        .ok()
        .filter(|_| allowed)
        .ok_or_else(|| invalid(format!("The desired count must be between 0 and {DESIRED_AT_MOST}.")))
}

pub(super) fn propagate(given: Option<&str>) -> Result<Propagate, Refusal> {
    match given {
        None | Some("NONE") => Ok(Propagate::None),
        Some("TASK_DEFINITION") => Ok(Propagate::TaskDefinition),
        Some("SERVICE") => Ok(Propagate::Service),
        Some(_) => Err(invalid("propagateTags must be NONE, TASK_DEFINITION or SERVICE.")),
    }
}

/// What local-aws has not, and would be wrong to accept.
pub(super) fn not_here(controller: Option<&Controller>, load_balancers: &[Value]) -> Result<(), Refusal> {
    let unsupported = |message: &str| Err(Refusal::new("UnsupportedFeatureException", message));
    match controller.map(|controller| controller.kind.as_str()) {
        None | Some("ECS") => {}
        Some(_) => return unsupported("local-aws has the deployment controller ECS only."),
    }
    match load_balancers.is_empty() {
        true => Ok(()),
        false => unsupported("local-aws has no load balancers."),
    }
}

fn scheduling(given: Option<&str>) -> Result<Scheduling, Refusal> {
    match given {
        None | Some("REPLICA") => Ok(Scheduling::Replica),
        Some("DAEMON") => Ok(Scheduling::Daemon),
        Some(_) => Err(invalid("schedulingStrategy must be REPLICA or DAEMON.")),
    }
}

fn valid_daemon(request: &CreateService, on: &On) -> Result<(), Refusal> {
    if request.desired_count.is_some() {
        return Err(invalid(
            "The daemon scheduling strategy does not support a desired count. Remove the desired count value and try again.",
        ));
    }
    if !request.placement_strategy.is_empty() {
        return Err(invalid("Placement strategies are not supported by the daemon scheduling strategy."));
    }
    match on {
        On::LaunchType(LaunchType::Ec2) => Ok(()),
        On::LaunchType(LaunchType::Fargate) => {
            Err(invalid("The daemon scheduling strategy is not supported for the Fargate launch type."))
        }
        On::Providers(_) => {
            Err(invalid("The daemon scheduling strategy does not support a capacity provider strategy."))
        }
    }
}

/// Up to 255 letters, digits, hyphens and underscores (API reference).
fn valid_name(name: &str) -> Result<(), Refusal> {
    let allowed = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    match allowed && (1..=255).contains(&name.len()) {
        true => Ok(()),
        false => Err(invalid("The service name must have 1 to 255 letters, digits, hyphens and underscores.")),
    }
}

/// Up to 36 characters of ASCII 33 to 126 (API reference).
fn valid_token(token: Option<&str>) -> Result<(), Refusal> {
    match token.is_none_or(|token| token.len() <= 36 && token.bytes().all(|byte| (33..=126).contains(&byte))) {
        true => Ok(()),
        false => Err(invalid("clientToken must be at most 36 characters of ASCII 33 to 126.")),
    }
}

/// The name is taken: by what the same call made, or not.
fn again<'a>(there: &'a Service, request: &CreateService) -> Result<&'a Service, Refusal> {
    let token = |request: &CreateService| CreateService { client_token: None, ..request.clone() };
    match there.status {
        ServiceStatus::Draining => Err(invalid("Unable to Start a service that is still Draining.")),
        ServiceStatus::Active | ServiceStatus::Inactive { .. } if token(&there.request) == token(request) => Ok(there),
        ServiceStatus::Active | ServiceStatus::Inactive { .. } => {
            Err(invalid("Creation of service was not idempotent."))
        }
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
