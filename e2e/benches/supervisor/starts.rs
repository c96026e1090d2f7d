//! From the start of a program to the app's first instruction, and a command that ends at once as a whole.

use std::time::{Duration, Instant};

use crate::peers::{BARE, BARE_GLIBC, Bench, LEAST, OURS, Peer, on_path};
use crate::running::{Running, command, now, written};
use crate::{median, millis, part};

const ROUNDS: usize = 200;
const ROUNDS_OF_SUPERVISORD: usize = 3;

/// In milliseconds.
struct Figures {
    start: Vec<f64>,
    whole: Vec<f64>,
    whole_dynamic: Vec<f64>,
}

pub(crate) fn measure(bench: &Bench) {
    let peers = bench.peers();
    let mut figures: Vec<Figures> =
        peers.iter().map(|_| Figures { start: vec![], whole: vec![], whole_dynamic: vec![] }).collect();
    let file = bench.folder.join("began");
    for _ in 0..ROUNDS {
        for (peer, figures) in peers.iter().zip(&mut figures) {
            let child = peer.app.display().to_string();
            let begun = now();
            whole(peer, &[&child, &file.display().to_string()]);
            #[expect(clippy::cast_precision_loss, reason = "a short time")]
            figures.start.push((written(&file) - begun) as f64 / 1e6);
            figures.whole.push(whole(peer, &[&child]));
            figures.whole_dynamic.push(whole(peer, &["/bin/true"]));
        }
    }
    // What else the machine does is in the medians, and hardly in the quickest.
    for (what, which) in [("medians", 0.5), ("quickest tenths", 0.1)] {
        println!("{what} of {ROUNDS} turns, in ms");
        println!("{:<34} {:>12} {:>21} {:>17}", "", "app's start", "static `true` whole", "/bin/true whole");
        for (peer, of) in peers.iter().zip(&figures) {
            let [start, whole, dynamic] = [&of.start, &of.whole, &of.whole_dynamic].map(|figures| part(figures, which));
            println!("  {:<32} {start:>12.3} {whole:>21.3} {dynamic:>17.3}", peer.name);
        }
    }
    ratios(&peers, &figures);
    supervisord(bench);
}

fn whole(peer: &Peer, app: &[&str]) -> f64 {
    let mut words = peer.words.clone();
    words.extend(app.iter().map(|word| (*word).to_owned()));
    let begun = Instant::now();
    let status = command(&words).status().expect("it runs");
    let took = millis(begun.elapsed());
    assert!(status.success(), "{words:?}: {status}");
    took
}

/// Of each turn the ratio, and of the ratios the median: what else the machine does in a turn is the same for both.
fn ratios(peers: &[Peer], figures: &[Figures]) {
    let of = |name: &str| peers.iter().position(|peer| peer.name == name).map(|at| &figures[at]);
    let Some(ours) = of(OURS) else { return };
    let bars = [
        (BARE, Some((1.7, 1.8))),
        (BARE_GLIBC, Some((1.7, 1.8))),
        (LEAST, None),
        ("tini-static", Some((0.7, 0.75))),
        ("tini", Some((0.7, 0.75))),
    ];
    for (name, bars) in bars {
        let (start, whole) = (bars.map(|(start, _)| start), bars.map(|(_, whole)| whole));
        let Some(theirs) = of(name) else { continue };
        let parts = [
            ("app's start", &ours.start, &theirs.start, start),
            ("static `true` whole", &ours.whole, &theirs.whole, whole),
            ("/bin/true whole", &ours.whole_dynamic, &theirs.whole_dynamic, whole),
        ];
        for (what, ours, theirs, bar) in parts {
            let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
            crate::say(&format!("{what}, in times of {name}'s"), median(&ratios), "×", bar);
            println!("{:<58} {:>9.2} ×", "  by the quickest tenth of each", part(ours, 0.1) / part(theirs, 0.1));
        }
    }
}

fn supervisord(bench: &Bench) {
    if on_path("supervisord").is_none() {
        println!("supervisord is not on the PATH: no figures of it");
        return;
    }
    let mut starts = Vec::new();
    for _ in 0..ROUNDS_OF_SUPERVISORD {
        let file = bench.folder.join("began-under-supervisord");
        let words =
            crate::orders::supervisord_with(bench, &format!("{} {}", bench.child.display(), file.display()), "");
        let begun = now();
        let _running = Running::start(&words);
        let since = Instant::now();
        while std::fs::read_to_string(&file).map_or(true, |text| text.is_empty()) {
            assert!(since.elapsed() < Duration::from_secs(60), "supervisord starts nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        #[expect(clippy::cast_precision_loss, reason = "a short time")]
        starts.push((written(&file) - begun) as f64 / 1e6);
        std::fs::remove_file(&file).expect("removed");
    }
    println!("  {:<32} {:>12.3}", "supervisord", median(&starts));
}
