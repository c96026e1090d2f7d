//! A process that runs: started on its core, asked for its figures, and ended in any case.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use crate::role;

/// Longer than anything takes to come up or to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// After this a process is killed.
const TO_END: Duration = Duration::from_secs(5);
/// Between two looks.
const STEP: Duration = Duration::from_micros(100);

/// Enough for a proxy with ten thousand callers that keeps half for itself.
const OPEN_FILES: u64 = 65_536;

/// For this process and those that it starts. Gives what they may have.
pub(crate) fn raise_open_files() -> u64 {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    if setrlimit(Resource::RLIMIT_NOFILE, OPEN_FILES.max(hard), OPEN_FILES.max(hard)).is_err() {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the limit that is there");
    }
    getrlimit(Resource::RLIMIT_NOFILE).expect("a limit").0
}

/// Waits until `found` gives something, and fails with `what` at the limit.
pub(crate) fn until<T>(what: &str, found: impl FnMut() -> Option<T>) -> T {
    until_or_late(found).unwrap_or_else(|| panic!("not within {PATIENCE:?}: {what}"))
}

/// The same, and gives nothing at the limit.
pub(crate) fn until_or_late<T>(mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = found() {
            return Some(found);
        }
        std::thread::sleep(STEP);
    }
    None
}

/// A process with its children. It ends when this is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    /// Runs a program on a core; what it says goes to the file `log`, the moment of its start to `log.moment`.
    pub(crate) fn program(core: usize, words: &[String], log: &Path) -> Running {
        let said = std::fs::File::create(log).expect("a log");
        let mut command = role::command("become", core);
        command.env("SERVICE_NAME", "bench").arg(log.with_extension("moment")).args(words);
        command.stdout(said.try_clone().expect("a log")).stderr(said);
        Running::of(&mut command)
    }

    /// When a program that says its things to `log` was started, in nanoseconds.
    pub(crate) fn moment(log: &Path) -> i64 {
        let text = std::fs::read_to_string(log.with_extension("moment")).expect("a moment");
        text.parse().expect("a moment")
    }

    pub(crate) fn of(command: &mut Command) -> Running {
        Running { child: command.spawn().expect("it starts") }
    }

    /// One of this program's roles.
    pub(crate) fn role(role: &str, argument: &str) -> Running {
        let mut command = role::command(role, role::LOAD);
        Running::of(command.arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"))
    }

    /// It, and its children.
    pub(crate) fn pids(&self) -> Vec<Pid> {
        let mut pids = vec![self.pid()];
        pids.extend(children(self.pid()));
        pids
    }

    /// The processor time of these processes, with that of threads that have ended, in seconds.
    pub(crate) fn processor(pids: &[Pid]) -> f64 {
        let one = |pid: &Pid| {
            let clock = ClockId::pid_cpu_clock_id(*pid).expect("it runs");
            Duration::from(clock_gettime(clock).expect("its clock")).as_secs_f64()
        };
        pids.iter().map(one).sum()
    }

    /// The memory that is theirs: what is shared is divided among those that share it. In bytes.
    pub(crate) fn memory(pids: &[Pid]) -> f64 {
        let one = |pid: &Pid| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("its memory");
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a line");
            line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
        };
        pids.iter().map(one).sum()
    }

    /// Asks it to end, and waits for that; kills it and its children where it does not.
    pub(crate) fn end(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let pids = self.pids();
        let began = Instant::now();
        let _ = kill(self.pid(), Signal::SIGTERM);
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > TO_END {
                for pid in pids {
                    let _ = kill(pid, Signal::SIGKILL);
                }
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let all = std::fs::read_dir("/proc").expect("/proc");
    let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    numbers.map(Pid::from_raw).filter(|pid| state(*pid).is_some_and(|(_, its)| its == parent)).collect()
}

/// Whether it runs no more, though nobody may have asked for its end yet.
pub(crate) fn has_ended(pid: &Pid) -> bool {
    state(*pid).is_none_or(|(state, _)| state == "Z")
}

/// The state of a process, and its parent.
fn state(pid: Pid) -> Option<(String, Pid)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program is in brackets and may have spaces.
    let mut words = text.rsplit_once(')')?.1.split_ascii_whitespace();
    Some((words.next()?.to_owned(), Pid::from_raw(words.next()?.parse().ok()?)))
}
