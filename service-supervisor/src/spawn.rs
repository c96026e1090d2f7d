//! Starts the app: with the supervisor's files and environment, byte for byte, and a clean signal mask.
//!
//! `std::process::Command` empties the child's signal mask itself, gives SIGPIPE back its default, and searches `PATH`.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use nix::unistd::Pid;

use crate::decide::exit_code::{NOT_EXECUTABLE, NOT_FOUND};

/// Why the app could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {program:?}")]
pub struct CannotStart {
    program: OsString,
    #[source]
    source: io::Error,
}

impl CannotStart {
    /// The supervisor's exit code, as shells have it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.source.kind() == io::ErrorKind::NotFound {
            true => NOT_FOUND,
            false => NOT_EXECUTABLE,
        }
    }
}

/// Starts `command`. Its end is told by [`crate::reap`], the one owner of all waits.
///
/// # Errors
/// [`CannotStart`].
pub fn spawn(command: &[OsString]) -> Result<Pid, CannotStart> {
    let program = command.first().cloned().unwrap_or_default();
    let child = Command::new(&program)
        .args(command.iter().skip(1))
        .spawn()
        .map_err(|source| CannotStart { program, source })?;
    let pid = i32::try_from(child.id()).expect("the kernel's process ids are positive ints");
    Ok(Pid::from_raw(pid))
}
