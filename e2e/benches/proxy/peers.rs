//! Who is measured: how each is set, started and known to serve rightly.

mod settings;
mod start;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::binaries::released_proxy;

pub(crate) use self::start::load;
use crate::asked::Asked;
use crate::ending::{remove_at_end, watch_signals};
use crate::role;
use crate::running::{Running, raise_open_files, until};

/// Below those that the kernel gives to connections.
const FIRST_PORT: u16 = 21_000;

/// What the benchmark needs: a folder of its own that is removed in the end, the origin, and who is measured.
pub(crate) struct Bench {
    pub(crate) folder: PathBuf,
    pub(crate) rounds: usize,
    pub(crate) peers: Vec<Peer>,
    /// Which peers are not here.
    pub(crate) missing: Vec<String>,
    /// How many files each process may have open.
    pub(crate) open_files: u64,
    pub(crate) origin: SocketAddr,
    _origin: Running,
}

/// A proxy that can be started.
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
    Ours,
}

/// What a proxy speaks with callers.
#[derive(Clone, Copy)]
pub(crate) enum Way<'a> {
    /// HTTP/1.1 in the clear.
    Plain,
    /// HTTP/2 in the clear.
    Http2,
    /// HTTP/1.1 with TLS.
    Tls(&'a Certificate),
}

/// Where its files are.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Both in one.
    pub(crate) both: PathBuf,
}

/// A proxy that runs.
pub(crate) struct Started {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) running: Running,
    pub(crate) at: SocketAddr,
    /// From exec to the first connection.
    pub(crate) took: Duration,
}

impl Bench {
    pub(crate) fn prepare(asked: &Asked) -> Bench {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        assert!(cores > role::LOAD, "two cores are needed: one for the proxy, one for load and origin");
        let ours = released_proxy(asked.target.as_deref()).unwrap_or_else(|error| panic!("{error}"));
        let (mut peers, mut missing) = (vec![], vec![]);
        for (name, kind, package) in [("nginx", Kind::Nginx, "nginx-light"), ("HAProxy", Kind::Haproxy, "haproxy")] {
            match on_path(&name.to_lowercase()) {
                Some(program) => peers.push(Peer { name: name.to_owned(), program, kind }),
                None => {
                    missing.push(format!("{name} is not on the PATH (`apt-get install {package}`): no figures of it"));
                }
            }
        }
        peers.push(Peer { name: "proxy-sidecar".to_owned(), program: ours, kind: Kind::Ours });
        for (name, program) in &asked.proxies {
            peers.push(Peer { name: name.clone(), program: program.clone(), kind: Kind::Ours });
        }
        missing.iter().for_each(|missing| eprintln!("{missing}"));
        let open_files = raise_open_files();
        let folder = std::env::temp_dir().join(format!("bench-proxy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        remove_at_end(&folder);
        watch_signals();
        let origin = free_address();
        let running = Running::role("origin", &origin.to_string());
        until("the origin", || TcpStream::connect(origin).ok());
        Bench { folder, rounds: asked.rounds, peers, missing, open_files, origin, _origin: running }
    }

    /// What was measured with what.
    pub(crate) fn about(&self) -> String {
        let mut about = format!("{} rounds; one worker on one core; {}", self.rounds, self.machine());
        for peer in &self.peers {
            about += &format!("; {}", peer.version());
        }
        for peer in &self.peers {
            about += &format!("\n\n{}:\n```\n{}```", peer.name, peer.shown(self));
        }
        about
    }

    fn machine(&self) -> String {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processors.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("processor");
        format!("Linux {}, {model}", kernel.trim())
    }

    /// Starts all that speak so, and looks at one answer of each length byte by byte where it is in the clear.
    pub(crate) fn start_all(&self, way: Way) -> Vec<Started> {
        let speakers = self.peers.iter().filter(|peer| peer.speaks(way));
        let started: Vec<Started> = speakers.map(|peer| peer.start_with(self, way, &[])).collect();
        if matches!(way, Way::Plain) {
            started.iter().for_each(start::check);
        }
        started
    }

    /// For each peer what was found of it, if it was among those.
    pub(crate) fn columns(&self, of: &[Started], mut found: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        let at = |peer: &Peer| of.iter().position(|started| started.name == peer.name);
        self.peers.iter().map(|peer| at(peer).map(|at| std::mem::take(&mut found[at])).unwrap_or_default()).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An address that nobody listens at.
pub(crate) fn free_address() -> SocketAddr {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let addresses = std::iter::repeat_with(|| {
        SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT + NEXT.fetch_add(1, Ordering::Relaxed) % 10_000))
    });
    addresses.take(10_000).find(|at| TcpListener::bind(at).is_ok()).expect("a free port")
}

/// Where a program is.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_path_buf()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}
