//! What a proxy takes of disk and memory, and how soon it listens.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use super::processor::each;
use crate::origin::SMALL;
use crate::peers::{Bench, Peer, Way, load};
use crate::plan::{Lane, Plan, Until};
use crate::running::Running;
use crate::table::{Bar, Row, Table, Told};

const CALLERS: usize = 10_000;
/// A proxy that keeps half of its files for backends is to take this many callers.
const FILES_PER_CALLER: usize = 2;
const RESERVED: usize = 200;

/// For a burst's memory to be given back, and for connections to be seen idle.
const SETTLE: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(6);

struct Figures {
    file: f64,
    starts: Vec<f64>,
    at_rest: f64,
    each_caller: f64,
}

pub(crate) fn measure(bench: &Bench, _name: &str, table: &mut Table) {
    let may_be = usize::try_from(bench.open_files).unwrap_or(usize::MAX) / FILES_PER_CALLER;
    let callers = CALLERS.min(may_be.saturating_sub(RESERVED));
    let starts = starts(bench);
    // One after the other: memory that is shared is divided among those that are there.
    let figures: Vec<Vec<Figures>> =
        bench.peers.iter().zip(starts).map(|(peer, starts)| vec![figures(bench, peer, starts, callers)]).collect();
    let starts = figures.iter().flatten().map(|figures| figures.starts.clone()).collect();
    let mut row = |what: String, unit, figures, most| {
        table.row(Row { what, told: Told::Plain(unit), figures, bar: Some(Bar::AtMost(most)) });
    };
    row("from exec to listening".into(), "ms", starts, 20.0);
    row("file".into(), "MiB", each(&figures, |figures| figures.file / MIB), 16.0);
    row("memory (PSS) at rest".into(), "MiB", each(&figures, |figures| figures.at_rest / MIB), 12.0);
    row(format!("memory (PSS) of each of {callers} idle callers"), "bytes", each(&figures, |f| f.each_caller), 400.0);
}

const MIB: f64 = 1024.0 * 1024.0;

/// In milliseconds, taking turns.
fn starts(bench: &Bench) -> Vec<Vec<f64>> {
    let mut starts: Vec<Vec<f64>> = bench.peers.iter().map(|_| vec![]).collect();
    for _ in 0..bench.rounds {
        for (peer, starts) in bench.peers.iter().zip(&mut starts) {
            starts.push(peer.start_with(bench, Way::Plain, &[]).took.as_secs_f64() * 1e3);
        }
    }
    starts
}

fn figures(bench: &Bench, peer: &Peer, starts: Vec<f64>, callers: usize) -> Figures {
    let started = peer.start_with(bench, Way::Plain, &[]);
    std::thread::sleep(SETTLE);
    let pids = started.running.pids();
    let at_rest = Running::memory(&pids);
    // What the first requests take once is not the callers'.
    load(&peer.name, &Plan { at: started.at, lanes: vec![Lane::kept(32, SMALL, Until::Requests(5000))] });
    std::thread::sleep(SETTLE);
    let before = Running::memory(&pids);
    let plan = Plan { at: started.at, lanes: vec![Lane::kept(callers, SMALL, Until::Requests(1))] };
    let mut parked = Running::role("park", &serde_json::to_string(&plan).expect("JSON"));
    let mut said = String::new();
    let _ = BufReader::new(parked.child.stdout.take().expect("piped")).read_line(&mut said);
    assert_eq!(said.trim(), "parked", "{} does not take {callers} callers", peer.name);
    std::thread::sleep(IDLE);
    let taken = Running::memory(&pids) - before;
    drop(parked.child.stdin.take());
    let kept = parked.child.wait().expect("its end").success();
    assert!(kept, "{} does not keep {callers} idle callers", peer.name);
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (file, callers) = (std::fs::metadata(&peer.program).expect("a file").len() as f64, callers as f64);
    Figures { file, starts, at_rest, each_caller: taken / callers }
}
