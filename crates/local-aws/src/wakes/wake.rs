//! One wake, and the sleep that follows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Callers;

/// How many tasks that are over, and hosts that have gone, are remembered of one wake.
const MOST: usize = 500;
/// How many moments of the held callers are kept; beyond it every second one goes.
const BAND: usize = 240;

/// What happens in a wake and in the sleep after it, in the order in which it usually does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A proxy holds the first caller.
    Held,
    /// RunTask was called: the task is PROVISIONING.
    Called,
    /// The host that the task got was launched.
    HostLaunched,
    /// It registered with the cluster.
    HostRegistered,
    /// The task has a place: PENDING.
    Placed,
    /// Its containers run.
    Running,
    /// A proxy may start requests there: the supervisor says awake.
    Ready,
    /// A held caller's answer has begun.
    Answered,
    /// It is in Cloud Map.
    Registered,
    /// Its supervisor says draining; known from the proxies.
    Draining,
    /// It is out of Cloud Map.
    Deregistered,
    /// ECS stops it.
    Stopping,
    /// Its last task is over.
    Stopped,
    /// The last host that came for it has gone.
    HostReleased,
}

/// One wake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    pub(super) id: u64,
    pub(super) service: String,
    pub(super) family: Option<String>,
    pub(super) begun: u64,
    pub(super) tries: u32,
    /// The tasks, and whether they are over.
    pub(super) tasks: BTreeMap<String, bool>,
    pub(super) hosts: BTreeSet<String>,
    pub(super) awake: bool,
    pub(super) most_held: usize,
    pub(super) band: Vec<(u64, usize)>,
    steps: BTreeMap<Step, (u64, String)>,
    gone: BTreeSet<String>,
    held_by: BTreeMap<String, usize>,
    /// Callers that were first held before this belong to the wake before.
    floor: u64,
}

impl Wake {
    pub(super) fn new(id: u64, service: &str, begun: u64, floor: u64) -> Wake {
        Wake {
            id,
            service: service.to_owned(),
            family: None,
            begun,
            tries: 0,
            tasks: BTreeMap::new(),
            hosts: BTreeSet::new(),
            awake: false,
            most_held: 0,
            band: Vec::new(),
            steps: BTreeMap::new(),
            gone: BTreeSet::new(),
            held_by: BTreeMap::new(),
            floor,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn phase(&self) -> &'static str {
        if self.has(Step::Stopped) {
            if self.is_retried_for(self.held()) { "waking" } else { "asleep" }
        } else if self.has(Step::Stopping) {
            "stopping"
        } else if self.is_leaving() {
            "draining"
        } else if self.awake {
            "awake"
        } else {
            "waking"
        }
    }

    /// Up, down, or with a host that has not gone yet; not while it is just awake.
    pub(super) fn is_under_way(&self) -> bool {
        match self.phase() {
            "asleep" => !self.hosts.is_subset(&self.gone),
            "awake" => false,
            _ => true,
        }
    }

    /// From the beginning until it was awake.
    pub(super) fn took(&self) -> Option<u64> {
        let reached = [Step::Ready, Step::Registered].into_iter().filter_map(|step| self.at(step)).min();
        let reached = reached.or_else(|| self.at(Step::Running).filter(|_| self.awake));
        reached.map(|at| at.saturating_sub(self.begun))
    }

    /// The steps by time.
    pub(super) fn in_order(&self) -> Vec<(Step, u64, &str)> {
        let steps = self.steps.iter().map(|(step, (at, subject))| (*step, *at, subject.as_str()));
        let mut steps: Vec<(Step, u64, &str)> = steps.collect();
        steps.sort_by_key(|(step, at, _)| (*at, *step));
        steps
    }

    /// How many callers all proxies hold.
    pub(super) fn held(&self) -> usize {
        self.held_by.values().sum()
    }

    /// Notes a step where it has not been reached before; true where that is so.
    pub(super) fn reach(&mut self, step: Step, at: u64, subject: &str) -> bool {
        let fresh = !self.has(step);
        if fresh {
            self.steps.insert(step, (at, subject.to_owned()));
        }
        fresh
    }

    pub(super) fn forget(&mut self, step: Step) {
        self.steps.remove(&step);
    }

    /// RunTask was called.
    pub(super) fn called(&mut self, at: u64, task: String, family: &str) {
        self.family.get_or_insert_with(|| family.to_owned());
        self.reach(Step::Called, at, &task);
        if self.tries == 0 || (self.has(Step::Stopped) && !self.awake) {
            self.tries += 1;
            // What came of the try before is not what this one waits for.
            for step in [Step::Placed, Step::Running, Step::Stopping, Step::Stopped] {
                self.forget(step);
            }
        }
        if self.tasks.len() >= MOST {
            self.tasks.retain(|_, over| !*over);
        }
        self.tasks.insert(task, false);
    }

    /// A step of the way down. It counts when the last task that is left takes it.
    pub(super) fn leaves(&mut self, step: Step, at: u64, task: &str) {
        let others_stay = self.tasks.iter().any(|(id, over)| id != task && !over);
        if !others_stay {
            self.reach(step, at, task);
        }
    }

    pub(super) fn task_stopped(&mut self, at: u64, task: &str) {
        if let Some(over) = self.tasks.get_mut(task) {
            *over = true;
        }
        if self.tasks.values().all(|over| *over) {
            self.reach(Step::Stopped, at, task);
            self.note_released(at, task);
        }
    }

    pub(super) fn host_gone(&mut self, at: u64, host: &str) {
        if self.hosts.contains(host) && self.gone.insert(host.to_owned()) {
            self.note_released(at, host);
        }
        if self.gone.len() >= MOST {
            let gone = std::mem::take(&mut self.gone);
            self.hosts.retain(|host| !gone.contains(host));
        }
    }

    fn note_released(&mut self, at: u64, subject: &str) {
        if self.has(Step::Stopped) && !self.hosts.is_empty() && self.hosts.is_subset(&self.gone) {
            self.reach(Step::HostReleased, at, subject);
        }
    }

    /// Whether a host that comes now comes for it.
    pub(super) fn waits_for_a_host(&self) -> bool {
        self.has(Step::Called) && !self.has(Step::Placed) && !self.has(Step::Stopped)
    }

    /// Whether another RunTask of the service belongs to it: it is on its way up or awake, or its last try came to
    /// nothing.
    pub(super) fn takes_another_task(&self) -> bool {
        if self.has(Step::Stopped) { self.is_retried_for(self.held()) } else { !self.is_leaving() }
    }

    pub(super) fn had_callers(&self) -> bool {
        self.has(Step::Held)
    }

    /// Whether somebody still waits for what its tries have not brought.
    pub(super) fn is_retried_for(&self, held: usize) -> bool {
        !self.awake && held > 0
    }

    pub(super) fn all_stopped_at(&self) -> Option<u64> {
        self.at(Step::Stopped)
    }

    /// When it began to leave.
    pub(super) fn left_at(&self) -> Option<u64> {
        let down = [Step::Draining, Step::Deregistered, Step::Stopping, Step::Stopped];
        down.into_iter().filter_map(|step| self.at(step)).min()
    }

    /// A proxy says something of its callers and of its tasks.
    pub(super) fn callers(&mut self, now: u64, seen: &Callers) {
        let before = self.held();
        self.held_by.insert(seen.proxy.clone(), seen.held);
        let held = self.held();
        self.most_held = self.most_held.max(held);
        if let Some(first) = seen.first_held.filter(|first| self.is_mine(*first)) {
            // Said anew each time as "so long ago", it wavers by a millisecond: the first word counts.
            if self.reach(Step::Held, first, &seen.proxy) {
                self.begun = self.begun.min(first);
            }
            self.most_held = self.most_held.max(seen.most_held);
            if self.band.is_empty() {
                self.band.push((first, 0));
            }
            if let Some(answered) = seen.first_answer.filter(|at| *at >= first) {
                self.reach(Step::Answered, answered, &seen.proxy);
            }
        }
        if held != before || (held > 0 && self.band.last().is_none_or(|(_, shown)| *shown != held)) {
            self.note_held(now, held);
        }
        if let Some((at, task)) = &seen.ready
            && self.tasks.contains_key(task)
        {
            self.reach(Step::Ready, *at, task);
            self.awake = true;
        }
        self.note_states(now, seen);
    }

    /// A held caller is of this wake when it came after the wake before was leaving, and before this one was awake.
    fn is_mine(&self, first_held: u64) -> bool {
        let awake = [Step::Ready, Step::Registered].into_iter().filter_map(|step| self.at(step)).min();
        first_held > self.floor && awake.is_none_or(|awake| first_held <= awake)
    }

    /// A proxy does not answer: nobody knows whom it holds.
    pub(super) fn proxy_silent(&mut self, now: u64, proxy: &str) {
        if self.held_by.remove(proxy).is_some_and(|held| held > 0) {
            self.note_held(now, self.held());
        }
    }

    fn note_held(&mut self, now: u64, held: usize) {
        if self.band.len() >= BAND {
            let mut odd = false;
            self.band.retain(|_| {
                odd = !odd;
                odd
            });
        }
        self.band.push((now, held));
    }

    fn note_states(&mut self, now: u64, seen: &Callers) {
        for (task, state) in seen.tasks.iter().filter(|(task, _)| self.tasks.contains_key(*task)).collect::<Vec<_>>() {
            match state.as_str() {
                "draining" => self.leaves(Step::Draining, now, task),
                // A drain that is called back, as long as nothing more came of it.
                "awake" if !self.has(Step::Stopping) && !self.has(Step::Deregistered) => self.forget(Step::Draining),
                _ => {}
            }
        }
    }

    fn is_leaving(&self) -> bool {
        self.left_at().is_some()
    }

    fn has(&self, step: Step) -> bool {
        self.steps.contains_key(&step)
    }

    fn at(&self, step: Step) -> Option<u64> {
        self.steps.get(&step).map(|(at, _)| *at)
    }
}
