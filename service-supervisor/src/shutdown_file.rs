//! Notices the shutdown file: an order to sleep.
//!
//! By inotify, without polling, whatever becomes of its folder: made late, moved, replaced, or covered by a mount (of
//! which the kernel tells by `/proc/self/mountinfo`). Armed a moment after the start, as an armed instance makes the
//! exit of a short-lived command slower. Where inotify is not to be had, it looks every half second, says so once, and
//! goes back to inotify as soon as it can.

mod folders;
mod pace;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use daemon::moment::Moment;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};

use self::folders::{Folders, Told};
use self::pace::Pace;
use crate::log::{self, Shown};

/// From the app's start to the arming.
const ARM_AFTER: Duration = Duration::from_millis(20);

/// Between two looks, and two attempts to arm, where inotify is not to be had.
const POLL: Duration = Duration::from_millis(500);

/// Between two looks at the folders where the kernel does not tell of mounts (no `/proc`).
const WITHOUT_MOUNTS: Duration = Duration::from_secs(10);

/// One file by more than its name. A folder's own time is that of what happens in it, and is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    changed: Option<(i64, i64)>,
}

/// The watch over the shutdown file.
#[derive(Debug)]
pub struct ShutdownFile {
    path: PathBuf,
    tokens: Tokens,
    folders: Option<Folders>,
    mounts: Option<File>,
    folders_pace: Pace,
    mounts_pace: Pace,
    /// When to follow the folders (anew) and to look.
    watch_at: Option<Moment>,
    /// When to listen again to folders that told too often.
    folders_at: Option<Moment>,
    /// The same of the mounts.
    mounts_at: Option<Moment>,
    /// inotify is not to be had, and that was said.
    polls: bool,
    /// A file from before the start, or one that was obeyed, that could not be removed: no order.
    stale: Option<Mark>,
}

/// What it is waited for by.
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// inotify: call [`ShutdownFile::told`].
    pub folders: u64,
    /// The table of mounts: call [`ShutdownFile::mounts_changed`].
    pub mounts: u64,
}

impl ShutdownFile {
    /// Removes what is there from before the start. Called before the app is started; armed later.
    #[must_use]
    pub fn prepare(path: &Path, tokens: Tokens, now: Moment) -> Self {
        let mut file = ShutdownFile {
            path: path.to_owned(),
            tokens,
            folders: None,
            mounts: None,
            folders_pace: Pace::FOLDER,
            mounts_pace: Pace::MOUNTS,
            watch_at: Some(now + ARM_AFTER),
            folders_at: None,
            mounts_at: None,
            polls: false,
            stale: None,
        };
        if file.mark().is_some() {
            log::info("a shutdown file from before the start is removed").with("path", Shown(path.display())).write();
            file.remove();
        }
        file
    }

    /// When to call [`ShutdownFile::time_passed`]; none: there is nothing to do before something is told.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        [self.watch_at, self.folders_at, self.mounts_at].into_iter().flatten().min()
    }

    /// Does what is due, and says whether there is an order.
    pub fn time_passed(&mut self, epoll: &Epoll, now: Moment) -> bool {
        // What was told meanwhile is told then. It was waited for before; that there is no memory now is past helping.
        if self.folders_at.take_if(|at| *at <= now).is_some() {
            let _ = self.folders.as_ref().map(|folders| epoll.add(folders.inotify(), self.about_folders()));
        }
        if self.mounts_at.take_if(|at| *at <= now).is_some() {
            let _ = self.mounts.as_ref().map(|mounts| epoll.add(mounts, self.about_mounts()));
        }
        self.watch_at.is_some_and(|at| at <= now) && self.watch(epoll, now)
    }

    /// Takes in what inotify tells, and says whether there is an order. One whose file is gone again is one, too.
    pub fn told(&mut self, epoll: &Epoll, now: Moment) -> bool {
        let Some(folders) = &self.folders else { return false };
        let told = folders.read();
        self.folders_at = self.folders_pace.told(now);
        if self.folders_at.is_some() {
            // It is waited for, or nothing would have been told.
            let _ = epoll.delete(folders.inotify());
        }
        match told {
            Told::Nothing => false,
            Told::Appeared => true,
            Told::Doubt => self.watch(epoll, now),
        }
    }

    /// Takes in that something was mounted or unmounted, and says whether there is an order.
    pub fn mounts_changed(&mut self, epoll: &Epoll, now: Moment) -> bool {
        self.mounts_at = self.mounts_pace.told(now);
        if self.mounts_at.is_some() {
            let _ = self.mounts.as_ref().map(|mounts| epoll.delete(mounts));
        }
        self.watch(epoll, now)
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

    /// Watches the folders as they are now, and says whether the file is there: what came before is not told.
    fn watch(&mut self, epoll: &Epoll, now: Moment) -> bool {
        if self.mounts.is_none() {
            self.mounts = self.follow_mounts(epoll);
        }
        match self.follow_folders(epoll) {
            Ok(()) => {
                self.watch_at = self.mounts.is_none().then_some(now + WITHOUT_MOUNTS);
                if self.polls {
                    self.polls = false;
                    log::info("the shutdown file is watched by inotify again").write();
                }
            }
            Err(error) => {
                self.watch_at = Some(now + POLL);
                if !self.polls {
                    self.polls = true;
                    log::warn("the shutdown file is looked for twice a second: no inotify")
                        .with("path", Shown(self.path.display()))
                        .with("error", Shown(error))
                        .write();
                }
            }
        }
        self.is_there()
    }

    fn follow_folders(&mut self, epoll: &Epoll) -> nix::Result<()> {
        if let Some(folders) = &mut self.folders {
            return folders.follow();
        }
        let folders = Folders::open(&self.path)?;
        epoll.add(folders.inotify(), self.about_folders())?;
        self.folders.insert(folders).follow()
    }

    fn follow_mounts(&self, epoll: &Epoll) -> Option<File> {
        let mounts = File::open("/proc/self/mountinfo").ok()?;
        epoll.add(&mounts, self.about_mounts()).ok()?;
        Some(mounts)
    }

    fn about_folders(&self) -> EpollEvent {
        EpollEvent::new(EpollFlags::EPOLLIN, self.tokens.folders)
    }

    fn about_mounts(&self) -> EpollEvent {
        EpollEvent::new(EpollFlags::EPOLLPRI, self.tokens.mounts)
    }

    fn is_there(&self) -> bool {
        self.mark().is_some_and(|mark| self.stale != Some(mark))
    }

    fn mark(&self) -> Option<Mark> {
        let found = fs::symlink_metadata(&self.path).ok()?;
        let changed = (!found.is_dir()).then(|| (found.ctime(), found.ctime_nsec()));
        Some(Mark { device: found.dev(), inode: found.ino(), changed })
    }
}

#[cfg(test)]
mod tests;
