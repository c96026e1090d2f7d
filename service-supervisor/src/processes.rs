//! The processes below the supervisor, and what CPU they have used, by `/proc/<pid>/stat`.

use std::fs;
use std::time::Duration;

/// Milliseconds. In `/proc` time is told in hundredths of a second, whatever the kernel's own clock has.
const TICK: u64 = 10;

/// A process as the kernel tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its parent's number.
    pub parent: i32,
    /// CPU that it has used.
    pub used: Duration,
    /// CPU that those of its children had used that have ended and were waited for.
    pub ended_used: Duration,
}

/// All processes that can be seen; none: `/proc` cannot be read.
#[must_use]
pub fn all() -> Option<Vec<Process>> {
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    Some(these(fs::read_dir("/proc").ok()?.flatten().filter_map(number)))
}

/// Those of these numbers that have not ended meanwhile.
#[must_use]
pub fn these(pids: impl IntoIterator<Item = i32>) -> Vec<Process> {
    pids.into_iter().filter_map(|pid| read(&fs::read(format!("/proc/{pid}/stat")).ok()?)).collect()
}

/// The contents of `/proc/<pid>/stat`. The second field is a name in parentheses, with whatever bytes in it.
#[must_use]
pub fn read(stat: &[u8]) -> Option<Process> {
    let pid = std::str::from_utf8(stat.split(|byte| *byte == b' ').next()?).ok()?.parse().ok()?;
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = std::str::from_utf8(&stat[name_ends + 1..]).ok()?.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let mut times = fields.skip(9);
    let mut time = || Some(Duration::from_millis(times.next()?.parse::<u64>().ok()?.checked_mul(TICK)?));
    let used = time()?.checked_add(time()?)?;
    Some(Process { pid, parent, used, ended_used: time()?.checked_add(time()?)? })
}

/// Those of `all` that descend from `root`.
#[must_use]
pub fn below(root: i32, all: &[Process]) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    let mut next = 0;
    let mut parent = root;
    loop {
        let children = all.iter().filter(|process| process.parent == parent && process.pid != root);
        for child in children {
            // Numbers are used anew: what is read from a changing table may seem to be a circle.
            if !found.iter().any(|known| known.pid == child.pid) {
                found.push(*child);
            }
        }
        match found.get(next) {
            Some(process) => parent = process.pid,
            None => return found,
        }
        next += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT: &str = "17 (a b) c) S 1 17 17 0 -1 4194560 900 5 0 0 120 30 7 3 20 0 1 0 99 1 2 3";

    fn process(pid: i32, parent: i32) -> Process {
        Process { pid, parent, used: Duration::ZERO, ended_used: Duration::ZERO }
    }

    fn pids(processes: &[Process]) -> Vec<i32> {
        processes.iter().map(|process| process.pid).collect()
    }

    #[test]
    fn a_process_is_read_whatever_its_name_has_in_it() {
        let expected =
            Process { pid: 17, parent: 1, used: Duration::from_millis(1_500), ended_used: Duration::from_millis(100) };
        assert_eq!(read(STAT.as_bytes()), Some(expected));
        let mut odd = STAT.as_bytes().to_vec();
        odd[5] = 0xff;
        assert_eq!(read(&odd), Some(expected));
        for bad in ["", "17", "17 (a", "17 (a)", "17 (a) S 1 2 3", "x (a) S 1 17 17 0 -1 4194560 900 5 0 0 1 1 1 1"] {
            assert_eq!(read(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn children_of_children_are_found_and_nobody_else() {
        let all = [process(1, 0), process(5, 4), process(2, 1), process(9, 1), process(3, 2), process(4, 3)];
        assert_eq!(pids(&below(2, &all)), [3, 4, 5]);
        assert_eq!(pids(&below(7, &all)), [] as [i32; 0]);
    }

    #[test]
    fn this_process_is_below_its_parent() {
        let own = i32::try_from(std::process::id()).expect("a pid");
        let parent = nix::unistd::getppid().as_raw();
        assert!(pids(&below(parent, &all().expect("/proc"))).contains(&own));
    }

    proptest! {
        #[test]
        fn a_table_read_while_it_changed_makes_no_endless_search(pairs in prop::collection::vec((1i32..9, 0i32..9), 0..20)) {
            let all: Vec<Process> = pairs.into_iter().map(|(pid, parent)| process(pid, parent)).collect();
            let found = pids(&below(1, &all));
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!((once.len(), found.contains(&1)), (found.len(), false));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
