//! The CPU that the app has used: that of its control group, or of all processes below the supervisor where the group is
//! not its own or cannot be read.

use std::time::Duration;

use nix::unistd::{Pid, getpid};

use crate::cgroup::Cgroup;
use crate::decide::look::Cpu;
use crate::leftovers::descendants;
use crate::processes;

/// Reads it.
#[derive(Debug)]
pub struct CpuMeter {
    group: Option<Cgroup>,
}

impl CpuMeter {
    /// By this group, where it tells the CPU.
    #[must_use]
    pub fn of(group: Cgroup) -> Self {
        CpuMeter { group: group.cpu_used().is_some().then_some(group) }
    }

    /// What was used until now; none: the kernel does not tell.
    #[must_use]
    pub fn read(&self) -> Option<Cpu> {
        match &self.group {
            Some(group) => Some(Cpu { used: group.cpu_used()?, limit: group.cpu_limit().map(Duration::from_millis) }),
            None => of_processes().map(|used| Cpu { used, limit: None }),
        }
    }
}

/// What ends moves from the sum of the living to that of who waited for it, and so stays in this sum.
fn of_processes() -> Option<Duration> {
    let own = getpid();
    // Where the kernel tells who descends from us, the rest of the machine is not walked through.
    let all = match descendants(own) {
        Some(pids) => processes::these(pids.into_iter().chain([own]).map(Pid::as_raw)),
        None => processes::all()?,
    };
    let own = own.as_raw();
    let waited_for = all.iter().find(|process| process.pid == own)?.ended_used;
    let of_each =
        processes::below(own, &all).into_iter().map(|process| process.used.saturating_add(process.ended_used));
    Some(of_each.fold(waited_for, Duration::saturating_add))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Instant;

    use super::*;

    #[test]
    fn what_a_child_burns_is_counted_while_it_lives_and_when_it_has_ended() {
        let meter = CpuMeter { group: None };
        let before = meter.read().expect("/proc").used;
        let burned = || meter.read().expect("/proc").used.saturating_sub(before);
        let mut child = Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell");
        let since = Instant::now();
        while burned() < Duration::from_millis(100) {
            assert!(since.elapsed() < Duration::from_secs(40), "{:?}", burned());
        }
        child.kill().expect("killed");
        child.wait().expect("waited for");
        assert!(burned() >= Duration::from_millis(100));
    }
}
