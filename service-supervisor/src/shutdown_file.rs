//! Notices the shutdown file: an order to sleep.
//!
//! inotify on its folder, for CREATE, MOVED_TO, DELETE_SELF and MOVE_SELF alone: writes in a busy folder do not wake
//! us. Armed a moment after the start, as an armed instance makes the exit of a short-lived command slower. Where it
//! cannot be armed (no folder, no instance left), it looks every half second and says so once.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use daemon::moment::Moment;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent};

use crate::log::{self, Shown};

/// From the app's start to the arming.
const ARM_AFTER: Duration = Duration::from_millis(20);

/// Between two looks, and two attempts to arm, where inotify is not to be had.
const POLL: Duration = Duration::from_millis(500);

/// One file by more than its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

/// The watch over the shutdown file.
#[derive(Debug)]
pub struct ShutdownFile {
    path: PathBuf,
    name: OsString,
    folder: PathBuf,
    inotify: Option<Inotify>,
    arm_at: Moment,
    /// A file from before the start that could not be removed: no order.
    stale: Option<Mark>,
    complained: bool,
}

impl ShutdownFile {
    /// Removes what is there from before the start. Called before the app is started; armed later.
    #[must_use]
    pub fn prepare(path: &Path, now: Moment) -> Self {
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let name = path.file_name().unwrap_or_default().to_owned();
        let mut file = ShutdownFile {
            path: path.to_owned(),
            name,
            folder,
            inotify: None,
            arm_at: now + ARM_AFTER,
            stale: None,
            complained: false,
        };
        if file.mark().is_some() {
            log::info("a shutdown file from before the start is removed").with("path", Shown(path.display())).write();
            file.remove();
        }
        file
    }

    /// When to call [`ShutdownFile::arm`]; none: it is armed.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.inotify.is_none().then_some(self.arm_at)
    }

    /// Arms it if that is due, and says whether the file is there: what came before the arming is not told by it.
    pub fn arm(&mut self, now: Moment) -> bool {
        if self.inotify.is_some() || now < self.arm_at {
            return false;
        }
        match self.watch() {
            Ok(inotify) => self.inotify = Some(inotify),
            Err(error) => {
                self.arm_at = now + POLL;
                if !self.complained {
                    self.complained = true;
                    log::warn("the shutdown file is looked for twice a second: no inotify")
                        .with("folder", Shown(self.folder.display()))
                        .with("error", Shown(error))
                        .write();
                }
            }
        }
        self.is_there()
    }

    /// What to wait on, where it is armed.
    #[must_use]
    pub fn inotify(&self) -> Option<&Inotify> {
        self.inotify.as_ref()
    }

    /// Takes in what inotify tells and says whether the file is there. A folder that was moved, deleted or unmounted is
    /// watched anew at once, if it is there again.
    pub fn told(&mut self, now: Moment) -> bool {
        let Some(inotify) = &self.inotify else { return false };
        let (mut about_file, mut lost) = (false, false);
        loop {
            match inotify.read_events() {
                Ok(events) => {
                    about_file |= events.iter().any(|event| self.is_about_file(event));
                    lost |= events.iter().any(is_about_folder);
                }
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(_) => {
                    lost = true;
                    break;
                }
            }
        }
        if lost {
            self.inotify = None;
            self.arm_at = now;
            return self.arm(now);
        }
        about_file && self.is_there()
    }

    /// Removes it: it was obeyed, or is stale. What cannot be removed is remembered and no order any more.
    pub fn remove(&mut self) {
        let removed = fs::remove_file(&self.path).or_else(|error| match fs::remove_dir(&self.path) {
            Ok(()) => Ok(()),
            Err(_) => Err(error),
        });
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                log::warn("the shutdown file cannot be removed")
                    .with("path", Shown(self.path.display()))
                    .with("error", Shown(error))
                    .write();
                self.stale = self.mark();
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn watch(&self) -> nix::Result<Inotify> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let what = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        inotify.add_watch(&self.folder, what)?;
        Ok(inotify)
    }

    fn is_about_file(&self, event: &InotifyEvent) -> bool {
        event.name.as_ref() == Some(&self.name)
    }

    fn is_there(&self) -> bool {
        self.mark().is_some_and(|mark| self.stale != Some(mark))
    }

    fn mark(&self) -> Option<Mark> {
        let found = fs::symlink_metadata(&self.path).ok()?;
        Some(Mark { device: found.dev(), inode: found.ino(), changed: (found.ctime(), found.ctime_nsec()) })
    }
}

/// The folder is not what it was, or events were lost.
fn is_about_folder(event: &InotifyEvent) -> bool {
    event.mask.intersects(
        AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_UNMOUNT
            | AddWatchFlags::IN_IGNORED
            | AddWatchFlags::IN_Q_OVERFLOW,
    )
}

#[cfg(test)]
mod tests;
