//! Who watches, what they were granted and what they reported (rules W2, W3).
//!
//! A lease is counted from the moment the line that granted it was said. A watcher that has left keeps its place: its
//! lease runs on, its connections may still be there, and what it has not released it has not let go.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::{CONNECT_TIMEOUT, LEASE, Report, Role, State, WatcherId};

/// A connection to 9051, as the status server numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// How many watchers that have left are remembered; beyond it the one that left first is forgotten.
const REMEMBERED: usize = 1024;

/// The lease that a line of `state` grants to a watcher of `role`. Only proxies send requests, so only they get one.
#[must_use]
pub fn lease_of(role: Role, state: State) -> Option<Duration> {
    match role {
        Role::Proxy => state.grants().then_some(LEASE),
        Role::Agent | Role::Observer => None,
    }
}

#[derive(Clone, Debug)]
struct Watcher {
    role: Role,
    address: IpAddr,
    streams: u32,
    joined: Moment,
    left: Moment,
    lease_until: Option<Moment>,
    report: Option<(Report, Moment)>,
    released: Option<u64>,
}

impl Watcher {
    fn has_released(&self, drain: u64) -> bool {
        self.released == Some(drain)
    }

    /// What it has under way, as far as its report still says anything.
    fn in_flight(&self, longest_answer: Duration, now: Moment) -> u64 {
        match &self.report {
            Some((report, at)) => {
                let fresh = now.since(*at) < LEASE + CONNECT_TIMEOUT;
                let counts = if self.streams > 0 { now.since(*at) < longest_answer } else { fresh };
                if counts { report.in_flight.max(report.unanswered) } else { 0 }
            }
            None => 0,
        }
    }
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It is the newest.
    Taken,
    /// A newer one was here before.
    Late,
    /// Nobody of that name has ever watched.
    Unknown,
}

/// All watchers of this life.
#[derive(Clone, Debug, Default)]
pub struct Watchers {
    known: BTreeMap<WatcherId, Watcher>,
    clients: BTreeMap<ClientId, Option<WatcherId>>,
    told_awake: bool,
}

impl Watchers {
    /// A stream was opened; without a name it is an observer's.
    pub fn join(&mut self, client: ClientId, who: Option<(WatcherId, Role)>, address: IpAddr, now: Moment) {
        let id = who.as_ref().map(|(id, _)| id.clone());
        if let Some((id, role)) = who {
            let watcher = self.known.entry(id).or_insert(Watcher {
                role,
                address,
                streams: 0,
                joined: now,
                left: now,
                lease_until: None,
                report: None,
                released: None,
            });
            watcher.role = role;
            watcher.address = address;
            watcher.streams += 1;
            watcher.joined = now;
        }
        self.clients.insert(client, id);
        self.forget(now);
    }

    /// A stream ended.
    pub fn leave(&mut self, client: ClientId, now: Moment) {
        if let Some(Some(id)) = self.clients.remove(&client)
            && let Some(watcher) = self.known.get_mut(&id)
        {
            watcher.streams = watcher.streams.saturating_sub(1);
            watcher.left = now;
        }
    }

    /// A line of `state` was said to everybody.
    pub fn said(&mut self, state: State, now: Moment) {
        for watcher in self.known.values_mut().filter(|watcher| watcher.streams > 0) {
            self.told_awake |= grant(watcher, state, now);
        }
    }

    /// A hello of `state` was said to one.
    pub fn said_to(&mut self, client: ClientId, state: State, now: Moment) {
        if let Some(Some(id)) = self.clients.get(&client)
            && let Some(watcher) = self.known.get_mut(id)
        {
            self.told_awake |= grant(watcher, state, now);
        }
    }

    /// A report came.
    pub fn report(&mut self, id: &WatcherId, report: Report, now: Moment) -> Reported {
        let Some(watcher) = self.known.get_mut(id) else { return Reported::Unknown };
        if watcher.report.is_some_and(|(last, _)| report.sequence <= last.sequence) {
            return Reported::Late;
        }
        watcher.report = Some((report, now));
        // What is let go stays so: nothing is granted in a drain, and each has a number of its own.
        watcher.released = report.released.or(watcher.released);
        Reported::Taken
    }

    /// Whether anybody has a stream open, and so wants heartbeats.
    #[must_use]
    pub fn is_anybody_listening(&self) -> bool {
        !self.clients.is_empty()
    }

    /// Whether anybody of that name has watched.
    #[must_use]
    pub fn knows(&self, id: &WatcherId) -> bool {
        self.known.contains_key(id)
    }

    /// How many proxies and agents watch.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.values().filter(|watcher| watcher.streams > 0 && watcher.role != Role::Observer).count()
    }

    /// Whether a proxy waits for the app to accept.
    #[must_use]
    pub fn proxy_watches(&self) -> bool {
        self.with_role(Role::Proxy).any(|watcher| watcher.streams > 0)
    }

    /// A proxy that watches, where one does.
    #[must_use]
    pub fn first_proxy(&self) -> Option<WatcherId> {
        self.known
            .iter()
            .find(|(_, watcher)| watcher.role == Role::Proxy && watcher.streams > 0)
            .map(|(id, _)| id.clone())
    }

    /// How many watch as this.
    #[must_use]
    pub fn count_of(&self, role: Role) -> usize {
        self.with_role(role).filter(|watcher| watcher.streams > 0).count()
    }

    /// Whether a proxy or agent was ever told *awake*: before that nobody was given a lease and nothing registered.
    #[must_use]
    pub fn were_told_awake(&self) -> bool {
        self.told_awake
    }

    /// A proxy that has requests under way, and how many.
    #[must_use]
    pub fn in_flight(&self, longest_answer: Duration, now: Moment) -> Option<(WatcherId, u64)> {
        self.known
            .iter()
            .map(|(id, watcher)| (id, watcher.in_flight(longest_answer, now)))
            .filter(|(_, count)| *count > 0)
            .max_by_key(|(_, count)| *count)
            .map(|(id, count)| (id.clone(), count))
    }

    /// What all proxies together have under way.
    #[must_use]
    pub fn all_in_flight(&self, longest_answer: Duration, now: Moment) -> u64 {
        self.known.values().map(|watcher| watcher.in_flight(longest_answer, now)).fold(0, u64::saturating_add)
    }

    /// When the last lease that was not released for `drain` is over, margin included; none: nothing to wait for.
    #[must_use]
    pub fn leases_end(&self, drain: u64) -> Option<Moment> {
        let unreleased = self.known.values().filter(|watcher| !watcher.has_released(drain));
        unreleased.filter_map(|watcher| watcher.lease_until).max().map(|until| until + CONNECT_TIMEOUT)
    }

    /// What the agents say about `drain`.
    #[must_use]
    pub fn agents(&self, drain: u64) -> Agents {
        let watching = || self.with_role(Role::Agent).filter(|watcher| watcher.streams > 0);
        if watching().any(|agent| !agent.has_released(drain)) {
            return Agents::Busy;
        }
        if self.with_role(Role::Agent).any(|agent| agent.has_released(drain)) {
            return Agents::Released;
        }
        Agents::Absent { since: self.with_role(Role::Agent).map(|agent| agent.left).max() }
    }

    /// Whether a proxy at `address` was told awake and has not released `drain`: its connections are not to be cut.
    #[must_use]
    pub fn may_belong_to_unreleased(&self, address: IpAddr, drain: u64) -> bool {
        self.with_role(Role::Proxy)
            .any(|proxy| proxy.address == address && proxy.lease_until.is_some() && !proxy.has_released(drain))
    }

    /// Whether proxies at `address` say that nothing is under way there. It settles a tie of the kernel's clock: a
    /// proxy reports each second while it has something, so a silent one has nothing once a lease's time has passed.
    #[must_use]
    pub fn say_all_answered(&self, address: IpAddr, now: Moment) -> bool {
        let mut here = self.with_role(Role::Proxy).filter(|proxy| proxy.address == address && proxy.streams > 0);
        let answered = |proxy: &Watcher| match &proxy.report {
            Some((report, _)) => report.in_flight == 0 && report.unanswered == 0,
            None => now.since(proxy.joined) >= LEASE,
        };
        match here.next() {
            Some(first) => answered(first) && here.all(answered),
            None => false,
        }
    }

    fn with_role(&self, role: Role) -> impl Iterator<Item = &Watcher> {
        self.known.values().filter(move |watcher| watcher.role == role)
    }

    /// Forgets who left first, but nobody whose lease may still be running.
    fn forget(&mut self, now: Moment) {
        let over = |watcher: &Watcher| watcher.lease_until.is_none_or(|until| until + CONNECT_TIMEOUT <= now);
        let gone = self.known.iter().filter(|(_, watcher)| watcher.streams == 0 && over(watcher));
        if gone.clone().count() > REMEMBERED
            && let Some(first) = gone.min_by_key(|(_, watcher)| watcher.left).map(|(id, _)| id.clone())
        {
            self.known.remove(&first);
        }
    }
}

/// What the agents say about a drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// One that watches has not released it.
    Busy,
    /// All that watch have released it, and at least one did.
    Released,
    /// None watches.
    Absent {
        /// When the last one left, where there was one.
        since: Option<Moment>,
    },
}

/// Whether the watcher now knows that the service is awake.
fn grant(watcher: &mut Watcher, state: State, now: Moment) -> bool {
    if let Some(lease) = lease_of(watcher.role, state) {
        watcher.lease_until = Some(now + lease);
    }
    state.grants() && watcher.role != Role::Observer
}

#[cfg(test)]
mod tests;
