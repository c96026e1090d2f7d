//! Whether the app accepts (rule S8), and how often to look while it does not yet.

use std::time::Duration;

use daemon::moment::Moment;

use super::look::{Listener, Look};
use super::probe::{Probe, Probed};

/// A backlog that stays full this long makes the app unready.
const FULL_FOR: Duration = Duration::from_secs(10);

/// What is known about the app's listeners, and what its readiness address said.
#[derive(Clone, Debug)]
pub struct Readiness {
    ports: Vec<u16>,
    full_since: Option<Moment>,
    stuck: bool,
    listens: bool,
    probe: Option<Probe>,
}

impl Readiness {
    /// Of an app that accepts on `ports`, and where there is a `probe`, once that one says so.
    #[must_use]
    pub fn new(ports: Vec<u16>, probe: Option<Probe>) -> Self {
        Readiness { ports, full_since: None, stuck: false, listens: false, probe }
    }

    /// The app was started again.
    pub fn begin(&mut self, now: Moment) {
        (self.full_since, self.stuck, self.listens) = (None, false, false);
        self.probe = self.probe.take().map(|_| Probe::new(now));
    }

    /// Takes in a look: it has to listen on every port, and no backlog may have been full for 10 s.
    pub fn saw(&mut self, look: &Look, now: Moment) {
        let full = |listener: &Listener| listener.backlog > 0 && listener.waiting >= listener.backlog;
        self.full_since = match look.listeners.iter().any(full) {
            true => self.full_since.or(Some(now)),
            false => None,
        };
        self.stuck = self.full_since.is_some_and(|since| now.since(since) >= FULL_FOR);
        let listens = |port: &u16| look.listeners.iter().any(|listener| listener.port == *port);
        self.listens = self.ports.iter().all(listens);
    }

    /// Whether the last look showed a listener on every port.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.listens
    }

    /// Whether the app accepts, by the last look and the last answer.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.listens && !self.stuck && self.probe.as_ref().is_none_or(Probe::is_ready)
    }

    /// The readiness address, where there is one and the app listens: asking before would be of no use.
    #[must_use]
    pub fn probe(&self) -> Option<&Probe> {
        self.probe.as_ref().filter(|_| self.listens)
    }

    /// The same, to be asked.
    pub fn probe_mut(&mut self) -> Option<&mut Probe> {
        self.probe.as_mut().filter(|_| self.listens)
    }

    /// Whether it is to be asked now.
    #[must_use]
    pub fn asks(&self, now: Moment) -> bool {
        self.probe().is_some_and(|probe| probe.is_due(now))
    }

    /// Takes in what came of asking it, as [`Probe::answered`].
    pub fn probed(&mut self, probed: Probed, now: Moment) {
        if let Some(probe) = &mut self.probe {
            probe.answered(probed, now);
        }
    }

    /// Why it counts as accepting.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match &self.probe {
            None if self.ports.is_empty() => "it is a job without a port",
            None => "the app listens",
            Some(_) => "the app listens, and its readiness address says so",
        }
    }

    /// Why it does not accept.
    #[must_use]
    pub fn why_not(&self) -> String {
        match &self.probe {
            Some(probe) if self.listens && !self.stuck => {
                format!("its readiness address does not say so: {}", probe.said())
            }
            Some(_) | None if self.stuck => String::from("its queue of connections to accept stays full"),
            Some(_) | None => String::from("it does not listen"),
        }
    }
}

/// How long to wait for the next look at an app started `ago`: every 5 ms at first, backing off to 1 s. The wait is a
/// twelfth of the age, so a slow app is noticed late by 8 % of its start at most, and looks wake us twenty times in
/// ten seconds at the most, once the first three are over. Where a proxy waits it stays at 5 ms, and after half a
/// minute, when nobody notices the difference, at 25 ms.
#[must_use]
pub fn look_interval(ago: Duration, proxy_waits: bool) -> Duration {
    const SHORTEST: Duration = Duration::from_millis(5);
    let slowest = match (proxy_waits, ago < Duration::from_secs(30)) {
        (true, true) => SHORTEST,
        (true, false) => Duration::from_millis(25),
        (false, _) => Duration::from_secs(1),
    };
    (ago / 12).clamp(SHORTEST, slowest)
}

#[cfg(test)]
mod tests {
    use super::super::look::tests::look;
    use super::*;

    fn after(readiness: &mut Readiness, look: &Look, now: u64) -> bool {
        readiness.saw(look, Moment::millis(now));
        readiness.accepted()
    }

    #[test]
    fn the_app_is_ready_when_it_listens_on_all_its_ports() {
        let mut two = Readiness::new(vec![9050, 9052], None);
        assert!(!after(&mut two, &look(&[]), 0));
        let mut both = look(&[]);
        both.listeners.push(Listener { port: 9052, waiting: 0, backlog: 1 });
        assert!(after(&mut two, &both, 0));
    }

    #[test]
    fn a_backlog_that_stays_full_for_ten_seconds_is_unready_and_one_that_empties_is_not() {
        let mut readiness = Readiness::new(vec![9050], None);
        let mut full = look(&[]);
        full.listeners[0].waiting = 128;
        assert!(after(&mut readiness, &full, 0));
        assert!(after(&mut readiness, &full, 9_000));
        assert!(!after(&mut readiness, &full, 10_000));
        assert!(after(&mut readiness, &look(&[]), 11_000));
        assert!(after(&mut readiness, &full, 12_000));
    }

    #[test]
    fn with_a_readiness_address_it_has_to_listen_and_to_say_so() {
        let mut readiness = Readiness::new(vec![9050], Some(Probe::new(Moment::START)));
        assert!(readiness.probe().is_none(), "nobody is asked who does not listen");
        assert!(!after(&mut readiness, &look(&[]), 0));
        assert!(readiness.probe().is_some());
        readiness.probed(Probed::Ready, Moment::START);
        assert!(readiness.accepted());
        assert!(!after(&mut readiness, &Look::default(), 1));
    }

    #[test]
    fn a_starting_app_is_looked_at_every_5_ms_and_later_more_seldom() {
        let after = |secs| look_interval(Duration::from_secs(secs), false);
        assert_eq!(after(0), Duration::from_millis(5));
        assert_eq!(after(6), Duration::from_millis(500));
        assert_eq!(after(600), Duration::from_secs(1));
        assert_eq!(look_interval(Duration::from_secs(29), true), Duration::from_millis(5));
        assert_eq!(look_interval(Duration::from_secs(600), true), Duration::from_millis(25));
    }

    #[test]
    fn an_app_that_takes_its_time_costs_twenty_looks_in_ten_seconds_at_the_most() {
        let ages = std::iter::successors(Some(Duration::from_secs(3)), |age| Some(*age + look_interval(*age, false)));
        let looks = ages.take_while(|age| *age < Duration::from_secs(13)).count();
        assert!(looks <= 20, "{looks}");
    }
}
