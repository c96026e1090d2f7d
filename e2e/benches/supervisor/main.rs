//! `cargo bench -p e2e --bench supervisor`: what the supervisor that ships costs, beside its peers, all in the same
//! run and taking turns: how soon the app starts, how long a short command takes as a whole, what it takes of disk,
//! memory and processor, and how soon the shutdown file becomes the app's SIGTERM.
//!
//! Peers, where they are on the PATH: tini (static and not), dumb-init, catatonit and supervisord (Debian:
//! `apt-get install tini dumb-init catatonit supervisor`). Run as root for the figure without inotify.
//!
//! Figures are medians; each is followed by its bar where there is one. Bounded: two minutes.

mod orders;
mod peers;
mod rest;
mod running;
mod starts;

use std::time::Duration;

use self::peers::Bench;

/// Prints a figure, and whether it is within its bar.
fn say(what: &str, figure: f64, unit: &str, bar: Option<f64>) {
    let bar = bar.map(|bar| {
        let holds = if figure <= bar { "holds" } else { "MISSED" };
        format!("   at most {bar}: {holds}")
    });
    println!("{what:<58} {figure:>9.2} {unit}{}", bar.unwrap_or_default());
}

/// The figure at this part of the way from the least to the greatest.
fn part(figures: &[f64], part: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of a short list")]
    let index = (last as f64 * part).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

fn median(figures: &[f64]) -> f64 {
    part(figures, 0.5)
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

fn main() {
    let bench = Bench::prepare();
    starts::measure(&bench);
    rest::measure(&bench);
    orders::measure(&bench);
}
