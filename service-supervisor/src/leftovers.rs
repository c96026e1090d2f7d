//! What the app left behind: all that descend from the supervisor, whatever group or session they are in.
//!
//! Read from `/proc/<pid>/task/*/children`. As the supervisor is PID 1 or a child subreaper, an orphan's place is
//! below it. Where there is no such file and the supervisor is PID 1, every process it may signal is meant.

use std::collections::BTreeSet;
use std::fs;

use nix::unistd::{Pid, getpid};

use crate::decide::signals::SignalNumber;
use crate::kernel::send;
use crate::log;

/// Sends `signals` to every descendant and says how many there are.
pub fn signal_leftovers(signals: &[SignalNumber]) -> usize {
    let own = getpid();
    match descendants(own) {
        Some(pids) => {
            for (pid, signal) in pids.iter().flat_map(|pid| signals.iter().map(move |signal| (*pid, *signal))) {
                // It fails for one that has just ended, which is what was wanted.
                let _ = send(pid, signal);
            }
            pids.len()
        }
        None if own.as_raw() == 1 => {
            for signal in signals {
                let _ = send(Pid::from_raw(-1), *signal);
            }
            0
        }
        None => {
            log::warn("leftovers of the app cannot be found: /proc does not tell a process's children").write();
            0
        }
    }
}

fn descendants(root: Pid) -> Option<BTreeSet<Pid>> {
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
