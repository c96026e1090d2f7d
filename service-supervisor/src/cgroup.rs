//! What the container's control group says: CPU time, memory, and their limits. Versions 1 and 2 of control groups.
//!
//! Only files are read, none is kept open, and nothing needs a privilege. What cannot be read is not known: there is no
//! guess from the machine's own numbers.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the kernel lists the control groups of this process, and where they are mounted.
const GROUPS: &str = "/proc/self/cgroup";
const MOUNTS: &str = "/proc/self/mountinfo";

/// A version 1 group without a limit has one of some exabytes.
const NO_LIMIT: u64 = 1 << 60;

/// The files of one control group.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cgroup {
    cpu: Option<Cpu>,
    memory: Option<Files>,
}

/// Where CPU time is counted, and where it is limited; version 1 may have two folders for it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cpu {
    counted: Files,
    limited: Option<PathBuf>,
}

/// A folder of control files.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Files {
    V1(PathBuf),
    V2(PathBuf),
}

/// The group's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes in use, less the file cache that would be given back at once.
    pub used: u64,
    /// Bytes it may use; none: the group has no limit of its own.
    pub limit: Option<u64>,
}

impl Cgroup {
    /// The group of this process; without `/proc` or control groups nothing will be known, and of the CPU nothing where
    /// it is counted for the whole machine: that says nothing about one container.
    #[must_use]
    pub fn find() -> Self {
        let group = match (fs::read_to_string(GROUPS), fs::read_to_string(MOUNTS)) {
            (Ok(groups), Ok(mounts)) => Cgroup::from(&groups, &mounts),
            _ => Cgroup::default(),
        };
        match group.is_of_the_machine() {
            true => Cgroup { cpu: None, ..group },
            false => group,
        }
    }

    /// The group that the kernel lists as these groups and mounts.
    #[must_use]
    pub fn from(groups: &str, mounts: &str) -> Self {
        let v1 = |controller| folder(groups, mounts, Some(controller)).filter(|folder| folder.is_dir());
        let v2 = folder(groups, mounts, None);
        // With both hierarchies mounted, a controller is in one of them.
        let in_v2 = |file| v2.clone().filter(|folder| folder.join(file).exists()).map(Files::V2);
        let cpu = match v1("cpuacct") {
            Some(counted) => Some(Cpu { counted: Files::V1(counted), limited: v1("cpu") }),
            None => in_v2("cpu.stat").map(|counted| Cpu { counted, limited: v2.clone() }),
        };
        let memory = v1("memory").map(Files::V1).or_else(|| in_v2("memory.current"));
        Cgroup { cpu, memory }
    }

    /// The CPU time that all processes of the group have used so far.
    #[must_use]
    pub fn cpu_used(&self) -> Option<Duration> {
        match &self.cpu.as_ref()?.counted {
            Files::V1(folder) => number(&folder.join("cpuacct.usage")).map(Duration::from_nanos),
            Files::V2(folder) => field(&folder.join("cpu.stat"), "usage_usec").map(Duration::from_micros),
        }
    }

    /// The CPU it may use, in thousandths of a core; none: the group has no limit of its own.
    #[must_use]
    pub fn cpu_limit(&self) -> Option<u64> {
        let Cpu { counted, limited } = self.cpu.as_ref()?;
        let folder = limited.as_ref()?;
        let (quota, period) = match counted {
            // Without a limit the quota is -1, which is no number here.
            Files::V1(_) => (number(&folder.join("cpu.cfs_quota_us"))?, number(&folder.join("cpu.cfs_period_us"))?),
            // "max 100000" is no limit.
            Files::V2(_) => {
                let text = fs::read_to_string(folder.join("cpu.max")).ok()?;
                let (quota, period) = text.trim().split_once(' ')?;
                (quota.parse().ok()?, period.parse().ok()?)
            }
        };
        quota.checked_mul(1000)?.checked_div(period)
    }

    /// Whether it is the root of all groups, which counts every process of the machine. The kernel gives a root alone, or
    /// all but a root, certain files.
    #[must_use]
    fn is_of_the_machine(&self) -> bool {
        match self.cpu.as_ref().map(|cpu| &cpu.counted) {
            Some(Files::V1(folder)) => folder.join("release_agent").exists(),
            Some(Files::V2(folder)) => !folder.join("cgroup.events").exists(),
            None => false,
        }
    }

    /// Its memory.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        let (folder, used, limit, cache) = match self.memory.as_ref()? {
            Files::V1(folder) => (folder, "memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file"),
            Files::V2(folder) => (folder, "memory.current", "memory.max", "inactive_file"),
        };
        let cache = field(&folder.join("memory.stat"), cache).unwrap_or_default();
        let limit = number(&folder.join(limit)).filter(|limit| *limit < NO_LIMIT);
        Some(Memory { used: number(&folder.join(used))?.saturating_sub(cache), limit })
    }
}

/// The folder of this process's group: of version 1 with that controller, or of version 2.
fn folder(groups: &str, mounts: &str, controller: Option<&str>) -> Option<PathBuf> {
    let has = |list: &str| match controller {
        Some(wanted) => list.split(',').any(|name| name == wanted),
        None => list.is_empty(),
    };
    let path = groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (list, path) = (parts.next()?, parts.next()?);
        has(list).then_some(path)
    })?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let fits = match (kind.next()?, controller) {
            ("cgroup2", None) => true,
            ("cgroup", Some(_)) => has(kind.nth(1)?),
            _ => false,
        };
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (mount.next()?, mount.next()?);
        fits.then(|| below(Path::new(point), root, path))
    })
}

/// A group's path is told from the root of the hierarchy. Where the mount begins further down, as a container's may, the
/// path says so or, without a namespace of control groups, names something outside of it: then the mount itself is it.
fn below(point: &Path, root: &str, path: &str) -> PathBuf {
    let rest = if root == "/" { Some(path) } else { path.strip_prefix(root) };
    let inside = rest.map(|rest| rest.trim_start_matches('/')).filter(|rest| !rest.is_empty());
    match inside.map(|rest| point.join(rest)) {
        Some(folder) if folder.is_dir() => folder,
        Some(_) | None => point.to_owned(),
    }
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The number behind `name` in a file of lines `name number`.
fn field(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests;
