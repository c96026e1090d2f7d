//! The few calls of ECS that a wake needs. Wall time appears here alone.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::operation::run_task::RunTaskError;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, CapacityProviderStrategyItem, ContainerOverride, KeyValuePair, NetworkConfiguration, Task,
    TaskOverride,
};
use task_state::ServiceName;

use crate::config::RunTask;
use crate::decide::wake::{Asked, Token};

/// ECS takes as many tasks in one DescribeTasks, and lists as many at once.
pub const MOST_TASKS: usize = 100;

/// ECS, with the settings of a wake.
#[derive(Debug)]
pub struct Ecs {
    client: Client,
    settings: RunTask,
}

/// A task as DescribeTasks shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Its ARN.
    pub arn: String,
    /// PROVISIONING … STOPPED.
    pub last_status: String,
    /// What ECS wants.
    pub desired_status: String,
    /// Since it was created.
    pub age: Duration,
    /// The address of its network interface, as soon as it has one.
    pub address: Option<Ipv4Addr>,
    /// Why it stopped.
    pub stopped_reason: Option<String>,
}

impl TaskView {
    /// Whether it stops or has stopped.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.desired_status == "STOPPED" || matches!(self.last_status.as_str(), "STOPPED" | "DELETED")
    }
}

/// Why a call of ECS failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The account is being throttled.
    #[error("ECS throttles {call}")]
    Throttled {
        /// The call.
        call: &'static str,
    },
    /// ECS answered that it will not.
    #[error("ECS refuses {call}")]
    Refused {
        /// The call.
        call: &'static str,
        /// Its own words.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer: it may have been heard.
    #[error("{call} has no answer")]
    NoAnswer {
        /// The call.
        call: &'static str,
        /// What the SDK says.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// RunTask answered with failures and no task.
    #[error("ECS placed no task: {reason}")]
    NotPlaced {
        /// As ECS has it: `RESOURCE:MEMORY`, `AGENT` …
        reason: String,
    },
}

impl Error {
    /// What it means for a wake.
    #[must_use]
    pub fn asked(&self) -> Asked {
        match self {
            Error::Throttled { .. } => Asked::Throttled,
            Error::Refused { .. } | Error::NotPlaced { .. } => Asked::Refused,
            Error::NoAnswer { .. } => Asked::NoAnswer,
        }
    }
}

impl Ecs {
    /// ECS by the standard configuration.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: RunTask) -> Ecs {
        Ecs { client: Client::new(config), settings }
    }

    /// The tasks that proxies have started for a service, those that stop included.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tasks_of(&self, service: &ServiceName) -> Result<Vec<TaskView>, Error> {
        let listed = self
            .client
            .list_tasks()
            .cluster(&self.settings.cluster)
            .started_by(started_by(service))
            .send()
            .await
            .map_err(|error| failed("ListTasks", error))?;
        match listed.task_arns() {
            [] => Ok(Vec::new()),
            arns => self.describe(arns.to_vec()).await,
        }
    }

    /// Describes up to [`MOST_TASKS`] tasks; one that ECS does not know is left out.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn describe(&self, tasks: Vec<String>) -> Result<Vec<TaskView>, Error> {
        let described = self
            .client
            .describe_tasks()
            .cluster(&self.settings.cluster)
            .set_tasks(Some(tasks))
            .send()
            .await
            .map_err(|error| failed("DescribeTasks", error))?;
        let now = SystemTime::now();
        Ok(described.tasks().iter().filter_map(|task| view(task, now)).collect())
    }

    /// Runs a task of the service; with a token used before, gives the task that it started.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn run(&self, service: &ServiceName, token: &Token) -> Result<String, Error> {
        const CALL: &str = "RunTask";
        let environment = KeyValuePair::builder().name("SERVICE_NAME").value(service.as_str()).build();
        let container = ContainerOverride::builder().name(&self.settings.container).environment(environment).build();
        let strategy = match &self.settings.capacity_provider {
            None => None,
            Some(provider) => {
                let item = CapacityProviderStrategyItem::builder().capacity_provider(provider).weight(1).build();
                Some(vec![item.map_err(|cause| Error::Refused { call: CALL, cause: cause.into() })?])
            }
        };
        let answer = self
            .client
            .run_task()
            .cluster(&self.settings.cluster)
            .task_definition(self.settings.task_definition.replace("{service}", service.as_str()))
            .set_capacity_provider_strategy(strategy)
            .overrides(TaskOverride::builder().container_overrides(container).build())
            .set_network_configuration(self.network()?)
            .started_by(started_by(service))
            .client_token(token.as_str())
            .count(1)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                // The token was used by a proxy with other settings: its task is the wake all the same.
                if let Some(RunTaskError::ConflictException(conflict)) = error.as_service_error()
                    && let Some(task) = conflict.resource_ids().first()
                {
                    return Ok(task.clone());
                }
                return Err(failed(CALL, error));
            }
        };
        match answer.tasks().iter().find_map(Task::task_arn) {
            Some(task) => Ok(task.to_owned()),
            None => {
                let reason = answer.failures().first().and_then(|failure| failure.reason()).unwrap_or("no reason said");
                Err(Error::NotPlaced { reason: reason.to_owned() })
            }
        }
    }

    fn network(&self) -> Result<Option<NetworkConfiguration>, Error> {
        if self.settings.subnets.is_empty() {
            return Ok(None);
        }
        let groups = &self.settings.security_groups;
        let vpc = AwsVpcConfiguration::builder()
            .set_subnets(Some(self.settings.subnets.clone()))
            .set_security_groups((!groups.is_empty()).then(|| groups.clone()))
            .build()
            .map_err(|cause| Error::Refused { call: "RunTask", cause: cause.into() })?;
        Ok(Some(NetworkConfiguration::builder().awsvpc_configuration(vpc).build()))
    }
}

fn started_by(service: &ServiceName) -> String {
    format!("doze/{service}")
}

/// The address appears in the attachment as soon as the interface is attached, before any container runs.
fn view(task: &Task, now: SystemTime) -> Option<TaskView> {
    let address = task
        .attachments()
        .iter()
        .filter(|attachment| attachment.r#type() == Some("ElasticNetworkInterface"))
        .flat_map(|attachment| attachment.details())
        .find(|detail| detail.name() == Some("privateIPv4Address"))
        .and_then(|detail| detail.value()?.parse().ok());
    let created = task.created_at().and_then(|at| SystemTime::try_from(*at).ok());
    Some(TaskView {
        arn: task.task_arn()?.to_owned(),
        last_status: task.last_status().unwrap_or_default().to_owned(),
        desired_status: task.desired_status().unwrap_or_default().to_owned(),
        age: created.and_then(|created| now.duration_since(created).ok()).unwrap_or_default(),
        address,
        stopped_reason: task.stopped_reason().map(str::to_owned),
    })
}

fn failed<E>(call: &'static str, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if matches!(error.code(), Some("ThrottlingException" | "Throttling" | "RequestLimitExceeded")) {
        return Error::Throttled { call };
    }
    let answered_no = error.raw_response().is_some_and(|answer| answer.status().is_client_error());
    #[expect(clippy::wildcard_enum_match_arm, reason = "the SDK's enum is non-exhaustive")]
    match error {
        SdkError::ServiceError(refused) if answered_no => Error::Refused { call, cause: Box::new(refused.into_err()) },
        SdkError::ConstructionFailure(cause) => {
            Error::Refused { call, cause: Box::new(SdkError::<E>::ConstructionFailure(cause)) }
        }
        other => Error::NoAnswer { call, cause: Box::new(other) },
    }
}
