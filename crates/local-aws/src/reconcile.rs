//! Makes the machine follow the world: starts and stops tasks, and each host's endpoints and agent, and tells the world
//! what came of it.
//!
//! It decides nothing: the world says what is to be done, in order.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use daemon::exit::chain;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::agent::{self, Agent, AgentSpec};
use crate::call::Caller;
use crate::host::Host;
use crate::runtime::{Happened, Runtime};
use crate::world::World;
use crate::world::state::{Action, Part};

/// The `instance-agent` that each host gets.
#[derive(Clone, Debug)]
pub struct Agents {
    /// The program.
    pub program: PathBuf,
    /// Where it reaches this AWS.
    pub endpoint: String,
    /// `eu-west-1`.
    pub region: String,
    /// More of its environment.
    pub environment: Vec<(String, String)>,
}

/// What runs on one host besides tasks.
#[derive(Debug)]
struct OnHost {
    endpoints: Option<Host>,
    agent: Option<Agent>,
}

impl OnHost {
    async fn end(self) {
        if let Some(agent) = self.agent {
            agent.stop().await;
        }
        if let Some(endpoints) = self.endpoints {
            endpoints.close().await;
        }
    }
}

/// Makes the machine follow the world.
#[derive(Debug)]
pub struct Reconciler {
    world: World,
    runtime: Runtime,
    agents: Option<Agents>,
    events: UnboundedSender<Happened>,
    hosts: BTreeMap<String, OnHost>,
    /// Hosts that are being ended.
    ending: JoinSet<()>,
}

impl Reconciler {
    /// What agents print goes to `events`, where the runtime's events go too.
    #[must_use]
    pub fn new(world: World, runtime: Runtime, agents: Option<Agents>, events: UnboundedSender<Happened>) -> Self {
        Reconciler { world, runtime, agents, events, hosts: BTreeMap::new(), ending: JoinSet::new() }
    }

    /// Follows until it is to stop, then ends everything.
    pub async fn run(mut self, mut happened: UnboundedReceiver<Happened>, mut stop: watch::Receiver<bool>) {
        loop {
            let (actions, deadline) = self.world.advance();
            for action in actions {
                self.carry_out(action).await;
            }
            tokio::select! {
                Some(event) = happened.recv() => self.world.happened(event),
                () = self.world.changed() => {}
                () = tokio::time::sleep(self.world.until(deadline)) => {}
                Some(_) = self.ending.join_next() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        self.end(happened).await;
    }

    async fn carry_out(&mut self, action: Action) {
        match action {
            Action::Start(spec) => self.runtime.start(spec),
            Action::Stop { task } => self.runtime.stop(&task),
            Action::Kill { task } => self.runtime.kill(&task),
            Action::HostUp { host, address } => self.host_up(host, address).await,
            Action::EcsAgent { host, answers } => self.ecs_agent(&host, answers).await,
            // What is dropped is killed.
            Action::HostLost { host } => drop(self.hosts.remove(&host)),
            Action::KillAgent { host } => self.tell_agent(&host, Agent::kill),
            Action::Freeze(Part::Task { task }) => self.runtime.freeze(&task),
            Action::Thaw(Part::Task { task }) => self.runtime.thaw(&task),
            Action::Cut(Part::Task { task }) => self.runtime.cut(&task),
            Action::Mend(Part::Task { task }) => self.runtime.mend(&task),
            Action::Freeze(Part::Host { host }) => self.tell_agent(&host, Agent::freeze),
            Action::Thaw(Part::Host { host }) => self.tell_agent(&host, Agent::thaw),
            // What stands on a host besides its tasks talks with the host itself, and with AWS: whose calls are answered
            // is not decided here.
            Action::Cut(Part::Host { .. }) | Action::Mend(Part::Host { .. }) => {}
            Action::HostDown { host } => {
                if let Some(on_host) = self.hosts.remove(&host) {
                    self.ending.spawn(on_host.end());
                }
            }
        }
    }

    async fn host_up(&mut self, host: String, address: Ipv4Addr) {
        let endpoints = match Host::open(address, Arc::new(self.world.clone())).await {
            Ok(endpoints) => Some(endpoints),
            Err(error) => {
                tracing::error!(host, error = chain(&error), "a host has no endpoints, its agent will not work");
                None
            }
        };
        let agent = self.agents.as_ref().map(|agents| {
            let key = Caller::key_of_host(&host);
            let environment = agent::environment(address, &agents.endpoint, &agents.region, &key, &agents.environment);
            let spec = AgentSpec { instance_id: host.clone(), program: agents.program.clone(), environment };
            Agent::start(spec, self.events.clone())
        });
        self.hosts.insert(host, OnHost { endpoints, agent });
    }

    fn tell_agent(&self, host: &str, what: impl FnOnce(&Agent)) {
        if let Some(agent) = self.hosts.get(host).and_then(|on_host| on_host.agent.as_ref()) {
            what(agent);
        }
    }

    async fn ecs_agent(&mut self, host: &str, answers: bool) {
        let Some(endpoints) = self.hosts.get_mut(host).and_then(|on_host| on_host.endpoints.as_mut()) else { return };
        if !answers {
            endpoints.refuse_introspection().await;
        } else if let Err(error) = endpoints.answer_introspection().await {
            tracing::error!(host, error = chain(&error), "the ECS agent of a host does not come back");
        }
    }

    /// Ends agents and tasks at the same time; what they say meanwhile still becomes part of the world.
    async fn end(mut self, mut happened: UnboundedReceiver<Happened>) {
        for on_host in std::mem::take(&mut self.hosts).into_values() {
            self.ending.spawn(on_host.end());
        }
        let (world, runtime, mut ending) = (self.world, self.runtime, self.ending);
        // The last senders of events go with the runtime and the agents: then there is nothing more to hear.
        drop(self.events);
        let hosts = async { while ending.join_next().await.is_some() {} };
        let hear = async {
            while let Some(event) = happened.recv().await {
                world.happened(event);
            }
        };
        let everything = async { tokio::join!(hosts, runtime.end()) };
        tokio::pin!(everything);
        tokio::select! {
            _ = &mut everything => {}
            () = hear => { everything.await; }
        }
    }
}
