//! HTTP/2 in the clear, by h2load.

use std::process::Stdio;

use super::processor::in_turn;
use crate::peers::{Bench, Kind, Started, Way, on_path};
use crate::running::Running;
use crate::table::{Bar, Row, Table, Told};
use crate::{origin, role};

const REQUESTS: u32 = 10_000;

pub(crate) fn measure(bench: &Bench, _name: &str, table: &mut Table) {
    if on_path("h2load").is_none() {
        return table.note("h2load is not on the PATH (`apt-get install nghttp2-client`): no figures of HTTP/2".into());
    }
    let started = bench.start_all(Way::Http2);
    let (there, absent): (Vec<_>, Vec<_>) = started.into_iter().partition(|started| load(bench, started, 10).is_ok());
    for absent in &absent {
        table.note(format!("{}: HTTP/2 with prior knowledge is not there yet", absent.name));
    }
    if there.iter().all(|started| started.kind != Kind::Ours) {
        return;
    }
    let rounds = in_turn(bench, &there, |started| {
        let pids = started.running.pids();
        let before = Running::processor(&pids);
        load(bench, started, REQUESTS)
            .unwrap_or_else(|said| panic!("HTTP/2 requests through {} failed: {said}", started.name));
        (Running::processor(&pids) - before) * 1e6 / f64::from(REQUESTS)
    });
    table.row(Row {
        what: "CPU per request: HTTP/2, 1 KiB, 8 connections of 16 streams".into(),
        told: Told::Ratio("µs"),
        figures: bench.columns(&there, rounds),
        bar: Some(Bar::AtMost(1.2)),
    });
}

/// So many requests; where not all succeed, what h2load said.
fn load(bench: &Bench, started: &Started, requests: u32) -> Result<(), String> {
    let mut command = role::command("become", role::LOAD);
    command.arg(bench.folder.join("h2load.moment")).args(["h2load", "-T20", "-N5"]);
    command.args([format!("-n{requests}"), format!("-c{}", requests.min(8)), format!("-m{}", requests.min(16))]);
    command.arg(format!("http://{}{}", started.at, origin::SMALL.0)).stdout(Stdio::piped());
    let output = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let good = [&format!("status codes: {requests} 2xx, 0 3xx, 0 4xx, 0 5xx"), " 0 failed, 0 errored, 0 timeout"];
    // Of the body alone: what is said of traffic goes on with the heads.
    let length = format!("({}) data", u64::from(requests) * origin::SMALL.1 as u64);
    let fine = good.iter().all(|good| said.contains(*good)) && said.contains(&length);
    if fine { Ok(()) } else { Err(said) }
}
