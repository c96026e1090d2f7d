//! What moves a task through its life: the runtime's reports, StopTask, a host that goes.

use std::net::Ipv4Addr;

use daemon::moment::Moment;

use super::model::{Ecs, Effect};
use super::requests::StopTask;
use super::task::{ContainerStatus, Desired, LastStatus, StopCode, Task};
use crate::account::last_part;
use crate::refusal::Refusal;

impl Ecs {
    /// StopTask. A task that is being stopped, or has, is answered as it is. "Any tags associated with the task will be
    /// deleted."
    ///
    /// # Errors
    /// No such cluster or task; a reason that is too long.
    pub fn stop_task(&mut self, now: Moment, request: &StopTask) -> Result<&Task, Refusal> {
        let cluster = self.cluster(request.cluster.as_deref())?.name.clone();
        let invalid = |message: &str| Refusal::new("InvalidParameterException", message);
        let id = last_part(&request.task).to_owned();
        let none = || invalid("The referenced task was not found.");
        if id.is_empty() {
            return Err(invalid("Task cannot be null or empty."));
        }
        if self.tasks.get(&id).is_none_or(|task| task.cluster != cluster) {
            return Err(none());
        }
        let reason = request.reason.clone().unwrap_or_else(|| "Task stopped by user".to_owned());
        // "The maximum length is 1024" (StopTask's reason, ECS developer guide on stopped tasks).
        if reason.chars().count() > 1024 {
            return Err(invalid("reason must be at most 1024 characters."));
        }
        self.want_stopped(now, &id, StopCode::UserInitiated, &reason);
        self.tasks.change(&id, |task| task.tags.clear());
        self.tasks.get(&id).ok_or_else(none)
    }

    /// The task is to end; the first reason given stays.
    pub(super) fn want_stopped(&mut self, now: Moment, id: &str, code: StopCode, reason: &str) {
        let never_placed = self.tasks.change(id, |task| {
            if task.desired == Desired::Stopped {
                return false;
            }
            task.desired = Desired::Stopped;
            task.stopping_at = Some(now);
            task.stop_code = Some(code);
            task.stopped_reason = Some(reason.to_owned());
            task.version += 1;
            match task.last_status {
                LastStatus::Provisioning => true,
                LastStatus::Pending | LastStatus::Activating | LastStatus::Running => {
                    task.last_status = LastStatus::Deactivating;
                    false
                }
                LastStatus::Deactivating | LastStatus::Stopping | LastStatus::Deprovisioning | LastStatus::Stopped => {
                    false
                }
            }
        });
        if never_placed == Some(true) {
            self.over(now, id, code, reason);
        }
    }

    /// Every container of the task was started.
    pub fn started(&mut self, now: Moment, id: &str, address: Ipv4Addr, docker_ids: &[(String, String)]) {
        self.tasks.change(id, |task| {
            if task.last_status == LastStatus::Stopped || task.started_at.is_some() {
                return;
            }
            task.address = Some(address);
            task.started_at = Some(now);
            task.version += 1;
            for container in &mut task.containers {
                if container.status == ContainerStatus::Pending {
                    container.status = ContainerStatus::Running;
                }
                if let Some((_, id)) = docker_ids.iter().find(|(name, _)| *name == container.name) {
                    container.docker_id.clone_from(id);
                }
            }
            if task.last_status == LastStatus::Pending {
                task.last_status = LastStatus::Activating;
            }
        });
    }

    /// A container of the task ended.
    pub fn exited(&mut self, now: Moment, id: &str, container: &str, code: i64) {
        let seen = self.tasks.change(id, |task| {
            if task.last_status >= LastStatus::Deprovisioning && !task.orphaned {
                return None;
            }
            let ended = task.containers.iter_mut().find(|c| c.name == container)?;
            ended.status = ContainerStatus::Stopped;
            ended.exit_code = Some(code);
            ended.finished_at = Some(now);
            let essential = ended.essential;
            task.version += 1;
            Some((essential, task.known_status() == ContainerStatus::Stopped, task.orphaned))
        });
        let Some((essential, all_ended, orphaned)) = seen.flatten() else { return };
        if orphaned {
            // Only now its address is free.
            if all_ended {
                self.effects.push(Effect::Stopped { task: id.to_owned() });
            }
            return;
        }
        if essential || all_ended {
            self.want_stopped(now, id, StopCode::EssentialContainerExited, "Essential container in task exited");
        }
        if all_ended {
            self.deprovision(now, id);
        } else if essential {
            self.move_to(id, LastStatus::Stopping);
            self.effects.push(Effect::Stopping { task: id.to_owned() });
        }
    }

    /// The task could not be started.
    pub fn failed(&mut self, now: Moment, id: &str, reason: &str) {
        let live = self.tasks.change(id, |task| {
            if task.last_status >= LastStatus::Deprovisioning {
                return false;
            }
            for container in &mut task.containers {
                container.status = ContainerStatus::Stopped;
                container.finished_at.get_or_insert(now);
                container.reason.get_or_insert_with(|| reason.to_owned());
            }
            true
        });
        if live == Some(true) {
            self.want_stopped(now, id, StopCode::TaskFailedToStart, reason);
            self.deprovision(now, id);
        }
    }

    /// The task has this address from now on.
    pub fn attach(&mut self, id: &str, address: Ipv4Addr) {
        self.tasks.change(id, |task| {
            task.address = Some(address);
            task.version += 1;
        });
    }

    fn deprovision(&mut self, now: Moment, id: &str) {
        self.tasks.change(id, |task| {
            if task.last_status < LastStatus::Deprovisioning {
                task.last_status = LastStatus::Deprovisioning;
                task.execution_stopped_at = Some(now);
                task.version += 1;
            }
        });
    }

    pub(super) fn move_to(&mut self, id: &str, status: LastStatus) {
        self.tasks.change(id, |task| {
            task.last_status = task.last_status.max(status);
            task.version += 1;
        });
    }

    /// The task ends now, without anything more to stop.
    pub(super) fn over(&mut self, now: Moment, id: &str, code: StopCode, reason: &str) {
        self.tasks.change(id, |task| {
            task.desired = Desired::Stopped;
            task.stopping_at.get_or_insert(now);
            task.stop_code.get_or_insert(code);
            task.stopped_reason.get_or_insert_with(|| reason.to_owned());
            for container in &mut task.containers {
                container.status = ContainerStatus::Stopped;
                container.finished_at.get_or_insert(now);
            }
        });
        self.stopped(now, id);
    }

    /// ECS knows no more of the task; what runs of it runs on.
    pub(super) fn orphan(&mut self, now: Moment, id: &str, code: StopCode, reason: &str) {
        let running = self.tasks.change(id, |task| {
            task.desired = Desired::Stopped;
            task.stopping_at.get_or_insert(now);
            task.stop_code.get_or_insert(code);
            task.stopped_reason.get_or_insert_with(|| reason.to_owned());
            task.last_status = LastStatus::Stopped;
            task.execution_stopped_at.get_or_insert(now);
            task.stopped_at = Some(now);
            task.orphaned = task.known_status() != ContainerStatus::Stopped;
            task.version += 1;
            task.orphaned
        });
        match running {
            Some(true) => self.effects.push(Effect::Orphaned { task: id.to_owned() }),
            Some(false) => self.effects.push(Effect::Stopped { task: id.to_owned() }),
            None => {}
        }
    }

    pub(super) fn stopped(&mut self, now: Moment, id: &str) {
        let stopped = self.tasks.change(id, |task| {
            task.last_status = LastStatus::Stopped;
            task.execution_stopped_at.get_or_insert(now);
            task.stopped_at = Some(now);
            task.version += 1;
        });
        if stopped.is_some() {
            self.effects.push(Effect::Stopped { task: id.to_owned() });
        }
    }
}
