//! Starts a proxy, sees that it serves rightly, and gives it load.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use super::{Bench, Kind, Peer, Started, Way, free_address};
use crate::origin::{ANSWERS, byte};
use crate::plan::{Plan, Report};
use crate::running::{Running, until};
use crate::{park, role};

impl Peer {
    pub(crate) fn speaks(&self, way: Way) -> bool {
        let help = || Command::new(&self.program).arg("--help").output().expect("its help").stdout;
        match (self.kind, way) {
            (Kind::Ours, Way::Tls(_)) => String::from_utf8_lossy(&help()).contains("--tls-listen"),
            (Kind::Nginx | Kind::Haproxy | Kind::Ours, _) => true,
        }
    }

    /// Starts it on the proxies' core, behind other words, and waits until it listens.
    pub(crate) fn start_with(&self, bench: &Bench, way: Way, before: &[String]) -> Started {
        let at = free_address();
        let log = bench.folder.join(format!("{}-{}.log", self.name, at.port()));
        let mut words = before.to_vec();
        words.extend(self.words(bench, way, at));
        if self.kind == Kind::Nginx && !before.is_empty() {
            words.extend(["-g".into(), "master_process off;".into()]);
        }
        let mut running = Running::program(role::PROXY, &words, &log);
        until(&format!("{} listens", self.name), || {
            let ended = running.child.try_wait().expect("a child").is_some();
            assert!(!ended, "{} has ended: {}", self.name, std::fs::read_to_string(&log).unwrap_or_default());
            TcpStream::connect(at).ok()
        });
        let took = Duration::from_nanos(role::now().abs_diff(Running::moment(&log)));
        Started { name: self.name.clone(), kind: self.kind, running, at, took }
    }

    pub(super) fn version(&self) -> String {
        let flag = match self.kind {
            Kind::Nginx | Kind::Haproxy => "-v",
            Kind::Ours => "--version",
        };
        let output = Command::new(&self.program).arg(flag).output().expect("its version");
        let said = [output.stdout, output.stderr].concat();
        let first = String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned();
        if self.kind == Kind::Ours { format!("{} ({first})", self.name) } else { first }
    }
}

/// Gives the load, and fails where a request of it has failed.
pub(crate) fn load(name: &str, plan: &Plan) -> Report {
    let mut load = Running::role("load", &serde_json::to_string(plan).expect("JSON"));
    let report: Option<Report> = serde_json::from_reader(load.child.stdout.take().expect("piped")).ok();
    let report = report.unwrap_or_else(|| panic!("the load on {name} broke off"));
    assert!(report.failures.is_empty(), "requests through {name} failed: {:?}", report.failures);
    report
}

pub(super) fn check(started: &Started) {
    let mut stream = TcpStream::connect(started.at).expect("it listens");
    for (path, length) in ANSWERS {
        let body = park::get(&mut stream, path);
        let good = body.len() == length && body.iter().enumerate().all(|(at, found)| *found == byte(at));
        assert!(good, "{} gives another body for {path} than the origin", started.name);
    }
}
