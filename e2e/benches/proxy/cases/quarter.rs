//! The throughput in a quarter of a CPU.

use super::processor::{each, take_turns};
use crate::origin::SMALL;
use crate::peers::{Bench, Way};
use crate::plan::{Lane, Plan, Until};
use crate::quota::Quota;
use crate::table::{Bar, Row, Table, Told};

/// Many of the scheduler's periods.
const ROUND: Until = Until::Millis(1500);

pub(crate) fn measure(bench: &Bench, _name: &str, table: &mut Table) {
    // Dropped after what is in them has ended.
    let mut quotas = vec![];
    let started = bench.start_all(Way::Plain);
    for started in &started {
        match Quota::a_quarter_for(&started.running.pids(), &format!("bench-proxy-{}", started.at.port())) {
            Ok(quota) => quotas.push(quota),
            Err(why) => return table.note(format!("in a quarter of a CPU: impossible here: {why}")),
        }
    }
    let lane = Lane::kept(32, SMALL, ROUND);
    let rounds = take_turns(bench, &started, |at| Plan { at, lanes: vec![lane.clone()] });
    table.row(Row {
        what: "throughput in a quarter of a CPU: 1 KiB, 32 connections".into(),
        told: Told::Ratio("requests/s"),
        figures: each(&rounds, |turn| turn.report.requests() / turn.report.seconds),
        bar: Some(Bar::AtLeast(0.97)),
    });
}
