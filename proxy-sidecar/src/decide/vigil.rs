//! What the callers of a wake went through: when the first of them was held, how many were held at once, and when the
//! first of them had an answer. For people; nothing is decided by it.

use daemon::moment::Moment;

/// The callers of one wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vigil {
    /// When the first was held.
    pub first_held: Moment,
    /// When the first answer began to go back to one that was held; none until then.
    pub first_answer: Option<Moment>,
    /// How many were held at once, at most.
    pub most_held: usize,
    /// Nobody was left who waits, without an answer to anybody: they gave up.
    given_up: bool,
}

/// A request is held, with which so many are. `serving` says whether requests may be started somewhere: who is held
/// then only waits for a turn, which begins no new vigil. The vigil that it belongs to, if any.
#[must_use]
pub fn held(vigil: Option<Vigil>, held: usize, serving: bool, now: Moment) -> Option<Vigil> {
    match vigil {
        Some(vigil) if !vigil.is_over() || serving => {
            Some(Vigil { most_held: vigil.most_held.max(held), given_up: false, ..vigil })
        }
        Some(_) | None if serving => vigil,
        Some(_) | None => Some(Vigil { first_held: now, first_answer: None, most_held: held, given_up: false }),
    }
}

impl Vigil {
    /// An answer begins to go back to one that was held.
    pub fn answered(&mut self, now: Moment) {
        self.first_answer.get_or_insert(now);
    }

    /// The last who was held has left, and nothing was sent on for anybody.
    pub const fn all_gave_up(&mut self) {
        self.given_up = true;
    }

    const fn is_over(&self) -> bool {
        self.first_answer.is_some() || self.given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_of_a_wake_are_counted_from_the_first_held_to_the_first_answer() {
        let first = held(None, 1, false, Moment::millis(10));
        let mut vigil = held(first, 2, false, Moment::millis(20)).expect("two are held");
        assert_eq!((vigil.first_held, vigil.most_held, vigil.first_answer), (Moment::millis(10), 2, None));
        vigil.answered(Moment::millis(500));
        vigil.answered(Moment::millis(600));
        assert_eq!(vigil.first_answer, Some(Moment::millis(500)));
    }

    #[test]
    fn who_waits_for_a_turn_at_an_awake_service_begins_nothing_new() {
        assert_eq!(held(None, 1, true, Moment::millis(10)), None);
        let mut vigil = held(None, 1, false, Moment::millis(10)).expect("held");
        vigil.answered(Moment::millis(20));
        let later = held(Some(vigil), 7, true, Moment::millis(30)).expect("the same");
        assert_eq!((later.first_held, later.most_held), (Moment::millis(10), 7));
    }

    #[test]
    fn the_next_wake_has_a_vigil_of_its_own_and_so_have_those_who_come_after_all_gave_up() {
        let mut vigil = held(None, 3, false, Moment::millis(10)).expect("held");
        vigil.answered(Moment::millis(20));
        let next = held(Some(vigil), 1, false, Moment::millis(90)).expect("held");
        assert_eq!((next.first_held, next.most_held, next.first_answer), (Moment::millis(90), 1, None));
        let mut left = next;
        left.all_gave_up();
        assert_eq!(held(Some(left), 1, false, Moment::millis(95)).map(|v| v.first_held), Some(Moment::millis(95)));
    }
}
