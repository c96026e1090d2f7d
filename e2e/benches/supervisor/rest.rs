//! What it takes of disk, memory and processor.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::peers::{Bench, OURS};
use crate::running::{Running, ask, wait_until};
use crate::say;

/// Long enough for looks at an app that is not ready to be rare.
const SETTLE: Duration = Duration::from_secs(15);
const REST: Duration = Duration::from_secs(10);

/// One supervisor at rest.
struct Resting {
    what: &'static str,
    running: Running,
    watches: Vec<TcpStream>,
    most_wakes: f64,
    most_memory: f64,
}

pub(crate) fn measure(bench: &Bench) {
    for peer in bench.peers() {
        let Some(program) = peer.words.first() else { continue };
        let size = std::fs::metadata(program).expect("the program").len();
        #[expect(clippy::cast_precision_loss, reason = "a small file")]
        let kib = size as f64 / 1024.0;
        say(&format!("{}: file", peer.name), kib, "KiB", (peer.name == OURS).then_some(1024.0));
    }
    let of_peers: Vec<(&str, Running)> = bench
        .peers()
        .into_iter()
        .filter(|peer| !peer.words.is_empty() && peer.name != OURS)
        .map(|peer| (peer.name, Running::start(&with_app(bench, peer.words, "-"))))
        .collect();
    let resting = [
        resting(bench, "ready, nobody watching", "127.203.1.1", None, 0, 3.0),
        resting(bench, "ready, two watchers", "127.203.1.2", None, 2, 20.0),
        resting(bench, "ready, 300 watchers", "127.203.1.3", None, 300, 20.0),
        resting(bench, "before it is ready", "127.203.1.4", None, 0, 20.0),
        resting(bench, "ready, --ready tcp", "127.203.1.5", Some(("tcp", 200)), 0, 3.0),
        // The app's answers wake it as well.
        resting(bench, "ready, --ready http", "127.203.1.6", Some(("http", 200)), 0, 4.0),
        resting(bench, "ready, --ready http, two watchers", "127.203.1.7", Some(("http", 200)), 2, 20.0),
        resting(bench, "before it is ready, --ready http", "127.203.1.8", Some(("http", 503)), 0, 20.0),
    ];
    std::thread::sleep(SETTLE);
    for (name, running) in &of_peers {
        say(&format!("{name}: resident"), running.status("VmRSS"), "KiB", None);
    }
    let before: Vec<(f64, f64)> = resting.iter().map(figures).collect();
    std::thread::sleep(REST);
    for (one, before) in resting.iter().zip(before) {
        let (wakes, processor) = figures(one);
        say(&format!("{}: resident", one.what), one.running.status("VmRSS"), "KiB", Some(one.most_memory));
        say(&format!("{}: threads", one.what), one.running.status("Threads"), "", Some(1.0));
        say(&format!("{}: wake-ups in 10 s", one.what), wakes - before.0, "", Some(one.most_wakes));
        let of_a_core = (processor - before.1) / REST.as_secs_f64() / 10.0;
        // 300 watchers want 300 heartbeats a second.
        say(&format!("{}: processor", one.what), of_a_core, "% of a core", (one.watches.len() <= 2).then_some(0.1));
    }
}

/// `readiness`: how the app is asked whether it is ready, and what it answers.
fn resting(
    bench: &Bench,
    what: &'static str,
    address: &str,
    readiness: Option<(&str, u16)>,
    watchers: usize,
    most_wakes: f64,
) -> Resting {
    let ready = what.starts_with("ready");
    let app = match readiness {
        None if ready => format!("{address}:9050"),
        None | Some(_) => "-".to_owned(),
    };
    let url = readiness.map(|(by, status)| {
        answer(address, status);
        format!("--ready={by}://{address}:9050")
    });
    // As its users have it, but that it does not log to this file system.
    let running =
        Running::start(&with_app(bench, bench.ours(address, &url.as_deref().into_iter().collect::<Vec<_>>()), &app));
    wait_until(address, if ready { "awake" } else { "starting" });
    let watch = |number| {
        let mut watch = ask(address, &format!("GET /watch?id=w{number}&as=proxy")).expect("it watches");
        // One after the other: those of one address that have not asked yet are bounded.
        watch.read_exact(&mut [0]).expect("an answer");
        watch
    };
    let watches = (0..watchers).map(watch).collect();
    Resting { what, running, watches, most_wakes, most_memory: if watchers > 2 { 4096.0 } else { 1024.0 } }
}

/// Answers whoever asks there, until the end: in the place of the app, which cannot.
fn answer(address: &str, status: u16) {
    let listener = TcpListener::bind((address, 9050)).expect("it listens");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            // Who only connects has gone by now.
            let _ = stream.read(&mut [0; 1024]);
            // In one piece, as apps do: each piece wakes who asked.
            let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

fn with_app(bench: &Bench, mut words: Vec<String>, app: &str) -> Vec<String> {
    words.push(bench.child.display().to_string());
    words.push(bench.folder.join("ended").display().to_string());
    words.push(app.to_owned());
    words
}

fn figures(one: &Resting) -> (f64, f64) {
    (one.running.status("voluntary_ctxt_switches"), one.running.processor())
}
