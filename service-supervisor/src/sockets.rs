//! What the kernel says about the app's sockets: `sock_diag` over netlink, which needs no privileges.
//!
//! One question for each port and address family; the kernel filters by the local port. A dump is answered while it
//! is asked, so nothing here waits. The answer's bytes are read in [`answer`].

pub mod answer;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recvfrom, sendto, socket,
};

use self::answer::{BadAnswer, Details, Socket, TcpState};
use crate::decide::look::{Connection, Data, Ended, Listener, Look, Scope, Traffic};

/// The most sockets that one look takes in; with more it fails, and a failed look counts as use.
const MOST_SOCKETS: usize = 65_536;

/// The longest datagram of an answer; the kernel makes them no longer than 32 KiB.
const LONGEST_PART: usize = 32 * 1024;

/// How long the kernel keeps a connection in TIME_WAIT.
const TIME_WAIT: Duration = Duration::from_secs(60);

const FAMILIES: [AddressFamily; 2] = [AddressFamily::Inet, AddressFamily::Inet6];

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
}

/// Looks at the app's sockets.
#[derive(Debug)]
pub struct Sockets {
    netlink: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
    ports: Vec<u16>,
    address: Option<IpAddr>,
    most: usize,
}

impl Sockets {
    /// Of an app on `ports`, at `address` or any.
    ///
    /// # Errors
    /// Where there is no `sock_diag`.
    pub fn open(ports: Vec<u16>, address: Option<IpAddr>) -> io::Result<Self> {
        let netlink = ask_kernel()?;
        Ok(Sockets { netlink, sequence: 0, buffer: vec![0; LONGEST_PART], ports, address, most: MOST_SOCKETS })
    }

    /// Looks once.
    ///
    /// # Errors
    /// [`NoLook`].
    pub fn look(&mut self, scope: Scope) -> Result<Look, NoLook> {
        let look = self.look_once(scope);
        if look.is_err()
            && let Ok(fresh) = ask_kernel()
        {
            // The rest of an answer that was given up would keep the kernel from answering the next question.
            self.netlink = fresh;
        }
        look
    }

    fn look_once(&mut self, scope: Scope) -> Result<Look, NoLook> {
        let mut look = Look::default();
        for port in self.ports.clone() {
            for family in FAMILIES {
                for socket in self.dump(family, port, scope)? {
                    self.take(&socket, &mut look);
                }
            }
        }
        Ok(look)
    }

    fn dump(&mut self, family: AddressFamily, port: u16, scope: Scope) -> Result<Vec<Socket>, NoLook> {
        self.sequence = self.sequence.wrapping_add(1);
        let question = answer::question(family as u8, port, scope, self.sequence);
        let kernel = NetlinkAddr::new(0, 0);
        sendto(self.netlink.as_raw_fd(), &question, &kernel, MsgFlags::empty()).map_err(NoLook::Ask)?;
        let mut sockets = Vec::new();
        loop {
            let (length, from) =
                recvfrom::<NetlinkAddr>(self.netlink.as_raw_fd(), &mut self.buffer).map_err(NoLook::Answer)?;
            // Other processes may write to a netlink socket; only the kernel is 0.
            if from.is_none_or(|from| from.pid() != 0) {
                continue;
            }
            let part = answer::read(&self.buffer[..length], self.sequence)?;
            sockets.extend(part.sockets);
            match (part.is_last, sockets.len() > self.most) {
                (_, true) => return Err(NoLook::TooMany),
                (true, false) => return Ok(sockets),
                (false, false) => {}
            }
        }
    }

    fn take(&self, socket: &Socket, look: &mut Look) {
        if self.address.is_some_and(|only| only != socket.local.ip()) || !self.ports.contains(&socket.local.port()) {
            return;
        }
        match socket.state {
            TcpState::Listen => look.listeners.push(Listener {
                port: socket.local.port(),
                waiting: socket.receive_queue,
                backlog: socket.send_queue,
            }),
            TcpState::TimeWait => look.ended.push(Ended { peer: socket.peer, ago: ended_ago(socket) }),
            TcpState::Established
            | TcpState::SynSent
            | TcpState::SynReceived
            | TcpState::FinWait1
            | TcpState::FinWait2
            | TcpState::Close
            | TcpState::CloseWait
            | TcpState::LastAck
            | TcpState::Closing => look.connections.push(Connection { peer: socket.peer, traffic: traffic(socket) }),
        }
    }
}

/// A socket to ask the kernel by.
fn ask_kernel() -> nix::Result<OwnedFd> {
    socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        SockProtocol::NetlinkSockDiag,
    )
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
        (Some(Details { last_sent, last_received, bytes_received }), _) => Traffic::Known(Data {
            sent_ago: *last_sent,
            received_ago: *last_received,
            ever_received: bytes_received.is_none_or(|bytes| bytes > u64::from(fin_received)),
            unread: socket.receive_queue.saturating_sub(fin_received),
            unsent: socket.send_queue.saturating_sub(fin_sent),
        }),
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
