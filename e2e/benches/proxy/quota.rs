//! A control group with a quarter of a CPU, made where this machine has them and lets us.

use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

use crate::ending::remove_at_end;

/// In microseconds: those of a period, as the kernel has it by itself, and a quarter of them.
const PERIOD: &str = "100000";
const QUARTER: &str = "25000";

/// Exists until it is dropped; what is in it must have ended by then.
pub(crate) struct Quota(PathBuf);

impl Quota {
    pub(crate) fn a_quarter_for(pids: &[Pid], name: &str) -> Result<Quota, String> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").map_err(|error| error.to_string())?;
        let (folder, version) = hierarchy(&mounts).ok_or("no hierarchy of control groups with a processor quota")?;
        let group = folder.join(name);
        Quota::make(&folder, group.clone(), version, pids).map_err(|error| format!("{}: {error}", group.display()))
    }

    fn make(folder: &Path, group: PathBuf, version: Version, pids: &[Pid]) -> io::Result<Quota> {
        if version == Version::Two {
            std::fs::write(folder.join("cgroup.subtree_control"), "+cpu")?;
        }
        std::fs::create_dir(&group)?;
        remove_at_end(&group);
        let quota = Quota(group);
        match version {
            Version::One => {
                std::fs::write(quota.0.join("cpu.cfs_period_us"), PERIOD)?;
                std::fs::write(quota.0.join("cpu.cfs_quota_us"), QUARTER)?;
            }
            Version::Two => std::fs::write(quota.0.join("cpu.max"), format!("{QUARTER} {PERIOD}"))?,
        }
        pids.iter().try_for_each(|pid| std::fs::write(quota.0.join("cgroup.procs"), pid.to_string()))?;
        Ok(quota)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

/// Where the groups are that have quotas.
fn hierarchy(mounts: &str) -> Option<(PathBuf, Version)> {
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (folder, kind, options) = (PathBuf::from(words.next()?), words.next()?, words.next()?);
        match kind {
            "cgroup" if options.split(',').any(|option| option == "cpu") => Some((folder, Version::One)),
            "cgroup2" => {
                let controllers = std::fs::read_to_string(folder.join("cgroup.controllers")).ok()?;
                controllers.split_ascii_whitespace().any(|one| one == "cpu").then_some((folder, Version::Two))
            }
            _ => None,
        }
    })
}
