//! When the readiness address is asked, and what its answers mean (`--ready`, rule S8).
//!
//! A refusal counts at once, silence only when it comes twice: a busy app may be slow once.

use std::time::Duration;

use daemon::moment::Moment;

/// How often it is asked once it was ready.
const INTERVAL: Duration = Duration::from_secs(5);

/// How often while it is not.
const UNREADY_INTERVAL: Duration = Duration::from_secs(1);

/// How often at the most while the app starts: a question costs the app something, a look at its sockets does not.
const SHORTEST: Duration = Duration::from_millis(50);

/// So many silences in a row mean that it is not ready.
const SILENCES: u32 = 2;

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It is ready.
    Ready,
    /// It says that it is not, or nobody is there.
    NotReady(String),
    /// No answer in time.
    Silent,
}

/// The readiness address, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    next: Moment,
    asked: Moment,
    /// The interval of looks at an app that had never been ready when it was asked.
    starting: Option<Duration>,
    under_way: bool,
    ready: bool,
    silences: u32,
    said: String,
}

impl Probe {
    /// Not asked yet.
    #[must_use]
    pub fn new(now: Moment) -> Self {
        let said = String::from("it was not asked yet");
        Probe { next: now, asked: now, starting: None, under_way: false, ready: false, silences: 0, said }
    }

    /// Whether its last word was that it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// What it said last, where that was not *ready*.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// When to ask next; none while it is asked.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        (!self.under_way).then_some(self.next)
    }

    /// Whether to ask now.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        self.due().is_some_and(|at| at <= now)
    }

    /// Whether to ask now; it then counts as asked. `starting`: the interval of looks at an app that has never been
    /// ready.
    pub fn ask(&mut self, starting: Option<Duration>, now: Moment) -> bool {
        let due = self.is_due(now);
        if due {
            (self.under_way, self.asked, self.starting) = (true, now, starting);
        }
        due
    }

    /// Takes in what came of it. The next question is so long after this one, and not after its answer: it falls on the
    /// moment of a look, and both wake the supervisor once.
    pub fn answered(&mut self, probed: Probed, now: Moment) {
        self.under_way = false;
        match probed {
            Probed::Ready => (self.ready, self.silences) = (true, 0),
            Probed::NotReady(said) => (self.ready, self.silences, self.said) = (false, 0, said),
            Probed::Silent => {
                self.silences += 1;
                self.ready &= self.silences < SILENCES;
                self.said = String::from("no answer in time");
            }
        }
        let interval = match (self.ready, self.starting) {
            (true, _) => INTERVAL,
            (false, Some(interval)) => interval,
            (false, None) => UNREADY_INTERVAL,
        };
        self.next = (self.asked + interval).max(now + SHORTEST);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ready_app_is_asked_every_five_seconds_and_an_unready_one_each_second() {
        let mut probe = Probe::new(Moment::START);
        assert!(probe.ask(Some(Duration::from_millis(5)), Moment::START));
        assert!(!probe.ask(None, Moment::START), "one question at a time");
        probe.answered(Probed::Ready, Moment::millis(700));
        assert!(probe.is_ready());
        assert_eq!(probe.due(), Some(Moment::millis(5_000)));
        assert!(probe.ask(None, Moment::millis(5_000)));
        probe.answered(Probed::NotReady("503".into()), Moment::millis(5_010));
        assert!(!probe.is_ready());
        assert_eq!(probe.due(), Some(Moment::millis(6_000)));
    }

    #[test]
    fn after_a_long_silence_it_is_given_a_moment_before_it_is_asked_again() {
        let mut probe = Probe::new(Moment::START);
        assert!(probe.ask(None, Moment::START));
        probe.answered(Probed::Silent, Moment::millis(4_000));
        assert_eq!(probe.due(), Some(Moment::millis(4_050)));
    }

    #[test]
    fn a_starting_app_is_asked_as_often_as_it_is_looked_at_but_not_more_than_every_50_ms() {
        let mut probe = Probe::new(Moment::START);
        let no = || Probed::NotReady("refused".into());
        assert!(probe.ask(Some(Duration::from_millis(5)), Moment::START));
        probe.answered(no(), Moment::START);
        assert_eq!(probe.due(), Some(Moment::millis(50)));
        assert!(probe.ask(Some(Duration::from_millis(200)), Moment::millis(50)));
        probe.answered(no(), Moment::millis(52));
        assert_eq!(probe.due(), Some(Moment::millis(250)));
    }

    #[test]
    fn one_silence_is_forgiven_and_two_in_a_row_are_not() {
        let mut probe = Probe::new(Moment::START);
        let mut then = |probed| {
            probe.answered(probed, Moment::START);
            probe.is_ready()
        };
        assert!(then(Probed::Ready));
        assert!(then(Probed::Silent));
        assert!(then(Probed::Ready));
        assert!(then(Probed::Silent));
        assert!(!then(Probed::Silent));
        assert!(!then(Probed::Silent));
        assert!(then(Probed::Ready));
    }

    proptest! {
        #[test]
        fn it_is_ready_only_after_it_said_so_and_always_asked_again(kinds in prop::collection::vec(0u8..3, 0..40)) {
            let mut probe = Probe::new(Moment::START);
            let mut ever = false;
            for kind in kinds {
                let now = probe.due().expect("nothing is under way");
                prop_assert!(probe.ask(None, now));
                let probed = match kind { 0 => Probed::Ready, 1 => Probed::NotReady("no".into()), _ => Probed::Silent };
                ever |= probed == Probed::Ready;
                let said_ready = probed == Probed::Ready;
                probe.answered(probed, now);
                prop_assert!(!probe.is_ready() || ever);
                prop_assert!(!said_ready || probe.is_ready());
                prop_assert!(probe.due().is_some_and(|next| next > now && next.since(now) <= INTERVAL));
            }
        }
    }
}
