//! When DNS may be asked (decision 5).
//!
//! A name without a record is answered NXDOMAIN, and the VPC's resolver keeps that answer for everybody. So a name is
//! asked for only when the service is known or assumed to be up: once at the start, once after a watch broke that was
//! awake, and by the record's TTL while a backend is awake. Never while it is asleep – except where this proxy has no
//! other way to learn that somebody woke it (no AWS access) and a request or a pair waits for it.

use std::time::Duration;

use daemon::backoff::Backoff;
use daemon::moment::Moment;

/// The TTL of the agents' records: for so long a record may be on its way.
const RECORD_TTL: Duration = Duration::from_secs(5);

/// The shortest and longest times between two questions.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Between questions that have no answer yet, where there is no other way to learn of it.
const BLIND: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));

/// What decides whether DNS is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// A backend can serve.
    pub awake: bool,
    /// Somebody waits for the service and DNS alone can tell of it.
    pub blind_and_wanted: bool,
}

/// When the next question may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Lookups {
    /// The start's question, or the one after a broken watch.
    due_once: bool,
    /// Not before this.
    not_before: Moment,
    was_awake: bool,
    unanswered: u32,
}

impl Lookups {
    /// One question is due at the start.
    #[must_use]
    pub fn new(now: Moment) -> Lookups {
        Lookups { due_once: true, not_before: now, was_awake: false, unanswered: 0 }
    }

    /// A watch that was awake broke.
    pub fn watch_broke(&mut self, now: Moment) {
        self.due_once = true;
        self.not_before = now;
    }

    /// When to ask, in this situation; none is not at all.
    pub fn due(&mut self, situation: Situation, now: Moment) -> Option<Moment> {
        if situation.awake && !self.was_awake {
            // Its record may be on its way: asking at once would only teach the resolver that there is none.
            self.not_before = self.not_before.max(now + RECORD_TTL);
        }
        self.was_awake = situation.awake;
        (self.due_once || situation.awake || situation.blind_and_wanted).then_some(self.not_before)
    }

    /// An answer came, with this TTL.
    pub fn answered(&mut self, ttl: Duration, now: Moment) {
        self.due_once = false;
        self.unanswered = 0;
        self.not_before = now + ttl.clamp(SHORTEST, LONGEST);
    }

    /// There is no such name; the zone says for how long that holds. Or no answer came at all.
    pub fn no_answer(&mut self, negative: Option<Duration>, now: Moment) {
        self.due_once = false;
        self.unanswered = self.unanswered.saturating_add(1);
        let wait = BLIND.after(self.unanswered).max(negative.unwrap_or_default());
        self.not_before = now + wait.clamp(SHORTEST, LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASLEEP: Situation = Situation { awake: false, blind_and_wanted: false };
    const AWAKE: Situation = Situation { awake: true, blind_and_wanted: false };

    #[test]
    fn the_name_of_a_sleeping_service_is_asked_for_once_at_the_start_and_never_again() {
        let mut lookups = Lookups::new(Moment::START);
        assert_eq!(lookups.due(ASLEEP, Moment::START), Some(Moment::START));
        lookups.no_answer(Some(Duration::from_secs(1)), Moment::START);
        assert_eq!(lookups.due(ASLEEP, Moment::millis(3_600_000)), None);
    }

    #[test]
    fn an_awake_service_is_asked_for_by_the_ttl_and_not_before_its_record_can_be_there() {
        let mut lookups = Lookups::new(Moment::START);
        lookups.no_answer(None, Moment::START);
        let woke = Moment::millis(10_000);
        assert_eq!(lookups.due(AWAKE, woke), Some(woke + RECORD_TTL));
        lookups.answered(Duration::from_secs(5), Moment::millis(15_000));
        assert_eq!(lookups.due(AWAKE, Moment::millis(15_001)), Some(Moment::millis(20_000)));
    }

    #[test]
    fn a_broken_watch_is_one_more_question() {
        let mut lookups = Lookups::new(Moment::START);
        lookups.no_answer(None, Moment::START);
        lookups.watch_broke(Moment::millis(500));
        assert_eq!(lookups.due(ASLEEP, Moment::millis(500)), Some(Moment::millis(500)));
        lookups.no_answer(None, Moment::millis(600));
        assert_eq!(lookups.due(ASLEEP, Moment::millis(700)), None);
    }

    #[test]
    fn without_aws_a_waiting_request_makes_it_ask_but_not_faster_than_the_zone_forgets() {
        let mut lookups = Lookups::new(Moment::START);
        let blind = Situation { awake: false, blind_and_wanted: true };
        lookups.no_answer(Some(Duration::from_secs(40)), Moment::START);
        assert_eq!(lookups.due(blind, Moment::millis(1)), Some(Moment::millis(40_000)));
    }
}
