//! Whether anybody uses the app (rule S2): when it was last used, and by what evidence.
//!
//! Every piece of evidence only ever moves the last use later. Evidence that is missing counts as use at that moment.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::WatcherId;

use super::busy::Sign;
use super::look::{Answer, Connection, Look, Traffic};
use super::policy::Policy;
use super::watchers::Watchers;

/// What made the last use a use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The app became ready: its idle time starts there.
    Ready,
    /// Data moved on a connection.
    Data(SocketAddr),
    /// A request was not answered, or its answer not delivered.
    Unanswered(SocketAddr),
    /// The kernel does not tell sent before received from received before sent.
    Tie(SocketAddr),
    /// The kernel gave no details of a connection.
    NoDetails(SocketAddr),
    /// A connection came and went between two looks.
    Short(SocketAddr),
    /// A proxy reported requests under way.
    InFlight(WatcherId, u64),
    /// The busy sign stood.
    Busy(Sign),
    /// `POST /wake`.
    CalledBack,
    /// A look at the sockets failed.
    NoLook,
    /// A drain found something that it must not cut.
    NotDrained(String),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Ready => write!(f, "the app became ready"),
            Evidence::Data(peer) => write!(f, "data moved with {peer}"),
            Evidence::Unanswered(peer) => write!(f, "{peer} waited for an answer"),
            Evidence::Tie(peer) => write!(f, "{peer} may have waited for an answer"),
            Evidence::NoDetails(peer) => write!(f, "the kernel told nothing of the connection of {peer}"),
            Evidence::Short(peer) => write!(f, "{peer} came and went"),
            Evidence::InFlight(watcher, count) => write!(f, "proxy {watcher} had {count} under way"),
            Evidence::Busy(Sign::Held(holder, _)) => write!(f, "{} said that it was busy", holder.as_str()),
            Evidence::Busy(Sign::Locked) => write!(f, "the busy file was locked"),
            Evidence::Busy(Sign::Touched(_)) => write!(f, "the busy file was touched"),
            Evidence::CalledBack => write!(f, "a call-back"),
            Evidence::NoLook => write!(f, "the kernel did not tell about the sockets"),
            Evidence::NotDrained(what) => write!(f, "a drain ended without sleep: {what}"),
        }
    }
}

/// The app's last use.
#[derive(Clone, Debug)]
pub struct Usage {
    last: Moment,
    evidence: Evidence,
    /// Who was there at the look before, to tell a new connection that has ended from an old one that was closed.
    known: BTreeSet<SocketAddr>,
}

impl Usage {
    /// Used at `now`.
    #[must_use]
    pub fn new(evidence: Evidence, now: Moment) -> Self {
        Usage { last: now, evidence, known: BTreeSet::new() }
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
        let mut present = BTreeSet::new();
        for connection in &look.connections {
            present.insert(connection.peer);
            match connection.traffic {
                Traffic::Unknown => self.note(Evidence::NoDetails(connection.peer), now),
                Traffic::Known(data) => {
                    self.note(Evidence::Data(connection.peer), now - data.quiet_for());
                    if let Some(evidence) = unanswered(connection, policy.longest_answer) {
                        let settled = matches!(evidence, Evidence::Tie(_))
                            && watchers.say_all_answered(connection.peer.ip(), now);
                        if !settled {
                            self.note(evidence, now);
                        }
                    }
                }
                Traffic::Over { ago } => self.saw_ended(connection.peer, now - ago),
            }
        }
        for ended in &look.ended {
            present.insert(ended.peer);
            self.saw_ended(ended.peer, now - ended.ago);
        }
        self.known = present;
    }

    /// Takes in what proxies report.
    pub fn saw_reports(&mut self, watchers: &Watchers, policy: &Policy, now: Moment) {
        if let Some((watcher, count)) = watchers.in_flight(policy.longest_answer, now) {
            self.note(Evidence::InFlight(watcher, count), now);
        }
    }

    /// A connection that the look before did not show has ended meanwhile: it was used. One that it did show has been
    /// judged by its data, and its close is no use.
    fn saw_ended(&mut self, peer: SocketAddr, at: Moment) {
        if !self.known.contains(&peer) {
            self.note(Evidence::Short(peer), at);
        }
    }
}

/// The evidence of an unanswered request, within the longest answer. A tie is evidence.
#[must_use]
pub fn unanswered(connection: &Connection, longest_answer: Duration) -> Option<Evidence> {
    match connection.traffic {
        Traffic::Unknown => Some(Evidence::NoDetails(connection.peer)),
        Traffic::Known(data) if data.quiet_for() >= longest_answer => None,
        Traffic::Known(data) => match data.answer() {
            Answer::Owed => Some(Evidence::Unanswered(connection.peer)),
            Answer::Tie => Some(Evidence::Tie(connection.peer)),
            Answer::Given => None,
        },
        Traffic::Over { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::look::tests::{data, look, quiet};
    use super::super::look::{Data, Ended};
    use super::super::policy::tests::defaults;
    use super::*;

    const PEER: &str = "10.0.0.9:4000";

    fn after(connections: &[Connection], now: u64) -> Usage {
        let mut usage = Usage::new(Evidence::Ready, Moment::START);
        usage.saw(&look(connections), &Watchers::default(), &defaults(), Moment::millis(now));
        usage
    }

    fn with(data: Data) -> Connection {
        Connection { peer: PEER.parse().expect("address"), traffic: Traffic::Known(data) }
    }

    #[test]
    fn the_last_use_is_when_data_last_moved() {
        let usage = after(&[quiet(PEER, 4_000)], 10_000);
        assert_eq!(usage.last(), Moment::millis(6_000));
        assert_eq!(usage.evidence().to_string(), "data moved with 10.0.0.9:4000");
    }

    #[test]
    fn an_unanswered_request_is_use_for_as_long_as_the_longest_answer() {
        assert_eq!(after(&[with(data(9_000, 8_000))], 10_000).last(), Moment::millis(10_000));
        let hour = 3_600_000;
        assert_eq!(after(&[with(data(hour + 9_000, hour))], hour + 10_000).last(), Moment::millis(10_000));
    }

    #[test]
    fn a_tie_and_missing_details_are_use() {
        assert_eq!(after(&[with(data(9_000, 9_000))], 10_000).last(), Moment::millis(10_000));
        let unknown = Connection { peer: PEER.parse().expect("address"), traffic: Traffic::Unknown };
        assert_eq!(after(&[unknown], 10_000).last(), Moment::millis(10_000));
    }

    #[test]
    fn a_connection_on_which_nothing_was_asked_is_not_used() {
        let silent = Data { ever_received: false, ..data(9_000, 9_000) };
        assert_eq!(after(&[with(silent)], 10_000).last(), Moment::millis(1_000));
    }

    #[test]
    fn a_connection_between_two_looks_is_use_and_the_close_of_an_old_one_is_not() {
        let mut usage = after(&[quiet(PEER, 9_000)], 10_000);
        let ended = |peer: &str| Ended { peer: peer.parse().expect("address"), ago: Duration::from_secs(1) };
        let closed = Look { ended: vec![ended(PEER)], ..look(&[]) };
        usage.saw(&closed, &Watchers::default(), &defaults(), Moment::millis(15_000));
        assert_eq!(usage.last(), Moment::millis(1_000));
        let short = Look { ended: vec![ended(PEER), ended("10.0.0.8:1")], ..look(&[]) };
        usage.saw(&short, &Watchers::default(), &defaults(), Moment::millis(20_000));
        assert_eq!(usage.last(), Moment::millis(19_000));
    }

    #[test]
    fn evidence_never_moves_the_last_use_back() {
        let mut usage = after(&[quiet(PEER, 0)], 10_000);
        usage.note(Evidence::CalledBack, Moment::millis(3));
        assert_eq!(usage.last(), Moment::millis(10_000));
    }
}
