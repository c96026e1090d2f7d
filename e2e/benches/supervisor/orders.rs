//! From `touch` of the shutdown file to the app's SIGTERM, and to the end of it all.

use std::path::Path;
use std::time::Duration;

use crate::peers::{Bench, on_path};
use crate::running::{Running, now, wait_until, written};
use crate::{part, say};

const ROUNDS: usize = 60;
const ROUNDS_OF_POLLING: usize = 9;
const ROUNDS_OF_SUPERVISORD: usize = 5;

/// Longer than it takes to arm inotify.
const ARMED: Duration = Duration::from_millis(60);

/// Becomes a program that has no inotify instance.
const WITHOUT_INOTIFY: &str = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\"";

pub(crate) fn measure(bench: &Bench) {
    let address = "127.203.2.1";
    let ours = bench.ours(address, &[]);
    let (terms, ends) = orders(bench, &ours, address, ROUNDS);
    say("touch to SIGTERM, p50", part(&terms, 0.5), "ms", Some(2.0));
    say("touch to SIGTERM, p95", part(&terms, 0.95), "ms", Some(20.0));
    say("touch to the end of the container, p50", part(&ends, 0.5), "ms", None);
    let without = ["unshare", "--user", "--map-root-user", "sh", "-c", WITHOUT_INOTIFY].map(str::to_owned);
    let polling: Vec<String> = without.into_iter().chain(ours).collect();
    let (terms, _) = orders(bench, &polling, address, ROUNDS_OF_POLLING);
    say("touch to SIGTERM without inotify, p50", part(&terms, 0.5), "ms", None);
    say("touch to SIGTERM without inotify, at most", part(&terms, 1.0), "ms", Some(600.0));
    if on_path("supervisord").is_some() {
        supervisord(bench);
    }
}

/// From each touch to the app's SIGTERM, and to the end, in milliseconds.
fn orders(bench: &Bench, words: &[String], address: &str, rounds: usize) -> (Vec<f64>, Vec<f64>) {
    let file = bench.folder.join("termed");
    let mut words = words.to_vec();
    words.extend([bench.child.display().to_string(), file.display().to_string(), format!("{address}:9050")]);
    let touched = || {
        let running = Running::start(&words);
        wait_until(address, "awake");
        std::thread::sleep(ARMED);
        touch_and_wait(running, &bench.shutdown_file(address), &file)
    };
    (0..rounds).map(|_| touched()).unzip()
}

fn touch_and_wait(mut running: Running, touched: &Path, termed: &Path) -> (f64, f64) {
    let begun = now();
    std::fs::write(touched, "").expect("touched");
    running.wait();
    let span = |until: i64| {
        #[expect(clippy::cast_precision_loss, reason = "a short time")]
        let nanoseconds = (until - begun) as f64;
        nanoseconds / 1e6
    };
    let ended = now();
    (span(written(termed)), span(ended))
}

/// supervisord as people make it look for a file: a shell that looks once a second.
fn supervisord(bench: &Bench) {
    let (touched, termed) = (bench.folder.join("order"), bench.folder.join("termed-by-supervisord"));
    let (mut terms, mut ends) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS_OF_SUPERVISORD {
        let app = format!("{} {} -", bench.child.display(), termed.display());
        let watcher = format!(
            "[program:watcher]\ncommand=/bin/sh -c 'while ! test -e {}; do sleep 1; done; supervisorctl -c {} shutdown'\n",
            touched.display(),
            bench.folder.join("supervisord.conf").display(),
        );
        let running = Running::start(&supervisord_with(bench, &app, &watcher));
        // Into its looks at moments that differ.
        std::thread::sleep(Duration::from_secs(4) + Duration::from_millis(230) * u32::try_from(round).unwrap_or(0));
        let (term, end) = touch_and_wait(running, &touched, &termed);
        terms.push(term);
        ends.push(end);
        std::fs::remove_file(&touched).expect("removed");
    }
    say("supervisord and a one-second watcher: touch to SIGTERM, p50", part(&terms, 0.5), "ms", None);
    say("supervisord and a one-second watcher: touch to SIGTERM, p95", part(&terms, 0.95), "ms", None);
    say("supervisord and a one-second watcher: touch to the end, p50", part(&ends, 0.5), "ms", None);
}

/// supervisord that runs `app` and what else `programs` says.
pub(crate) fn supervisord_with(bench: &Bench, app: &str, programs: &str) -> Vec<String> {
    let file = bench.folder.join("supervisord.conf");
    let socket = bench.folder.join("supervisord.sock");
    let (log, pid) = (bench.folder.join("supervisord.log"), bench.folder.join("supervisord.pid"));
    let text = format!(
        "[supervisord]\nnodaemon=true\nlogfile={log}\npidfile={pid}\n\
         [unix_http_server]\nfile={socket}\n[rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{socket}\n\
         [program:app]\ncommand={app}\nautorestart=false\nstartsecs=0\n{programs}",
        log = log.display(),
        pid = pid.display(),
        socket = socket.display(),
    );
    std::fs::write(&file, text).expect("written");
    ["supervisord".to_owned(), "-c".into(), file.display().to_string()].into()
}
