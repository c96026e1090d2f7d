//! Starts the app, and starts it again: its arguments and environment byte for byte, an empty signal mask, the
//! dispositions that the supervisor itself was given, a process group of its own, and the terminal where there is one.
//!
//! Not with `std::process::Command`, which passes on a mask in which everything is blocked, nor with `posix_spawn`,
//! which cannot hand over a terminal.

use std::env;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{Pid, chdir};

use crate::launch::{self, Launch};
use crate::terminal;

/// Where programs are looked for if `PATH` is not set.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Why the app could not be started.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// What no operating system could pass on.
    #[error("an argument of {0:?} has a zero byte in it")]
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
            CannotStart::Refused(_, error) => launch::exit_code(*error),
            CannotStart::ZeroByte(..) => crate::decide::exit_code::NOT_EXECUTABLE,
        }
    }
}

/// Starts the app as often as it is asked to.
#[derive(Debug)]
pub struct Starter {
    program: OsString,
    candidates: Vec<CString>,
    arguments: Vec<CString>,
    ignores_child_ends: bool,
    /// The directory that was left, so that it can be unmounted.
    directory: Option<CString>,
}

impl Starter {
    /// Of `command`, which is looked for in `PATH`.
    ///
    /// # Errors
    /// [`CannotStart::ZeroByte`].
    pub fn new(command: &[OsString], ignores_child_ends: bool) -> Result<Self, CannotStart> {
        let program = command.first().cloned().unwrap_or_default();
        let text =
            |text: &OsStr| CString::new(text.as_bytes()).map_err(|error| CannotStart::ZeroByte(program.clone(), error));
        let arguments = command.iter().map(|argument| text(argument)).collect::<Result<Vec<_>, _>>()?;
        let path = env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
        let candidates = places(&program, &path).iter().map(|place| text(place)).collect::<Result<Vec<_>, _>>()?;
        Ok(Starter { program, candidates, arguments, ignores_child_ends, directory: None })
    }

    /// Starts it. Its end is told by [`crate::reap`], the one owner of all waits, also where the program could not be
    /// run: then the error comes along, and the process has ended with the code that shells give.
    ///
    /// # Errors
    /// When no process can be made.
    pub fn start(&self) -> Result<(Pid, Option<CannotStart>), CannotStart> {
        let refused = |error| CannotStart::Refused(self.program.clone(), error);
        let launch = Launch {
            candidates: &self.candidates,
            arguments: &self.arguments,
            directory: self.directory.as_deref(),
            terminal: terminal::ours().map(|terminal| terminal.as_raw_fd()),
            ignores_child_ends: self.ignores_child_ends,
        };
        let (pid, failed) = launch::launch(launch).map_err(refused)?;
        Ok((pid, failed.map(refused)))
    }

    /// Leaves the working directory, so that the supervisor keeps nothing in use; the app is started in it all the
    /// same. One that could not be entered again is not left.
    pub fn leave_directory(&mut self) {
        let Ok(here) = env::current_dir() else { return };
        if here == Path::new("/") || chdir(&here).is_err() {
            return;
        }
        if let Ok(text) = CString::new(here.into_os_string().into_vec())
            && chdir("/").is_ok()
        {
            self.directory = Some(text);
        }
    }
}

/// Where `program` may be: a name with a slash is a path, any other is looked for in each part of `path`, an empty one
/// of which is the working directory.
fn places(program: &OsStr, path: &OsStr) -> Vec<OsString> {
    if program.is_empty() {
        return vec![];
    }
    if program.as_bytes().contains(&b'/') {
        return vec![program.to_owned()];
    }
    let place = |folder: &[u8]| {
        let folder: &[u8] = if folder.is_empty() { b"." } else { folder };
        OsString::from_vec([folder, b"/", program.as_bytes()].concat())
    };
    path.as_bytes().split(|byte| *byte == b':').map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_in_path_and_a_path_is_not() {
        assert_eq!(places("app".as_ref(), "/a:/b/".as_ref()), ["/a/app", "/b//app"]);
        assert_eq!(places("app".as_ref(), ":/a".as_ref()), ["./app", "/a/app"]);
        assert_eq!(places("./app".as_ref(), "/a".as_ref()), ["./app"]);
        assert_eq!(places("".as_ref(), "/a".as_ref()), [""; 0]);
    }
}
