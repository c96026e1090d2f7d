//! Signals, the shutdown file, 9051 and the next deadline become one stream of inputs.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use daemon::moment::{Clock, Moment};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::decide::signals::SignalNumber;
use crate::decide::watchers::ClientId;
use crate::shutdown_file::{ShutdownFile, Tokens};
use crate::status::access::Access;
use crate::status::{Request, Status};

const SIGNALS: u64 = 0;
const FILE: u64 = 1;
const MOUNTS: u64 = u64::MAX;
const TASK: u64 = 2;
const LISTENER: u64 = 3;
const FIRST_CLIENT: u64 = 16;

/// The longest name of a task that is taken in.
const LONGEST_TASK: u64 = 2048;

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
    /// The ECS task's ARN is known.
    Task(String),
}

/// What the shutdown file is waited for by.
pub const FILE_TOKENS: Tokens = Tokens { folders: FILE, mounts: MOUNTS };

/// All that is waited for.
#[derive(Debug)]
pub struct Sources {
    epoll: Epoll,
    signals: SignalFd,
    file: ShutdownFile,
    status: Status,
    task: Option<UnixStream>,
}

impl Sources {
    /// Opens them; the shutdown file is armed later, by itself.
    ///
    /// # Errors
    /// When one cannot be had.
    pub fn open(signals: &SigSet, listen: SocketAddr, access: Access, file: ShutdownFile) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let status = Status::listen(listen, access, LISTENER, FIRST_CLIENT, &epoll)?;
        let signals = SignalFd::with_flags(signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        epoll.add(&signals, EpollEvent::new(EpollFlags::EPOLLIN, SIGNALS))?;
        Ok(Sources { epoll, signals, file, status, task: None })
    }

    /// Takes in what comes out of `task` as the task's ARN.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn add_task(&mut self, task: UnixStream) -> io::Result<()> {
        self.epoll.add(&task, EpollEvent::new(EpollFlags::EPOLLIN, TASK))?;
        self.task = Some(task);
        Ok(())
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
        let own = [deadline, self.file.deadline(), self.status.deadline()];
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
        inputs.extend(self.left());
        Ok(inputs)
    }

    fn take(&mut self, token: u64, now: Moment, inputs: &mut Vec<Input>) -> io::Result<()> {
        match token {
            SIGNALS => {
                while let Some(signal) = self.signals.read_signal()? {
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
            TASK => inputs.extend(self.read_task().map(Input::Task)),
            LISTENER => self.status.accept(&self.epoll, now),
            client => inputs.extend(self.status.ready(ClientId(client), &self.epoll, now).map(Input::Asked)),
        }
        Ok(())
    }

    /// The whole text is written at once, so one read takes it; nothing is the thread's way to say that it failed.
    fn read_task(&mut self) -> Option<String> {
        let mut text = String::new();
        let read = self.task.take()?.take(LONGEST_TASK).read_to_string(&mut text);
        match read {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => None,
            Ok(_) | Err(_) => (!text.is_empty()).then_some(text),
        }
    }

    fn left(&mut self) -> Vec<Input> {
        self.status.take_left().into_iter().map(Input::Left).collect()
    }
}

/// Whole milliseconds, rounded up: waking too early would only be to wait again.
fn timeout(span: Duration) -> EpollTimeout {
    let millis = span.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis).ok().and_then(|millis| EpollTimeout::try_from(millis).ok()).unwrap_or(EpollTimeout::MAX)
}
