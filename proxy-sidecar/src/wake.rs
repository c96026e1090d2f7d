//! Carries out what [`crate::decide::wake`] and [`crate::decide::gate`] decide: call-backs, looks, RunTask, following.
//!
//! One loop for each service. It holds no opinion: it asks the service what to do, does it, and says what came of it.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use cloud_map::{RecordName, Registrar};
use daemon::moment::Moment;
use tokio::time::sleep;

use crate::decide::backends::{Named, Source, Supervision};
use crate::decide::gate::Need;
use crate::decide::wake::{Action, Asked, Described, Seen, SeenTask, Token};
use crate::service::Service;
use crate::wake::ecs::{Ecs, TaskView};
use crate::wake::follow::Follower;

pub mod ecs;
pub mod follow;

/// Between two call-backs of one drain: the answer's effect is seen on the watch.
const CALL_BACK_PAUSE: Duration = Duration::from_secs(1);

/// What waking by RunTask needs.
#[derive(Clone, Debug)]
pub struct Aws {
    /// ECS.
    pub ecs: Arc<Ecs>,
    /// Follows tasks for all services.
    pub follower: Follower,
    /// Cloud Map.
    pub registrar: Arc<Registrar>,
}

/// Wakes one service.
#[derive(Debug)]
pub struct Waker {
    /// The service.
    pub service: Arc<Service>,
    /// Where the settings let it wake.
    pub aws: Option<Aws>,
    /// `--backend-port`.
    pub backend_port: NonZeroU16,
    /// `--status-port`.
    pub status_port: NonZeroU16,
    /// What supervisors are shown (rule W4).
    pub token: Option<task_state::Token>,
    /// `--start-grace`.
    pub start_grace: Duration,
}

impl Waker {
    /// Does what the service needs, for ever.
    pub async fn run(self) {
        // Apart, for a drain that can be called back does not wait for AWS.
        tokio::join!(self.call_backs(), self.wakes());
    }

    async fn call_backs(&self) {
        let clock = self.service.clock;
        let mut changes = self.service.changes();
        let mut called: Option<(SocketAddr, u64, Moment)> = None;
        loop {
            changes.mark_unchanged();
            let mut pause = None;
            if let Need::CallBack { at, number } = self.service.need() {
                let last = called.filter(|(a, n, _)| (*a, *n) == (at, number)).map(|(.., when)| when);
                pause = last.map(|when| CALL_BACK_PAUSE.saturating_sub(clock.now().since(when)));
                if pause.is_none_or(|left| left.is_zero()) {
                    called = Some((at, number, clock.now()));
                    self.call_back(at, number).await;
                    continue;
                }
            }
            tokio::select! {
                () = sleep(pause.unwrap_or_default()), if pause.is_some() => (),
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn wakes(&self) {
        let clock = self.service.clock;
        let mut changes = self.service.changes();
        let mut seen_status: Option<(String, String)> = None;
        loop {
            changes.mark_unchanged();
            match (self.service.step(), &self.aws) {
                (Action::Look, Some(aws)) => self.look(aws).await,
                (Action::Ask(token), Some(aws)) => self.ask(aws, &token).await,
                (Action::Describe(task), Some(aws)) => self.describe(aws, &task, &mut seen_status).await,
                (Action::Wait(until), _) => {
                    tokio::select! { () = sleep(until.since(clock.now())) => (), _ = changes.changed() => () }
                }
                (Action::Rest | Action::Look | Action::Ask(_) | Action::Describe(_), _) => {
                    if changes.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn call_back(&self, at: SocketAddr, number: u64) {
        let service = &self.service;
        let Some(look) = service.look_at(at) else { return };
        match task_watch::wake(look.status, self.token.as_ref()).await {
            Ok(Some(answer)) => {
                tracing::info!(service = %service.name, backend = %at, number, phase = answer.state.phase(), "drain called back");
            }
            Ok(None) => {
                tracing::info!(service = %service.name, backend = %at, number, "call-back refused");
                service.call_back_refused(at, number);
            }
            Err(error) => {
                tracing::warn!(service = %service.name, backend = %at, number, error = %daemon::exit::chain(&error), "call-back failed");
            }
        }
    }

    /// Rule X3: Cloud Map, then ECS.
    async fn look(&self, aws: &Aws) {
        let service = &self.service;
        let discovered = aws.registrar.discover(&RecordName::service(&service.name)).await;
        let revision = match discovered {
            Ok(discovered) => {
                for registration in discovered.registrations {
                    let supervision = match registration.supervisor_port {
                        Some(_) => Supervision::Certain,
                        None => Supervision::Absent,
                    };
                    service.name_backend(Named {
                        at: (registration.address, registration.port.get()).into(),
                        status_port: registration.supervisor_port.unwrap_or(self.status_port).get(),
                        source: Source::CloudMap,
                        supervision,
                        task: Some(registration.task.to_string()),
                    });
                }
                Some(discovered.revision)
            }
            Err(error) => {
                tracing::warn!(service = %service.name, error = %daemon::exit::chain(&error), "cannot ask Cloud Map");
                None
            }
        };
        let tasks = match aws.ecs.tasks_of(&service.name).await {
            Ok(tasks) => Some(tasks.into_iter().map(|task| self.seen(task)).collect()),
            Err(error) => {
                tracing::warn!(service = %service.name, error = %daemon::exit::chain(&error), "cannot ask ECS for tasks");
                None
            }
        };
        let seen = Seen { revision, tasks };
        let followed = service.with_wake(|wake, now| {
            wake.looked(&seen, now);
            wake.following().map(str::to_owned)
        });
        if let Some(task) = followed {
            tracing::info!(service = %service.name, task, "task found, waiting for it");
        }
    }

    fn seen(&self, task: TaskView) -> SeenTask {
        let going = self.service.is_task_going(&task.arn);
        // One that serves is no failed wake, however old it is.
        let age = if self.service.is_task_reachable(&task.arn) { Duration::ZERO } else { task.age };
        SeenTask { ending: task.is_ending(), going, age, arn: task.arn }
    }

    async fn ask(&self, aws: &Aws, token: &Token) {
        let service = &self.service;
        let started = service.clock.now();
        let answer = match aws.ecs.run(&service.name, token).await {
            Ok(task) => {
                let took_ms = crate::service::millis(service.clock.now().since(started));
                tracing::info!(service = %service.name, task, token = token.as_str(), took_ms, "task asked for");
                Asked::Task(task)
            }
            Err(error) => {
                tracing::warn!(service = %service.name, token = token.as_str(), error = %daemon::exit::chain(&error), "cannot run a task");
                error.asked()
            }
        };
        service.with_wake(|wake, now| wake.asked(answer, now));
    }

    async fn describe(&self, aws: &Aws, task: &str, seen: &mut Option<(String, String)>) {
        let service = &self.service;
        let said = match aws.follower.describe(task).await {
            Err(()) => Described::Unknown,
            Ok(None) => Described::Missing,
            Ok(Some(view)) => {
                let is = Some((task.to_owned(), view.last_status.clone()));
                let has_moved = *seen != is;
                *seen = is;
                if has_moved {
                    let since_ms = crate::service::millis(view.age);
                    tracing::info!(service = %service.name, task, status = view.last_status, since_ms, "task followed");
                }
                if let Some(address) = view.address {
                    let at = SocketAddr::from((address, self.backend_port.get()));
                    service.name_backend(Named {
                        at,
                        status_port: self.status_port.get(),
                        source: Source::Task,
                        supervision: Supervision::Unknown,
                        task: Some(task.to_owned()),
                    });
                    if has_moved {
                        service.task_moved(at);
                    }
                }
                self.judge(&view)
            }
        };
        let was_followed = service.with_wake(|wake, now| {
            let before = wake.following().map(str::to_owned);
            wake.described(said, now);
            before.as_deref() == Some(task) && wake.following() != Some(task)
        });
        if was_followed {
            tracing::warn!(service = %service.name, task, "task over before it was reachable");
            service.task_over(task);
        }
    }

    /// What is seen of the task, for the wake. One that ECS stops, or that is older than the start grace and not ready,
    /// is nobody's wake (rule X3).
    fn judge(&self, view: &TaskView) -> Described {
        let too_old = view.age > self.start_grace && !self.service.is_task_reachable(&view.arn);
        match view.is_ending() || too_old {
            true => {
                if let Some(reason) = &view.stopped_reason {
                    tracing::warn!(service = %self.service.name, task = view.arn, reason, "task stopped");
                }
                Described::Stopped
            }
            false => Described::Alive,
        }
    }
}
