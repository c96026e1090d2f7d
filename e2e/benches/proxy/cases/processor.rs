//! The proxy's CPU per request, in rounds in which all take turns.

use std::net::SocketAddr;

use crate::peers::{Bench, Started, load};
use crate::plan::{Lane, Plan, Report, Until};
use crate::running::Running;
use crate::table::{Bar, Row, Table, Told};

/// One round of one proxy.
const ROUND: Until = Until::Millis(800);

pub(crate) fn measure(bench: &Bench, name: &str, table: &mut Table) {
    let one = |connections, path: &str, length| Lane {
        connections,
        path: path.into(),
        length,
        rate: None,
        fresh: false,
        until: ROUND,
    };
    let (what, bar, lane) = match name {
        "1k-32" => ("1 KiB, 32 connections", 1.0, one(32, "/1k", 1024)),
        "1k-128" => ("1 KiB, 128 connections", 1.0, one(128, "/1k", 1024)),
        "3000-rps" => ("1 KiB, 3,000 requests/s", 1.0, Lane { rate: Some(3000), ..one(32, "/1k", 1024) }),
        "100k" => ("100 KiB, 32 connections", 1.0, one(32, "/100k", 100 * 1024)),
        "10m" => ("10 MiB, 4 connections", 0.97, one(4, "/10m", 10 * 1024 * 1024)),
        "connections" => ("1 KiB, a connection per request", 1.08, Lane { fresh: true, ..one(32, "/1k", 1024) }),
        other => panic!("{other} is no load"),
    };
    let rounds = take_turns(bench, |at| Plan { at, lanes: vec![lane.clone()] });
    let per_request = |turn: &Turn| turn.processor * 1e6 / turn.report.requests();
    let figures = rounds.iter().map(|turns| turns.iter().map(per_request).collect()).collect();
    let what = format!("CPU per request: {what}");
    table.row(Row { what, told: Told::Ratio("µs"), figures, bar: Some(Bar::AtMost(bar)) });
}

/// What one proxy has done in a round.
pub(crate) struct Turn {
    /// In seconds.
    pub(crate) processor: f64,
    pub(crate) report: Report,
}

/// Of each proxy its turns: one in each round, after one that does not count. Who begins a round changes.
pub(crate) fn take_turns(bench: &Bench, plan: impl Fn(SocketAddr) -> Plan) -> Vec<Vec<Turn>> {
    let started: Vec<Started> = bench.start_all();
    let mut turns: Vec<Vec<Turn>> = started.iter().map(|_| vec![]).collect();
    for round in 0..=bench.rounds {
        for step in 0..started.len() {
            let who = (round + step) % started.len();
            let (Some(started), Some(peer), Some(turns)) = (started.get(who), bench.peers.get(who), turns.get_mut(who))
            else {
                continue;
            };
            let pids = started.running.pids();
            let before = Running::processor(&pids);
            let report = load(&peer.name, &plan(started.at));
            let processor = Running::processor(&pids) - before;
            if round > 0 {
                turns.push(Turn { processor, report });
            }
        }
    }
    turns
}
