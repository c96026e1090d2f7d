//! The queue of held requests: first come, first served, bounded in number and time.
//!
//! A request has one place for its whole life: one that comes back because its attempt failed before a byte was sent
//! stands where it stood.

use std::collections::BTreeMap;

use daemon::moment::Moment;

/// A place in the queue; lower ones are served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

/// Who is held, with whatever `W` is needed to let them go.
#[derive(Debug)]
pub struct Hold<W> {
    next: u64,
    held: BTreeMap<Place, W>,
    /// Since when somebody has been held without a break.
    since: Option<Moment>,
}

impl<W> Default for Hold<W> {
    fn default() -> Self {
        Hold { next: 0, held: BTreeMap::new(), since: None }
    }
}

impl<W> Hold<W> {
    /// A place for a request that arrives.
    pub fn place(&mut self) -> Place {
        self.next += 1;
        Place(self.next)
    }

    /// Holds a request; true where it is the first.
    pub fn hold(&mut self, place: Place, waiter: W, now: Moment) -> bool {
        let first = self.held.is_empty();
        self.held.insert(place, waiter);
        if first {
            self.since = Some(now);
        }
        first
    }

    /// Lets one go that leaves by itself, or nobody where it has gone.
    pub fn leave(&mut self, place: Place) -> Option<W> {
        let waiter = self.held.remove(&place);
        self.note_empty();
        waiter
    }

    /// Lets the first go.
    pub fn pop_first(&mut self) -> Option<(Place, W)> {
        let first = self.held.pop_first();
        self.note_empty();
        first
    }

    /// The place of the first.
    #[must_use]
    pub fn first(&self) -> Option<Place> {
        self.held.first_key_value().map(|(place, _)| *place)
    }

    /// Whether nobody stands before `place`.
    #[must_use]
    pub fn is_first(&self, place: Place) -> bool {
        self.held.first_key_value().is_none_or(|(first, _)| *first >= place)
    }

    /// How many are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nobody is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Since when somebody has been held without a break.
    #[must_use]
    pub fn since(&self) -> Option<Moment> {
        self.since
    }

    fn note_empty(&mut self) {
        if self.held.is_empty() {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_that_comes_back_stands_where_it_stood() {
        let mut hold = Hold::default();
        let (first, second) = (hold.place(), hold.place());
        assert!(hold.hold(second, "second", Moment::START));
        assert!(!hold.hold(first, "first", Moment::millis(9)));
        assert!(hold.is_first(first) && !hold.is_first(second));
        assert_eq!(hold.pop_first().map(|(_, who)| who), Some("first"));
        assert_eq!(hold.since(), Some(Moment::START));
        assert_eq!(hold.leave(second), Some("second"));
        assert_eq!((hold.since(), hold.len()), (None, 0));
    }

    proptest! {
        #[test]
        fn first_come_is_first_served_whoever_leaves(leaving in prop::collection::vec(any::<bool>(), 0..50)) {
            let mut hold = Hold::default();
            let places: Vec<Place> = leaving.iter().map(|_| hold.place()).collect();
            places.iter().for_each(|p| { hold.hold(*p, *p, Moment::START); });
            let staying: Vec<Place> =
                places.iter().zip(&leaving).filter(|(p, leaves)| !**leaves || hold.leave(**p).is_none()).map(|(p, _)| *p).collect();
            let served: Vec<Place> = std::iter::from_fn(|| hold.pop_first().map(|(p, _)| p)).collect();
            prop_assert_eq!(served, staying);
        }
    }
}
