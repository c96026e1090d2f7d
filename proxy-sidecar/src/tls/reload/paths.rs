//! Which directories to watch so that no way of replacing a file is missed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows in one path (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// The directories in which a change can change what `path` names: that of the file, and those of all links on the way
/// to it. A secret mounted by Kubernetes is replaced by turning a link (`..data`) beside the file.
///
/// Where something on the way is missing, the directory in which it would appear is the last.
pub(super) fn directories(path: &Path) -> BTreeSet<PathBuf> {
    let mut directories = BTreeSet::new();
    let mut links = 0;
    // What is left to walk, the next part last.
    let mut rest = parts(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    let mut at = PathBuf::from("/");
    while let Some(part) = rest.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        match std::fs::read_link(&next) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                directories.insert(at.clone());
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                rest.extend(parts(&target));
            }
            _ if rest.is_empty() || !next.exists() => {
                directories.insert(at);
                break;
            }
            _ => at = next,
        }
    }
    directories
}

/// The parts of a path below its root, the last first.
fn parts(path: &Path) -> Vec<OsString> {
    let part = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    path.components().rev().filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory of its own, gone at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Scratch {
            let path = std::env::temp_dir().join(format!("paths-{}", uuid::Uuid::new_v4()));
            fs::create_dir(&path).expect("made");
            Scratch(path.canonicalize().expect("there"))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn watched(scratch: &Scratch, path: &str) -> Vec<String> {
        let below = |path: PathBuf| path.strip_prefix(&scratch.0).map(|path| path.display().to_string());
        directories(&scratch.0.join(path)).into_iter().map(|path| below(path).expect("below")).collect()
    }

    #[test]
    fn a_plain_file_is_watched_in_its_directory() {
        let scratch = Scratch::new();
        fs::create_dir(scratch.0.join("a")).expect("made");
        fs::write(scratch.0.join("a/key"), "").expect("written");
        assert_eq!(watched(&scratch, "a/key"), ["a"]);
    }

    #[test]
    fn a_mounted_secret_is_watched_where_its_link_is_turned() {
        let scratch = Scratch::new();
        fs::create_dir_all(scratch.0.join("mount/..2026_1")).expect("made");
        fs::write(scratch.0.join("mount/..2026_1/key"), "").expect("written");
        symlink("..2026_1", scratch.0.join("mount/..data")).expect("linked");
        symlink("..data/key", scratch.0.join("mount/key")).expect("linked");
        assert_eq!(watched(&scratch, "mount/key"), ["mount", "mount/..2026_1"]);
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_watched_at_both_ends() {
        let scratch = Scratch::new();
        for directory in ["live/shop", "archive/shop"] {
            fs::create_dir_all(scratch.0.join(directory)).expect("made");
        }
        fs::write(scratch.0.join("archive/shop/key1"), "").expect("written");
        symlink("../../archive/shop/key1", scratch.0.join("live/shop/key")).expect("linked");
        assert_eq!(watched(&scratch, "live/shop/key"), ["archive/shop", "live/shop"]);
    }

    #[test]
    fn what_is_missing_is_waited_for_where_it_would_appear() {
        let scratch = Scratch::new();
        assert_eq!(watched(&scratch, "a/b/key"), [""]);
        fs::create_dir(scratch.0.join("a")).expect("made");
        assert_eq!(watched(&scratch, "a/b/key"), ["a"]);
    }

    #[test]
    fn links_that_lead_in_a_circle_end() {
        let scratch = Scratch::new();
        symlink("b", scratch.0.join("a")).expect("linked");
        symlink("a", scratch.0.join("b")).expect("linked");
        assert_eq!(watched(&scratch, "a"), [""]);
    }
}
