//! User instructions per request, counted by callgrind: two runs, of which one has twice the requests, so that what a
//! start and an end take drops out.

use std::path::Path;

use crate::origin::SMALL;
use crate::peers::{Bench, Peer, Way, load, on_path};
use crate::plan::{Lane, Plan, Until};
use crate::table::{Bar, Row, Table, Told};

const REQUESTS: u32 = 2000;

pub(crate) fn measure(bench: &Bench, _name: &str, table: &mut Table) {
    let Some(valgrind) = on_path("valgrind") else {
        return table.note("valgrind is not on the PATH (`apt-get install valgrind`): no instructions counted".into());
    };
    let per_request = |peer: &Peer| {
        let [once, twice] = [1, 2].map(|times| counted(bench, peer, &valgrind, REQUESTS * times));
        vec![(twice - once) / f64::from(REQUESTS)]
    };
    table.row(Row {
        what: "user instructions per request: 1 KiB, 8 connections".into(),
        told: Told::Ratio("instructions"),
        figures: bench.peers.iter().map(per_request).collect(),
        bar: Some(Bar::AtMost(1.05)),
    });
}

/// All instructions of a process with so many requests.
fn counted(bench: &Bench, peer: &Peer, valgrind: &Path, requests: u32) -> f64 {
    let file = bench.folder.join(format!("callgrind-{}-{requests}", peer.name));
    let before = [
        valgrind.display().to_string(),
        "--quiet".into(),
        "--tool=callgrind".into(),
        format!("--callgrind-out-file={}", file.display()),
    ];
    let mut started = peer.start_with(bench, Way::Plain, &before);
    let lane = Lane::kept(8, SMALL, Until::Requests(requests.into()));
    load(&peer.name, &Plan { at: started.at, lanes: vec![lane] });
    started.running.end();
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.unwrap_or_else(|| panic!("callgrind has counted nothing of {}", peer.name))
}
