//! Whether anybody uses the app (rule S2): when it was last used, and by what evidence.
//!
//! Every piece of evidence only ever moves the last use later. Evidence that is missing counts as use at that moment.

pub mod evidence;

use std::time::Duration;

use daemon::moment::Moment;

pub use self::evidence::Evidence;
use super::connections::Connections;
use super::load::Load;
use super::look::{Answer, Connection, Data, Look, Traffic};
use super::policy::Policy;
use super::watchers::Watchers;

/// So often must the kernel have repeated itself before a peer counts as gone: three times is more than a second.
const REPEATS: u8 = 3;

/// The app's last use.
#[derive(Clone, Debug)]
pub struct Usage {
    last: Moment,
    evidence: Evidence,
    connections: Connections,
    load: Load,
    /// How many connections had been opened at the look before.
    opened: Option<u64>,
}

/// What a connection says about use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Since it was last used; none: it says nothing.
    pub quiet: Option<Duration>,
    /// Why it is in use now; none: it is not.
    pub owed: Option<Evidence>,
}

impl Usage {
    /// Used at `now`.
    #[must_use]
    pub fn new(evidence: Evidence, now: Moment) -> Self {
        Usage { last: now, evidence, connections: Connections::default(), load: Load::default(), opened: None }
    }

    /// When it was last used.
    #[must_use]
    pub fn last(&self) -> Moment {
        self.last
    }

    /// By what evidence.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Used at `at`, unless it was used later.
    pub fn note(&mut self, evidence: Evidence, at: Moment) {
        if at >= self.last {
            self.last = at;
            self.evidence = evidence;
        }
    }

    /// Takes in what a look and the watchers' reports say.
    pub fn saw(&mut self, look: &Look, watchers: &Watchers, policy: &Policy, now: Moment) {
        self.saw_reports(watchers, policy, now);
        self.saw_cpu(look, policy, now);
        self.saw_ended(look, policy, now);
        self.saw_opened(look, policy, now);
        let over = look.ended.iter().map(|ended| (ended.peer, ended.port));
        self.connections.saw(&look.connections, over, now);
        for connection in judged(&look.connections, policy) {
            let Judged { quiet, owed } = self.judge(connection, watchers, policy, now);
            if let Some(quiet) = quiet {
                self.note(Evidence::Data(connection.peer), now - quiet);
            }
            if let Some(evidence) = owed {
                self.note(evidence, now);
            }
        }
    }

    /// Takes in what proxies report.
    pub fn saw_reports(&mut self, watchers: &Watchers, policy: &Policy, now: Moment) {
        if let Some((watcher, count)) = watchers.in_flight(policy.longest_answer, now) {
            self.note(Evidence::InFlight(watcher, count), now);
        }
    }

    /// What an open connection says. A tie is use unless a proxy at its other end says that nothing is under way there.
    #[must_use]
    pub fn judge(&self, connection: &Connection, watchers: &Watchers, policy: &Policy, now: Moment) -> Judged {
        let peer = connection.peer;
        let data = match &connection.traffic {
            Traffic::Unknown => return Judged { quiet: None, owed: Some(Evidence::NoDetails(peer)) },
            // Only the peer's close is missing: it was judged while there was data to judge.
            Traffic::Over { .. } => return Judged { quiet: None, owed: None },
            Traffic::Known(data) => data,
        };
        if policy.max_quiet_stream.is_some_and(|limit| self.connections.is_forgotten(connection, limit, now)) {
            return Judged { quiet: None, owed: None };
        }
        if peer_is_gone(data, policy) {
            return Judged { quiet: Some(data.unheard_for()), owed: None };
        }
        let owed = match self.connections.answer(connection, data) {
            _ if data.quiet_for() >= policy.longest_answer => None,
            Answer::Owed => Some(Evidence::Unanswered(peer)),
            Answer::Tie => (!watchers.say_all_answered(peer.ip(), now)).then_some(Evidence::Tie(peer)),
            Answer::Given => None,
        };
        Judged { quiet: Some(data.quiet_for()), owed }
    }

    fn saw_cpu(&mut self, look: &Look, policy: &Policy, now: Moment) {
        let Some(limit) = policy.busy_cpu else { return };
        match look.cpu {
            Some(cpu) => match self.load.saw(cpu, policy.cpu_window(), now) {
                Some(share) if share > limit => self.note(Evidence::Cpu(share), now),
                Some(_) | None => {}
            },
            None => self.note(Evidence::NoCpu, now),
        }
    }

    /// A connection that no look has shown has ended meanwhile: it was used. One that was shown has been judged by its
    /// data, and its end is no use.
    fn saw_ended(&mut self, look: &Look, policy: &Policy, now: Moment) {
        for ended in look.ended.iter().filter(|ended| !policy.ignore.covers(ended.peer.ip())) {
            if !self.connections.knows(ended.peer, ended.port) {
                self.note(Evidence::Short(ended.peer), now - ended.ago);
            }
        }
        for connection in judged(&look.connections, policy) {
            if let Traffic::Over { ago } = connection.traffic
                && !self.connections.knows(connection.peer, connection.port)
            {
                self.note(Evidence::Short(connection.peer), now - ago);
            }
        }
        for connection in judged(look.closed.as_deref().unwrap_or_default(), policy) {
            match &connection.traffic {
                Traffic::Known(data) => {
                    if self.connections.moved_before_its_end(connection, data, now) {
                        self.note(Evidence::Short(connection.peer), now - data.quiet_for());
                    }
                }
                Traffic::Unknown | Traffic::Over { .. } => self.note(Evidence::Short(connection.peer), now),
            }
        }
    }

    /// Where the kernel does not say which connections came to their end, their count is all there is.
    fn saw_opened(&mut self, look: &Look, policy: &Policy, now: Moment) {
        let before = std::mem::replace(&mut self.opened, look.opened);
        // A job without a port is not asked for anything.
        if look.closed.is_some() || policy.ports.is_empty() {
            return;
        }
        let (Some(before), Some(opened)) = (before, look.opened) else {
            // The first count is nothing to compare with.
            if look.opened.is_none() {
                self.note(Evidence::NotTold, now);
            }
            return;
        };
        let seen = look.connections.iter().map(|connection| (connection.peer, connection.port));
        let seen = seen.chain(look.ended.iter().map(|ended| (ended.peer, ended.port)));
        let seen = seen.filter(|(peer, port)| !self.connections.knows(*peer, *port)).count();
        let unseen = opened.saturating_sub(before).saturating_sub(seen as u64);
        if unseen > 0 {
            self.note(Evidence::Opened(unseen), now);
        }
    }
}

/// Nothing was heard of it for long though the kernel repeats what it has for it.
fn peer_is_gone(data: &Data, policy: &Policy) -> bool {
    data.repeats >= REPEATS && data.unheard_for() >= policy.peer_gone
}

/// Without those whose peers are to be ignored.
fn judged<'a>(connections: &'a [Connection], policy: &'a Policy) -> impl Iterator<Item = &'a Connection> {
    connections.iter().filter(|connection| !policy.ignore.covers(connection.peer.ip()))
}

#[cfg(test)]
mod tests;
