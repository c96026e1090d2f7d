//! What a look at a service comes to: how its deployments stand, and what is to be said about it.

use daemon::moment::Moment;

use super::start::SEE;
use crate::ecs::model::Ecs;
use crate::ecs::service::plan::{Hindrance, Plan};
use crate::ecs::service::{Rollout, Service, ServiceStatus, Standing};

/// The fewest failures that trip a circuit breaker, and the most (ECS developer guide, "How the Amazon ECS deployment
/// circuit breaker detects failures": half of the desired count, within these).
const TRIPS_AT: (usize, usize) = (3, 200);

impl Ecs {
    /// Whether the scheduler should look again at once.
    pub(super) fn judge(&mut self, now: Moment, service: &mut Service, plan: &Plan, unplaced: Option<String>) -> bool {
        self.retire(service);
        if service.status == ServiceStatus::Draining && self.live_tasks(service, None).is_empty() {
            service.status = ServiceStatus::Inactive { since: now };
            self.tell_service(service, "service.deleted", format!("(service {}) was deleted.", service.name));
            return true;
        }
        let (name, id) = (service.name.clone(), service.primary().map(|d| d.id.clone()).unwrap_or_default());
        let starts_go_on =
            plan.steps.is_empty() && service.primary().is_some_and(|primary| primary.not_before.is_some());
        match unplaced {
            Some(why) => self.stand(now, service, Standing::Unplaced, &why),
            None if starts_go_on => {}
            None => service.settle(Standing::Unplaced),
        }
        let throttled = service.primary().is_some_and(|primary| primary.wait().is_some());
        let text = format!("(service {name}) is unable to consistently start tasks successfully. {SEE}");
        self.stand_if(now, service, Standing::Throttled, throttled.then_some(text));
        let protected = format!(
            "(service {name}) was unable to reach steady state because task set ({id}) was unable to scale in. Reason: The \
             number of protected tasks are more than the desired count of tasks."
        );
        let configuration = format!(
            "(service {name}) was unable to stop or start tasks during a deployment because of the service deployment \
             configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
        );
        let hindered = |by: Hindrance| plan.hindrance == Some(by);
        self.stand_if(now, service, Standing::Protected, hindered(Hindrance::Protected).then_some(protected));
        let in_the_way = hindered(Hindrance::Configuration).then_some(configuration);
        self.stand_if(now, service, Standing::Configuration, in_the_way);
        if plan.steady && service.status == ServiceStatus::Active {
            self.complete(now, service);
        } else {
            service.settle(Standing::Steady);
        }
        self.trip(now, service)
    }

    /// Old deployments without tasks are no more.
    fn retire(&mut self, service: &mut Service) {
        let live: Vec<bool> =
            service.deployments.iter().map(|d| !self.live_tasks(service, Some(&d.id)).is_empty()).collect();
        let mut place = 0;
        service.deployments.retain(|_| {
            place += 1;
            place == 1 || live[place - 1]
        });
    }

    fn complete(&mut self, now: Moment, service: &mut Service) {
        let name = service.name.clone();
        if let Some(primary) = service.deployments.first_mut().filter(|primary| primary.rollout == Rollout::InProgress)
        {
            primary.end(now, Rollout::Completed, format!("ECS deployment {} completed.", primary.id));
            let text = format!("(service {name}) (deployment {}) deployment completed.", primary.id);
            service.completed = service.deployments.first().cloned();
            service.say(now, &mut self.ids, text);
        }
        self.stand(now, service, Standing::Steady, &format!("(service {name}) has reached a steady state."));
    }

    /// The circuit breaker: gives up a deployment whose tasks do not start; whether another takes its place.
    fn trip(&mut self, now: Moment, service: &mut Service) -> bool {
        let breaker = service.configuration.deployment_circuit_breaker;
        let at = service.desired.div_ceil(2).clamp(TRIPS_AT.0, TRIPS_AT.1);
        let completed = service.completed.clone();
        let Some(primary) = service.deployments.first_mut() else { return false };
        let failures = usize::try_from(primary.failed).unwrap_or(usize::MAX);
        if !breaker.enable || primary.rollout != Rollout::InProgress || failures < at {
            return false;
        }
        let failed = primary.id.clone();
        primary.end(now, Rollout::Failed, "ECS deployment circuit breaker: tasks failed to start.".to_owned());
        let text =
            format!("(service {}) (deployment {}) deployment failed: tasks failed to start.", service.name, primary.id);
        service.say(now, &mut self.ids, text.clone());
        self.tell_service(service, "service.failed", text);
        // What a rollback goes to is not rolled back itself.
        let Some(mut back) = completed.filter(|back| breaker.rollback && back.id != failed) else { return false };
        (back.failed, back.not_before, back.rollout, back.updated_at) = (0, None, Rollout::InProgress, now);
        back.reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {}.", back.id);
        let text = format!("(service {}) rolling back to deployment {}.", service.name, back.id);
        service.deployments.retain(|deployment| deployment.id != back.id);
        service.deployments.insert(0, back);
        service.say(now, &mut self.ids, text);
        true
    }

    fn stand_if(&mut self, now: Moment, service: &mut Service, standing: Standing, text: Option<String>) {
        match text {
            Some(text) => self.stand(now, service, standing, &text),
            None => service.settle(standing),
        }
    }

    fn stand(&mut self, now: Moment, service: &mut Service, standing: Standing, text: &str) {
        if service.stand(now, self.pace, &mut self.ids, standing, text) {
            self.tell_service(service, standing.kind(), text.to_owned());
        }
    }
}
