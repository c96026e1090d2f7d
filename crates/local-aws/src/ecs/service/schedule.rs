//! The scheduler at work: facts are gathered, steps carried out, and what came of it is said.
//!
//! It looks after every service each time the world moves; between two looks nothing is remembered but what is in the
//! [`Service`].

use std::collections::BTreeSet;
use std::time::Duration;

use daemon::moment::Moment;

use super::plan::{Facts, Phase, Plan, Step, TaskFact, Wanted};
use super::{Rollout, Scheduling, Service, ServiceStatus, Standing, TaskStart};
use crate::ecs::constraints::{Placing, Rule};
use crate::ecs::instance::{ContainerInstance, InstanceStatus};
use crate::ecs::model::{Ecs, Effect};
use crate::ecs::task::{Desired, LastStatus, StopCode, Task};

mod judge;
mod start;

/// From RUNNING to healthy, for tasks without health checks (API reference, `minimumHealthyPercent`).
const HEALTHY_AFTER: Duration = Duration::from_secs(40);
/// How long a deleted service can be described. AWS says only that it may be purged "in the future".
const INACTIVE_IS_KEPT: Duration = Duration::from_secs(3600);

impl Ecs {
    /// Does what the services' schedulers have to do now.
    pub(in crate::ecs) fn schedule(&mut self, now: Moment) {
        let mut keys: Vec<(Scheduling, (String, String))> =
            self.services.iter().map(|(key, service)| (service.scheduling, key.clone())).collect();
        keys.sort();
        for (_, key) in keys {
            if let Some(mut service) = self.services.remove(&key)
                && self.look_after(now, &mut service)
            {
                self.services.insert(key, service);
            }
        }
    }

    /// When a scheduler has something to do, at the latest.
    pub(in crate::ecs) fn schedule_deadline(&self) -> Option<Moment> {
        self.services.values().filter_map(|service| service.next).min()
    }

    /// One service; whether it is still to be known.
    fn look_after(&mut self, now: Moment, service: &mut Service) -> bool {
        if let ServiceStatus::Inactive { since } = service.status {
            let until = since + self.pace.of(INACTIVE_IS_KEPT);
            service.next = Some(until);
            return now < until;
        }
        self.note_ends(now, service);
        let facts = self.facts(now, service);
        let plan = Plan::new(&facts);
        let unplaced = self.carry_out(now, service, &plan);
        let again = self.judge(now, service, &plan, unplaced);
        // What was done may have been all that was missing.
        let again = again || !plan.steps.is_empty();
        service.next = if again { Some(now) } else { self.next_look(now, service) };
        true
    }

    /// Forgets tasks that have stopped, and counts those that never ran.
    fn note_ends(&mut self, now: Moment, service: &mut Service) {
        for (id, owned) in &mut service.tasks {
            let deployment = service.deployments.iter_mut().find(|deployment| deployment.id == owned.deployment);
            let Some((task, deployment)) = self.tasks.get(id).zip(deployment) else { continue };
            match (owned.start, task.started_at.is_some(), task.desired) {
                (TaskStart::Awaited, true, _) => {
                    // "Once a service deployment has one or more successfully running tasks, the failed task count resets
                    // to zero" (API reference, `failedTasks`).
                    owned.start = TaskStart::Succeeded;
                    (deployment.failed, deployment.not_before) = (0, None);
                }
                (TaskStart::Awaited, false, Desired::Stopped) => {
                    owned.start = TaskStart::Failed;
                    if failed_to_start(task) {
                        deployment.failed = deployment.failed.saturating_add(1);
                        deployment.not_before = deployment.wait().map(|wait| now + self.pace.of(wait));
                    }
                }
                (TaskStart::Awaited, false, Desired::Running) | (TaskStart::Succeeded | TaskStart::Failed, _, _) => {}
            }
        }
        let over = |id: &String| self.tasks.get(id).is_none_or(|task| task.last_status == LastStatus::Stopped);
        service.tasks.retain(|id, _| !over(id));
    }

    fn facts(&self, now: Moment, service: &mut Service) -> Facts {
        let wanted = match service.scheduling {
            Scheduling::Replica => Wanted::Replica(service.desired),
            Scheduling::Daemon => {
                let hosts = self.hosts_for(service);
                service.desired = hosts.len();
                Wanted::Daemon(hosts)
            }
        };
        let primary = service.primary();
        let may_start = service.status == ServiceStatus::Active
            && primary.is_some_and(|d| d.rollout != Rollout::Failed && d.not_before.is_none_or(|at| at <= now));
        let current = primary.map(|deployment| deployment.id.clone()).unwrap_or_default();
        let tasks = service.tasks.iter().filter_map(|(id, owned)| {
            let task = self.tasks.get(id)?;
            Some(TaskFact {
                id: id.clone(),
                number: task.number,
                host: task.instance.clone(),
                current: owned.deployment == current,
                phase: self.phase(now, task),
                protected: self.protected_until(id).is_some(),
                leaves: self.leaves(service, task),
            })
        });
        Facts {
            wanted,
            minimum_percent: service.configuration.minimum_healthy_percent,
            maximum_percent: service.configuration.maximum_percent,
            may_start,
            tasks: tasks.collect(),
        }
    }

    fn phase(&self, now: Moment, task: &Task) -> Phase {
        match (task.desired, task.last_status, task.started_at) {
            (Desired::Stopped, _, _) => Phase::Stopping,
            (Desired::Running, LastStatus::Running, Some(at)) if now >= at + self.pace.of(HEALTHY_AFTER) => {
                Phase::Healthy
            }
            (Desired::Running, LastStatus::Running, _) => Phase::Young,
            (Desired::Running, _, _) => Phase::Waiting,
        }
    }

    /// The hosts that a daemon is wanted on.
    fn hosts_for(&self, service: &Service) -> Vec<String> {
        let wanted =
            |status: InstanceStatus| status == InstanceStatus::Active && service.status == ServiceStatus::Active;
        let given = Placing::read(&[], &service.constraints, &[]).unwrap_or_default();
        let meets = |instance: &ContainerInstance| {
            given.rules.iter().all(|rule| match rule {
                Rule::DistinctInstance => true,
                Rule::MemberOf(query) => self.means(query, instance),
            })
        };
        let here = self.instances.values().filter(|i| i.cluster == service.cluster && wanted(i.status) && meets(i));
        here.map(|instance| instance.arn.clone()).collect()
    }

    /// Whether a task has to go if its host is not wanted: a replica's host that takes no tasks any more is not, nor is a
    /// daemon's that does not meet its constraints ("the service scheduler also evaluates the task placement constraints
    /// for running tasks"). A daemon leaves a draining host last.
    fn leaves(&self, service: &Service, task: &Task) -> bool {
        let Some(host) = task.instance.as_deref() else { return false };
        let active = self.instances.get(host).is_some_and(|instance| instance.status == InstanceStatus::Active);
        match (service.scheduling, service.status) {
            (Scheduling::Replica, _) => !active,
            (Scheduling::Daemon, ServiceStatus::Active) => active || !self.others_on(host, service),
            (Scheduling::Daemon, ServiceStatus::Draining | ServiceStatus::Inactive { .. }) => true,
        }
    }

    /// Whether tasks that are no daemon's are on a host.
    fn others_on(&self, host: &str, service: &Service) -> bool {
        let daemons =
            self.services.values().filter(|s| s.cluster == service.cluster && s.scheduling == Scheduling::Daemon);
        let groups: BTreeSet<String> = daemons.map(Service::group).chain([service.group()]).collect();
        let here = self.tasks.load(host).map(|load| &load.holding).into_iter().flatten();
        here.filter_map(|id| self.tasks.get(id)).any(|task| !groups.contains(&task.group))
    }

    /// Does what the plan says; what kept a task from being started.
    fn carry_out(&mut self, now: Moment, service: &mut Service, plan: &Plan) -> Option<String> {
        let primary = service.primary().map(|deployment| deployment.id.clone()).unwrap_or_default();
        let (mut started, mut stopped, mut unplaced) = (Vec::new(), Vec::new(), None);
        for step in &plan.steps {
            let host = match step {
                Step::Stop(id) => {
                    let reason = format!("Scaling activity initiated by (deployment {primary})");
                    self.want_stopped(now, id, StopCode::ServiceSchedulerInitiated, &reason);
                    stopped.push(id.clone());
                    continue;
                }
                Step::Start => None,
                Step::StartOn(host) => Some(host.as_str()),
            };
            // What found no room for one has none for the next; a daemon's next is for another host.
            if unplaced.is_some() && host.is_none() {
                continue;
            }
            match self.start_one(now, service, host) {
                Ok(id) => started.push(id),
                Err(why) => unplaced = Some(why),
            }
        }
        self.say_tasks(now, service, "service.stopped", "stopped", "running tasks", &stopped);
        self.say_tasks(now, service, "service.started", "started", "tasks", &started);
        unplaced
    }

    fn say_tasks(
        &mut self,
        now: Moment,
        service: &mut Service,
        kind: &'static str,
        done: &str,
        what: &str,
        ids: &[String],
    ) {
        if ids.is_empty() {
            return;
        }
        let tasks: Vec<String> = ids.iter().map(|id| format!("(task {id})")).collect();
        let text = format!("(service {}) has {done} {} {what}: {}.", service.name, ids.len(), tasks.join(" "));
        service.say(now, &mut self.ids, text.clone());
        self.tell_service(service, kind, text);
    }

    /// For the world's time line.
    pub(super) fn tell_service(&mut self, service: &Service, kind: &'static str, text: String) {
        self.effects.push(Effect::Service { service: service.arn.clone(), kind, text });
    }

    fn next_look(&self, now: Moment, service: &Service) -> Option<Moment> {
        let healthy = |task: &Task| task.started_at.map(|at| at + self.pace.of(HEALTHY_AFTER));
        let young = self.live_tasks(service, None).into_iter().filter_map(healthy);
        let retry = service.primary().and_then(|deployment| deployment.not_before);
        let said = service.said_again_at(Standing::Steady, self.pace);
        young.chain(retry).chain(said).filter(|at| *at > now).min()
    }
}

/// Whether a task ended before it ran, by no order (ECS developer guide, "Service throttle logic").
fn failed_to_start(task: &Task) -> bool {
    match task.stop_code {
        Some(StopCode::TaskFailedToStart | StopCode::EssentialContainerExited) | None => true,
        Some(
            StopCode::UserInitiated
            | StopCode::ServiceSchedulerInitiated
            | StopCode::SpotInterruption
            | StopCode::TerminationNotice,
        ) => false,
    }
}
