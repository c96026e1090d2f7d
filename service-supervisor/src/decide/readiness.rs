//! Whether the app accepts (rule S8), and how often to look while it does not yet.

use std::time::Duration;

use daemon::moment::Moment;

use super::look::{Listener, Look};

/// A backlog that stays full this long makes the app unready.
const FULL_FOR: Duration = Duration::from_secs(10);

/// What is known about the app's listeners.
#[derive(Clone, Debug)]
pub struct Readiness {
    ports: Vec<u16>,
    full_since: Option<Moment>,
    accepted: bool,
}

impl Readiness {
    /// Of an app that accepts on `ports`.
    #[must_use]
    pub fn new(ports: Vec<u16>) -> Self {
        Readiness { ports, full_since: None, accepted: false }
    }

    /// The app was started again.
    pub fn begin(&mut self) {
        self.full_since = None;
        self.accepted = false;
    }

    /// What a look says: it listens on every port, and no backlog has been full for 10 s.
    pub fn saw(&mut self, look: &Look, now: Moment) -> bool {
        let full = |listener: &Listener| listener.backlog > 0 && listener.waiting >= listener.backlog;
        self.full_since = match look.listeners.iter().any(full) {
            true => self.full_since.or(Some(now)),
            false => None,
        };
        let stuck = self.full_since.is_some_and(|since| now.since(since) >= FULL_FOR);
        self.accepted = !stuck && self.listens(look);
        self.accepted
    }

    /// Whether a look shows a listener on every port.
    #[must_use]
    pub fn listens(&self, look: &Look) -> bool {
        self.ports.iter().all(|port| look.listeners.iter().any(|listener| listener.port == *port))
    }

    /// What the last look said.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.accepted
    }
}

/// How long to wait for the next look at an app started `ago`: every 5 ms at first, backing off to 1 s. The wait is a
/// twelfth of the age, so a slow app is noticed late by 8 % of its start at most, and looks wake us twenty times in
/// ten seconds at the most, once the first three are over; sooner where a proxy waits.
#[must_use]
pub fn look_interval(ago: Duration, proxy_waits: bool) -> Duration {
    let slowest = if proxy_waits { Duration::from_millis(25) } else { Duration::from_secs(1) };
    (ago / 12).clamp(Duration::from_millis(5), slowest)
}

#[cfg(test)]
mod tests {
    use super::super::look::tests::look;
    use super::*;

    #[test]
    fn the_app_is_ready_when_it_listens_on_all_its_ports() {
        let mut two = Readiness::new(vec![9050, 9052]);
        assert!(!two.saw(&look(&[]), Moment::START));
        let mut both = look(&[]);
        both.listeners.push(Listener { port: 9052, waiting: 0, backlog: 1 });
        assert!(two.saw(&both, Moment::START));
    }

    #[test]
    fn a_backlog_that_stays_full_for_ten_seconds_is_unready_and_one_that_empties_is_not() {
        let mut readiness = Readiness::new(vec![9050]);
        let mut full = look(&[]);
        full.listeners[0].waiting = 128;
        assert!(readiness.saw(&full, Moment::millis(0)));
        assert!(readiness.saw(&full, Moment::millis(9_000)));
        assert!(!readiness.saw(&full, Moment::millis(10_000)));
        assert!(readiness.saw(&look(&[]), Moment::millis(11_000)));
        assert!(readiness.saw(&full, Moment::millis(12_000)));
    }

    #[test]
    fn a_starting_app_is_looked_at_every_5_ms_and_later_more_seldom() {
        let after = |secs| look_interval(Duration::from_secs(secs), false);
        assert_eq!(after(0), Duration::from_millis(5));
        assert_eq!(after(6), Duration::from_millis(500));
        assert_eq!(after(600), Duration::from_secs(1));
        assert_eq!(look_interval(Duration::from_secs(600), true), Duration::from_millis(25));
    }

    #[test]
    fn an_app_that_takes_its_time_costs_twenty_looks_in_ten_seconds_at_the_most() {
        let ages = std::iter::successors(Some(Duration::from_secs(3)), |age| Some(*age + look_interval(*age, false)));
        let looks = ages.take_while(|age| *age < Duration::from_secs(13)).count();
        assert!(looks <= 20, "{looks}");
    }
}
