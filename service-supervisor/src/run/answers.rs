//! Answers the requests on 9051: what they say goes to the core, what the core then is goes back.

use std::io::stdout;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use daemon::moment::Moment;
use serde::Serialize;
use task_state::{Health, Observed, ReportAnswer, Role, State, StateAnswer};

use super::Supervisor;
use crate::act::{millis, stamp};
use crate::decide::action::Event;
use crate::decide::busy::{Holder, NoHold};
use crate::figures::{Figures, emf, prometheus};
use crate::identity::Identity;
use crate::log;
use crate::status::request::{Asked, Refusal};
use crate::status::{Request, reply};

/// The answer to `PUT /busy`.
#[derive(Serialize)]
struct HoldAnswer {
    state: State,
    holder: String,
    lease_ms: u64,
}

impl Supervisor {
    /// Answers a request; the exit code where it was the last thing to do.
    pub(super) fn asked(&mut self, request: Request) -> Option<u8> {
        let Request { client, address, asked } = request;
        let (reply, code) = match asked {
            // Its answer is the hello.
            Asked::Watch(who) => return self.handle(Event::Watching { client, who, address }),
            Asked::Health => (self.health(), None),
            Asked::Metrics => {
                let figures = self.figures(self.clock.now());
                (reply::metrics(&prometheus::text(&figures)), None)
            }
            Asked::Wake => {
                let code = self.handle(Event::Wake(address));
                self.woken(client);
                return code;
            }
            Asked::Sleep => {
                let code = self.handle(Event::Sleep(address));
                (self.state_answer(reply::Status::Ok), code)
            }
            Asked::Report(id, report) if self.core.watchers().knows(&id) => {
                let code = self.handle(Event::Reported(id, report));
                (self.report_answer(), code)
            }
            Asked::Report(..) => (reply::refusal(Refusal::UnknownWatcher), None),
            Asked::Hold { holder, lease } => self.held(holder, lease),
            Asked::LetGo(holder) => {
                let code = self.handle(Event::LetGo(holder));
                (self.state_answer(reply::Status::Ok), code)
            }
        };
        let now = self.clock.now();
        let (status, epoll) = self.sources.status();
        status.answer(client, reply, epoll, now);
        code
    }

    fn health(&mut self) -> Vec<u8> {
        let now = self.clock.now();
        let reading = self.meter.read(now);
        let state = self.core.state();
        let task = self.hands.identity.task_arn();
        let Identity { service, boot, .. } = self.hands.identity.clone();
        let health = Health {
            service,
            task,
            boot,
            state,
            ready: self.core.is_ready(),
            idle_ms: millis(self.core.idle_for(now)),
            why: self.core.why(now),
            watchers: self.core.watchers().count(),
            cpu: reading.cpu,
            memory: reading.memory,
            protection: self.core.protection(now),
            observed: self.core.observed(now).map(|summary| Observed {
                sleeps: summary.sleeps,
                asleep_ms: millis(summary.asleep),
                awake_ms: millis(summary.awake),
            }),
        };
        let status = if health.ready { reply::Status::Ok } else { reply::Status::Unavailable };
        reply::json(status, &health)
    }

    pub(super) fn state_answer(&self, status: reply::Status) -> Vec<u8> {
        reply::json(status, &StateAnswer { state: self.core.state() })
    }

    fn report_answer(&self) -> Vec<u8> {
        reply::json(reply::Status::Ok, &ReportAnswer { stamp: stamp(self.clock.now()), state: self.core.state() })
    }

    fn held(&mut self, holder: Holder, lease: Duration) -> (Vec<u8>, Option<u8>) {
        let refused = match self.core.may_hold(&holder, lease, self.clock.now()) {
            Ok(()) => None,
            Err(NoHold::LongLease) => Some(Refusal::Bad("the lease is longer than --busy-max")),
            Err(NoHold::Crowded) => Some(Refusal::TooMany("there are too many holders of the busy sign")),
            Err(NoHold::Stopping) => Some(Refusal::TooLate),
        };
        if let Some(refusal) = refused {
            return (reply::refusal(refusal), None);
        }
        let name = holder.as_str().to_owned();
        let code = self.handle(Event::Held { holder, lease });
        let answer = HoldAnswer { state: self.core.state(), holder: name, lease_ms: millis(lease) };
        (reply::json(reply::Status::Ok, &answer), code)
    }

    fn figures(&mut self, now: Moment) -> Figures {
        let reading = self.meter.read(now);
        let watchers = self.core.watchers();
        Figures {
            service: self.hands.identity.service.clone(),
            state: self.core.state(),
            up: now.since_start(),
            awake: self.core.awake_for(now),
            idle: self.core.idle_for(now),
            proxies: watchers.count_of(Role::Proxy),
            agents: watchers.count_of(Role::Agent),
            in_flight: self.core.in_flight(now),
            holders: self.core.holders(now),
            tally: *self.core.tally(),
            restarts: self.core.restarts(),
            cpu_time: reading.cpu_time,
            cpu: reading.cpu,
            memory: reading.memory,
        }
    }

    /// `--log-metrics emf`. A line that nobody takes is dropped, as those of the log are.
    pub(super) fn write_figures(&mut self, now: Moment) {
        let line = emf::line(&self.figures(now), SystemTime::now());
        if !log::write_whole(stdout().as_fd(), line.as_bytes()) {
            log::debug("standard output takes no line of figures now").write();
        }
    }
}
