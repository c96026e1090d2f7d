//! Reads the container's CPU and memory, and makes a rate of the CPU's time.

use std::time::Duration;

use daemon::moment::Moment;
use task_state::{CpuUse, MemoryUse};

use crate::cgroup::Cgroup;

/// The least time over which a rate is told.
const LEAST: Duration = Duration::from_secs(1);

/// The meter.
#[derive(Debug, Default)]
pub struct Meter {
    /// None: not started.
    group: Option<Cgroup>,
    from: Option<(Moment, Duration)>,
    millicores: Option<u64>,
}

/// What it shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// CPU time so far.
    pub cpu_time: Option<Duration>,
    /// CPU since an earlier reading.
    pub cpu: Option<CpuUse>,
    /// Memory.
    pub memory: Option<MemoryUse>,
}

impl Meter {
    /// Begins to measure this group.
    pub fn start(&mut self, group: Cgroup, now: Moment) {
        self.from = group.cpu_used().map(|used| (now, used));
        self.group = Some(group);
    }

    /// Reads.
    pub fn read(&mut self, now: Moment) -> Reading {
        let Some(group) = &self.group else { return Reading::default() };
        let cpu_time = group.cpu_used();
        if let (Some(used), Some((at, before))) = (cpu_time, self.from)
            && let Some(rate) = millicores(used.saturating_sub(before), now.since(at))
        {
            self.from = Some((now, used));
            self.millicores = Some(rate);
        }
        let limit_millicores = group.cpu_limit();
        Reading {
            cpu_time,
            cpu: self.millicores.map(|used_millicores| CpuUse { used_millicores, limit_millicores }),
            memory: group.memory().map(|memory| MemoryUse { used_bytes: memory.used, limit_bytes: memory.limit }),
        }
    }
}

/// Thousandths of a core; none: the time was too short to tell.
fn millicores(used: Duration, over: Duration) -> Option<u64> {
    let rate = used.as_micros().saturating_mul(1000).checked_div(over.as_micros())?;
    (over >= LEAST).then(|| u64::try_from(rate).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_over_a_second_or_more() {
        let ms = Duration::from_millis;
        assert_eq!(millicores(ms(250), ms(1_000)), Some(250));
        assert_eq!(millicores(ms(3_000), ms(2_000)), Some(1_500));
        assert_eq!(millicores(ms(250), ms(999)), None);
        assert_eq!(millicores(ms(0), ms(0)), None);
    }
}
