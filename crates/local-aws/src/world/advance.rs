//! Time passes in the world: each service moves on, and what comes of it reaches the others.

use daemon::moment::Moment;

use super::state::{Action, State};
use crate::cloud_map;
use crate::ecs;
use crate::events::OfTask;

impl State {
    /// When [`State::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Moment {
        let services =
            [self.ecs.deadline(), self.cloud_map.deadline(), self.auto_scaling.deadline(), self.ecs_agents.deadline()];
        let own = [self.discovery.deadline(), self.faults.deadline(), self.scenario.deadline()];
        services.into_iter().chain(own).flatten().fold(self.next_look, Moment::min)
    }

    /// Lets time pass until `now` where something is due by then: for a call that changes nothing.
    pub(super) fn advance_if_due(&mut self, now: Moment) {
        if self.quiet_until.is_none_or(|until| until <= now) {
            self.advance(now);
        }
    }

    /// Whether time passed since this was last asked: actions, events and the deadline may be new.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// Lets time pass until `now`.
    pub fn advance(&mut self, now: Moment) {
        self.pass(now);
        self.moved = true;
        self.quiet_until = Some(self.deadline());
    }

    fn pass(&mut self, now: Moment) {
        self.end_due_faults(now);
        self.prepare_groups(now);
        self.look(now);
        self.advance_ecs_agents(now);
        self.drain_hosts(now);
        self.protect_hosts();
        self.auto_scaling.advance(now);
        self.follow_hosts(now);
        self.ecs.advance(now);
        for effect in self.ecs.take_effects() {
            self.follow_task(now, effect);
        }
        // What was placed, or has to go, since.
        self.drain_hosts(now);
        self.protect_hosts();
        self.follow_hosts(now);
        self.advance_discovery(now);
        self.advance_queues(now);
        self.cloud_map.advance(now);
        for effect in self.cloud_map.take_effects() {
            match effect {
                cloud_map::Effect::Registered { name, instance } => {
                    let text = format!("{} registered as {name}", short(&instance));
                    self.events.tell(now, "instance.registered", &instance, text);
                }
                cloud_map::Effect::Deregistered { name, instance } => {
                    let text = format!("{} deregistered from {name}", short(&instance));
                    self.events.tell(now, "instance.deregistered", &instance, text);
                }
            }
        }
        self.end_pointless_faults(now);
        self.follow_scenario(now);
        self.follow_grips();
    }

    fn follow_task(&mut self, now: Moment, effect: ecs::Effect) {
        match effect {
            ecs::Effect::Provisioning { task } => self.tell_task(now, "task.provisioning", &task),
            ecs::Effect::Placed { task } => self.start_task(now, &task),
            ecs::Effect::Running { task } => {
                self.tell_task(now, "task.running", &task);
                self.discoverable(now, &task);
            }
            ecs::Effect::Stopping { task } => {
                self.tell_task(now, "task.stopping", &task);
                self.undiscoverable(now, &task);
                // On a host that ECS cannot reach nobody hears it; it is said again when it can.
                let host = self.ecs.task(&task).and_then(|task| self.host_of(task));
                if !host.is_some_and(|host| self.is_silenced(host)) {
                    self.actions.push(Action::Stop { task });
                }
            }
            ecs::Effect::Orphaned { task } => self.tell_task(now, "task.stopped", &task),
            ecs::Effect::Stopped { task } => {
                self.undiscoverable(now, &task);
                // Only what went with its host still runs here; for everything else this does nothing.
                self.actions.push(Action::Kill { task: task.clone() });
                self.network.free_task(&task);
                self.tell_task(now, "task.stopped", &task);
            }
            ecs::Effect::Draining { host } => {
                self.events.tell(now, "host.draining", &host, format!("host {host} takes no new tasks"));
            }
            ecs::Effect::Protected { task } => {
                self.tell_protection(now, "task.protected", &task, "is protected from scale-in");
            }
            ecs::Effect::Unprotected { task } => {
                self.tell_protection(now, "task.unprotected", &task, "is no longer protected from scale-in");
            }
            ecs::Effect::Service { service, kind, text } => self.events.tell(now, kind, &service, text),
            ecs::Effect::Active { host } => {
                self.events.tell(now, "host.active", &host, format!("host {host} takes tasks"));
            }
        }
    }

    fn start_task(&mut self, now: Moment, id: &str) {
        let host = self.ecs.task(id).and_then(|task| self.host_of(task)).map(str::to_owned);
        let Some(address) = self.network.take_task(id, host.as_deref()) else {
            self.ecs.failed(now, id, "ResourceInitializationError: no address is left in the subnet");
            return;
        };
        if self.settings.gives_addresses {
            self.ecs.attach(id, address);
        }
        self.tell_task(now, "task.pending", id);
        if let Some(spec) = self.spec(id, address) {
            self.actions.push(Action::Start(spec));
        }
    }

    fn tell_task(&mut self, now: Moment, kind: &'static str, id: &str) {
        let Some(task) = self.ecs.task(id) else { return };
        let whose = match task.overridden("SERVICE_NAME") {
            Some(service) if service != task.family => format!("{} for {service}", task.family),
            Some(_) | None => task.family.clone(),
        };
        let place = match (self.host_of(task), task.address) {
            (Some(host), Some(address)) => format!(" on {host} at {address}"),
            (Some(host), None) => format!(" on {host}"),
            (None, Some(address)) => format!(" at {address}"),
            (None, None) => String::new(),
        };
        let why = match (&task.stopped_reason, kind) {
            (Some(reason), "task.stopping" | "task.stopped") => format!(": {reason}"),
            (Some(_) | None, _) => String::new(),
        };
        let text = format!("task {} ({whose}) is {}{place}{why}", short(id), kind.trim_start_matches("task."));
        let of = OfTask {
            service: task.overridden("SERVICE_NAME").unwrap_or(&task.family).to_owned(),
            family: task.family.clone(),
            host: self.host_of(task).map(str::to_owned),
        };
        self.events.task(now, kind, id, text, of);
    }

    fn tell_protection(&mut self, now: Moment, kind: &'static str, id: &str, how: &str) {
        self.events.tell(now, kind, id, format!("task {} {how}", short(id)));
    }
}

/// The beginning of an id, as people compare them.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
