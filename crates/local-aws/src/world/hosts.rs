//! Hosts in the world: what becomes of them reaches ECS, the network and the machine, and what happens to them behind
//! everyone's back.

use daemon::moment::Moment;

use super::World;
use super::ecs_agents::{AgentRestart, AgentState};
use super::state::{Action, State};
use crate::auto_scaling::model::{Effect, SpotAction};
use crate::refusal::Refusal;

impl World {
    /// EC2 gives notice that it takes a host back, and does so two minutes later (AWS's time), whatever anybody does;
    /// hibernation begins at once.
    ///
    /// # Errors
    /// No such host, or its machine is off.
    pub fn spot_notice(&self, host: &str, action: SpotAction) -> Result<(), Refusal> {
        self.change(|state, now| state.spot_notice(now, host, action))
    }

    /// EC2 recommends to rebalance a host.
    ///
    /// # Errors
    /// No such host, or its machine is off.
    pub fn rebalance_recommendation(&self, host: &str) -> Result<(), Refusal> {
        self.change(|state, now| state.rebalance_recommendation(now, host))
    }

    /// Somebody lowers a group's desired capacity by `count`, to its least at most; what it is then.
    ///
    /// # Errors
    /// No such group.
    pub fn scale_in(&self, group: &str, count: u32) -> Result<u32, Refusal> {
        self.change(|state, now| state.scale_in(now, group, count))
    }

    /// The machine of a host is gone at once. ECS sees its agent disconnected first, then deregisters it; Auto Scaling's
    /// health check finds it and replaces it.
    ///
    /// # Errors
    /// No such host, or its machine is off.
    pub fn terminate_at_once(&self, host: &str) -> Result<(), Refusal> {
        self.change(|state, now| state.terminate_at_once(now, host))
    }

    /// The ECS agent of a host is restarted, having lost what it knew; the tasks run on.
    ///
    /// # Errors
    /// No such host, or its programs do not run.
    pub fn restart_ecs_agent(&self, host: &str, restart: AgentRestart) -> Result<(), Refusal> {
        self.change(|state, now| state.restart_ecs_agent(now, host, restart))
    }
}

impl State {
    /// See [`World::spot_notice`].
    ///
    /// # Errors
    /// No such host, or its machine is off.
    pub fn spot_notice(&mut self, now: Moment, host: &str, action: SpotAction) -> Result<(), Refusal> {
        self.on_hosts(now, |state| state.auto_scaling.spot_notice(now, host, action))
    }

    /// See [`World::rebalance_recommendation`].
    ///
    /// # Errors
    /// No such host, or its machine is off.
    pub fn rebalance_recommendation(&mut self, now: Moment, host: &str) -> Result<(), Refusal> {
        self.on_hosts(now, |state| state.auto_scaling.rebalance_recommendation(now, host))
    }

    /// See [`World::scale_in`].
    ///
    /// # Errors
    /// No such group.
    pub fn scale_in(&mut self, now: Moment, group: &str, count: u32) -> Result<u32, Refusal> {
        let desired = self.on_hosts(now, |state| state.auto_scaling.scale_in(now, group, count))?;
        self.events.tell(now, "group.scaled_in", group, format!("group {group} is to have {desired} hosts"));
        Ok(desired)
    }

    /// See [`World::terminate_at_once`].
    ///
    /// # Errors
    /// No such host, or its machine is off.
    pub fn terminate_at_once(&mut self, now: Moment, host: &str) -> Result<(), Refusal> {
        self.on_hosts(now, |state| state.auto_scaling.terminate_at_once(now, host))
    }

    /// See [`World::restart_ecs_agent`].
    ///
    /// # Errors
    /// No such host, or its programs do not run.
    pub fn restart_ecs_agent(&mut self, now: Moment, host: &str, restart: AgentRestart) -> Result<(), Refusal> {
        self.advance(now);
        if !self.auto_scaling.instance(host).is_some_and(|instance| instance.runs()) {
            return Err(Refusal::new("ValidationError", format!("no programs run on a host {host}")));
        }
        self.ecs_agents.restart(now, host, restart);
        self.ecs.agent_connection(host, false);
        self.actions.push(Action::EcsAgent { host: host.to_owned(), answers: false });
        self.events.tell(now, "host.agent", host, format!("the ECS agent of host {host} is restarted"));
        self.advance(now);
        Ok(())
    }

    fn on_hosts<T>(
        &mut self,
        now: Moment,
        change: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.advance(now);
        let changed = change(self);
        self.advance(now);
        changed
    }

    pub(super) fn advance_ecs_agents(&mut self, now: Moment) {
        for (host, state) in self.ecs_agents.advance(now) {
            match state {
                AgentState::Refuses => {}
                AgentState::Unregistered => self.actions.push(Action::EcsAgent { host, answers: true }),
                AgentState::Empty => {
                    // A restart with nothing in between skips the state before.
                    self.actions.push(Action::EcsAgent { host: host.clone(), answers: true });
                    self.connect_agent(&host);
                }
                AgentState::Well => {
                    self.actions.push(Action::EcsAgent { host: host.clone(), answers: true });
                    self.connect_agent(&host);
                    self.events.tell(now, "host.agent", &host, format!("the ECS agent of host {host} knows its tasks"));
                }
            }
        }
    }

    /// Whether a task runs no more because its host went, which ECS has not been told.
    pub(super) fn went_with_its_host(&self, task: &str) -> bool {
        let host = self.ecs.task(task).and_then(|task| self.host_of(task));
        host.and_then(|host| self.auto_scaling.instance(host)).is_some_and(|instance| !instance.runs())
    }

    pub(super) fn follow_hosts(&mut self, now: Moment) {
        for effect in self.auto_scaling.take_effects() {
            self.follow_host(now, effect);
        }
    }

    fn follow_host(&mut self, now: Moment, effect: Effect) {
        match effect {
            Effect::Launched { host, group } => {
                let address = self.network.take_host(&host);
                self.cloud_map.know_host(&host, address);
                let text = match address {
                    Some(address) => format!("host {host} is booting at {address} (group {group})"),
                    None => format!("host {host} is booting, but no address is left for it"),
                };
                self.events.tell(now, "host.launched", &host, text);
            }
            Effect::Booted { host, .. } => {
                if let Some(address) = self.network.host(&host) {
                    self.actions.push(Action::HostUp { host, address });
                }
            }
            Effect::Joins { host, group } => self.host_joins(now, &host, &group),
            Effect::SpotNotice { host, action } => {
                let text = format!("EC2 gave notice for host {host}: {}", action.name());
                self.events.tell(now, "host.spot_notice", &host, text);
            }
            Effect::RebalanceRecommended { host } => {
                let text = format!("EC2 recommends to rebalance host {host}");
                self.events.tell(now, "host.rebalance", &host, text);
            }
            Effect::Waits { host, lifecycle } => {
                let text = format!("host {host} waits for lifecycle hooks ({})", lifecycle.name());
                self.events.tell(now, "host.waits", &host, text);
            }
            Effect::Pooled { host } => {
                self.events.tell(now, "host.pooled", &host, format!("host {host} is in the warm pool"));
            }
            Effect::Unpooled { host } => {
                self.events.tell(now, "host.unpooled", &host, format!("host {host} leaves the warm pool"));
            }
            Effect::Down { host } => self.host_down(now, host),
            Effect::Deregisters { host, reclaimed: true } => self.ecs.host_reclaimed(now, &host),
            Effect::Deregisters { host, reclaimed: false } => self.ecs.host_gone(now, &host),
            Effect::Protected { host } => {
                let text = format!("host {host} is protected from scale-in");
                self.events.tell(now, "host.protected", &host, text);
            }
            Effect::Unprotected { host } => {
                let text = format!("host {host} is no longer protected from scale-in");
                self.events.tell(now, "host.unprotected", &host, text);
            }
            Effect::Terminated { host, deregisters } => {
                if deregisters {
                    self.ecs.host_gone(now, &host);
                }
                self.ecs_agents.forget(&host);
                self.actions.push(Action::HostDown { host: host.clone() });
                self.network.free_host(&host);
                self.cloud_map.know_host(&host, None);
                self.events.tell(now, "host.terminated", &host, format!("host {host} is off"));
            }
        }
    }

    fn host_joins(&mut self, now: Moment, host: &str, group: &str) {
        let joins = self.ecs.cluster_of_group(group).map(|(c, provider)| (c.name.clone(), provider.name.clone()));
        let (Some((cluster, provider)), Some(_)) = (joins, self.network.host(host)) else { return };
        let zone = self.auto_scaling.instance(host).map(|instance| instance.zone.clone()).unwrap_or_default();
        self.ecs.register_host(now, (host, &zone), &cluster, Some(provider), self.settings.host);
        let text = format!("host {host} joined the cluster {cluster}");
        self.events.tell(now, "host.registered", host, text);
    }

    /// The machine went off: its programs and tasks end without a signal, and ECS sees no more than a lost connection.
    fn host_down(&mut self, now: Moment, host: String) {
        let tasks = self.ecs.tasks();
        let here = tasks.iter().filter(|task| self.host_of(task) == Some(host.as_str()));
        let kills: Vec<Action> = here.map(|task| Action::Kill { task: task.id.clone() }).collect();
        self.actions.extend(kills);
        self.ecs.agent_connection(&host, false);
        self.ecs_agents.forget(&host);
        self.events.tell(now, "host.down", &host, format!("the machine of host {host} went off"));
        self.actions.push(Action::HostLost { host });
    }
}
