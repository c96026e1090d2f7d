//! How fast: what is under way is not started again, and what failed waits, longer each time. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use cloud_map::{Retry, TaskArn};
use daemon::backoff::Backoff;
use daemon::moment::Moment;

use super::step::{Key, Kind, Step};

const USUAL: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
const THROTTLED: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(120));
const USELESS: Backoff = Backoff::new(Duration::from_secs(30), Duration::from_secs(300));
/// A supervisor is on this host, and its drain waits for the report.
const REPORT: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// What is under way and what has failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    under_way: BTreeMap<Key, (Kind, Moment)>,
    failures: BTreeMap<(Key, Kind), Failures>,
    spread: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Failures {
    in_a_row: u32,
    not_before: Moment,
}

impl Pace {
    /// A pace whose delays are shortened by `spread` (0 to 1, another one on each host), so that hosts that failed
    /// together do not come back together.
    #[must_use]
    pub fn new(spread: f64) -> Self {
        Pace { under_way: BTreeMap::new(), failures: BTreeMap::new(), spread }
    }

    /// Whether a step that touches the same is under way.
    #[must_use]
    pub fn is_under_way(&self, key: &Key) -> bool {
        self.under_way.contains_key(key)
    }

    /// The steps under way, with the moments they began.
    pub fn under_way(&self) -> impl Iterator<Item = (&Key, Kind, Moment)> {
        self.under_way.iter().map(|(key, (kind, since))| (key, *kind, *since))
    }

    /// When the step may be tried; none: now.
    #[must_use]
    pub fn waits_until(&self, step: &Step, now: Moment) -> Option<Moment> {
        let failures = self.failures.get(&(step.key(), step.kind()))?;
        (now < failures.not_before).then_some(failures.not_before)
    }

    pub(crate) fn started(&mut self, step: &Step, now: Moment) {
        self.under_way.insert(step.key(), (step.kind(), now));
    }

    /// When it had begun.
    pub(crate) fn ended(&mut self, step: &Step) -> Option<Moment> {
        self.under_way.remove(&step.key()).map(|(_, since)| since)
    }

    pub(crate) fn succeeded(&mut self, step: &Step) {
        self.failures.remove(&(step.key(), step.kind()));
    }

    /// Counts the failure and gives how many there were in a row.
    pub(crate) fn failed(&mut self, step: &Step, retry: Retry, now: Moment) -> u32 {
        let backoff = match (step.kind(), retry) {
            (Kind::Release, _) => REPORT,
            (_, Retry::Allowed) => USUAL,
            (_, Retry::Slower) => THROTTLED,
            (_, Retry::Useless) => USELESS,
        };
        let key = (step.key(), step.kind());
        let in_a_row = self.failures.get(&key).map_or(0, |before| before.in_a_row).saturating_add(1);
        let not_before = now + backoff.after_with_jitter(in_a_row, self.spread);
        self.failures.insert(key, Failures { in_a_row, not_before });
        in_a_row
    }

    /// Drops what is known of a task that is over.
    pub(crate) fn forget(&mut self, task: &TaskArn) {
        self.failures.retain(|(key, _), _| match key {
            Key::Registration(of) | Key::Report(of) => of != task,
            Key::NewTasks | Key::LostTasks | Key::Group | Key::Instance => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttled_step_waits_longer_than_one_that_merely_failed() {
        let mut pace = Pace::new(0.0);
        let now = Moment::millis(1_000);
        assert_eq!(pace.failed(&Step::LookAtGroup, Retry::Allowed, now), 1);
        assert_eq!(pace.waits_until(&Step::LookAtGroup, now), Some(Moment::millis(1_500)));
        assert_eq!(pace.failed(&Step::LookAtGroup, Retry::Slower, now), 2);
        assert_eq!(pace.waits_until(&Step::LookAtGroup, now), Some(Moment::millis(11_000)));
        pace.succeeded(&Step::LookAtGroup);
        assert_eq!(pace.waits_until(&Step::LookAtGroup, now), None);
    }

    #[test]
    fn a_failed_step_does_not_hold_up_another_kind_of_step() {
        let mut pace = Pace::new(0.0);
        pace.failed(&Step::Mark, Retry::Useless, Moment::START);
        assert_eq!(pace.waits_until(&Step::Unmark, Moment::START), None);
        assert!(pace.waits_until(&Step::Mark, Moment::START).is_some());
    }
}
