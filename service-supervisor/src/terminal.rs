//! The terminal on standard input, where there is one: the app's group is its foreground, so that Ctrl-C and Ctrl-Z are
//! the app's, and a shell under the supervisor has job control.

use std::os::fd::BorrowedFd;

use nix::unistd::{Pid, getpgid, getpgrp, getpid, getppid, getsid, tcgetpgrp, tcsetpgrp};

use crate::kernel::STANDARD_INPUT;

/// The terminal, where this process is its foreground. One that is somebody else's is not taken away.
#[must_use]
pub fn ours() -> Option<BorrowedFd<'static>> {
    let is_ours = tcgetpgrp(STANDARD_INPUT).is_ok_and(|foreground| foreground == getpgrp());
    is_ours.then_some(STANDARD_INPUT)
}

/// Gives the terminal to the app's group, where it is ours to give: after a pause the shell has given it to us.
pub fn give(app: Pid) {
    if let Some(terminal) = ours() {
        // It fails for an app that has just ended, or went to another session.
        let _ = tcsetpgrp(terminal, app);
    }
}

/// Takes the terminal back from a group that is not there any more.
pub fn take_back(app: Pid) {
    if tcgetpgrp(STANDARD_INPUT) == Ok(app) {
        // SIGTTOU is blocked, so a group in the background may do this.
        let _ = tcsetpgrp(STANDARD_INPUT, getpgrp());
    }
}

/// Whether a shell with job control watches: it is in our session and keeps its jobs, of which we are one, in groups of
/// their own.
#[must_use]
pub fn shell_watches() -> bool {
    let parent = getppid();
    // A parent of 0 is outside our PID namespace.
    parent.as_raw() != 0
        && getsid(Some(parent)).is_ok_and(|session| getsid(None) == Ok(session) && session != getpid())
        && getpgid(Some(parent)).is_ok_and(|group| group != getpgrp())
}
