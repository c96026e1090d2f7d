//! Signals, the shutdown file, 9051 and the next deadline become one stream of inputs.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use daemon::moment::{Clock, Moment};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};

use crate::asking::{Answered, Asking, Purpose, Question};
use crate::decide::signals::SignalNumber;
use crate::decide::watchers::ClientId;
use crate::shutdown_file::{ShutdownFile, Tokens};
use crate::status::access::Access;
use crate::status::{Request, Status};

const SIGNALS: u64 = 0;
const FILE: u64 = 1;
const MOUNTS: u64 = u64::MAX;
const LISTENER: u64 = 3;
const FIRST_QUESTION: u64 = 4;
const FIRST_CLIENT: u64 = 16;

/// Something from outside.
#[derive(Debug)]
pub enum Input {
    /// A signal.
    Signal(SignalNumber),
    /// The shutdown file is there.
    FileAppeared,
    /// A request on 9051.
    Asked(Request),
    /// A watcher's stream ended.
    Left(ClientId),
    /// Something has come of a question.
    Answered(Answered),
}

/// What the shutdown file is waited for by.
pub const FILE_TOKENS: Tokens = Tokens { folders: FILE, mounts: MOUNTS };

/// All that is waited for.
#[derive(Debug)]
pub struct Sources {
    epoll: Epoll,
    /// None: not opened yet.
    signals: Option<SignalFd>,
    file: ShutdownFile,
    status: Status,
    asking: Asking,
}

impl Sources {
    /// Of which none is open yet.
    ///
    /// # Errors
    /// When there is nothing to wait by.
    pub fn prepare(access: Access, file: ShutdownFile) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let status = Status::new(access, LISTENER, FIRST_CLIENT);
        Ok(Sources { epoll, signals: None, file, status, asking: Asking::new(FIRST_QUESTION) })
    }

    /// Opens what tells of signals; the shutdown file is armed later, by itself.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn open(&mut self, signals: &SigSet) -> io::Result<()> {
        let signals = SignalFd::with_flags(signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        self.epoll.add(&signals, EpollEvent::new(EpollFlags::EPOLLIN, SIGNALS))?;
        self.signals = Some(signals);
        Ok(())
    }

    /// Opens 9051.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn listen(&mut self, at: SocketAddr) -> io::Result<()> {
        self.status.listen(at, &self.epoll)
    }

    /// Asks; the answer comes as an input.
    pub fn ask(&mut self, purpose: Purpose, question: Question, now: Moment) {
        self.asking.ask(purpose, question, &self.epoll, now);
    }

    /// Whoever has connections of the supervisor's own: the server of 9051, the questions under way.
    pub fn own_connections(&mut self) -> (&mut Status, &Asking, &Epoll) {
        (&mut self.status, &self.asking, &self.epoll)
    }

    /// The server of 9051, and what it waits by.
    pub fn status(&mut self) -> (&mut Status, &Epoll) {
        (&mut self.status, &self.epoll)
    }

    /// Removes the shutdown file.
    pub fn remove_file(&mut self) {
        self.file.remove();
    }

    /// Waits for inputs, until `deadline` at the longest.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn wait(&mut self, deadline: Option<Moment>, clock: &Clock) -> io::Result<Vec<Input>> {
        let mut inputs = self.left();
        let now = clock.now();
        let own = [deadline, self.file.deadline(), self.status.deadline(), self.asking.deadline()];
        let first = own.into_iter().flatten().min().filter(|_| inputs.is_empty());
        let timeout = match (first, inputs.is_empty()) {
            (_, false) => EpollTimeout::ZERO,
            (Some(first), true) => timeout(first.since(now)),
            (None, true) => EpollTimeout::NONE,
        };
        let mut ready = [EpollEvent::empty(); 64];
        let count = match self.epoll.wait(&mut ready, timeout) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        let now = clock.now();
        for event in &ready[..count] {
            self.take(event.data(), now, &mut inputs)?;
        }
        if self.file.time_passed(&self.epoll, now) {
            inputs.push(Input::FileAppeared);
        }
        self.status.time_passed(&self.epoll, now);
        self.asking.time_passed(now);
        inputs.extend(self.left());
        Ok(inputs)
    }

    fn take(&mut self, token: u64, now: Moment, inputs: &mut Vec<Input>) -> io::Result<()> {
        match token {
            SIGNALS => {
                while let Some(signal) = self.read_signal()? {
                    let number = i32::try_from(signal.ssi_signo).expect("signals are numbered up to 64");
                    // Writing to a closed connection or log raises SIGPIPE; only one from outside is the app's.
                    let own = SignalNumber(number) == SignalNumber::PIPE && signal.ssi_pid == std::process::id();
                    if !own {
                        inputs.push(Input::Signal(SignalNumber(number)));
                    }
                }
            }
            FILE if self.file.told(&self.epoll, now) => inputs.push(Input::FileAppeared),
            MOUNTS if self.file.mounts_changed(&self.epoll, now) => inputs.push(Input::FileAppeared),
            FILE | MOUNTS => {}
            LISTENER => self.status.accept(&self.epoll, now),
            question if question < FIRST_CLIENT => self.asking.ready(question, &self.epoll, now),
            client => inputs.extend(self.status.ready(ClientId(client), &self.epoll, now).map(Input::Asked)),
        }
        Ok(())
    }

    fn read_signal(&self) -> nix::Result<Option<siginfo>> {
        self.signals.as_ref().map_or(Ok(None), SignalFd::read_signal)
    }

    /// What needs no waiting: streams that have ended, questions that have been answered.
    fn left(&mut self) -> Vec<Input> {
        let left = self.status.take_left().into_iter().map(Input::Left);
        left.chain(self.asking.take_answered().into_iter().map(Input::Answered)).collect()
    }
}

/// Whole milliseconds, rounded up: waking too early would only be to wait again.
fn timeout(span: Duration) -> EpollTimeout {
    let millis = span.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis).ok().and_then(|millis| EpollTimeout::try_from(millis).ok()).unwrap_or(EpollTimeout::MAX)
}
