//! Looks at the busy file: is it locked, when was it touched.
//!
//! A lock of `fcntl` is asked for, which disturbs nobody. Whether there is one of `flock` can only be tried, with a try
//! that is undone at once. Nothing here waits: a pipe in the file's place is not waited for either.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use crate::decide::busy::{FileSeen, Modified};
use crate::log;

/// The file.
#[derive(Debug)]
pub struct BusyFile {
    path: PathBuf,
    complained: bool,
}

impl BusyFile {
    /// At that path; it need not be there.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        BusyFile { path, complained: false }
    }

    /// Looks once. What cannot be told counts as locked: where evidence is missing, it is in use (rule S2).
    pub fn look(&mut self) -> FileSeen {
        match self.look_once() {
            Ok(seen) => {
                self.complained = false;
                seen
            }
            Err(error) => {
                if !self.complained {
                    self.complained = true;
                    log::warn("cannot look at the busy file; that counts as busy")
                        .with("path", self.path.display().to_string())
                        .with("error", error.to_string())
                        .write();
                }
                FileSeen { locked: true, modified: None }
            }
        }
    }

    fn look_once(&self) -> io::Result<FileSeen> {
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = match OpenOptions::new().read(true).custom_flags(flags.bits()).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileSeen::default()),
            Err(error) => return Err(error),
        };
        let about = file.metadata()?;
        let ago = |at: SystemTime| SystemTime::now().duration_since(at).unwrap_or(Duration::ZERO);
        let mark = about.mtime().wrapping_mul(1_000_000_000).wrapping_add(about.mtime_nsec());
        let modified = Some(Modified { mark, ago: ago(about.modified()?) });
        Ok(FileSeen { locked: is_locked(&file)?, modified })
    }
}

fn is_locked(file: &File) -> io::Result<bool> {
    Ok(has_record_lock(file)? || has_flock(file)?)
}

/// `fcntl` locks, those of an open file description included: asks which one a lock of the whole would run into.
fn has_record_lock(file: &File) -> io::Result<bool> {
    let mut lock = write_lock(0, 0);
    fcntl(file, FcntlArg::F_GETLK(&mut lock))?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}

/// A lock for writing of `length` bytes, 0 for all there ever are.
fn write_lock(start: libc::off_t, length: libc::off_t) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: length,
        l_pid: 0,
    }
}

fn has_flock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use nix::fcntl::FcntlArg;
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    /// A path that goes with the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("doze-busy-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).expect("a folder");
            Place(folder.join("busy"))
        }

        fn look(&self) -> FileSeen {
            BusyFile::new(self.0.clone()).look()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.parent().expect("its folder"));
        }
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing() {
        assert_eq!(Place::new("none").look(), FileSeen::default());
    }

    #[test]
    fn a_lock_by_flock_is_seen_while_it_is_held_shared_or_not() {
        let place = Place::new("flock");
        let file = File::create(&place.0).expect("created");
        assert!(!place.look().locked);
        file.lock().expect("locked");
        assert!(place.look().locked);
        file.unlock().expect("unlocked");
        file.lock_shared().expect("locked");
        assert!(place.look().locked);
        drop(file);
        assert!(!place.look().locked);
        // A look leaves no lock behind.
        File::open(&place.0).expect("opened").try_lock().expect("free");
    }

    #[test]
    fn a_lock_by_fcntl_on_a_part_of_the_file_is_seen() {
        let place = Place::new("fcntl");
        let file = File::create(&place.0).expect("created");
        let mut lock = write_lock(10, 5);
        // One of the open file: a lock of this process would be no obstacle to itself.
        fcntl(&file, FcntlArg::F_OFD_SETLK(&lock)).expect("locked");
        assert!(place.look().locked);
        lock.l_type = libc::F_UNLCK as libc::c_short;
        fcntl(&file, FcntlArg::F_OFD_SETLK(&lock)).expect("unlocked");
        assert!(!place.look().locked);
    }

    #[test]
    fn a_touch_changes_the_mark_and_a_time_in_the_future_is_now() {
        let place = Place::new("touch");
        let file = File::create(&place.0).expect("created");
        let at = |secs: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        file.set_modified(at(1_000)).expect("set");
        let old = place.look().modified.expect("there");
        assert!(old.ago > Duration::from_secs(1_000_000));
        file.set_modified(at(10_000_000_000)).expect("set");
        let ahead = place.look().modified.expect("there");
        assert_ne!(ahead.mark, old.mark);
        assert_eq!(ahead.ago, Duration::ZERO);
    }

    #[test]
    fn a_pipe_in_its_place_is_not_waited_for_and_what_cannot_be_told_is_busy() {
        let place = Place::new("pipe");
        mkfifo(&place.0, Mode::S_IRWXU).expect("made");
        assert!(!place.look().locked);
        let blocked = Place::new("blocked");
        std::fs::write(&blocked.0, "").expect("written");
        let below = BusyFile::new(blocked.0.join("below")).look();
        assert!(below.locked, "its folder is a file");
        std::fs::set_permissions(&blocked.0, std::fs::Permissions::from_mode(0o000)).expect("set");
        if !nix::unistd::geteuid().is_root() {
            assert!(blocked.look().locked);
        }
    }
}
