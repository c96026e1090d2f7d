//! The proxy's CPU per request, in rounds in which all take turns.

use std::net::SocketAddr;

use crate::origin::{LARGE, MIDDLE, SMALL};
use crate::peers::{Bench, Started, Way, load};
use crate::plan::{Lane, Plan, Report, Until};
use crate::running::Running;
use crate::table::{Bar, Row, Table, Told};

/// One round of one proxy.
const ROUND: Until = Until::Millis(700);

pub(crate) fn measure(bench: &Bench, name: &str, table: &mut Table) {
    let small = |connections| Lane::kept(connections, SMALL, ROUND);
    let (what, bar, lane) = match name {
        "1k-32" => ("1 KiB, 32 connections", 1.0, small(32)),
        "1k-128" => ("1 KiB, 128 connections", 1.0, small(128)),
        "3000-rps" => ("1 KiB, 3,000 requests/s", 1.0, Lane { rate: Some(3000), ..small(32) }),
        "100k" => ("100 KiB, 32 connections", 1.0, Lane::kept(32, MIDDLE, ROUND)),
        "10m" => ("10 MiB, 4 connections", 0.97, Lane::kept(4, LARGE, ROUND)),
        "connections" => ("1 KiB, a connection per request", 1.08, Lane { fresh: true, ..small(32) }),
        other => panic!("{other} is no load"),
    };
    let started = bench.start_all(Way::Plain);
    let rounds = take_turns(bench, &started, |at| Plan { at, lanes: vec![lane.clone()] });
    let per_request = |turn: &Turn| turn.processor * 1e6 / turn.report.requests();
    table.row(Row {
        what: format!("CPU per request: {what}"),
        told: Told::Ratio("µs"),
        figures: each(&rounds, per_request),
        bar: Some(Bar::AtMost(bar)),
    });
}

/// What one proxy has done in a round.
pub(crate) struct Turn {
    /// In seconds.
    pub(crate) processor: f64,
    pub(crate) report: Report,
}

/// A figure of each turn.
pub(crate) fn each<T>(rounds: &[Vec<T>], figure: impl Fn(&T) -> f64) -> Vec<Vec<f64>> {
    rounds.iter().map(|turns| turns.iter().map(&figure).collect()).collect()
}

/// Of each proxy its turns, under the load that the plan says.
pub(crate) fn take_turns(bench: &Bench, started: &[Started], plan: impl Fn(SocketAddr) -> Plan) -> Vec<Vec<Turn>> {
    in_turn(bench, started, |started| {
        let pids = started.running.pids();
        let before = Running::processor(&pids);
        let report = load(&started.name, &plan(started.at));
        Turn { processor: Running::processor(&pids) - before, report }
    })
}

/// Of each proxy what it gave: once in each round, after a round that does not count. Who begins a round changes.
pub(crate) fn in_turn<T>(bench: &Bench, started: &[Started], turn: impl Fn(&Started) -> T) -> Vec<Vec<T>> {
    let mut turns: Vec<Vec<T>> = started.iter().map(|_| vec![]).collect();
    for round in 0..=bench.rounds {
        let everyone = started.iter().zip(&mut turns).collect::<Vec<_>>();
        let first = round % everyone.len();
        let (later, sooner): (Vec<_>, Vec<_>) = everyone.into_iter().enumerate().partition(|(who, _)| *who < first);
        for (_, (started, turns)) in sooner.into_iter().chain(later) {
            let gave = turn(started);
            if round > 0 {
                turns.push(gave);
            }
        }
    }
    turns
}
