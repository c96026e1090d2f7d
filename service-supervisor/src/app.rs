//! The app as a process: started, signalled, waited for.

use std::ffi::OsString;
use std::io;

use nix::unistd::{Pid, getpid};

use crate::decide::action::Event;
use crate::decide::exit_code::Ending;
use crate::decide::signals::SignalNumber;
use crate::kernel::send;
use crate::leftovers::Leftovers;
use crate::log::{self, Shown};
use crate::reap;
use crate::spawn::{CannotStart, Starter};
use crate::terminal;

/// To whom signals go (`--signal-scope`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The app's process.
    Child,
    /// Its process group: also what it started, unless that has gone to a group of its own.
    Group,
}

/// How signals reach the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signals {
    /// To whom they go.
    pub scope: Scope,
    /// What tells the app to end: SIGTERM, or what it is rewritten to; none: nothing does.
    pub to_end: Option<SignalNumber>,
}

/// The app.
#[derive(Debug)]
pub struct App {
    starter: Starter,
    signals: Signals,
    /// None: it has ended and is reaped, and its number may be somebody else's.
    pid: Option<Pid>,
    /// What it leaves behind.
    pub leftovers: Leftovers,
}

impl App {
    /// Starts `command` for the first time.
    ///
    /// # Errors
    /// [`CannotStart`].
    pub fn start(command: &[OsString], signals: Signals, ignores_child_ends: bool) -> Result<Self, CannotStart> {
        let starter = Starter::new(command, ignores_child_ends)?;
        match starter.start()? {
            (_, Some(error)) => Err(error),
            (pid, None) => Ok(App { starter, signals, pid: Some(pid), leftovers: Leftovers::default() }),
        }
    }

    /// Leaves the working directory to the app.
    pub fn leave_directory(&mut self) {
        self.starter.leave_directory();
    }

    /// Its process, while it has one.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// Starts it again. An event comes of it where that failed at once; a program that cannot be run any more ends as
    /// any other does.
    pub fn start_again(&mut self) -> Option<Event> {
        self.leftovers.begin();
        let error = match self.starter.start() {
            Ok((pid, error)) => {
                self.pid = Some(pid);
                log::info("app started again").with("pid", pid.as_raw()).write();
                error
            }
            Err(error) => Some(error),
        };
        if let Some(error) = &error {
            log::error("the app could not be started again").with("error", daemon::exit::chain(error)).write();
        }
        error.filter(|_| self.pid.is_none()).map(|error| Event::AppEnded(Ending::Exited(error.exit_code())))
    }

    /// Waits for all that have ended.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn reap(&mut self) -> io::Result<Vec<Event>> {
        if let Some(app) = self.pid {
            self.leftovers.before_reaping(app);
        }
        let events = reap::reap(self.pid)?;
        if let Some(app) = self.pid.filter(|_| events.iter().any(|event| matches!(event, Event::AppEnded(_)))) {
            terminal::take_back(app);
            self.pid = None;
        }
        self.leftovers.after_reaping(events.contains(&Event::AllGone));
        Ok(events)
    }

    /// Sends it a signal. One that lets it go on gives it the terminal again, where a shell has given that to us.
    pub fn signal(&self, signal: SignalNumber) {
        let Some(app) = self.pid else { return };
        if signal == SignalNumber::CONT {
            terminal::give(app);
        }
        let to = match self.signals.scope {
            Scope::Child => app,
            Scope::Group => Pid::from_raw(-app.as_raw()),
        };
        if let Err(error) = send(to, signal) {
            log::debug("the app could not be sent a signal")
                .with("signal", signal.0)
                .with("error", Shown(error))
                .write();
        }
    }

    /// Tells it to end; paused, it would not see that.
    pub fn tell_to_end(&self) {
        if let Some(signal) = self.signals.to_end {
            self.signal(signal);
        }
        self.signal(SignalNumber::CONT);
    }

    /// Ends it.
    pub fn kill(&self) {
        self.signal(SignalNumber::KILL);
    }

    /// Pauses the supervisor until SIGCONT comes; as PID 1 the kernel does not let it.
    pub fn pause_with_it(&self) {
        let _ = send(getpid(), SignalNumber::STOP);
    }
}
