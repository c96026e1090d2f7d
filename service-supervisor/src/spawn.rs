//! Starts the app: its arguments and the environment byte for byte, and an empty signal mask.
//!
//! Not with `std::process::Command`: it passes on the supervisor's own mask, in which nearly everything is blocked, and
//! an app that cannot be told to end is of no use.

use std::env;
use std::ffi::{CString, NulError, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;

use crate::decide::exit_code::{NOT_EXECUTABLE, NOT_FOUND};

/// Why the app could not be started.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// What no operating system could pass on.
    #[error("an argument or variable for {0:?} has a zero byte in it")]
    ZeroByte(OsString, #[source] NulError),
    /// What the kernel says.
    #[error("cannot start {0:?}")]
    Refused(OsString, #[source] Errno),
}

impl CannotStart {
    /// The supervisor's exit code, as shells have it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            CannotStart::Refused(_, Errno::ENOENT) => NOT_FOUND,
            CannotStart::Refused(..) | CannotStart::ZeroByte(..) => NOT_EXECUTABLE,
        }
    }
}

/// Starts `command`, which is looked for in `PATH`. Its end is told by [`crate::reap`], the one owner of all waits.
///
/// # Errors
/// [`CannotStart`].
pub fn spawn(command: &[OsString]) -> Result<Pid, CannotStart> {
    let program = command.first().cloned().unwrap_or_default();
    let zero_byte = |error| CannotStart::ZeroByte(program.clone(), error);
    let refused = |error| CannotStart::Refused(program.clone(), error);
    let arguments = command.iter().map(|argument| CString::new(argument.as_bytes()));
    let arguments = arguments.collect::<Result<Vec<_>, _>>().map_err(zero_byte)?;
    let environment = env::vars_os().map(|(name, value)| {
        let mut entry = name.into_vec();
        entry.push(b'=');
        entry.extend_from_slice(value.as_bytes());
        CString::new(entry)
    });
    let environment = environment.collect::<Result<Vec<_>, _>>().map_err(zero_byte)?;
    let path = arguments.first().cloned().unwrap_or_default();
    let inherit = PosixSpawnFileActions::init().map_err(refused)?;
    posix_spawnp(&path, &inherit, &clean().map_err(refused)?, &arguments, &environment).map_err(refused)
}

/// An empty mask, and SIGPIPE as usual: Rust's start-up has set ours to be ignored.
fn clean() -> nix::Result<PosixSpawnAttr> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
    Ok(attributes)
}
