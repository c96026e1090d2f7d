//! What the app left behind: all that descend from the supervisor, whatever group or session they are in.
//!
//! Read from `/proc/<pid>/task/*/children`. As the supervisor is PID 1 or a child subreaper, an orphan's place is
//! below it. Where there is no such file and the supervisor is PID 1, every process it may signal is meant.

use std::collections::BTreeSet;
use std::fs;

use nix::unistd::{Pid, getpid};

use crate::decide::signals::SignalNumber;
use crate::kernel::send;

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
            tracing::warn!("leftovers of the app cannot be found: /proc does not tell a process's children");
            0
        }
    }
}

fn descendants(root: Pid) -> Option<BTreeSet<Pid>> {
    let mut found = BTreeSet::new();
    let mut to_visit = children(root)?;
    while let Some(pid) = to_visit.pop() {
        if found.insert(pid) {
            // None: it ended meanwhile, and its children are ours now; the next look at SIGCHLD finds them.
            to_visit.extend(children(pid).unwrap_or_default());
        }
    }
    Some(found)
}

/// The children of all threads of `pid`.
fn children(pid: Pid) -> Option<Vec<Pid>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let text = fs::read_to_string(thread.ok()?.path().join("children")).ok()?;
        children.extend(text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).map(Pid::from_raw));
    }
    Some(children)
}
