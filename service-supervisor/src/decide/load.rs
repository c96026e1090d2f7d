//! Whether the app uses more CPU than one that only waits (rule S2), on the average of some seconds.

use std::time::Duration;

use daemon::moment::Moment;

use super::look::Cpu;

/// A thousandth of the CPU that may be used, or of one core where that is more.
pub type Thousandths = u32;

const SECOND: Duration = Duration::from_secs(1);

/// What was used up to a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Moment,
    used: Duration,
}

/// The app's CPU from look to look.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// One window ago, two at most.
    older: Option<Sample>,
    /// Less than one window ago.
    newer: Option<Sample>,
}

impl Load {
    /// Takes in what was used until `now` and gives the share on the average of at least `window`; none: that long is not
    /// known yet.
    pub fn saw(&mut self, cpu: Cpu, window: Duration, now: Moment) -> Option<Thousandths> {
        let sample = Sample { at: now, used: cpu.used };
        let newer = *self.newer.get_or_insert(sample);
        if now.since(newer.at) >= window {
            self.older = Some(newer);
            self.newer = Some(sample);
        }
        let older = self.older?;
        let may_use = now.since(older.at).as_secs_f64() * cpu.limit.unwrap_or(SECOND).min(SECOND).as_secs_f64();
        // What ended unnoticed is missing from the sum: it may seem to have shrunk.
        let used = cpu.used.saturating_sub(older.used).as_secs_f64();
        Some((used / may_use * 1000.0) as Thousandths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);

    fn cpu(millis: u64, limit: Option<u64>) -> Cpu {
        Cpu { used: Duration::from_millis(millis), limit: limit.map(Duration::from_millis) }
    }

    #[test]
    fn the_share_is_known_after_a_window_and_is_that_of_one_core() {
        let mut load = Load::default();
        assert_eq!(load.saw(cpu(900, None), WINDOW, Moment::millis(0)), None);
        assert_eq!(load.saw(cpu(900, None), WINDOW, Moment::millis(4_999)), None);
        assert_eq!(load.saw(cpu(1_150, None), WINDOW, Moment::millis(5_000)), Some(50));
        assert_eq!(load.saw(cpu(1_150, Some(4_000)), WINDOW, Moment::millis(6_250)), Some(40));
    }

    #[test]
    fn an_app_that_may_use_less_than_a_core_is_judged_by_what_it_may_use() {
        let mut load = Load::default();
        load.saw(cpu(0, Some(100)), WINDOW, Moment::millis(0));
        assert_eq!(load.saw(cpu(250, Some(100)), WINDOW, Moment::millis(5_000)), Some(500));
    }

    #[test]
    fn looks_that_follow_fast_upon_each_other_do_not_make_a_short_burst_look_busy() {
        let mut load = Load::default();
        let mut shares = Vec::new();
        for look in 0..200 {
            let burst = if look >= 100 { 60 } else { 0 };
            shares.extend(load.saw(cpu(burst, None), WINDOW, Moment::millis(look * 100)));
        }
        assert!(shares.iter().all(|share| *share <= 12), "{shares:?}");
        assert!(shares.iter().any(|share| *share > 0) && shares.last() == Some(&0), "{shares:?}");
    }

    #[test]
    fn work_that_begins_is_seen_at_once_and_a_sum_that_shrinks_is_no_work() {
        let mut load = Load::default();
        for look in 0..20 {
            load.saw(cpu(100, None), WINDOW, Moment::millis(look * 1_000));
        }
        assert!(load.saw(cpu(1_100, None), WINDOW, Moment::millis(20_000)).is_some_and(|share| share >= 100));
        assert_eq!(load.saw(cpu(0, None), WINDOW, Moment::millis(21_000)), Some(0));
    }
}
