//! What is counted, and how it is told: `GET /metrics` in Prometheus' text format.
//!
//! Counting is one addition for each request and for each failure; everything else is looked up when it is asked for.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reply::Reason;
use crate::service::view::ServiceView;

/// What is counted of one service, or of requests that never got as far as to have one.
#[derive(Debug, Default)]
pub struct Counts {
    /// Answers of backends by the first digit of their status, from 1xx (101 alone) to 5xx.
    answers: [AtomicU64; 5],
    /// Replies of the proxy itself, and requests whose caller left, by reason.
    reasons: [AtomicU64; Reason::ALL.len()],
    /// Answers that a backend cut short.
    cut: AtomicU64,
    /// Attempts that failed and were made again.
    retries: AtomicU64,
}

impl Counts {
    /// A backend has answered.
    pub fn answered(&self, status: u16) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    /// The proxy itself has replied.
    pub fn refused(&self, reason: Reason) {
        self.reasons[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A backend has cut its answer short.
    pub fn cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt is made again.
    pub fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }
}

/// One kind of figure: its name, its type, what it is.
struct Kind(&'static str, &'static str, &'static str);

const ANSWERS: Kind = Kind("doze_proxy_answers_total", "counter", "Answers of backends, by class of status.");
const REPLIES: Kind = Kind("doze_proxy_replies_total", "counter", "Replies of the proxy itself, by reason code.");
const CUT: Kind = Kind("doze_proxy_answers_cut_total", "counter", "Answers that a backend cut short.");
const RETRIES: Kind = Kind("doze_proxy_retries_total", "counter", "Attempts that failed and were made again.");
const HELD: Kind = Kind("doze_proxy_held_requests", "gauge", "Requests that wait for the service.");
const IN_FLIGHT: Kind = Kind("doze_proxy_in_flight_requests", "gauge", "Requests and tunnels at backends.");
const CONNECTIONS: Kind = Kind("doze_proxy_upstream_connections", "gauge", "Connections to backends.");
const BACKENDS: Kind = Kind("doze_proxy_usable_backends", "gauge", "Backends that requests may be started at.");

/// The figures of `services`, and of requests that had none.
#[must_use]
pub fn text(services: &[(ServiceView, &Counts)], nobodys: &Counts) -> String {
    let mut out = String::new();
    head(&mut out, &ANSWERS);
    for (view, counts) in services {
        let service = view.name.as_str();
        for (class, count) in (1..).zip(&counts.answers) {
            line(&mut out, &ANSWERS, service, &format!(",class=\"{class}xx\""), read(count));
        }
    }
    head(&mut out, &REPLIES);
    let named = services.iter().map(|(view, counts)| (view.name.as_str(), *counts));
    for (service, counts) in named.chain([("", nobodys)]) {
        for (reason, count) in Reason::ALL.iter().zip(&counts.reasons) {
            // Those that never happened are left out: there are many, for each service.
            if read(count) > 0 {
                line(&mut out, &REPLIES, service, &format!(",reason=\"{}\"", reason.code()), read(count));
            }
        }
    }
    for (kind, of) in [(&CUT, (|c| &c.cut) as fn(&Counts) -> &AtomicU64), (&RETRIES, |c| &c.retries)] {
        head(&mut out, kind);
        services.iter().for_each(|(view, counts)| line(&mut out, kind, &view.name, "", read(of(counts))));
    }
    type Figure = fn(&ServiceView) -> u64;
    for (kind, of) in [
        (&HELD, (|view| view.held as u64) as Figure),
        (&IN_FLIGHT, |view| view.backends.iter().map(|backend| u64::from(backend.in_flight)).sum()),
        (&CONNECTIONS, |view| view.backends.iter().map(|backend| u64::from(backend.connections)).sum()),
        (&BACKENDS, |view| view.backends.iter().map(|backend| u64::from(backend.usable)).sum()),
    ] {
        head(&mut out, kind);
        services.iter().for_each(|(view, _)| line(&mut out, kind, &view.name, "", of(view)));
    }
    out
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

fn head(out: &mut String, Kind(name, kind, help): &Kind) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Names of services and codes have no character that would have to be escaped.
fn line(out: &mut String, kind: &Kind, service: &str, labels: &str, figure: u64) {
    let _ = writeln!(out, "{}{{service=\"{service}\"{labels}}} {figure}", kind.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_with_its_reason() {
        let (counts, nobodys) = (Counts::default(), Counts::default());
        nobodys.refused(Reason::BadHost);
        counts.refused(Reason::HoldTimeout);
        counts.refused(Reason::HoldTimeout);
        counts.answered(101);
        counts.answered(599);
        let view = ServiceView {
            name: "shop".to_owned(),
            phase: "asleep",
            held: 3,
            held_ms: None,
            callers: None,
            backends: Vec::new(),
            wake: None,
            last_wake: None,
            fruitless_wakes: 0,
        };
        let text = text(&[(view, &counts)], &nobodys);
        for line in [
            "doze_proxy_replies_total{service=\"shop\",reason=\"hold_timeout\"} 2\n",
            "doze_proxy_replies_total{service=\"\",reason=\"bad_host\"} 1\n",
            "doze_proxy_answers_total{service=\"shop\",class=\"1xx\"} 1\n",
            "doze_proxy_answers_total{service=\"shop\",class=\"5xx\"} 1\n",
            "doze_proxy_held_requests{service=\"shop\"} 3\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("wake_failed"), "{text}");
    }

    #[test]
    fn every_reason_is_counted_in_its_own_place() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{reason:?}");
        }
    }
}
