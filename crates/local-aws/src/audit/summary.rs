//! How often who called what: the numbers that claims about calls per hour are held against.

use std::collections::BTreeMap;

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::{Audit, By, Outcome};

/// The counts of one caller and operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Every call.
    pub calls: u64,
    /// Of those, the refused.
    pub refused: u64,
    /// Of those, the throttled.
    pub throttled: u64,
}

impl Audit {
    /// The calls since a moment, by caller, service and operation.
    #[must_use]
    pub fn counts(&self, since: Moment) -> BTreeMap<(String, &'static str, String), Count> {
        let mut counts: BTreeMap<_, Count> = BTreeMap::new();
        for entry in self.after(0).filter(|entry| entry.at >= since) {
            let key = (entry.caller.to_string(), entry.service.facts().name, entry.operation.clone());
            let count = counts.entry(key).or_default();
            count.calls += 1;
            count.refused += u64::from(matches!(entry.outcome, Outcome::Refused(_)));
            count.throttled += u64::from(entry.by == Some(By::Throttle));
        }
        counts
    }

    /// The same as JSON, with rates: in an hour of the clock, and in an hour of AWS's time, which `factor` makes shorter.
    /// `complete` is false when older calls had to make room.
    #[must_use]
    pub fn summary(&self, since: Moment, now: Moment, factor: f64) -> Value {
        let hours = now.since(since).as_secs_f64() / 3600.0;
        let rate = |calls: u64, hours: f64| {
            #[expect(clippy::cast_precision_loss, reason = "far fewer calls than an f64 can count")]
            let calls = calls as f64;
            if hours > 0.0 { (calls / hours * 1000.0).round() / 1000.0 } else { 0.0 }
        };
        let counts = self.counts(since);
        let total: u64 = counts.values().map(|count| count.calls).sum();
        let rows: Vec<Value> = counts
            .into_iter()
            .map(|((caller, service, operation), count)| {
                json!({
                    "caller": caller,
                    "service": service,
                    "operation": operation,
                    "calls": count.calls,
                    "refused": count.refused,
                    "throttled": count.throttled,
                    "calls_per_hour": rate(count.calls, hours),
                    "calls_per_aws_hour": rate(count.calls, hours * factor),
                })
            })
            .collect();
        let complete = self.first() == 1 || self.after(0).next().is_some_and(|entry| entry.at < since);
        json!({
            "since_ms": u64::try_from(since.since_start().as_millis()).unwrap_or(u64::MAX),
            "now_ms": u64::try_from(now.since_start().as_millis()).unwrap_or(u64::MAX),
            "hours": hours,
            "aws_hours": hours * factor,
            "complete": complete,
            "calls": total,
            "by": rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Call, Service};

    #[test]
    fn a_summary_counts_by_caller_and_operation_and_gives_rates_in_both_times() {
        let mut audit = Audit::default();
        for at in [0, 1_000, 1_800_000, 3_500_000] {
            let number = audit.came(&Call::new(Service::Ecs, "ListTasks", json!({}), Moment::millis(at)));
            let (outcome, by) = match at {
                1_000 => (Outcome::Answered, None),
                _ => (Outcome::Refused("ThrottlingException".to_owned()), Some(By::Throttle)),
            };
            audit.ended(number, Moment::millis(at + 1), outcome, by);
        }
        let said = audit.summary(Moment::millis(1), Moment::millis(3_600_001), 60.0);
        assert_eq!(
            said["by"],
            json!([{
                "caller": "unknown", "service": "ecs", "operation": "ListTasks", "calls": 3, "refused": 2,
                "throttled": 2, "calls_per_hour": 3.0, "calls_per_aws_hour": 0.05,
            }])
        );
        assert_eq!((&said["complete"], &said["calls"], &said["hours"]), (&json!(true), &json!(3), &json!(1.0)));
    }
}
