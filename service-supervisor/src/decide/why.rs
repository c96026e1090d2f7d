//! One sentence for whoever asks why it is awake: the evidence, and what will become of it.

use daemon::moment::Moment;

use super::busy::Seconds;
use super::{Core, Phase};

impl Core {
    /// What keeps it awake, or why it is in its state.
    #[must_use]
    pub fn why(&self, now: Moment) -> String {
        match &self.phase {
            Phase::Awake { .. } => self.why_awake(now),
            Phase::Starting
            | Phase::Draining(_)
            | Phase::Stopping(_)
            | Phase::Between(_)
            | Phase::Ended(_)
            | Phase::Over => self.why.clone(),
        }
    }

    fn why_awake(&self, now: Moment) -> String {
        let evidence = match self.busy.sign(now) {
            Some(sign) => sign.told(now),
            None => format!("last used {} ago: {}", Seconds(self.idle_for(now)), self.usage.evidence()),
        };
        let Some(idle_timeout) = self.policy.idle_timeout else {
            return format!("{evidence}; --idle-timeout 0 keeps it awake");
        };
        let used_up = self.usage.last() + idle_timeout;
        let least = self.history.ready.unwrap_or(self.lives.began()) + self.policy.min_awake;
        match () {
            // Use goes on, so there is nothing to say about an end.
            () if self.idle_for(now).is_zero() || self.busy.sign(now).is_some() => evidence,
            () if least > used_up.max(now) => {
                format!("{evidence}; --min-awake keeps it awake for another {}", Seconds(least.since(now)))
            }
            () if self.hold_until > used_up.max(now) => {
                format!("{evidence}; a call-back keeps it awake for another {}", Seconds(self.hold_until.since(now)))
            }
            () => format!("{evidence}; it sleeps in {} if nobody uses it", Seconds(used_up.since(now))),
        }
    }
}
