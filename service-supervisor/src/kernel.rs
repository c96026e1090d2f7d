//! The system calls that `nix` cannot make as they are needed here; the only unsafe code of this crate.
//!
//! `nix` knows no real-time signals: it cannot send one, and its `waitpid` loses the status of a process that one
//! ended. It can set a signal's disposition only through an unsafe function.
#![expect(unsafe_code, reason = "three system calls, each with the reason why it is sound")]

use std::io;

use nix::libc;
use nix::unistd::Pid;

use crate::decide::exit_code::Ending;
use crate::decide::signals::SignalNumber;

/// What waiting for any child said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// This child has ended, and is reaped.
    Ended(Pid, Ending),
    /// There are children, and none has ended.
    NobodyYet,
    /// There are no children.
    NobodyLeft,
}

/// Waits for any child without blocking.
///
/// # Errors
/// What the kernel says, but for "no children".
pub fn wait_any() -> io::Result<Waited> {
    loop {
        let mut status: libc::c_int = 0;
        // SAFETY: waitpid writes one int to the pointer, which outlives the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) };
        match pid {
            0 => return Ok(Waited::NobodyYet),
            1.. => {
                let ending = match libc::WIFEXITED(status) {
                    true => Ending::Exited(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX)),
                    false => Ending::Killed(libc::WTERMSIG(status)),
                };
                return Ok(Waited::Ended(Pid::from_raw(pid), ending));
            }
            _ => match io::Error::last_os_error() {
                error if error.raw_os_error() == Some(libc::ECHILD) => return Ok(Waited::NobodyLeft),
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
}

/// Sends a signal, a real-time one too.
///
/// # Errors
/// What the kernel says.
pub fn send(pid: Pid, signal: SignalNumber) -> io::Result<()> {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    match unsafe { libc::kill(pid.as_raw(), signal.0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives SIGCHLD its default disposition: inherited as ignored, the kernel would reap the app and lose its exit code.
///
/// # Errors
/// What the kernel says.
pub fn notice_ended_children() -> io::Result<()> {
    // SAFETY: SIG_DFL installs no handler, so no code of ours runs in signal context.
    match unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) } {
        libc::SIG_ERR => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
