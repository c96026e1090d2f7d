//! The loop: wait, decide, act. One thread.

use std::collections::VecDeque;
use std::io;

use daemon::exit::{Code, chain};
use daemon::moment::{Clock, Moment};
use task_state::{Health, ReportAnswer, State, StateAnswer};

use crate::act::{CONT, Hands, Outcome, TERM, stamp};
use crate::config::Settings;
use crate::decide::Core;
use crate::decide::action::Event;
use crate::decide::signals::Meaning;
use crate::identity::{Identity, ask_task};
use crate::kernel::notice_ended_children;
use crate::leftovers::signal_leftovers;
use crate::log::{self, Shown};
use crate::reap::reap;
use crate::shutdown_file::ShutdownFile;
use crate::sockets::Sockets;
use crate::sources::{Input, Sources, block_signals};
use crate::spawn::{CannotStart, spawn};
use crate::status::request::{Asked, Refusal};
use crate::status::{Request, reply};

/// Where ECS says that a task can ask about itself.
const METADATA: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// Why the supervisor cannot do its work.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("cannot prepare to supervise")]
    Prepare(#[source] io::Error),
    #[error("cannot listen on {0}, or wait for what comes")]
    Sources(std::net::SocketAddr, #[source] io::Error),
    #[error(transparent)]
    Start(CannotStart),
    #[error("cannot wait for what comes")]
    Wait(#[source] io::Error),
}

impl Broken {
    fn exit_code(&self) -> u8 {
        match self {
            Broken::Start(cannot) => cannot.exit_code(),
            Broken::Prepare(_) | Broken::Sources(..) | Broken::Wait(_) => Code::Failed as u8,
        }
    }
}

/// Runs the app to its end and gives the exit code.
#[must_use]
pub fn run(settings: Settings) -> u8 {
    match Supervisor::start(settings).and_then(Supervisor::supervise) {
        Ok(code) => code,
        Err(broken) => {
            log::error("the supervisor cannot do its work").with("error", chain(&broken)).write();
            // An app that nobody supervises is not to stay.
            signal_leftovers(&[TERM, CONT]);
            broken.exit_code()
        }
    }
}

struct Supervisor {
    clock: Clock,
    core: Core,
    sources: Sources,
    hands: Hands,
}

impl Supervisor {
    fn start(settings: Settings) -> Result<Self, Broken> {
        let clock = Clock::start();
        let signals = block_signals().map_err(Broken::Prepare)?;
        notice_ended_children().map_err(Broken::Prepare)?;
        // Orphans of the app come to us, also where we are not PID 1.
        nix::sys::prctl::set_child_subreaper(true).map_err(|error| Broken::Prepare(error.into()))?;
        let file = ShutdownFile::prepare(&settings.shutdown_file, clock.now());
        let mut sources =
            Sources::open(&signals, settings.listen, file).map_err(|error| Broken::Sources(settings.listen, error))?;
        let sockets = Sockets::open(settings.policy.ports.clone(), settings.app_address).map_err(Broken::Prepare)?;
        let identity = Identity::new(settings.service.clone());
        let app = spawn(&settings.command).map_err(Broken::Start)?;
        learn_task(&mut sources);
        log::info("app started")
            .with("service", Shown(&settings.service))
            .with("pid", app.as_raw())
            .with("ports", format!("{:?}", settings.policy.ports))
            .with("listen", Shown(settings.listen))
            .with("boot", &identity.boot)
            .write();
        let core = Core::new(settings.policy, clock.now());
        Ok(Supervisor { clock, core, sources, hands: Hands::new(app, sockets, identity) })
    }

    fn supervise(mut self) -> Result<u8, Broken> {
        loop {
            if let Some(code) = self.handle(Event::Tick) {
                return Ok(code);
            }
            let deadline = self.core.deadline().map(|deadline| deadline.at);
            for input in self.sources.wait(deadline, &self.clock).map_err(Broken::Wait)? {
                if let Some(code) = self.take(input)? {
                    return Ok(code);
                }
            }
        }
    }

    /// Takes in one input; the exit code where it was the last.
    fn take(&mut self, input: Input) -> Result<Option<u8>, Broken> {
        match input {
            Input::Signal(signal) if signal.meaning() == Meaning::ChildEnded => {
                for event in reap(self.hands.app).map_err(Broken::Wait)? {
                    if let Some(code) = self.handle(event) {
                        return Ok(Some(code));
                    }
                }
                Ok(None)
            }
            Input::Signal(signal) => {
                log::debug("a signal came").with("signal", signal.0).write();
                Ok(self.handle(Event::Signal(signal)))
            }
            Input::FileAppeared => Ok(self.handle(Event::FileAppeared)),
            Input::Left(client) => Ok(self.handle(Event::Left(client))),
            Input::Task(arn) => {
                log::debug("the task is known").with("arn", &arn).write();
                self.hands.identity.task = Some(arn);
                Ok(None)
            }
            Input::Asked(request) => Ok(self.asked(request)),
        }
    }

    /// One event through the core, and what comes of its actions through it as well.
    fn handle(&mut self, event: Event) -> Option<u8> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = self.clock.now();
            for action in self.core.handle(event, now) {
                match self.hands.carry_out(action, self.core.state(), now, &mut self.sources) {
                    Outcome::Done => {}
                    Outcome::Then(event) => events.push_back(event),
                    Outcome::Exit(code) => return Some(code),
                }
            }
        }
        None
    }

    /// A request on 9051: what it says goes to the core, what the core then is goes back.
    fn asked(&mut self, request: Request) -> Option<u8> {
        let Request { client, address, asked } = request;
        let code = match &asked {
            // Its answer is the hello.
            Asked::Watch(who) => return self.handle(Event::Watching { client, who: who.clone(), address }),
            Asked::Health => None,
            Asked::Wake => self.handle(Event::Wake),
            Asked::Report(id, report) if self.core.watchers().knows(id) => {
                self.handle(Event::Reported(id.clone(), *report))
            }
            Asked::Report(..) => None,
        };
        let now = self.clock.now();
        let reply = match asked {
            Asked::Watch(_) | Asked::Health => self.health(now),
            Asked::Wake => self.woken(),
            Asked::Report(id, _) if self.core.watchers().knows(&id) => self.report_answer(now),
            Asked::Report(..) => reply::refusal(Refusal::UnknownWatcher),
        };
        let (status, epoll) = self.sources.status();
        status.answer(client, reply, epoll, now);
        code
    }

    fn health(&self, now: Moment) -> Vec<u8> {
        let state = self.core.state();
        let Identity { service, task, boot } = self.hands.identity.clone();
        let health = Health {
            service,
            task,
            boot,
            state,
            ready: state.is_ready(),
            idle_ms: u64::try_from(self.core.idle_for(now).as_millis()).unwrap_or(u64::MAX),
            why: self.core.why(now),
            watchers: self.core.watchers().count(),
        };
        let status = if health.ready { reply::Status::Ok } else { reply::Status::Unavailable };
        reply::json(status, &health)
    }

    /// An order, and a stop, cannot be called back (rules S1, S6).
    fn woken(&self) -> Vec<u8> {
        let state = self.core.state();
        let status = match state {
            State::Starting | State::Awake { .. } => reply::Status::Ok,
            State::Draining { .. } | State::Stopping | State::Gone => reply::Status::Conflict,
        };
        reply::json(status, &StateAnswer { state })
    }

    fn report_answer(&self, now: Moment) -> Vec<u8> {
        reply::json(reply::Status::Ok, &ReportAnswer { stamp: stamp(now), state: self.core.state() })
    }
}

/// In an ECS task, asks who we are; nothing waits for it.
fn learn_task(sources: &mut Sources) {
    let Ok(base) = std::env::var(METADATA) else { return };
    let asked = ask_task(base).and_then(|answer| sources.add_task(answer));
    if let Err(error) = asked {
        log::warn("the ECS task's ARN could not be asked for; hellos go without it")
            .with("error", Shown(error))
            .write();
    }
}
