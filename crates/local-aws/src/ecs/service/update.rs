//! UpdateService and DeleteService.

use daemon::moment::Moment;

use super::create::{count, invalid, not_here, propagate, service_on};
use super::requests::{Configuration, DeleteService, UpdateService};
use super::{Deployment, Scheduling, Service, ServiceStatus};
use crate::account::last_part;
use crate::ecs::constraints::Placing;
use crate::ecs::model::Ecs;
use crate::refusal::Refusal;

impl Ecs {
    /// UpdateService: what is not given stays.
    ///
    /// # Errors
    /// No such service, one that was deleted, and what AWS refuses.
    pub fn update_service(&mut self, now: Moment, request: &UpdateService) -> Result<&Service, Refusal> {
        let key = self.service_key(request.cluster.as_deref(), &request.service)?;
        let service = self.services.get(&key).ok_or_else(not_found)?;
        if service.status != ServiceStatus::Active {
            return Err(Refusal::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        let mut changed = self.changed(service, request)?;
        let before = service.primary().ok_or_else(not_found)?;
        let mut deployment = before.clone();
        if let Some(network) = &request.network_configuration {
            deployment.network = Some(network.clone());
        }
        if request.task_definition.is_some() || request.network_configuration.is_some() {
            let named = request.task_definition.as_deref().unwrap_or(&before.definition);
            deployment.definition = self.service_definition(named, deployment.network.as_ref())?;
        }
        if let Some(strategy) = &request.capacity_provider_strategy {
            let cluster = self.cluster(Some(&service.cluster))?;
            if service.scheduling == Scheduling::Daemon && !strategy.is_empty() {
                return Err(invalid("The daemon scheduling strategy does not support a capacity provider strategy."));
            }
            deployment.on = service_on(cluster, None, strategy, service.scheduling)?;
            self.on_is_there(cluster, &deployment.on)?;
            if deployment.on != before.on && !request.force_new_deployment {
                return Err(invalid(
                    "When switching from launch type to capacity provider strategy on an existing service, or making a \
                     change to a capacity provider strategy on a service that is already using one, you must force a new \
                     deployment.",
                ));
            }
        }
        // What makes a new deployment, and what does not, is in the API reference of UpdateService.
        let registered_elsewhere = changed.registries != service.registries;
        if request.force_new_deployment || deployment != *before || registered_elsewhere {
            let number = self.ids.number();
            let new = Deployment::new(now, number, deployment.definition, deployment.on, deployment.network);
            changed.deployments.insert(0, new);
        } else if let Some(primary) = changed.deployments.first_mut() {
            // "After the service is updated, the service scheduler resumes normal scheduling behavior" (ECS developer
            // guide, "Service scheduler concepts").
            (primary.failed, primary.not_before) = (0, None);
        }
        self.services.insert(key.clone(), changed);
        self.tasks.stir();
        self.services.get(&key).ok_or_else(not_found)
    }

    /// The service with everything changed that is not a deployment's.
    fn changed(&self, service: &Service, request: &UpdateService) -> Result<Service, Refusal> {
        not_here(request.deployment_controller.as_ref(), request.load_balancers.as_deref().unwrap_or_default())?;
        let mut changed = service.clone();
        match (service.scheduling, request.desired_count) {
            (_, None) => {}
            (Scheduling::Replica, desired) => changed.desired = count(desired)?,
            (Scheduling::Daemon, Some(_)) => {
                return Err(invalid(
                    "The daemon scheduling strategy does not support a desired count. Remove the desired count value and \
                     try again.",
                ));
            }
        }
        if let Some(given) = &request.deployment_configuration {
            changed.configuration = Configuration::given(service.scheduling, given, Some(&service.configuration))?;
        }
        if let Some(constraints) = &request.placement_constraints {
            changed.constraints.clone_from(constraints);
        }
        if let Some(strategies) = &request.placement_strategy {
            changed.strategies.clone_from(strategies);
        }
        if let Some(registries) = &request.service_registries {
            changed.registries.clone_from(registries);
        }
        Placing::read(&[], &changed.constraints, &changed.strategies)?;
        changed.grace_period = request.health_check_grace_period_seconds.or(service.grace_period);
        changed.execute_command = request.enable_execute_command.unwrap_or(service.execute_command);
        changed.managed_tags = request.enable_ecs_managed_tags.unwrap_or(service.managed_tags);
        if request.propagate_tags.is_some() {
            changed.propagate = propagate(request.propagate_tags.as_deref())?;
        }
        Ok(changed)
    }

    /// DeleteService: the service drains, and is INACTIVE when its tasks have ended.
    ///
    /// # Errors
    /// No such service; tasks are wanted and the call does not force it.
    pub fn delete_service(&mut self, request: &DeleteService) -> Result<&Service, Refusal> {
        let key = self.service_key(request.cluster.as_deref(), &request.service)?;
        let service = self.services.get_mut(&key).filter(|service| service.is_there()).ok_or_else(not_found)?;
        // `force` is "only necessary … if the service uses the REPLICA scheduling strategy" (API reference).
        if !request.force && service.desired > 0 && service.scheduling == Scheduling::Replica {
            return Err(invalid("The service cannot be stopped while it is scaled above 0."));
        }
        service.status = ServiceStatus::Draining;
        service.desired = 0;
        self.tasks.stir();
        self.services.get(&key).ok_or_else(not_found)
    }

    /// The cluster's and the service's name, of what may be ARNs.
    pub(in crate::ecs) fn service_key(
        &self,
        cluster: Option<&str>,
        service: &str,
    ) -> Result<(String, String), Refusal> {
        let cluster = self.cluster(cluster)?.name.clone();
        let key = (cluster, last_part(service).to_owned());
        match self.services.contains_key(&key) {
            true => Ok(key),
            false => Err(not_found()),
        }
    }
}

fn not_found() -> Refusal {
    Refusal::new("ServiceNotFoundException", "Service not found.")
}
