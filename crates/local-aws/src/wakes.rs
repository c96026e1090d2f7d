//! The time lines of wakes: from the first call to the first answer, and back to nothing. `GET /_wakes` gives them.
//!
//! They are computed from what happened ([`Event`]s) and, where proxies are asked, from what those say of their callers
//! ([`Callers`]). A wake begins with a RunTask of a service that has no task, or with the first caller that a proxy holds
//! for it, and is followed until its tasks have stopped and the hosts that came for it have gone.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::events::Event;

#[cfg(test)]
mod tests;
pub mod wake;

use wake::{Step, Wake};

/// How many wakes are remembered.
pub const KEPT: usize = 50;

/// What a proxy says of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    /// Which proxy.
    pub proxy: String,
    /// The service's name.
    pub service: String,
    /// How many requests are held now.
    pub held: usize,
    /// How many of the current or last wake's were held at once, at most.
    pub most_held: usize,
    /// When the first of them was held.
    pub first_held: Option<u64>,
    /// When the first of them had an answer.
    pub first_answer: Option<u64>,
    /// When the proxy could start requests at a task that it waited for, and the task.
    pub ready: Option<(u64, String)>,
    /// The states of the tasks it knows, by task id: `awake`, `draining` …
    pub tasks: BTreeMap<String, String>,
}

/// What is known of a host that has not gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct HostSeen {
    launched: Option<u64>,
    registered: Option<u64>,
}

/// The last wakes.
#[derive(Clone, Debug, Default)]
pub struct Wakes {
    wakes: VecDeque<Wake>,
    last: u64,
    hosts: BTreeMap<String, HostSeen>,
    /// Whether a proxy has ever answered: then RUNNING is not yet awake.
    proxies_answer: bool,
}

impl Wakes {
    /// The wakes, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Wake> {
        self.wakes.iter()
    }

    /// Whether a service is on its way up or down.
    #[must_use]
    pub fn under_way(&self) -> bool {
        self.wakes.iter().any(|wake| wake.is_under_way())
    }

    /// As `GET /_wakes` has them.
    #[must_use]
    pub fn views(&self) -> Vec<View<'_>> {
        self.wakes.iter().map(View::of).collect()
    }

    /// Something happened.
    pub fn follow(&mut self, event: &Event) {
        let (at, subject) = (event.at_ms, event.subject.as_str());
        match event.kind {
            "task.provisioning" => self.called(event),
            "task.pending" => self.placed(event),
            "task.running" => {
                let awake = !self.proxies_answer;
                self.of_task(subject, |wake| {
                    wake.reach(Step::Running, at, subject);
                    wake.awake |= awake;
                });
            }
            "task.stopping" => self.of_task(subject, |wake| wake.leaves(Step::Stopping, at, subject)),
            "task.stopped" => self.of_task(subject, |wake| wake.task_stopped(at, subject)),
            "instance.registered" => self.of_task(subject, |wake| {
                wake.reach(Step::Registered, at, subject);
                wake.awake = true;
            }),
            "instance.deregistered" => self.of_task(subject, |wake| wake.leaves(Step::Deregistered, at, subject)),
            "host.launched" => {
                self.hosts.entry(subject.to_owned()).or_default().launched = Some(at);
                for wake in self.wakes.iter_mut().filter(|wake| wake.waits_for_a_host()) {
                    wake.hosts.insert(subject.to_owned());
                    wake.reach(Step::HostLaunched, at, subject);
                }
            }
            "host.registered" => {
                self.hosts.entry(subject.to_owned()).or_default().registered = Some(at);
                for wake in self.wakes.iter_mut().filter(|wake| wake.waits_for_a_host()) {
                    wake.reach(Step::HostRegistered, at, subject);
                }
            }
            "host.terminated" => {
                self.hosts.remove(subject);
                self.wakes.iter_mut().for_each(|wake| wake.host_gone(at, subject));
            }
            // Everything else that happens is no step of a wake.
            _ => {}
        }
    }

    /// A proxy was asked. `now` is in milliseconds, as all moments here.
    pub fn callers(&mut self, now: u64, seen: &Callers) {
        self.proxies_answer = true;
        if let Some(held) = seen.first_held {
            let begins = match self.awaited(seen).map(|place| &self.wakes[place]) {
                None => seen.held > 0 || seen.first_answer.is_none(),
                Some(wake) => wake.all_stopped_at().is_some_and(|at| held > at && !wake.is_retried_for(seen.held)),
            };
            if begins {
                self.begin(&seen.service, &seen.service, held);
            }
        }
        if let Some(place) = self.awaited(seen) {
            self.wakes[place].callers(now, seen);
        }
    }

    /// A proxy does not answer.
    pub fn proxy_silent(&mut self, now: u64, proxy: &str) {
        self.wakes.iter_mut().for_each(|wake| wake.proxy_silent(now, proxy));
    }

    fn called(&mut self, event: &Event) {
        let (at, task) = (event.at_ms, event.subject.clone());
        let (Some(service), Some(family)) = (event.service.as_deref(), event.family.as_deref()) else { return };
        let wake = match self.current(service, family) {
            Some(place) if self.wakes[place].takes_another_task() => &mut self.wakes[place],
            Some(_) | None => self.begin(service, family, at),
        };
        wake.called(at, task, family);
    }

    fn placed(&mut self, event: &Event) {
        let (at, task) = (event.at_ms, event.subject.as_str());
        let host = event.host.as_deref();
        let seen = host.and_then(|host| self.hosts.get(host)).cloned().unwrap_or_default();
        self.of_task(task, |wake| {
            if !wake.reach(Step::Placed, at, task) {
                return;
            }
            // The host that it got is the one whose coming counts; one that was there before did not have to come.
            for (step, when) in [(Step::HostLaunched, seen.launched), (Step::HostRegistered, seen.registered)] {
                wake.forget(step);
                if let (Some(when), Some(host)) = (when, host)
                    && when >= wake.begun
                {
                    wake.reach(step, when, host);
                }
            }
            wake.hosts.extend(host.map(str::to_owned));
        });
    }

    fn of_task(&mut self, task: &str, tell: impl FnOnce(&mut Wake)) {
        if let Some(wake) = self.wakes.iter_mut().rev().find(|wake| wake.tasks.contains_key(task)) {
            tell(wake);
        }
    }

    /// The last wake of a service; one that only has callers yet may become any family's.
    fn current(&self, service: &str, family: &str) -> Option<usize> {
        self.wakes.iter().rposition(|wake| {
            wake.service == service && (wake.family.is_none() || wake.family.as_deref() == Some(family))
        })
    }

    /// The last wake that a proxy's callers wait for. Other tasks may carry the service's name too, its proxies for one;
    /// so where no wake is of the family of that name, it is one whose task the proxy names, or that had callers before.
    fn awaited(&self, seen: &Callers) -> Option<usize> {
        let named = |wake: &Wake| wake.tasks.keys().any(|task| seen.tasks.contains_key(task));
        let of_service = |test: &dyn Fn(&Wake) -> bool| {
            self.wakes.iter().rposition(|wake| wake.service == seen.service && test(wake))
        };
        let by_family = self.current(&seen.service, &seen.service);
        by_family.or_else(|| of_service(&named)).or_else(|| of_service(&Wake::had_callers))
    }

    fn begin(&mut self, service: &str, family: &str, at: u64) -> &mut Wake {
        let floor = self.current(service, family).and_then(|place| self.wakes[place].left_at()).unwrap_or(0);
        self.last += 1;
        if self.wakes.len() == KEPT {
            self.wakes.pop_front();
        }
        self.wakes.push_back(Wake::new(self.last, service, at, floor));
        let newest = self.wakes.len() - 1;
        &mut self.wakes[newest]
    }
}

/// A wake as `GET /_wakes` has it.
#[derive(Clone, Debug, Serialize)]
pub struct View<'a> {
    /// Counts the wakes, from 1.
    pub id: u64,
    /// The service: `SERVICE_NAME` of its tasks, or their family.
    pub service: &'a str,
    /// The family of its tasks; none before the first.
    pub family: Option<&'a str>,
    /// waking, awake, draining, stopping or asleep.
    pub phase: &'static str,
    /// When it began, in milliseconds since local-aws started.
    pub begun_ms: u64,
    /// From its beginning until it was awake.
    pub took_ms: Option<u64>,
    /// RunTask calls until one became reachable.
    pub tries: u32,
    /// Its tasks' ids.
    pub tasks: Vec<&'a str>,
    /// The hosts that came for it or that it used.
    pub hosts: Vec<&'a str>,
    /// What happened, in order.
    pub steps: Vec<StepView<'a>>,
    /// How many callers are held now, of the proxies that are asked.
    pub held: usize,
    /// How many were held at once, at most.
    pub most_held: usize,
    /// How many were held at which moment: `[at_ms, held]`.
    pub band: &'a [(u64, usize)],
}

/// A step of a wake.
#[derive(Clone, Debug, Serialize)]
pub struct StepView<'a> {
    /// Which.
    pub step: Step,
    /// When, in milliseconds since local-aws started.
    pub at_ms: u64,
    /// The same, since the wake began.
    pub since_begun_ms: u64,
    /// Since the step before.
    pub took_ms: u64,
    /// Whom it happened to: a task's or a host's id, or a proxy's address.
    pub subject: &'a str,
}

impl<'a> View<'a> {
    fn of(wake: &'a Wake) -> View<'a> {
        let mut before = wake.begun;
        let steps = wake.in_order().into_iter().map(|(step, at, subject)| {
            let took_ms = at.saturating_sub(std::mem::replace(&mut before, at));
            StepView { step, at_ms: at, since_begun_ms: at.saturating_sub(wake.begun), took_ms, subject }
        });
        View {
            id: wake.id,
            service: &wake.service,
            family: wake.family.as_deref(),
            phase: wake.phase(),
            begun_ms: wake.begun,
            steps: steps.collect(),
            took_ms: wake.took(),
            tries: wake.tries,
            tasks: wake.tasks.keys().map(String::as_str).collect(),
            hosts: wake.hosts.iter().map(String::as_str).collect(),
            held: wake.held(),
            most_held: wake.most_held,
            band: &wake.band,
        }
    }
}
