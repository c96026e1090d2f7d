//! Which connections stand in the way of a drain's end, and which of them nobody would miss (rule S4).
//!
//! One of an ignored peer does not hold a drain up, save for the moment in which its request is being answered.

use super::super::look::{Connection, Look, Traffic};
use super::super::usage::{Evidence, Judged};
use super::{Drain, Facts};

use daemon::moment::Moment;

/// How many connections are open or wait to be accepted; none: nobody is there.
pub(super) fn in_the_way(look: &Look, facts: Facts<'_>, now: Moment) -> Option<usize> {
    let holds = |connection: &&Connection| {
        let owed = || facts.usage.judge(connection, facts.watchers, facts.policy, now).owed;
        !is_ignored(connection, facts) || matches!(owed(), Some(Evidence::Unanswered(_)))
    };
    let open = look.connections.iter().filter(holds).count();
    (open > 0 || is_anybody_queued(look, facts)).then_some(open)
}

/// Whether somebody who counts waits to be accepted.
pub(super) fn is_anybody_queued(look: &Look, facts: Facts<'_>) -> bool {
    let waiting: usize = look.listeners.iter().map(|listener| listener.waiting as usize).sum();
    let ignored = look.connections.iter().filter(|connection| !connection.accepted && is_ignored(connection, facts));
    waiting > ignored.count()
}

impl Drain {
    /// Why a connection must not be cut; none: it is forgotten.
    pub(super) fn missed(&self, connection: &Connection, facts: Facts<'_>, now: Moment) -> Option<String> {
        let peer = connection.peer;
        if is_ignored(connection, facts) {
            return None;
        }
        let Judged { quiet: judged, owed } = facts.usage.judge(connection, facts.watchers, facts.policy, now);
        if let Some(evidence) = owed {
            return Some(evidence.to_string());
        }
        let quiet = match connection.traffic {
            Traffic::Over { ago } => Some(ago),
            Traffic::Unknown | Traffic::Known(_) => judged,
        };
        let unreleased = facts.watchers.may_belong_to_unreleased(peer.ip(), self.number);
        if unreleased && quiet.is_some_and(|quiet| quiet < facts.policy.longest_answer) {
            return Some(format!("{peer} may belong to a proxy that has not released the drain"));
        }
        // A close that only its peer still owes moves no data.
        judged
            .is_some_and(|quiet| quiet <= now.since(self.began))
            .then(|| format!("data moved with {peer} since the drain began"))
    }
}

fn is_ignored(connection: &Connection, facts: Facts<'_>) -> bool {
    facts.policy.ignore.covers(connection.peer.ip())
}
