//! What one look at the app's sockets shows: plain facts, as `sockets.rs` takes them from the kernel.

use std::net::SocketAddr;
use std::time::Duration;

/// How much a look has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only who listens: enough while the app starts, and a tenth of the cost.
    Listeners,
    /// Every socket of the app's ports.
    All,
}

/// The app's sockets at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Sockets in LISTEN.
    pub listeners: Vec<Listener>,
    /// Sockets in any state but LISTEN and TIME_WAIT.
    pub connections: Vec<Connection>,
    /// Sockets in TIME_WAIT.
    pub ended: Vec<Ended>,
    /// Connections that came to their end since the look before; none: the kernel did not tell of all of them.
    pub closed: Option<Vec<Connection>>,
    /// How many connections others have opened here in all of time, on whatever port and in whatever container that
    /// shares the network, less the supervisor's own; none: the kernel does not tell, or it says nothing about the app.
    pub opened: Option<u64>,
    /// The CPU that the app has used; none: the kernel does not tell.
    pub cpu: Option<Cpu>,
}

/// CPU time, and what there is of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Used in all of time.
    pub used: Duration,
    /// What may be used each second; none: all that the machine has.
    pub limit: Option<Duration>,
}

/// A listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its port.
    pub port: u16,
    /// Connections that wait to be accepted.
    pub waiting: u32,
    /// How many may wait.
    pub backlog: u32,
}

/// A connection to the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The other side.
    pub peer: SocketAddr,
    /// The app's port.
    pub port: u16,
    /// Whether the app has accepted it, or has closed it meanwhile.
    pub accepted: bool,
    /// What is known of its traffic.
    pub traffic: Traffic,
}

/// What the kernel says about a connection's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Nothing: still in its handshake, or the kernel gave no details.
    Unknown,
    /// When data last moved, and what is stuck.
    Known(Data),
    /// The app has closed and everything was delivered; only the other side's close is missing.
    Over {
        /// How long ago, at most.
        ago: Duration,
    },
}

/// A connection's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// Since the app last sent. A connection's birth counts as both sent and received.
    pub sent_ago: Duration,
    /// Since the app's side last received.
    pub received_ago: Duration,
    /// Whether anything was ever received: a connection on which nothing was asked owes no answer.
    pub ever_received: bool,
    /// Bytes received that the app has not read.
    pub unread: u32,
    /// Bytes the app wrote that the other side has not acknowledged.
    pub unsent: u32,
    /// Whether the other side has said that it sends nothing more.
    pub half_closed: bool,
    /// Since the other side last acknowledged something.
    pub acknowledged_ago: Duration,
    /// How often in a row the kernel has repeated something without an acknowledgement, keepalive probes included.
    pub repeats: u8,
    /// Bytes received, and sent and acknowledged, in all of its life.
    pub bytes: u64,
    /// Counts of its segments; kernels before 4.6 have none.
    pub segments: Option<Segments>,
}

/// Segments of a connection in all of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Received, with data in them.
    pub received: u32,
    /// Sent, with data in them.
    pub sent: u32,
    /// Sent without data: bare acknowledgements and their like.
    pub bare: u32,
    /// Sent once more.
    pub repeated: u32,
}

impl Data {
    /// Since data last moved, in either direction.
    #[must_use]
    pub fn quiet_for(&self) -> Duration {
        self.sent_ago.min(self.received_ago)
    }

    /// Since anything came from the other side, if only an acknowledgement.
    #[must_use]
    pub fn unheard_for(&self) -> Duration {
        self.acknowledged_ago.min(self.received_ago)
    }

    /// Whether something is asked and not answered, or answered and not delivered.
    #[must_use]
    pub fn answer(&self) -> Answer {
        if self.unread > 0 || self.unsent > 0 {
            return Answer::Owed;
        }
        match self.received_ago.cmp(&self.sent_ago) {
            _ if !self.ever_received => Answer::Given,
            std::cmp::Ordering::Less => Answer::Owed,
            std::cmp::Ordering::Equal => Answer::Tie,
            std::cmp::Ordering::Greater => Answer::Given,
        }
    }
}

/// What a connection owes its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Last received newer than last sent, or bytes are stuck in the kernel.
    Owed,
    /// Both fell into one tick of the kernel's clock: no proof of either.
    Tie,
    /// Last sent newer than last received.
    Given,
}

/// A connection in TIME_WAIT: the app's side closed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The other side.
    pub peer: SocketAddr,
    /// The app's port.
    pub port: u16,
    /// How long ago, at most.
    pub ago: Duration,
}

impl Look {
    /// Leaves out whose connections are not to be judged.
    pub fn leave_out(&mut self, whose: impl Fn(SocketAddr) -> bool) {
        self.connections.retain(|connection| !whose(connection.peer));
        self.ended.retain(|ended| !whose(ended.peer));
        if let Some(closed) = &mut self.closed {
            closed.retain(|connection| !whose(connection.peer));
        }
    }

    /// Whether nobody is there: no socket but LISTEN and TIME_WAIT, and nothing waits to be accepted (rule S4).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.listeners.iter().all(|listener| listener.waiting == 0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An accepted connection from `peer`.
    pub(crate) fn connection(peer: &str, traffic: Traffic) -> Connection {
        Connection { peer: peer.parse().expect("address"), port: 9050, accepted: true, traffic }
    }

    /// An answered, quiet connection from `peer` on which data last moved `ago` milliseconds ago.
    pub(crate) fn quiet(peer: &str, ago: u64) -> Connection {
        connection(peer, Traffic::Known(data(ago, ago + 50)))
    }

    /// Traffic of a connection that sent and received that many milliseconds ago.
    pub(crate) fn data(sent: u64, received: u64) -> Data {
        Data {
            sent_ago: Duration::from_millis(sent),
            received_ago: Duration::from_millis(received),
            ever_received: true,
            unread: 0,
            unsent: 0,
            half_closed: false,
            // With the later of both, as for a peer nearby.
            acknowledged_ago: Duration::from_millis(sent.min(received)),
            repeats: 0,
            bytes: 100,
            segments: None,
        }
    }

    /// The app listens on 9050 and these are connected.
    pub(crate) fn look(connections: &[Connection]) -> Look {
        Look {
            listeners: vec![Listener { port: 9050, waiting: 0, backlog: 128 }],
            connections: connections.to_vec(),
            closed: Some(Vec::new()),
            cpu: Some(Cpu { used: Duration::ZERO, limit: None }),
            ..Look::default()
        }
    }

    #[test]
    fn an_answer_is_owed_when_received_is_newer_than_sent_or_bytes_are_stuck() {
        assert_eq!(data(50, 10).answer(), Answer::Owed);
        assert_eq!(data(10, 50).answer(), Answer::Given);
        assert_eq!(data(10, 10).answer(), Answer::Tie);
        assert_eq!(Data { unsent: 1, ..data(10, 50) }.answer(), Answer::Owed);
        assert_eq!(Data { unread: 1, ..data(10, 50) }.answer(), Answer::Owed);
        assert_eq!(Data { ever_received: false, ..data(10, 10) }.answer(), Answer::Given);
    }

    #[test]
    fn a_full_accept_queue_is_not_empty() {
        let mut at = look(&[]);
        assert!(at.is_empty());
        at.listeners[0].waiting = 1;
        assert!(!at.is_empty());
        assert!(!look(&[quiet("10.0.0.1:1", 5)]).is_empty());
    }
}
