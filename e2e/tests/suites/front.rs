//! The proxy in front of an origin on this machine.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::binaries::Binaries;

pub(crate) struct Front {
    child: Child,
    pub(crate) at: SocketAddr,
}

impl Front {
    /// In front of what listens there, or will.
    pub(crate) fn of(origin: SocketAddr, arguments: &[&str]) -> Front {
        let mut child = Command::new(Binaries::for_tests().path("proxy-sidecar"))
            .args(["--mode", "resident", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--backend", &origin.to_string(), "--health-path", "tcp", "--health-interval", "100ms"])
            // Nobody listens there: the origin has no supervisor.
            .args(["--status-port", &free().port().to_string()])
            .args(arguments)
            .env("SERVICE_NAME", "demo")
            .env("LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the proxy starts");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut lines = lines.map_while(Result::ok).inspect(|line| println!("{line}"));
        let started = lines.by_ref().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).ok()?;
            (line["message"] == "proxy started").then(|| line["listen"].as_str().map(str::to_owned)).flatten()
        });
        let at = started.expect("it starts").parse().expect("an address");
        std::thread::spawn(move || lines.for_each(drop));
        Front { child, at }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// Fails where it has ended.
    pub(crate) fn expect_running(&mut self) {
        assert_eq!(self.child.try_wait().expect("a child"), None, "the proxy ended");
    }

    /// The proxy's own memory in KiB: heap and stacks. What the kernel keeps for sockets is not in it, nor is the
    /// program's file, whose share (`Pss`) grows whenever another proxy that maps it ends.
    pub(crate) fn memory_kib(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).expect("it runs");
        let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address where nobody listens: it was free a moment ago.
pub(crate) fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// How long something takes.
pub(crate) fn time(what: impl FnOnce()) -> Duration {
    let since = Instant::now();
    what();
    since.elapsed()
}
