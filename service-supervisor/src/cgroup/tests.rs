use super::*;

/// A folder of control files that goes with the test.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("doze-cgroup-{name}-{}", std::process::id()));
        for (path, text) in files {
            let file = root.join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }
        Tree(root)
    }

    /// What the kernel would list with the hierarchies mounted here.
    fn group(&self, groups: &str, mounts: &str) -> Cgroup {
        Cgroup::from(groups, &mounts.replace("ROOT", &self.0.display().to_string()))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const MIB: u64 = 1024 * 1024;

#[test]
fn a_container_with_version_2_is_told_its_cpu_and_memory_and_their_limits() {
    let tree = Tree::new(
        "v2",
        &[
            ("cpu.stat", "usage_usec 2500000\nuser_usec 1\n"),
            ("cpu.max", "25000 100000\n"),
            ("memory.current", "104857600\n"),
            ("memory.max", "536870912\n"),
            ("memory.stat", "anon 1\ninactive_file 4194304\n"),
        ],
    );
    let group = tree.group("0::/\n", "31 23 0:28 / ROOT rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
    assert_eq!(group.cpu_used(), Some(Duration::from_millis(2_500)));
    assert_eq!(group.cpu_limit(), Some(250));
    assert_eq!(group.memory(), Some(Memory { used: 96 * MIB, limit: Some(512 * MIB) }));
}

#[test]
fn a_container_with_version_1_is_told_the_same_from_several_folders() {
    let tree = Tree::new(
        "v1",
        &[
            ("cpuacct/cpuacct.usage", "2500000000\n"),
            ("cpu/cpu.cfs_quota_us", "-1\n"),
            ("cpu/cpu.cfs_period_us", "100000\n"),
            ("memory/memory.usage_in_bytes", "1048576\n"),
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/memory.stat", "inactive_file 1\ntotal_inactive_file 0\n"),
            ("unified/cgroup.procs", ""),
        ],
    );
    // Outside of a namespace of control groups the path is the host's, and the mount begins there.
    let groups = "4:memory:/docker/abc\n2:cpuacct:/docker/abc\n1:cpu:/docker/abc\n0::/\n";
    let mounts = "\
        32 31 0:29 /docker/abc ROOT/cpu ro - cgroup cgroup rw,cpu\n\
        33 31 0:30 /docker/abc ROOT/cpuacct ro - cgroup cgroup rw,cpuacct\n\
        35 31 0:32 /docker/abc ROOT/memory ro - cgroup cgroup rw,memory\n\
        41 31 0:38 / ROOT/unified rw - cgroup2 cgroup2 rw\n";
    let group = tree.group(groups, mounts);
    assert_eq!(group.cpu_used(), Some(Duration::from_millis(2_500)));
    assert_eq!(group.cpu_limit(), None);
    assert_eq!(group.memory(), Some(Memory { used: MIB, limit: None }));
}

#[test]
fn the_folder_of_a_group_is_below_its_mount_and_the_mount_itself_where_it_is_not() {
    let tree = Tree::new("below", &[("app.slice/web/cpu.stat", "usage_usec 7\n"), ("cpu.stat", "usage_usec 9\n")]);
    let mounts = "1 1 0:1 / ROOT rw - cgroup2 cgroup2 rw\n";
    assert_eq!(tree.group("0::/app.slice/web\n", mounts).cpu_used(), Some(Duration::from_micros(7)));
    assert_eq!(tree.group("0::/of/the/host\n", mounts).cpu_used(), Some(Duration::from_micros(9)));
}

#[test]
fn what_cannot_be_read_is_not_known() {
    let nothing = Cgroup::from("", "");
    assert_eq!((nothing.cpu_used(), nothing.cpu_limit(), nothing.memory()), (None, None, None));
    let tree = Tree::new("odd", &[("cpu.stat", "usage_usec many\n"), ("cpu.max", "max 100000\n")]);
    let group = tree.group("0::/\n", "1 1 0:1 / ROOT rw - cgroup2 cgroup2 rw\n");
    assert_eq!((group.cpu_used(), group.cpu_limit(), group.memory()), (None, None, None));
}

#[test]
fn a_group_of_the_whole_machine_is_told_from_a_containers() {
    let v2 = "1 1 0:1 / ROOT rw - cgroup2 cgroup2 rw\n";
    let v1 = "1 1 0:1 / ROOT rw - cgroup cgroup rw,cpu,cpuacct\n";
    let machine =
        |name, files: &[(&str, &str)], groups, mounts| Tree::new(name, files).group(groups, mounts).is_of_the_machine();
    assert!(machine("root2", &[("cpu.stat", "")], "0::/\n", v2));
    assert!(!machine("own2", &[("cpu.stat", ""), ("cgroup.events", "")], "0::/\n", v2));
    assert!(machine("root1", &[("release_agent", "")], "1:cpu,cpuacct:/\n", v1));
    assert!(!machine("own1", &[("cpuacct.usage", "")], "1:cpu,cpuacct:/\n", v1));
}
