//! Small requests while large downloads are under way: what both cost, and how long the small ones take.

use super::processor::{each, take_turns};
use crate::origin::{LARGE, SMALL};
use crate::peers::{Bench, Way};
use crate::plan::{Lane, Plan, Until};
use crate::table::{Bar, Row, Table, Told};

/// The same work for all: the downloads take all of a core for as long as they last, and the small ones come at their
/// own pace, on connections enough for none to wait for another.
pub(crate) fn measure(bench: &Bench, _name: &str, table: &mut Table) {
    let small = Lane { rate: Some(1000), ..Lane::kept(64, SMALL, Until::Requests(500)) };
    let lanes = vec![small, Lane::kept(4, LARGE, Until::Requests(64))];
    let started = bench.start_all(Way::Plain);
    let rounds = take_turns(bench, &started, |at| Plan { at, lanes: lanes.clone() });
    table.row(Row {
        what: "CPU of a mix: 500 requests of 1 KiB, 64 of 10 MiB".into(),
        told: Told::Ratio("ms"),
        figures: each(&rounds, |turn| turn.processor * 1e3),
        bar: Some(Bar::AtMost(0.95)),
    });
    table.row(Row {
        what: "p99 of the small ones in it".into(),
        told: Told::Ratio("ms"),
        figures: each(&rounds, |turn| turn.report.lanes.first().map_or(f64::NAN, |small| small.p99)),
        bar: Some(Bar::AtMost(1.0)),
    });
}
