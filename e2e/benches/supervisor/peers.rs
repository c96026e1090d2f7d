//! Who is measured, and the app that they run.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::binaries::shipped_supervisor;

pub(crate) const OURS: &str = "service-supervisor";

/// The app alone: a program of musl's, and one of glibc's, as tini (static) is. glibc asks the processor what it can do
/// by some forty CPUID instructions, each of which costs microseconds in a virtual machine and next to nothing elsewhere.
pub(crate) const BARE: &str = "bare exec (musl)";
pub(crate) const BARE_GLIBC: &str = "bare exec (glibc)";

/// The least that a supervisor can be.
pub(crate) const LEAST: &str = "the least supervisor";

/// What the benchmark needs on disk.
pub(crate) struct Bench {
    /// A folder of its own, removed in the end.
    pub(crate) folder: PathBuf,
    /// The app.
    pub(crate) child: PathBuf,
    /// The same with the C library that tini (static) has.
    pub(crate) child_of_glibc: PathBuf,
    least: PathBuf,
    /// The supervisor that ships.
    pub(crate) supervisor: PathBuf,
}

/// A program that runs another.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// It and its options, up to the command.
    pub(crate) words: Vec<String>,
    /// The static app that it runs.
    pub(crate) app: PathBuf,
}

impl Bench {
    pub(crate) fn prepare() -> Bench {
        let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
        let supervisor = shipped_supervisor(&target).unwrap_or_else(|error| panic!("{error}"));
        let folder = std::env::temp_dir().join(format!("bench-supervisor-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let child = compiled(&folder, "child", "child", &target);
        let glibc = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let child_of_glibc = compiled(&folder, "child-of-glibc", "child", &glibc);
        let least = compiled(&folder, "least", "least", &target);
        Bench { folder, child, child_of_glibc, least, supervisor }
    }

    /// The supervisor, with an address of its own.
    pub(crate) fn ours(&self, address: &str, options: &[&str]) -> Vec<String> {
        let mut words = vec![self.supervisor.display().to_string()];
        words.extend(["--listen".into(), format!("{address}:9051"), "--app-address".into(), address.into()]);
        words.extend(["--shutdown-file".into(), self.shutdown_file(address).display().to_string()]);
        words.extend(options.iter().map(|option| (*option).to_owned()));
        words.push("--".into());
        words
    }

    /// The shutdown file of the supervisor at `address`, in a folder of its own.
    pub(crate) fn shutdown_file(&self, address: &str) -> PathBuf {
        let folder = self.folder.join(address);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder.join("shutdown")
    }

    /// Nobody, we, and the peers that are here.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        let peer = |name, words| Peer { name, words, app: self.child.clone() };
        let mut peers = vec![
            peer(BARE, vec![]),
            Peer { name: BARE_GLIBC, words: vec![], app: self.child_of_glibc.clone() },
            peer(LEAST, vec![self.least.display().to_string(), "--".into()]),
            peer(OURS, self.ours("127.203.0.1", &[])),
        ];
        for name in ["tini-static", "tini", "dumb-init", "catatonit"] {
            match on_path(name) {
                Some(path) => peers.push(peer(name, vec![path.display().to_string(), "--".into()])),
                None => println!("{name} is not on the PATH: no figures of it"),
            }
        }
        peers
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Compiles a program of the benchmark's, statically.
fn compiled(folder: &Path, name: &str, source: &str, target: &str) -> PathBuf {
    let program = folder.join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/supervisor").join(source).with_extension("rs");
    let rustc = Command::new("rustc")
        .args(["--edition", "2024", "-O", "-Cpanic=abort", "-Cstrip=symbols", "-Ctarget-feature=+crt-static"])
        .args(["-Crelocation-model=static", "--target", target, "-o"])
        .args([&program, &source])
        .status();
    assert!(rustc.is_ok_and(|status| status.success()), "{name} does not build");
    program
}

/// Where a program is.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
