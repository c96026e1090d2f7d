//! What the app left behind: all that descend from the supervisor, whatever group or session they are in.
//!
//! Read from `/proc/<pid>/task/*/children`. As the supervisor is PID 1 or a child subreaper, an orphan's place is
//! below it. Where there is no such file and the supervisor is PID 1, every process it may signal is meant; elsewhere
//! the app's group, for as long as it is sure to be the app's.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use daemon::moment::Clock;
use nix::sys::prctl::get_child_subreaper;
use nix::unistd::{Pid, getpid};

use crate::decide::signals::SignalNumber;
use crate::kernel::{Waited, has_ended, no_child_lives, send, wait_any};
use crate::log;

/// Between two waits where there is no loop that would tell of an end.
const BETWEEN_WAITS: Duration = Duration::from_millis(10);

/// Where `/proc` tells who descends from this process.
const OWN_CHILDREN: &str = "/proc/thread-self/children";

const INIT: Pid = Pid::from_raw(1);

/// How the kernel names all processes but the caller and PID 1.
const EVERYBODY: Pid = Pid::from_raw(-1);

/// What the app left behind.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// Who has had SIGTERM.
    told: BTreeSet<Pid>,
    /// The group of an app that has ended, where that is all there is to go by.
    group: Option<Pid>,
    complained: bool,
    /// The kernel said so, and nobody can have come since.
    nobody_is_left: bool,
}

impl Leftovers {
    /// Called before the ended are waited for. Where `/proc` does not tell who descends from the app, its group is told
    /// to end while the app is still there to be waited for: until then the group's number is nobody else's.
    pub fn before_reaping(&mut self, app: Pid) {
        let nobody_is_left = || get_child_subreaper() == Ok(true) && no_child_lives();
        if getpid() == INIT || !has_ended(app) || nobody_is_left() || fs::exists(OWN_CHILDREN).unwrap_or(false) {
            return;
        }
        self.group = Some(app);
        self.signal_group(&[SignalNumber::TERM, SignalNumber::CONT]);
    }

    /// Called after they were: a group that is empty is forgotten, as its number may be given out anew.
    pub fn after_reaping(&mut self, nobody_is_left: bool) {
        self.nobody_is_left = nobody_is_left;
        self.group = self.group.filter(|group| is_somebody_in(*group));
    }

    /// Another life of the app begins.
    pub fn begin(&mut self) {
        self.told.clear();
        self.nobody_is_left = false;
        self.group = None;
    }

    /// Sends SIGTERM, and SIGCONT so that the paused see it, to all who have not had it; says to how many.
    pub fn term(&mut self) -> usize {
        if self.nobody_is_left {
            return 0;
        }
        let signals = [SignalNumber::TERM, SignalNumber::CONT];
        let Some(found) = descendants(getpid()) else { return self.signal_unseen(&signals) };
        let new: Vec<Pid> = found.into_iter().filter(|pid| self.told.insert(*pid)).collect();
        signal_each(&new, &signals);
        new.len()
    }

    /// Sends SIGKILL to all; says to how many.
    pub fn kill(&mut self) -> usize {
        let Some(found) = descendants(getpid()) else { return self.signal_unseen(&[SignalNumber::KILL]) };
        signal_each(&found, &[SignalNumber::KILL]);
        found.len()
    }

    fn signal_unseen(&mut self, signals: &[SignalNumber]) -> usize {
        if getpid() == INIT {
            // Once: whoever has had it would have it again.
            if self.told.insert(EVERYBODY) || signals.contains(&SignalNumber::KILL) {
                signal_each(&[EVERYBODY], signals);
            }
        } else if signals.contains(&SignalNumber::KILL) {
            self.signal_group(signals);
        } else if !self.complained {
            self.complained = true;
            log::warn("/proc does not tell a process's children: of what the app leaves, only its group is ended")
                .write();
        }
        0
    }

    fn signal_group(&self, signals: &[SignalNumber]) {
        if let Some(group) = self.group {
            signal_each(&[Pid::from_raw(-group.as_raw())], signals);
        }
    }
}

/// Ends the app and all it started, where nothing but this can be done for them any more: SIGTERM, `grace`, SIGKILL.
pub fn end_all(grace: Duration) {
    let (mut all, clock) = (Leftovers::default(), Clock::start());
    all.term();
    while !matches!(wait_any(), Ok(Waited::NobodyLeft) | Err(_)) {
        if clock.now().since_start() > grace {
            all.kill();
            return;
        }
        std::thread::sleep(BETWEEN_WAITS);
    }
}

fn is_somebody_in(group: Pid) -> bool {
    send(Pid::from_raw(-group.as_raw()), SignalNumber(0)).is_ok()
}

fn signal_each<'a>(pids: impl IntoIterator<Item = &'a Pid>, signals: &[SignalNumber]) {
    for pid in pids {
        for signal in signals {
            // It fails for one that has just ended, which is what was wanted.
            let _ = send(*pid, *signal);
        }
    }
}

/// All that descend from `root`; none: the kernel does not tell.
pub(crate) fn descendants(root: Pid) -> Option<BTreeSet<Pid>> {
    let mut found = BTreeSet::new();
    let mut to_visit = children(root)?;
    while let Some(pid) = to_visit.pop() {
        if found.insert(pid) {
            // None: it ended meanwhile, and its children are ours now: SIGKILL finds them, if nothing does before.
            to_visit.extend(children(pid).unwrap_or_default());
        }
    }
    Some(found)
}

/// The children of all threads of `pid`; none: it is gone, or the kernel does not tell. Threads come and go while they
/// are read: one that has gone has handed its children to another.
fn children(pid: Pid) -> Option<Vec<Pid>> {
    let (mut children, mut told) = (Vec::new(), false);
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        if let Ok(text) = fs::read_to_string(thread.path().join("children")) {
            told = true;
            children.extend(text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).map(Pid::from_raw));
        }
    }
    told.then_some(children)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn threads_that_end_meanwhile_hide_no_child() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
        let pid = Pid::from_raw(child.id().cast_signed());
        let enough = AtomicBool::new(false);
        let missed = thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !enough.load(Ordering::Relaxed) {
                        let _ = thread::spawn(|| ()).join();
                    }
                });
            }
            let missed = (0..2_000).filter(|_| !descendants(getpid()).is_some_and(|all| all.contains(&pid))).count();
            enough.store(true, Ordering::Relaxed);
            missed
        });
        child.kill().expect("kill");
        child.wait().expect("wait");
        assert_eq!(missed, 0, "looks of 2000 that missed it");
    }
}
