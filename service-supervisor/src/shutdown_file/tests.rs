use nix::sys::epoll::{EpollCreateFlags, EpollTimeout};

use super::*;

const TOKENS: Tokens = Tokens { folders: 1, mounts: 2 };
const NOW: Moment = Moment::millis(1000);

/// A folder of its own, and a shutdown file in it that is waited for as the supervisor waits.
struct Rig {
    root: PathBuf,
    epoll: Epoll,
    file: ShutdownFile,
}

impl Rig {
    /// For the file at `path` below a new folder, in which `before` makes what is there at the start.
    fn new(name: &str, path: &str, before: impl FnOnce(&Path) -> io::Result<()>) -> Self {
        let root = std::env::temp_dir().join(format!("doze-shutdown-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).expect("folder");
        before(&root).expect("what is there before");
        let file = ShutdownFile::prepare(&root.join(path), TOKENS, Moment::START);
        Rig { root, epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll"), file }
    }

    fn armed(name: &str, path: &str, before: impl FnOnce(&Path) -> io::Result<()>) -> Self {
        let mut rig = Rig::new(name, path, before);
        assert!(!rig.file.time_passed(&rig.epoll, Moment::millis(20)), "nothing is there yet");
        assert_eq!(rig.file.deadline(), None, "it is told, and does not poll");
        rig
    }

    /// Whether what the kernel tells by `now` is an order.
    fn sees(&mut self, now: Moment) -> bool {
        let mut order = false;
        loop {
            let mut ready = [EpollEvent::empty(); 4];
            let count = self.epoll.wait(&mut ready, EpollTimeout::ZERO).expect("epoll");
            for event in &ready[..count] {
                order |= match event.data() {
                    token if token == TOKENS.folders => self.file.told(&self.epoll, now),
                    _ => self.file.mounts_changed(&self.epoll, now),
                };
            }
            if count == 0 {
                return order;
            }
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn nothing(_: &Path) -> io::Result<()> {
    Ok(())
}

fn touch(path: impl AsRef<Path>) {
    fs::write(path, "").expect("touch");
}

#[test]
fn a_file_from_before_the_start_is_removed_and_is_no_order() {
    let mut rig = Rig::armed("stale", "shutdown", |root| fs::write(root.join("shutdown"), ""));
    assert!(!rig.root.join("shutdown").exists());
    assert!(!rig.sees(NOW));
}

#[test]
fn what_is_there_from_before_the_start_and_cannot_be_removed_is_no_order() {
    let mut rig = Rig::armed("unremovable", "shutdown", |root| fs::create_dir_all(root.join("shutdown/full")));
    touch(rig.root.join("shutdown/other"));
    assert!(!rig.file.mounts_changed(&rig.epoll, NOW), "what happens in it makes it none");
    touch(rig.root.join("new"));
    fs::rename(rig.root.join("shutdown"), rig.root.join("away")).expect("moved");
    fs::rename(rig.root.join("new"), rig.root.join("shutdown")).expect("moved");
    assert!(rig.sees(NOW), "another file is");
}

#[test]
fn a_file_that_came_before_the_arming_is_seen() {
    let mut rig = Rig::new("early", "shutdown", nothing);
    touch(rig.root.join("shutdown"));
    assert!(!rig.file.time_passed(&rig.epoll, Moment::millis(19)), "not armed yet");
    assert!(rig.file.time_passed(&rig.epoll, Moment::millis(20)));
}

#[test]
fn created_renamed_linked_and_made_as_a_folder_are_all_seen_and_removed() {
    let mut rig = Rig::armed("kinds", "shutdown", nothing);
    let (path, other) = (rig.root.join("shutdown"), rig.root.join("other"));
    let ways: [&dyn Fn() -> io::Result<()>; 5] = [
        &|| fs::write(&path, ""),
        &|| fs::write(&other, "").and_then(|()| fs::rename(&other, &path)),
        &|| std::os::unix::fs::symlink("/nowhere", &path),
        &|| fs::write(&other, "").and_then(|()| fs::hard_link(&other, &path)),
        &|| fs::create_dir(&path),
    ];
    for (number, way) in ways.iter().enumerate() {
        assert!(!rig.sees(NOW), "before way {number}");
        way().expect("made");
        assert!(rig.sees(NOW), "way {number} was not seen");
        rig.file.remove();
        assert!(fs::symlink_metadata(&path).is_err(), "way {number} was not removed");
    }
}

#[test]
fn a_file_that_is_gone_again_was_an_order_all_the_same() {
    let mut rig = Rig::armed("gone", "shutdown", nothing);
    touch(rig.root.join("shutdown"));
    fs::remove_file(rig.root.join("shutdown")).expect("removed");
    assert!(rig.sees(NOW));
}

#[test]
fn other_files_in_a_busy_folder_are_nothing_and_wake_it_seldom() {
    let mut rig = Rig::armed("busy", "shutdown", nothing);
    let mut wakes = 0;
    for number in 0..2_000 {
        // Ten seconds of them.
        let now = NOW + Duration::from_millis(5 * number);
        touch(rig.root.join(number.to_string()));
        if rig.file.deadline().is_some_and(|at| at <= now) {
            assert!(!rig.file.time_passed(&rig.epoll, now));
        }
        let mut ready = [EpollEvent::empty(); 4];
        if rig.epoll.wait(&mut ready, EpollTimeout::ZERO).expect("epoll") > 0 {
            wakes += 1;
            assert!(!rig.file.told(&rig.epoll, now));
        }
    }
    assert!((10..=31).contains(&wakes), "{wakes} wake-ups");
    touch(rig.root.join("shutdown"));
    let rested = rig.file.deadline().expect("it listens again soon");
    assert!(rested <= NOW + Duration::from_millis(10_500));
    rig.file.time_passed(&rig.epoll, rested);
    assert!(rig.sees(rested), "an order among them is seen then");
}

#[test]
fn an_order_is_seen_though_the_kernels_queue_has_overflown() {
    let mut rig = Rig::armed("overflow", "shutdown", nothing);
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("/proc");
    let limit: u32 = limit.trim().parse().expect("a number");
    touch(rig.root.join("other"));
    for number in 0..=limit {
        fs::hard_link(rig.root.join("other"), rig.root.join(number.to_string())).expect("made");
    }
    touch(rig.root.join("shutdown"));
    assert!(rig.sees(NOW));
}

#[test]
fn a_folder_that_is_missing_is_watched_for_without_polling() {
    let mut rig = Rig::armed("missing", "one/two/shutdown", nothing);
    fs::create_dir_all(rig.root.join("one/two")).expect("folders");
    assert!(!rig.sees(NOW));
    touch(rig.root.join("one/two/shutdown"));
    assert!(rig.sees(NOW));
    rig.file.remove();
    fs::remove_dir_all(rig.root.join("one")).expect("removed");
    assert!(!rig.sees(NOW));
    fs::create_dir_all(rig.root.join("one/two/shutdown")).expect("folders");
    assert!(rig.sees(NOW), "made all at once");
}

#[test]
fn a_folder_that_is_replaced_is_watched_at_once_whichever_it_is() {
    for (replaced, name) in [("one/two", "replaced"), ("one", "replaced-above")] {
        let mut rig = Rig::armed(name, "one/two/shutdown", |root| fs::create_dir_all(root.join("one/two")));
        fs::rename(rig.root.join(replaced), rig.root.join("away")).expect("moved");
        assert!(!rig.sees(NOW));
        fs::create_dir_all(rig.root.join("one/two")).expect("folders");
        assert!(!rig.sees(NOW));
        touch(rig.root.join("one/two/shutdown"));
        assert!(rig.sees(NOW), "in the new {replaced}");
        rig.file.remove();
        assert!(!rig.sees(NOW));
        let old = if replaced == "one" { "away/two/shutdown" } else { "away/shutdown" };
        touch(rig.root.join(old));
        assert!(!rig.sees(NOW), "the old one is not watched any more");
    }
}

#[test]
fn a_folder_that_is_a_link_is_watched_where_it_leads() {
    let link = |root: &Path, to: &str| std::os::unix::fs::symlink(root.join(to), root.join("next"));
    let mut rig = Rig::armed("link", "link/shutdown", |root| {
        fs::create_dir(root.join("a"))?;
        fs::create_dir(root.join("b"))?;
        link(root, "a")?;
        fs::rename(root.join("next"), root.join("link"))
    });
    link(&rig.root, "b").expect("link");
    fs::rename(rig.root.join("next"), rig.root.join("link")).expect("renamed");
    assert!(!rig.sees(NOW));
    touch(rig.root.join("a/shutdown"));
    assert!(!rig.sees(NOW));
    touch(rig.root.join("b/shutdown"));
    assert!(rig.sees(NOW));
}

#[test]
fn where_the_folder_cannot_be_watched_it_polls_until_it_can() {
    let mut rig =
        Rig::new("loop", "link/shutdown", |root| std::os::unix::fs::symlink(root.join("link"), root.join("link")));
    assert!(!rig.file.time_passed(&rig.epoll, Moment::millis(20)));
    assert_eq!(rig.file.deadline(), Some(Moment::millis(520)), "a link to itself leads nowhere");
    fs::remove_file(rig.root.join("link")).expect("removed");
    fs::create_dir_all(rig.root.join("link/shutdown")).expect("folders");
    assert!(rig.file.time_passed(&rig.epoll, Moment::millis(520)));
    assert_eq!(rig.file.deadline(), None);
}
