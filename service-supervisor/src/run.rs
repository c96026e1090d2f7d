//! The loop: wait, decide, act. One thread.

mod answers;
mod asking;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use daemon::exit::{Code, chain};
use daemon::moment::Clock;
use nix::sys::signal::SigSet;
use nix::unistd::Pid;

use self::asking::WaitingWake;
use crate::act::{Hands, Outcome, millis};
use crate::app::App;
use crate::asking::endpoints::Endpoints;
use crate::busy_file::BusyFile;
use crate::cgroup::Cgroup;
use crate::config::Settings;
use crate::decide::Core;
use crate::decide::action::{Action, Event};
use crate::decide::policy::Policy;
use crate::decide::signals::SignalNumber;
use crate::figures::meter::Meter;
use crate::identity::Identity;
use crate::kernel::{notice_ended_children, rest_until_a_child_ends};
use crate::leftovers::end_all;
use crate::log::{self, Shown};
use crate::looker::Looker;
use crate::shutdown_file::ShutdownFile;
use crate::sources::{FILE_TOKENS, Input, Sources};
use crate::spawn::CannotStart;

/// In which time a command ends at once.
const AT_ONCE: Duration = Duration::from_millis(5);

/// Why the supervisor cannot do its work.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("cannot prepare to supervise")]
    Prepare(#[source] io::Error),
    #[error("cannot listen where --listen says ({0})")]
    Listen(SocketAddr, #[source] io::Error),
    #[error(transparent)]
    Start(CannotStart),
    #[error("cannot wait for what comes")]
    Wait(#[source] io::Error),
}

impl Broken {
    fn exit_code(&self) -> u8 {
        match self {
            Broken::Start(cannot) => cannot.exit_code(),
            Broken::Prepare(_) | Broken::Listen(..) | Broken::Wait(_) => Code::Failed as u8,
        }
    }
}

/// Runs the app to its end and gives the exit code. Every signal is blocked by now, so that none is lost, and is read
/// by `signals`.
#[must_use]
pub fn run(settings: Settings, signals: &SigSet) -> u8 {
    let grace = settings.policy.stop_grace;
    match Supervisor::start(settings).and_then(|supervisor| supervisor.supervise(signals)) {
        Ok(code) => code,
        Err(broken) => {
            log::error("the supervisor cannot do its work").with("error", chain(&broken)).write();
            // An app that nobody supervises is not to stay.
            end_all(grace);
            broken.exit_code()
        }
    }
}

struct Supervisor {
    clock: Clock,
    listen: SocketAddr,
    core: Core,
    sources: Sources,
    hands: Hands,
    meter: Meter,
    wakes: Vec<WaitingWake>,
}

impl Supervisor {
    fn start(settings: Settings) -> Result<Self, Broken> {
        let clock = Clock::start();
        let ignores_child_ends = notice_ended_children().map_err(Broken::Prepare)?;
        adopt_orphans();
        let file = ShutdownFile::prepare(&settings.shutdown_file, FILE_TOKENS, clock.now());
        let app = App::start(&settings.command, settings.signals, ignores_child_ends).map_err(Broken::Start)?;
        let began = clock.now();
        // Everything that the app need not wait for comes after its start. A command that ends at once is spared what
        // only supervising takes, and no app accepts before.
        rest_until_a_child_ends(AT_ONCE);
        let looker = Looker::new(settings.whose(), settings.policy.busy_cpu.is_some());
        let sources = Sources::prepare(settings.access, file).map_err(Broken::Prepare)?;
        let identity = Identity::new(settings.service.clone());
        log::info("app started")
            .with("service", Shown(&settings.service))
            .with("pid", app.pid().map(Pid::as_raw))
            .with("ports", format!("{:?}", settings.policy.ports))
            .with("listen", Shown(settings.listen))
            .with("boot", &identity.boot)
            .write();
        if settings.policy.least_stop_timeout() > settings.policy.stop_timeout {
            log::warn(
                "ECS's stopTimeout would cut a drain or the stop grace short; set it, and --stop-timeout, longer",
            )
            .with("stop_timeout_ms", millis(settings.policy.stop_timeout))
            .with("needed_ms", millis(settings.policy.least_stop_timeout()))
            .write();
        }
        let endpoints = Endpoints::find(settings.ready);
        let asks = endpoints.asks(settings.protection, identity.spread());
        let core = Core::new(Policy { asks, ..settings.policy }, began);
        let busy_file = settings.busy_file.map(BusyFile::new);
        let hands = Hands::new(app, looker, identity, busy_file, endpoints);
        Ok(Supervisor {
            clock,
            listen: settings.listen,
            core,
            sources,
            hands,
            meter: Meter::default(),
            wakes: Vec::new(),
        })
    }

    fn supervise(mut self, signals: &SigSet) -> Result<u8, Broken> {
        if let Some(code) = self.reap()? {
            return Ok(code);
        }
        self.hands.app.leave_directory();
        self.sources.open(signals).map_err(Broken::Prepare)?;
        self.sources.listen(self.listen).map_err(|error| Broken::Listen(self.listen, error))?;
        let group = Cgroup::find();
        self.hands.looker.begin(group.clone());
        self.meter.start(group, self.clock.now());
        loop {
            if let Some(code) = self.handle(Event::Tick) {
                return Ok(code);
            }
            self.answer_wakes(self.clock.now());
            let deadline = self.core.deadline().map(|deadline| deadline.at);
            let deadline = deadline.into_iter().chain(self.wakes_deadline()).min();
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
            Input::Signal(SignalNumber::CHLD) => self.reap(),
            Input::Signal(signal) => {
                log::debug("a signal came").with("signal", signal.0).write();
                Ok(self.handle(Event::Signal(signal)))
            }
            Input::FileAppeared => Ok(self.handle(Event::FileAppeared)),
            Input::Left(client) => Ok(self.handle(Event::Left(client))),
            Input::Answered(answered) => Ok(self.answered(answered)),
            Input::Asked(request) => Ok(self.asked(request)),
        }
    }

    /// Takes in who has ended.
    fn reap(&mut self) -> Result<Option<u8>, Broken> {
        for event in self.hands.app.reap().map_err(Broken::Wait)? {
            if let Some(code) = self.handle(event) {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }

    /// One event through the core, and what comes of its actions through it as well.
    fn handle(&mut self, event: Event) -> Option<u8> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = self.clock.now();
            for action in self.core.handle(event, now) {
                if action == Action::Measure {
                    self.write_figures(now);
                    continue;
                }
                match self.hands.carry_out(action, self.core.state(), now, &mut self.sources) {
                    Outcome::Done => {}
                    Outcome::Then(event) => events.push_back(event),
                    Outcome::Exit(code) => return Some(code),
                }
            }
        }
        None
    }
}

/// Orphans of the app come to us, also where we are not PID 1.
fn adopt_orphans() {
    let adopted = nix::sys::prctl::set_child_subreaper(true);
    if let Err(error) = adopted
        && nix::unistd::getpid().as_raw() != 1
    {
        log::warn("orphans of the app go to another process: not PID 1, and no child subreaper")
            .with("error", Shown(error))
            .write();
    }
}
