//! What a service says about itself: the last hundred events, in AWS's words (ECS developer guide, "Service event
//! messages").

use std::time::Duration;

use daemon::moment::Moment;

use super::Service;
use crate::ids::Ids;
use crate::pace::Pace;

/// How many are kept (ECS developer guide).
const KEPT: usize = 100;
/// How long the same is not said again while it stays the case (ECS developer guide).
const SAID_AGAIN_AFTER: Duration = Duration::from_secs(6 * 3600);

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// A UUID.
    pub id: String,
    /// When.
    pub at: Moment,
    /// `(service x) has reached a steady state.`
    pub message: String,
}

/// What can be the case for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// All is as wanted.
    Steady,
    /// A task finds no place.
    Unplaced,
    /// Tasks fail to start again and again.
    Throttled,
    /// Protected tasks are in the way.
    Protected,
    /// Minimum and maximum are in the way.
    Configuration,
}

impl Standing {
    /// The kind of the world's event.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Standing::Steady => "service.steady",
            Standing::Unplaced => "service.unplaced",
            Standing::Throttled => "service.throttled",
            Standing::Protected | Standing::Configuration => "service.blocked",
        }
    }
}

impl Service {
    /// Adds an event.
    pub(super) fn say(&mut self, now: Moment, ids: &mut Ids, message: String) {
        self.events.push_front(ServiceEvent { id: ids.uuid(), at: now, message });
        self.events.truncate(KEPT);
    }

    /// Adds what is the case, unless it has been said already; whether it was said.
    pub(super) fn stand(&mut self, now: Moment, pace: Pace, ids: &mut Ids, standing: Standing, message: &str) -> bool {
        let said = self.standing.get(&standing);
        if said.is_some_and(|(text, at)| text == message && now < *at + pace.of(SAID_AGAIN_AFTER)) {
            return false;
        }
        self.standing.insert(standing, (message.to_owned(), now));
        self.say(now, ids, message.to_owned());
        true
    }

    /// When it is said again if it stays the case.
    pub(super) fn said_again_at(&self, standing: Standing, pace: Pace) -> Option<Moment> {
        self.standing.get(&standing).map(|(_, at)| *at + pace.of(SAID_AGAIN_AFTER))
    }

    /// It is the case no longer.
    pub(super) fn settle(&mut self, standing: Standing) {
        self.standing.remove(&standing);
    }
}
