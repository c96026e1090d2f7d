//! The durations a person set, and what follows from them.

use std::time::Duration;

use task_state::{CONNECT_TIMEOUT, LEASE};

use super::ignore::Ignore;
use super::load::Thousandths;
use super::restart::RestartPolicy;
use super::signals::Rewrites;

/// The shortest drain that lets every lease end: lease + connect timeout + 1 s (rule S5).
pub const SHORTEST_DRAIN: Duration = LEASE.saturating_add(CONNECT_TIMEOUT).saturating_add(Duration::from_secs(1));

/// What is kept back of it for leftovers, reaping and the exit.
const SPARE: Duration = Duration::from_secs(2);

/// The longest `stopTimeout` that Fargate accepts.
const LONGEST_STOP_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest stop grace that fits into any `stopTimeout` together with the shortest drain.
pub const LONGEST_GRACE: Duration = LONGEST_STOP_TIMEOUT.saturating_sub(SHORTEST_DRAIN).saturating_sub(SPARE);

/// How the supervisor decides; each field is a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The ports on which the app accepts. It is ready when it listens on all of them.
    pub ports: Vec<u16>,
    /// After how long without use an idle drain begins; none: never.
    pub idle_timeout: Option<Duration>,
    /// How long a drain may take (S4, S5).
    pub drain_timeout: Duration,
    /// How long a drain lasts at least where no agent watches (S4).
    pub drain_min: Duration,
    /// From SIGTERM to SIGKILL.
    pub stop_grace: Duration,
    /// How long it stays awake once it was ready, used or not.
    pub min_awake: Duration,
    /// Within which the app has to accept for the first time (S7).
    pub ready_timeout: Duration,
    /// For how long an unanswered request counts as use (S2).
    pub longest_answer: Duration,
    /// What ECS allows between its SIGTERM and its SIGKILL (`stopTimeout`; S5).
    pub stop_timeout: Duration,
    /// Whether figures are written while awake.
    pub measures: bool,
    /// Whether there is a busy file to look at (S2).
    pub busy_file: bool,
    /// How long a lease of the busy sign may be, and how long the busy file counts in a row (S7).
    pub busy_max: Duration,
    /// Above which share of the CPU the app is in use; none: its CPU says nothing.
    pub busy_cpu: Option<Thousandths>,
    /// Whose connections do not count.
    pub ignore: Ignore,
    /// For how long a connection on which nothing but pings moves counts as use; none: for ever.
    pub max_quiet_stream: Option<Duration>,
    /// After which silence a peer that acknowledges nothing is gone.
    pub peer_gone: Duration,
    /// Whether and when an app that ended by itself is started again.
    pub restart: RestartPolicy,
    /// Which signals reach the app as others.
    pub rewrites: Rewrites,
    /// Only say what idleness would do.
    pub observe: bool,
    /// What is asked of others.
    pub asks: Asks,
}

/// What is asked of others, where there is somebody to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// Who the ECS task is.
    pub task: bool,
    /// Whether the app is ready (`--ready`).
    pub ready: bool,
    /// To be protected for so long at a time (S9).
    pub protection: Option<Duration>,
    /// Differs from one supervisor to the next, so that they do not all ask again at once.
    pub spread: u8,
}

impl Policy {
    /// How often the sockets are looked at while awake: as seldom as the idle timeout allows.
    #[must_use]
    pub fn look_interval(&self) -> Duration {
        const SLOWEST: Duration = Duration::from_secs(5);
        match self.idle_timeout {
            Some(timeout) => (timeout / 10).clamp(Duration::from_millis(100), SLOWEST),
            None => SLOWEST,
        }
    }

    /// Over how long the app's CPU is averaged.
    #[must_use]
    pub fn cpu_window(&self) -> Duration {
        self.look_interval().max(Duration::from_secs(1))
    }

    /// How long the drain of a SIGTERM may take: what the stop grace leaves of ECS's patience, but never less than
    /// lets the leases end.
    #[must_use]
    pub fn signal_drain(&self) -> Duration {
        self.stop_timeout.saturating_sub(SPARE).saturating_sub(self.stop_grace).max(SHORTEST_DRAIN)
    }

    /// The shortest `stopTimeout` into which the shortest drain, the stop grace and the spare time fit.
    #[must_use]
    pub fn least_stop_timeout(&self) -> Duration {
        SHORTEST_DRAIN + self.stop_grace.saturating_add(SPARE)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::restart::When;
    use super::*;

    /// A policy with the defaults of the settings.
    pub(crate) fn defaults() -> Policy {
        Policy {
            ports: vec![9050],
            idle_timeout: Some(Duration::from_secs(300)),
            drain_timeout: Duration::from_secs(60),
            drain_min: Duration::from_secs(10),
            stop_grace: Duration::from_secs(23),
            min_awake: Duration::ZERO,
            ready_timeout: Duration::from_secs(600),
            longest_answer: Duration::from_secs(3600),
            stop_timeout: Duration::from_secs(30),
            measures: false,
            busy_file: false,
            busy_max: Duration::from_secs(24 * 3600),
            busy_cpu: Some(50),
            ignore: Ignore::default(),
            max_quiet_stream: Some(Duration::from_secs(86_400)),
            peer_gone: Duration::from_secs(60),
            restart: RestartPolicy { when: When::OnFailure, budget: 5, delay: Duration::from_millis(200) },
            rewrites: Rewrites::default(),
            observe: false,
            asks: Asks::default(),
        }
    }

    #[test]
    fn drain_and_grace_of_a_sigterm_fit_into_ecs_thirty_seconds() {
        let usual = defaults();
        assert_eq!(usual.signal_drain(), Duration::from_secs(5));
        assert_eq!(usual.signal_drain() + usual.stop_grace + SPARE, usual.stop_timeout);
        assert_eq!(usual.least_stop_timeout(), usual.stop_timeout);
        let short = Policy { stop_grace: Duration::from_secs(3), ..usual.clone() };
        assert_eq!(short.signal_drain(), Duration::from_secs(25));
        let long = Policy { stop_grace: Duration::from_secs(100), ..usual.clone() };
        assert_eq!(long.signal_drain(), SHORTEST_DRAIN);
        let patient = Policy { stop_timeout: Duration::from_secs(120), ..usual };
        assert_eq!(patient.signal_drain(), Duration::from_secs(95));
    }

    #[test]
    fn the_sockets_are_looked_at_as_seldom_as_the_idle_timeout_allows() {
        let with = |secs: f64| Policy { idle_timeout: Some(Duration::from_secs_f64(secs)), ..defaults() };
        assert_eq!(with(300.0).look_interval(), Duration::from_secs(5));
        assert_eq!(with(20.0).look_interval(), Duration::from_secs(2));
        assert_eq!(with(0.5).look_interval(), Duration::from_millis(100));
        assert_eq!(Policy { idle_timeout: None, ..defaults() }.look_interval(), Duration::from_secs(5));
    }
}
