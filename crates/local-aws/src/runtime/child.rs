//! One child process: how tasks and agents are started and ended.
//!
//! A child leads a session of its own, so that everything it starts can be found and killed with it, whatever process
//! groups are made in there. It gets SIGTERM when the thread that started it ends (`PR_SET_PDEATHSIG`), so that `kill -9`
//! of this program leaves nothing that honours SIGTERM: a supervisor stops its app first, which SIGKILL would orphan.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid, setsid};
use std::os::unix::process::ExitStatusExt as _;
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Happened, lines};

/// How long what a dead child had printed may take to be read; only a process that escaped its session can still hold
/// the other end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running child. Dropping it kills it and what it started.
#[derive(Debug)]
pub(crate) struct Child {
    process: tokio::process::Child,
    pid: Pid,
    readers: JoinSet<()>,
    gone: bool,
}

impl Child {
    /// Starts `words` with exactly `environment`; each line it prints is said as `subject`'s.
    ///
    /// `PATH` is this program's own where `environment` has none.
    pub(crate) fn start(
        words: &[String],
        environment: &[(String, String)],
        subject: &str,
        events: &UnboundedSender<Happened>,
    ) -> io::Result<Child> {
        let [program, arguments @ ..] = words else { return Err(io::ErrorKind::InvalidInput.into()) };
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        lead_own_session_and_die_with_parent(&mut command);
        let mut process = command.spawn()?;
        let pid = process.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the child ended before it had a process id"))?;
        let mut readers = JoinSet::new();
        if let Some(output) = process.stdout.take() {
            readers.spawn(lines::forward(output, subject.to_owned(), events.clone()));
        }
        if let Some(output) = process.stderr.take() {
            readers.spawn(lines::forward(output, subject.to_owned(), events.clone()));
        }
        Ok(Child { process, pid, readers, gone: false })
    }

    /// Waits until the child has ended, kills what it left, and gives its exit code: 128 + n for signal n.
    ///
    /// Cancel-safe.
    pub(crate) async fn ended(&mut self) -> i64 {
        let status = self.process.wait().await;
        self.gone = true;
        kill_session(self.pid);
        let readers = &mut self.readers;
        let _ = timeout(LAST_WORDS, async { while readers.join_next().await.is_some() {} }).await;
        match status {
            Ok(status) => exit_code(status),
            Err(_) => i64::from(128 + Signal::SIGKILL as i32),
        }
    }

    /// Asks the child, and only it, to end: what Docker does with a container's first process.
    pub(crate) fn terminate(&self) {
        if !self.gone {
            let _ = kill(self.pid, Signal::SIGTERM);
        }
    }

    /// Kills the child and all that it started.
    pub(crate) fn kill(&self) {
        if !self.gone {
            kill_session(self.pid);
        }
    }

    /// Stops the child and all that it started in their tracks, until they are thawed or killed.
    pub(crate) fn freeze(&self) {
        if !self.gone {
            signal_session(self.pid, Signal::SIGSTOP, &['Z', 'X', 'T', 't']);
        }
    }

    /// Lets them go on.
    pub(crate) fn thaw(&self) {
        if !self.gone {
            // All of them: who does not stand still yet, but was told to, waits for a child that does.
            for member in session_members(self.pid, &ENDED) {
                let _ = kill(member, Signal::SIGCONT);
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn exit_code(status: ExitStatus) -> i64 {
    match (status.code(), status.signal()) {
        (Some(code), _) => i64::from(code),
        (None, Some(signal)) => i64::from(128 + signal),
        (None, None) => 0,
    }
}

#[expect(unsafe_code, reason = "what a child does between fork and exec cannot be said safely")]
fn lead_own_session_and_die_with_parent(command: &mut Command) {
    let parent = nix::unistd::getpid();
    let prepare = move || {
        setsid()?;
        set_pdeathsig(Signal::SIGTERM)?;
        // The parent may have died before the line above.
        if getppid() == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
    };
    // SAFETY: setsid, prctl and getppid are async-signal-safe, and nothing here allocates.
    unsafe {
        command.pre_exec(prepare);
    }
}

/// The states of proc(5) of what has ended.
const ENDED: [char; 2] = ['Z', 'X'];

/// Kills every process of the session.
fn kill_session(leader: Pid) {
    signal_session(leader, Signal::SIGKILL, &ENDED);
}

/// Signals every process of the session that is in none of the states that the signal leads to, also those that are
/// started while this looks.
fn signal_session(leader: Pid, signal: Signal, reached: &[char]) {
    for _ in 0..10 {
        let members = session_members(leader, reached);
        if members.is_empty() {
            return;
        }
        for member in members {
            let _ = kill(member, signal);
        }
    }
}

/// The processes of a session in other states than these.
fn session_members(leader: Pid, but_in: &[char]) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return vec![leader] };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            stat.is_ok_and(|stat| state_in_session(&stat, leader).is_some_and(|state| !but_in.contains(&state)))
        })
        .map(Pid::from_raw)
        .collect()
}

/// The state of a process of this session; none of another's. Reads `pid (name) state ppid pgrp session …` of proc(5);
/// the name may have spaces and brackets in it.
fn state_in_session(stat: &str, leader: Pid) -> Option<char> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next();
    let session: i32 = fields.nth(2)?.parse().ok()?;
    state.filter(|_| session == leader.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_session_whatever_its_name() {
        let leader = Pid::from_raw(42);
        assert_eq!(state_in_session("77 (a) b) (c) S 1 77 42 0 -1", leader), Some('S'));
        assert_eq!(state_in_session("77 (sh) Z 1 77 42 0 -1", leader), Some('Z'));
        assert_eq!(state_in_session("77 (sh) S 42 42 41 0 -1", leader), None);
        assert_eq!(state_in_session("", leader), None);
    }
}
