//! What the kernel says about the app's sockets: by `sock_diag`, which needs no privileges, or else by
//! `/proc/net/tcp`; and by the counter of all connections that were ever opened.
//!
//! - [`answer`]: the bytes of `sock_diag`.
//! - [`table`]: the text of `/proc/net/tcp`, where there is no `sock_diag`.
//! - [`opened`]: the counter.
//! - `diag`, `closed`: ask the kernel for sockets, and are told of those that have gone.
//! - `owner`: whose sockets they are, where others share the network.

pub mod answer;
mod closed;
mod diag;
pub mod opened;
mod owner;
pub mod table;

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use self::answer::{BadAnswer, Details, Socket, TcpState};
use self::closed::Closed;
use self::diag::Diag;
use self::owner::Owner;
use self::table::BadLine;
use crate::decide::look::{Connection, Data, Ended, Listener, Look, Scope, Traffic};
use crate::log;

/// The most sockets that one look takes in; with more it fails, and a failed look counts as use.
const MOST_SOCKETS: usize = 65_536;

/// How long the kernel keeps a connection in TIME_WAIT.
const TIME_WAIT: Duration = Duration::from_secs(60);

/// Both families' sockets.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// Why a look failed.
#[derive(Debug, thiserror::Error)]
pub enum NoLook {
    /// The kernel refused the question.
    #[error("the kernel cannot be asked about sockets")]
    Ask(#[source] nix::Error),
    /// The answer did not come.
    #[error("the kernel did not answer about sockets")]
    Answer(#[source] nix::Error),
    /// The answer cannot be read.
    #[error("the kernel's answer about sockets cannot be read")]
    Bad(#[from] BadAnswer),
    /// There are more than are looked at.
    #[error("there are more than {MOST_SOCKETS} sockets")]
    TooMany,
    /// The table cannot be read.
    #[error("cannot read {0}")]
    NoTable(&'static str, #[source] io::Error),
    /// The table is not as it should be.
    #[error("cannot make sense of {0}")]
    BadTable(&'static str, #[source] BadLine),
}

/// Which sockets are the app's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// Those on these local ports, …
    pub ports: Vec<u16>,
    /// … at this local address; none: at any, …
    pub address: Option<IpAddr>,
    /// … and of these only those that the app's processes opened, as others share the network.
    pub network_is_shared: bool,
}

/// Looks at the app's sockets.
#[derive(Debug)]
pub struct Sockets {
    whose: Whose,
    /// None: there is no `sock_diag`.
    diag: Option<Diag>,
    closed: Closed,
    /// None: the network is the app's own.
    owner: Option<Owner>,
}

impl Sockets {
    /// Of the app, whose sockets are these.
    #[must_use]
    pub fn open(whose: Whose) -> Self {
        let diag = Diag::open().inspect_err(|error| {
            log::warn("no sock_diag here: every open connection counts as use, and a look is costly")
                .with("error", error.to_string())
                .write();
        });
        let owner = whose.network_is_shared.then(Owner::default);
        Sockets { closed: Closed::open(whose.ports.clone()), whose, diag: diag.ok(), owner }
    }

    /// Looks once.
    ///
    /// # Errors
    /// [`NoLook`].
    pub fn look(&mut self, scope: Scope) -> Result<Look, NoLook> {
        let mut look = Look::default();
        let sockets = self.all(scope)?;
        if let Some(owner) = &mut self.owner {
            owner.saw(&sockets);
        }
        for socket in sockets {
            self.take(&socket, &mut look);
        }
        if scope == Scope::All {
            // In a shared network it counts what is nobody's business here.
            look.opened = if self.owner.is_none() { opened::count() } else { None };
            // After the look, so that what ended before it is told of. Without `sock_diag` there is nobody to tell.
            look.closed = self.closed.take().map(|gone| gone.iter().filter_map(|socket| self.gone(socket)).collect());
        }
        Ok(look)
    }

    fn all(&mut self, scope: Scope) -> Result<Vec<Socket>, NoLook> {
        let Some(diag) = &mut self.diag else { return self.in_tables() };
        match diag.look(&self.whose.ports, scope) {
            // The kernel may have netlink and no `sock_diag` behind it.
            Err(refused @ (NoLook::Bad(BadAnswer::Kernel(_)) | NoLook::Ask(_))) => {
                self.in_tables().map_err(|_| refused)
            }
            look => look,
        }
    }

    fn in_tables(&self) -> Result<Vec<Socket>, NoLook> {
        let mut sockets = Vec::new();
        if self.whose.ports.is_empty() {
            return Ok(sockets);
        }
        for table in TABLES {
            match fs::read_to_string(table) {
                Ok(text) => {
                    let of_one = table::read(&text, &self.whose.ports).map_err(|bad| NoLook::BadTable(table, bad))?;
                    sockets.extend(of_one);
                }
                // A kernel without IPv6.
                Err(error) if error.kind() == io::ErrorKind::NotFound && table == TABLES[1] => {}
                Err(error) => return Err(NoLook::NoTable(table, error)),
            }
        }
        Ok(sockets)
    }

    fn is_the_apps(&self, socket: &Socket) -> bool {
        let Whose { ports, address, .. } = &self.whose;
        address.is_none_or(|only| only == socket.local.ip())
            && ports.contains(&socket.local.port())
            && self.owner.as_ref().is_none_or(|owner| owner.is_the_apps(socket.local))
    }

    fn take(&self, socket: &Socket, look: &mut Look) {
        if !self.is_the_apps(socket) {
            return;
        }
        let (peer, port) = (socket.peer, socket.local.port());
        match socket.state {
            TcpState::Listen => {
                look.listeners.push(Listener { port, waiting: socket.receive_queue, backlog: socket.send_queue });
            }
            TcpState::TimeWait => look.ended.push(Ended { peer, port, ago: ended_ago(socket) }),
            TcpState::Established
            | TcpState::SynSent
            | TcpState::SynReceived
            | TcpState::FinWait1
            | TcpState::FinWait2
            | TcpState::Close
            | TcpState::CloseWait
            | TcpState::LastAck
            | TcpState::Closing => look.connections.push(connection(socket)),
        }
    }

    /// A connection of the app's that has gone; a listener that has gone is none.
    fn gone(&self, socket: &Socket) -> Option<Connection> {
        (self.is_the_apps(socket) && socket.peer.port() != 0).then(|| connection(socket))
    }
}

fn connection(socket: &Socket) -> Connection {
    let waits_to_be_accepted = socket.inode == 0
        && matches!(socket.state, TcpState::Established | TcpState::CloseWait | TcpState::SynReceived);
    Connection {
        peer: socket.peer,
        port: socket.local.port(),
        accepted: !waits_to_be_accepted,
        traffic: traffic(socket),
    }
}

/// What is known of a connection's traffic. A FIN counts as a byte in the kernel's numbers, in the queue and among the
/// bytes received: it is no data, so it is taken off.
fn traffic(socket: &Socket) -> Traffic {
    let (fin_received, fin_sent) = match socket.state {
        TcpState::CloseWait => (1, 0),
        TcpState::LastAck | TcpState::Closing => (1, 1),
        TcpState::FinWait1 => (0, 1),
        TcpState::Established
        | TcpState::SynSent
        | TcpState::SynReceived
        | TcpState::FinWait2
        | TcpState::TimeWait
        | TcpState::Close
        | TcpState::Listen => (0, 0),
    };
    match (&socket.details, socket.state) {
        (Some(details), _) => {
            let Details { last_sent, last_received, last_acknowledged, repeats, segments, .. } = *details;
            let (received, acknowledged) = (details.bytes_received, details.bytes_acknowledged);
            Traffic::Known(Data {
                sent_ago: last_sent,
                received_ago: last_received,
                ever_received: received.is_none_or(|bytes| bytes > u64::from(fin_received)),
                unread: socket.receive_queue.saturating_sub(fin_received),
                unsent: socket.send_queue.saturating_sub(fin_sent),
                half_closed: fin_received > 0,
                acknowledged_ago: last_acknowledged,
                repeats,
                bytes: received.unwrap_or(0).saturating_add(acknowledged.unwrap_or(0)),
                segments,
            })
        }
        (None, TcpState::FinWait2) => Traffic::Over { ago: ended_ago(socket) },
        (None, _) => Traffic::Unknown,
    }
}

/// How long ago a connection that is kept only for its peer's sake was closed: what is left of its time tells. Where
/// that time was set longer than usual, it seems to have just been closed.
fn ended_ago(socket: &Socket) -> Duration {
    TIME_WAIT.saturating_sub(socket.expires)
}

/// An IPv4 peer of an IPv6 listener is the same peer.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests;
