//! The figures as Prometheus reads them (text format 0.0.4).

use std::fmt::Write as _;

use super::{Figures, METRICS};

/// The body of `GET /metrics`. Every series carries the service's name, which needs no escape.
#[must_use]
pub fn text(figures: &Figures) -> String {
    let mut text = String::with_capacity(4096);
    for metric in METRICS {
        let _ = write!(text, "# HELP {0} {1}\n# TYPE {0} {2}\n", metric.name, metric.help, metric.kind);
        for (label, of, value) in (metric.series)(figures) {
            let _ = write!(text, "{}{{service=\"{}\"", metric.name, figures.service);
            if !label.is_empty() {
                let _ = write!(text, ",{label}=\"{of}\"");
            }
            let _ = writeln!(text, "}} {value}");
        }
    }
    text
}
