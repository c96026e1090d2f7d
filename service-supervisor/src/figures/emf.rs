//! The figures as one line of CloudWatch's embedded metric format: what reaches CloudWatch Logs in this form becomes
//! metrics there (Amazon CloudWatch User Guide, "Specification: Embedded metric format").
//!
//! The only dimension is the service: one of the task or host would be a metric of its own for each, and billed so.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::{Figures, METRICS};

/// The line, with its line feed.
#[must_use]
pub fn line(figures: &Figures, at: SystemTime) -> String {
    let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    let (mut about, mut values) = (String::new(), String::new());
    for metric in METRICS {
        let Some((name, unit)) = metric.cloud_watch else { continue };
        for (_, _, value) in (metric.series)(figures) {
            let comma = if about.is_empty() { "" } else { "," };
            let _ = write!(about, "{comma}{{\"Name\":\"{name}\",\"Unit\":\"{unit}\"}}");
            let _ = write!(values, ",\"{name}\":{value}");
        }
    }
    format!(
        "{{\"_aws\":{{\"Timestamp\":{at},\"CloudWatchMetrics\":[{{\"Namespace\":\"Doze\",\
         \"Dimensions\":[[\"ServiceName\"]],\"Metrics\":[{about}]}}]}},\"ServiceName\":\"{}\"{values}}}\n",
        figures.service
    )
}
