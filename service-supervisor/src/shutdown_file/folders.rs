//! inotify on the way to a file: its folder, and every folder above.
//!
//! Only for what comes into being and for folders that go: writes in a busy folder do not wake us. One instance for
//! all its life: closing one waits for the kernel, by up to 32 ms.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

/// What is told of a folder in which a name is awaited.
const AWAITED: AddWatchFlags = AddWatchFlags::IN_CREATE.union(AddWatchFlags::IN_MOVED_TO).union(PASSED);

/// What is told of a folder on the way to another.
const PASSED: AddWatchFlags = GONE.union(AddWatchFlags::IN_ONLYDIR);

/// The folder is no longer what is at its path.
const GONE: AddWatchFlags = AddWatchFlags::IN_DELETE_SELF
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_UNMOUNT)
    .union(AddWatchFlags::IN_IGNORED);

/// Reads at a time, so that a folder in which files appear faster than they are read holds nothing up. More than the
/// kernel's queue holds.
const MOST_READS: usize = 256;

/// What was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing that matters.
    Nothing,
    /// The file was made, or something was renamed onto it. It may be gone again.
    Appeared,
    /// A folder on the way has changed, or events were lost: follow the way anew and look.
    Doubt,
}

/// The folders on the way to one file.
#[derive(Debug)]
pub(super) struct Folders {
    inotify: Inotify,
    /// From the root down, each with the name that is awaited in it.
    way: Vec<(PathBuf, OsString)>,
    /// As far as they exist and may be watched.
    watches: Vec<Option<WatchDescriptor>>,
}

impl Folders {
    /// On the way to `file`; nothing is watched before [`Folders::follow`].
    ///
    /// # Errors
    /// When there is no inotify instance to be had.
    pub(super) fn open(file: &Path) -> nix::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        Ok(Folders { inotify, way: way(file), watches: Vec::new() })
    }

    /// What to wait on.
    pub(super) fn inotify(&self) -> &Inotify {
        &self.inotify
    }

    /// Watches what is at each path now, as far down as there is something.
    ///
    /// # Errors
    /// When the last folder that is there cannot be watched.
    pub(super) fn follow(&mut self) -> nix::Result<()> {
        let (mut watches, mut last) = (Vec::with_capacity(self.way.len()), Ok(()));
        // Downwards, so that a folder that is made meanwhile is told of by the one above.
        for (place, (folder, _)) in self.way.iter().enumerate() {
            match self.inotify.add_watch(folder, AWAITED) {
                Ok(watch) => {
                    watches.push(Some(watch));
                    last = Ok(());
                    self.pass(place);
                }
                Err(Errno::ENOENT | Errno::ENOTDIR) => break,
                Err(error) => {
                    watches.push(None);
                    last = Err(error);
                }
            }
        }
        // The kernel gives a folder that was watched already its old number.
        let before = std::mem::replace(&mut self.watches, watches);
        for old in before.into_iter().filter(|old| !self.watches.contains(old)).flatten() {
            // It fails for a folder that is gone, whose watch the kernel has removed.
            let _ = self.inotify.rm_watch(old);
        }
        last
    }

    /// The folder above one that is watched need not tell what is made in it: a folder tells itself when it goes. A link
    /// does not.
    fn pass(&self, place: usize) {
        let above = place.checked_sub(1).and_then(|above| self.way.get(above));
        let (Some((above, _)), Some((folder, _))) = (above, self.way.get(place)) else { return };
        if fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()) {
            // Where it fails, it tells more than it need.
            let _ = self.inotify.add_watch(above, PASSED);
        }
    }

    /// Takes in what inotify has to tell.
    pub(super) fn read(&self) -> Told {
        let mut told = Told::Nothing;
        for _ in 0..MOST_READS {
            match self.inotify.read_events() {
                Ok(events) => {
                    for event in &events {
                        match (self.meaning(event), told) {
                            (Told::Nothing, _) | (_, Told::Appeared) => {}
                            (meaning, Told::Nothing | Told::Doubt) => told = meaning,
                        }
                    }
                }
                Err(Errno::EAGAIN) => return told,
                Err(Errno::EINTR) => {}
                Err(_) => return Told::Doubt,
            }
        }
        told
    }

    fn meaning(&self, event: &InotifyEvent) -> Told {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return Told::Doubt;
        }
        // None: of a watch that was removed.
        let Some(place) = self.watches.iter().position(|watch| *watch == Some(event.wd)) else { return Told::Nothing };
        let awaited = self.way.get(place).map(|(_, name)| name.as_os_str());
        if event.mask.intersects(GONE) {
            Told::Doubt
        } else if event.name.as_deref() != awaited {
            Told::Nothing
        } else if place + 1 == self.way.len() {
            Told::Appeared
        } else {
            Told::Doubt
        }
    }
}

/// The folders from the root down to that of `file`, each with the next name.
fn way(file: &Path) -> Vec<(PathBuf, OsString)> {
    let step = |path: &Path| Some((path.parent()?.to_owned(), path.file_name().map(OsStr::to_owned)?));
    let mut way: Vec<_> = file.ancestors().filter_map(step).collect();
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_from_the_root_to_the_file() {
        let steps = way(Path::new("/run/doze/shutdown"));
        let names: Vec<_> = steps.iter().map(|(folder, name)| (folder.to_str(), name.to_str())).collect();
        let expected = [("/", "run"), ("/run", "doze"), ("/run/doze", "shutdown")];
        assert_eq!(names, expected.map(|(folder, name)| (Some(folder), Some(name))));
    }
}
