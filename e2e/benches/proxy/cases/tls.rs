//! TLS: handshakes and bulk bytes for a second of the proxy's CPU, with the same version and suite for all.

use super::processor::in_turn;
use crate::peers::{Bench, Certificate, Kind, Started, Way};
use crate::running::Running;
use crate::table::{Row, Table, Told};
use crate::tls::{NAME, Plan, Report, What};

/// In milliseconds.
const ROUND: u64 = 500;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn measure(bench: &Bench, _name: &str, table: &mut Table) {
    let certificate = certificate(bench);
    let way = Way::Tls(&certificate);
    for absent in bench.peers.iter().filter(|peer| !peer.speaks(way)) {
        table.note(format!("{}: TLS is not there yet", absent.name));
    }
    if !bench.peers.iter().any(|peer| peer.kind == Kind::Ours && peer.speaks(way)) {
        return;
    }
    let started = bench.start_all(way);
    let kinds = [
        (What::Full, "full handshakes per CPU second: TLS 1.3, P-256, X25519", "handshakes"),
        (What::Resumed, "resumed handshakes per CPU second", "handshakes"),
        (What::Bulk, "bulk per CPU second: AES-128-GCM, 10 MiB", "MiB"),
    ];
    for (what, said, unit) in kinds {
        let rounds = in_turn(bench, &started, |started| {
            let (report, processor) = load(started, &certificate, what);
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
            let done = if what == What::Bulk { report.bytes as f64 / MIB } else { report.times as f64 };
            done / processor
        });
        table.row(Row {
            what: said.to_owned(),
            told: Told::Ratio(unit),
            figures: bench.columns(&started, rounds),
            bar: None,
        });
    }
}

/// What was done, and for how many seconds of the proxy's CPU.
fn load(started: &Started, certificate: &Certificate, what: What) -> (Report, f64) {
    let plan = Plan { at: started.at, certificate: certificate.certificate.clone(), what, millis: ROUND };
    let pids = started.running.pids();
    let before = Running::processor(&pids);
    let mut load = Running::role("tls", &serde_json::to_string(&plan).expect("JSON"));
    let report = serde_json::from_reader(load.child.stdout.take().expect("piped")).ok();
    let report = report.unwrap_or_else(|| panic!("{what:?} with TLS through {} failed", started.name));
    (report, Running::processor(&pids) - before)
}

fn certificate(bench: &Bench) -> Certificate {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    let (text, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let write = |name: &str, text: &str| {
        let file = bench.folder.join(name);
        std::fs::write(&file, text).expect("written");
        file
    };
    Certificate {
        certificate: write("certificate.pem", &text),
        key: write("key.pem", &key),
        both: write("both.pem", &format!("{text}{key}")),
    }
}
