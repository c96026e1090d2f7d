//! The world as a plain value: every service, and what connects them. Time and what happened outside come in; what is to
//! be done outside comes out as [`Action`]s.

use std::net::Ipv4Addr;

use daemon::moment::Moment;
use serde_json::Value;

use super::ecs_agents::EcsAgents;
use super::managed_scaling::ManagedScaling;
use super::scenario::Scenario;
use super::settings::Settings;
use crate::audit::Audit;
use crate::auto_scaling::{self, AutoScaling};
use crate::call::Call;
pub use crate::call::{Answer, Service};
use crate::cloud_map::{self, CloudMap};
use crate::dns;
use crate::ecs::{self, Ecs};
use crate::events::EventLog;
use crate::faults::Faults;
use crate::ids::Ids;
use crate::network::Network;
use crate::pace::Wall;
use crate::refusal::Refusal;
use crate::runtime::{Happened, TaskSpec};
use crate::sqs::Sqs;
use crate::throttle::Throttle;

/// Something to do outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a task.
    Start(TaskSpec),
    /// Stop a task as ECS does: its stop signal, its grace, `SIGKILL`. May be said more than once.
    Stop {
        /// Its id.
        task: String,
    },
    /// End a task at once: its host has gone.
    Kill {
        /// Its id.
        task: String,
    },
    /// A host's own programs are to run: its local endpoints and its agent.
    HostUp {
        /// Its instance id.
        host: String,
        /// Its address.
        address: Ipv4Addr,
    },
    /// The introspection API of a host's ECS agent is to refuse, or to answer again. Everything else on it runs on.
    EcsAgent {
        /// Its instance id.
        host: String,
        /// Whether it answers.
        answers: bool,
    },
    /// They are to end.
    HostDown {
        /// Its instance id.
        host: String,
    },
    /// They are gone: their machine is.
    HostLost {
        /// Its instance id.
        host: String,
    },
    /// The agent of a host is to die of `SIGKILL`; it comes back as systemd brings it back.
    KillAgent {
        /// Its instance id.
        host: String,
    },
    /// `SIGSTOP` for every process of it.
    Freeze(Part),
    /// `SIGCONT` for every process of it.
    Thaw(Part),
    /// It is to be cut off the network: nothing reaches it and it reaches nothing. Also said of a task that is started
    /// on a host that is cut off, as [`Action::Freeze`] is of one on a host that is frozen.
    Cut(Part),
    /// It is to be on the network again.
    Mend(Part),
}

/// What a fault is done to: a task, or what stands on a host besides its tasks. For a whole host it is said of the host
/// and of each of its tasks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A task's containers.
    Task {
        /// Its id.
        task: String,
    },
    /// A host's agent and endpoints.
    Host {
        /// Its instance id.
        host: String,
    },
}

/// The world.
#[derive(Debug)]
pub struct State {
    pub(super) settings: Settings,
    pub(super) wall: Wall,
    pub(super) ecs: Ecs,
    pub(super) cloud_map: CloudMap,
    pub(super) auto_scaling: AutoScaling,
    pub(super) ecs_agents: EcsAgents,
    pub(super) discovery: super::discovery::Discovery,
    pub(super) network: Network,
    pub(super) events: EventLog,
    pub(super) proxies: super::proxies::Proxies,
    pub(super) actions: Vec<Action>,
    pub(super) next_look: Moment,
    pub(super) dns_faults: dns::faults::Faults,
    pub(super) managed: ManagedScaling,
    pub(super) sqs: Sqs,
    pub(super) faults: Faults,
    /// What is frozen or cut off outside, as far as it was said.
    pub(super) gripped: super::inject::Gripped,
    pub(super) scenario: Scenario,
    pub(super) throttle: Throttle,
    pub(super) audit: Audit,
    /// What happened to tasks of hosts that ECS cannot reach, by host: told when it can again.
    pub(super) held: Vec<(String, Happened)>,
    /// Until then nothing moves by itself, unless something changed.
    pub(super) quiet_until: Option<Moment>,
    /// Whether time passed since this was last asked.
    pub(super) moved: bool,
}

impl State {
    /// An empty world. `wall` is what its answers say about time.
    #[must_use]
    pub fn new(settings: Settings, wall: Wall) -> Self {
        let mut seeds = Ids::new(settings.seed);
        let mut ids = || Ids::new(seeds.number());
        let (account, pace) = (&settings.account, settings.pace);
        let mut ecs = Ecs::new(account.clone(), pace, ids());
        ecs.set_epoch(wall.at(Moment::START).duration_since(std::time::UNIX_EPOCH).unwrap_or_default());
        State {
            wall,
            ecs,
            cloud_map: CloudMap::new(account.clone(), pace, ids()),
            auto_scaling: AutoScaling::new(account.clone(), pace, ids()),
            ecs_agents: EcsAgents::default(),
            discovery: super::discovery::Discovery::default(),
            network: Network::new(settings.network),
            events: EventLog::default(),
            proxies: super::proxies::Proxies::default(),
            actions: Vec::new(),
            dns_faults: dns::faults::Faults::new(ids().number()),
            sqs: Sqs::new(account.clone(), pace, ids()),
            faults: Faults::new(ids()),
            gripped: super::inject::Gripped::new(),
            scenario: Scenario::default(),
            throttle: Throttle::new(settings.throttle),
            audit: Audit::default(),
            held: Vec::new(),
            quiet_until: None,
            moved: true,
            managed: ManagedScaling::default(),
            next_look: Moment::START + pace.of(crate::scaling::LOOKS_EVERY),
            settings,
        }
    }

    /// Carries out a call that nothing hinders: of a world file, of a test.
    ///
    /// # Errors
    /// What the service refuses.
    pub fn call(&mut self, now: Moment, service: Service, operation: &str, body: Value) -> Result<Answer, Refusal> {
        self.carry_out(now, &mut Call::new(service, operation, body, now))
    }

    /// Carries out a call. One that is answered with [`Answer::Later`] is to be asked again.
    ///
    /// # Errors
    /// What the service refuses.
    pub fn carry_out(&mut self, now: Moment, call: &mut Call) -> Result<Answer, Refusal> {
        self.advance(now);
        let answer = self.serve(now, call);
        self.advance(now);
        answer
    }

    pub(super) fn serve(&mut self, now: Moment, call: &mut Call) -> Result<Answer, Refusal> {
        match call.service {
            Service::Ecs => {
                let body = call.take_body();
                let body = self.with_group_arn(&call.operation, body)?;
                self.registries_exist(&call.operation, &body)?;
                ecs::wire::call(&mut self.ecs, now, &self.wall, &call.operation, body).map(Answer::Json)
            }
            Service::CloudMap => {
                let body = call.take_body();
                cloud_map::wire::call(&mut self.cloud_map, now, &self.wall, &call.operation, body).map(Answer::Json)
            }
            Service::AutoScaling => {
                let body = call.take_body();
                auto_scaling::wire::call(&mut self.auto_scaling, now, &self.wall, &call.operation, body)
                    .map(Answer::Xml)
            }
            Service::Sqs => self.serve_sqs(now, call),
        }
    }

    /// A capacity provider's group has to exist. It may be called by its name here; ECS remembers its ARN.
    fn with_group_arn(&self, operation: &str, mut body: Value) -> Result<Value, Refusal> {
        if operation != "CreateCapacityProvider" {
            return Ok(body);
        }
        if let Some(Value::String(arn)) = body.pointer_mut("/autoScalingGroupProvider/autoScalingGroupArn") {
            match self.auto_scaling.group(crate::account::last_part(arn)) {
                Some(group) => arn.clone_from(&group.arn),
                None => {
                    return Err(Refusal::new(
                        "ClientException",
                        "The specified Auto Scaling group ARN was not found. Specify a valid ARN and try again.",
                    ));
                }
            }
        }
        Ok(body)
    }

    /// Something happened outside. What happens to a task whose host has gone, ECS does not learn; what happens on a host
    /// that it cannot reach, it learns when it can again.
    pub fn happened(&mut self, now: Moment, happened: Happened) {
        if let Some(host) = happened.task().and_then(|task| self.silenced_host(task)) {
            self.held.push((host, happened));
        } else {
            self.learn(now, happened);
        }
        self.advance(now);
    }

    fn silenced_host(&self, task: &str) -> Option<String> {
        if self.faults.is_empty() {
            return None;
        }
        let host = self.ecs.task(task).and_then(|task| self.host_of(task)).filter(|host| self.is_silenced(host));
        host.map(str::to_owned)
    }

    pub(super) fn learn(&mut self, now: Moment, happened: Happened) {
        match happened {
            Happened::Started { task, .. } | Happened::Exited { task, .. } | Happened::Failed { task, .. }
                if self.went_with_its_host(&task) => {}
            Happened::Started { task, address, docker_ids } => self.ecs.started(now, &task, address, &docker_ids),
            Happened::Exited { task, container, code } => self.ecs.exited(now, &task, &container, code),
            Happened::Failed { task, reason } => self.ecs.failed(now, &task, &reason),
            Happened::Impossible { task, reason } => self.events.tell(now, "fault.impossible", &task, reason),
            Happened::Line { subject, line } => self.events.line(now, &subject, line),
        }
    }

    /// Ends every operation that only takes time: a world that is being made does not wait.
    pub fn finish_operations(&mut self, now: Moment) {
        self.ecs.finish();
        self.cloud_map.finish(now);
        self.advance(now);
    }

    /// What is to be done outside, in this order.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// What has happened so far.
    #[must_use]
    pub const fn events(&self) -> &EventLog {
        &self.events
    }
}
