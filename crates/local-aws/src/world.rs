//! The one owner of everything that is known, behind a lock: calls come in from the server, events from the runtime.
//!
//! What the world *is* and how it moves are plain values in [`state`] and the files beside it; here are only the lock,
//! the clock and the bell that says that something changed.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use daemon::moment::{Clock, Moment};
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::audit;
use crate::cloud_map::CloudMap;
use crate::dns::faults::{Fault, Faults, Side};
use crate::events::Event;
use crate::pace::Wall;
use crate::refusal::Refusal;
use crate::runtime::Happened;
use crate::task_protection::Asker;
use crate::views::{HostView, RecordKind, Records, TaskView, Views, Zones};

mod advance;
pub mod ask;
mod discovery;
pub mod ecs_agents;
mod hosts;
mod inject;
mod look;
pub mod managed_scaling;
pub mod proxies;
mod queues;
pub mod scenario;
mod services;
pub mod settings;
mod spec;
pub mod start;
pub mod state;
#[cfg(test)]
mod tests;

use crate::call::{Answer, Service};
use settings::Settings;
use state::{Action, State};

/// The world. Clones are the same one.
#[derive(Clone, Debug)]
pub struct World(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    state: Mutex<State>,
    /// Rings when actions or a deadline may be new.
    changed: Notify,
    /// The id of the last event.
    told: watch::Sender<u64>,
    /// Counts the calls to services that calls may wait in.
    answers: watch::Sender<u64>,
}

impl World {
    /// An empty world that starts now.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let state = State::new(settings, Wall::starting(SystemTime::now()));
        World(Arc::new(Inner {
            clock: Clock::start(),
            state: Mutex::new(state),
            changed: Notify::new(),
            told: watch::Sender::new(0),
            answers: watch::Sender::new(0),
        }))
    }

    /// Follows what a waiting call may be answered differently for.
    #[must_use]
    pub fn follow_answers(&self) -> watch::Receiver<u64> {
        self.0.answers.subscribe()
    }

    /// The moment it is.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.0.clock.now()
    }

    /// Carries out a call that nothing hinders: of a world file.
    ///
    /// # Errors
    /// What the service refuses.
    pub fn call(&self, service: Service, operation: &str, body: Value) -> Result<Answer, Refusal> {
        self.change(|state, now| state.call(now, service, operation, body))
    }

    /// The calls that came, as `GET /_calls` says them.
    #[must_use]
    pub fn calls(&self, asked: &audit::asked::Asked) -> Value {
        let state = self.lock();
        state.audit.list(asked, &state.wall)
    }

    /// How often who called what since a moment, as `GET /_calls/summary` says it.
    #[must_use]
    pub fn calls_summary(&self, since: Moment) -> Value {
        let state = self.lock();
        state.audit.summary(since, self.now(), state.settings.pace.factor())
    }

    /// Something happened outside.
    pub fn happened(&self, happened: Happened) {
        self.change(|state, now| state.happened(now, happened));
    }

    /// Reads or changes what goes wrong with the DNS.
    pub fn dns_faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.lock().dns_faults)
    }

    /// Reads or changes Cloud Map beside its API: how late it spreads, what it loses.
    pub fn cloud_map<T>(&self, change: impl FnOnce(&mut CloudMap) -> T) -> T {
        self.change(|state, _| change(&mut state.cloud_map))
    }

    /// Lets time pass; what is to be done outside, and when to come again at the latest.
    #[must_use]
    pub fn advance(&self) -> (Vec<Action>, Moment) {
        let (actions, deadline, last) = {
            let mut state = self.lock();
            state.advance(self.0.clock.now());
            state.has_moved();
            (state.take_actions(), state.deadline(), state.events().last())
        };
        self.0.told.send_if_modified(|told| std::mem::replace(told, last) != last);
        (actions, deadline)
    }

    /// How long it is until a moment.
    #[must_use]
    pub fn until(&self, moment: Moment) -> std::time::Duration {
        moment.since(self.0.clock.now())
    }

    /// Waits until something changed that the reconciler may have to follow.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// The task of a container, as its ECS agent knows it.
    #[must_use]
    pub fn asker(&self, container: &str) -> Option<Asker> {
        self.lock().asker(container)
    }

    /// What `GET /_world` says.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let mut state = self.lock();
        // Messages come back by themselves.
        state.sqs.advance(self.0.clock.now());
        state.snapshot()
    }

    /// The events after the one of this id, at most `most`.
    #[must_use]
    pub fn events_after(&self, id: u64, most: usize) -> Vec<Event> {
        self.lock().events().after(id, most)
    }

    /// Follows the id of the last event.
    #[must_use]
    pub fn follow_events(&self) -> watch::Receiver<u64> {
        self.0.told.subscribe()
    }

    /// How many follow what happens.
    fn followers(&self) -> usize {
        self.0.told.receiver_count()
    }

    /// Changes only what is said, nothing that is done: the reconciler need not look.
    fn tell_proxy(&self, tell: impl FnOnce(&mut State, Moment)) {
        let last = {
            let mut state = self.lock();
            tell(&mut state, self.0.clock.now());
            state.events().last()
        };
        self.0.told.send_if_modified(|told| std::mem::replace(told, last) != last);
    }

    fn change<T>(&self, change: impl FnOnce(&mut State, Moment) -> T) -> T {
        let (changed, last) = {
            let mut state = self.lock();
            // Whatever it is, it may bring something due nearer.
            state.quiet_until = None;
            let changed = change(&mut state, self.0.clock.now());
            (changed, state.events().last())
        };
        self.tell(last);
        changed
    }

    /// Rings for the reconciler and for who follows the events.
    fn tell(&self, last: u64) {
        self.0.told.send_if_modified(|told| std::mem::replace(told, last) != last);
        self.0.changed.notify_one();
    }

    /// A thread that panicked while it held the lock has been reported; the state it left is still the best there is.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Views for World {
    fn host(&self, address: Ipv4Addr) -> Option<HostView> {
        self.lock().host_view(address)
    }

    fn tasks_of(&self, instance_id: &str) -> Vec<TaskView> {
        self.lock().task_views(instance_id)
    }

    fn task_of_container(&self, docker_id: &str) -> Option<(TaskView, usize)> {
        self.lock().task_of_container(docker_id)
    }
}

impl Zones for World {
    fn records(&self, name: &str, kind: RecordKind) -> Records {
        self.lock().records(name, kind)
    }

    fn dns_fault(&self, side: Side, name: &str) -> Option<Fault> {
        self.lock().dns_faults.of(side, name)
    }
}
