//! DescribeServices and ListServices.

use super::create::invalid;
use super::requests::{DescribeServices, ListServices};
use super::{Service, ServiceStatus};
use crate::account::last_part;
use crate::ecs::launch::{Failure, On};
use crate::ecs::model::Ecs;
use crate::ecs::task::{Desired, LastStatus, Task};
use crate::refusal::Refusal;

impl Ecs {
    /// Every service that is known, deleted ones for a while.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// Services by name or ARN, and those that are none (`MISSING`).
    ///
    /// # Errors
    /// No such cluster; none or too many asked for.
    pub fn describe_services(&self, request: &DescribeServices) -> Result<(Vec<&Service>, Vec<Failure>), Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        if request.services.is_empty() {
            return Err(invalid("Services cannot be empty."));
        }
        if request.services.len() > 10 {
            return Err(invalid("Services must be at most 10."));
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for named in &request.services {
            let name = last_part(named);
            match self.services.get(&(cluster.clone(), name.to_owned())) {
                Some(service) => found.push(service),
                None => missing.push(Failure::missing(self.account.arn("ecs", &format!("service/{cluster}/{name}")))),
            }
        }
        Ok((found, missing))
    }

    /// A page of the ARNs of services that keep tasks, and where the next one begins.
    ///
    /// # Errors
    /// No such cluster; a filter that is none.
    pub fn list_services(&self, request: &ListServices) -> Result<(Vec<&str>, Option<String>), Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        let size = request.max_results.unwrap_or(10);
        if !(1..=100).contains(&size) {
            return Err(invalid("maxResults must be between 1 and 100."));
        }
        let listed = |service: &&Service| {
            let is = |filter: &Option<String>, value: Option<&str>| filter.is_none() || filter.as_deref() == value;
            service.cluster == *cluster
                && service.status == ServiceStatus::Active
                && is(&request.launch_type, launch_type(service))
                && is(&request.scheduling_strategy, Some(service.scheduling.name()))
        };
        let after = request.next_token.as_deref().unwrap_or_default();
        let mut page: Vec<&Service> =
            self.services.values().filter(|service| service.name.as_str() > after).filter(listed).collect();
        let more = page.len() > size;
        page.truncate(size);
        let next = page.last().filter(|_| more).map(|service| service.name.clone());
        Ok((page.into_iter().map(|service| service.arn.as_str()).collect(), next))
    }

    /// The tasks that a service, or one of its deployments, wants to run.
    pub(super) fn live_tasks<'a>(&'a self, service: &'a Service, deployment: Option<&'a str>) -> Vec<&'a Task> {
        let owned = service
            .tasks
            .iter()
            .filter(|(_, owned)| deployment.is_none_or(|deployment| deployment == owned.deployment));
        owned.filter_map(|(id, _)| self.tasks.get(id)).filter(|task| task.desired == Desired::Running).collect()
    }

    /// How many tasks of a service, or of one of its deployments, run, and how many are on their way there.
    #[must_use]
    pub fn service_counts(&self, service: &Service, deployment: Option<&str>) -> (usize, usize) {
        let live = self.live_tasks(service, deployment);
        let running = live.iter().filter(|task| task.last_status == LastStatus::Running).count();
        (running, live.len() - running)
    }

    /// Whether a service, or a deployment of it that is under way, is of a definition.
    #[must_use]
    pub fn used_by_services(&self, definition: &str) -> bool {
        let live = self.services.values().filter(|service| !matches!(service.status, ServiceStatus::Inactive { .. }));
        live.flat_map(|service| &service.deployments).any(|deployment| deployment.definition == definition)
    }

    /// How many services of a cluster keep tasks.
    #[must_use]
    pub fn active_services(&self, cluster: &str) -> usize {
        let active = |service: &&Service| service.cluster == cluster && service.status == ServiceStatus::Active;
        self.services.values().filter(active).count()
    }
}

/// A service that names capacity providers has no launch type.
pub(super) fn launch_type(service: &Service) -> Option<&'static str> {
    match &service.primary()?.on {
        On::LaunchType(launch_type) => Some(launch_type.name()),
        On::Providers(_) => None,
    }
}
