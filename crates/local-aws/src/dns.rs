//! The DNS of the world, on UDP and TCP: the authoritative server of the namespaces' zones, and on an address of its own a
//! caching resolver. What is answered is decided in [`answer`] and [`resolver`], what goes wrong in [`faults`]; here are
//! the sockets.
//!
//! Assumes that it listens on one address, not on 0.0.0.0 of a machine with many: an answer over UDP leaves from the
//! address that the system chooses.
//!
//! Guarantees: no packet ends it; over TCP at most 64 connections, each idle for 10 s at most; at most 256 answers are
//! held back by a fault at once (more are dropped).

mod answer;
mod cache;
pub mod faults;
mod find;
mod packet;
pub mod resolver;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use daemon::moment::Clock;
use hickory_proto::op::ResponseCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

pub use self::answer::answer;
use self::faults::{Fault, Side};
use self::find::text_of;
pub use self::packet::Transport;
use self::packet::{Received, begin, finish, receive};
use self::resolver::Resolver;
use crate::accept::accept;
use crate::ids::Ids;
use crate::views::Zones;

const MOST_CONNECTIONS: usize = 64;

/// How long a connection may take for its next query, and its client to read the answer.
const IDLE: Duration = Duration::from_secs(10);

/// More than any query needs.
const LARGEST_QUERY: usize = 4096;

/// After a socket failed, before it is used again.
const BREATH: Duration = Duration::from_millis(100);

/// How many answers over UDP are held back at once.
const MOST_LATE: usize = 256;

/// With port 0: how often a UDP port is tried whose TCP port may be taken.
const TRIES: u32 = 20;

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for DNS on {0}")]
pub struct Error(SocketAddr, #[source] io::Error);

/// A DNS server, until it is closed or dropped.
#[derive(Debug)]
pub struct Dns {
    at: SocketAddr,
    udp: JoinHandle<()>,
    tcp: JoinHandle<()>,
}

impl Dns {
    /// Serves the zones with authority. Port 0 finds one that is free for UDP and TCP; `seed` is what chance begins with.
    ///
    /// # Errors
    /// When the address or one of the ports is not to be had.
    pub async fn listen(at: SocketAddr, zones: Arc<dyn Zones>, seed: u64) -> Result<Dns, Error> {
        Dns::start(at, Desk::new(Role::Zones, zones, seed)).await
    }

    /// Serves as a caching resolver; otherwise as [`Dns::listen`].
    ///
    /// # Errors
    /// As [`Dns::listen`].
    pub async fn resolve(at: SocketAddr, zones: Arc<dyn Zones>, seed: u64) -> Result<Dns, Error> {
        Dns::start(at, Desk::new(Role::Resolver(Mutex::default()), zones, seed)).await
    }

    async fn start(at: SocketAddr, desk: Desk) -> Result<Dns, Error> {
        let desk = Arc::new(desk);
        let (datagrams, listener) = bind(at).await.map_err(|error| Error(at, error))?;
        let at = datagrams.local_addr().map_err(|error| Error(at, error))?;
        let udp = tokio::spawn(serve_udp(datagrams, Arc::clone(&desk)));
        let tcp = tokio::spawn(serve_tcp(listener, desk));
        Ok(Dns { at, udp, tcp })
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Closes it; the ports are free when this returns.
    pub async fn close(mut self) {
        self.udp.abort();
        self.tcp.abort();
        let _ = (&mut self.udp).await;
        let _ = (&mut self.tcp).await;
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.udp.abort();
        self.tcp.abort();
    }
}

async fn bind(at: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = if at.port() == 0 { TRIES } else { 1 };
    loop {
        let datagrams = UdpSocket::bind(at).await?;
        match TcpListener::bind(datagrams.local_addr()?).await {
            Ok(listener) => return Ok((datagrams, listener)),
            Err(_) if tries > 1 => tries -= 1,
            Err(error) => return Err(error),
        }
    }
}

/// Where queries are answered.
struct Desk {
    role: Role,
    zones: Arc<dyn Zones>,
    chance: Mutex<Ids>,
    clock: Clock,
}

enum Role {
    Zones,
    Resolver(Mutex<Resolver>),
}

/// What is done about a packet.
enum Reply {
    Nothing,
    Now(Vec<u8>),
    Late(Duration, Vec<u8>),
}

impl Desk {
    fn new(role: Role, zones: Arc<dyn Zones>, seed: u64) -> Desk {
        Desk { role, zones, chance: Mutex::new(Ids::new(seed)), clock: Clock::start() }
    }

    fn handle(&self, packet: &[u8], transport: Transport) -> Reply {
        let query = match receive(packet) {
            Received::Ignored => return Reply::Nothing,
            Received::Refused(reply) => return Reply::Now(reply),
            Received::Query(query) => query,
        };
        let seed = self.chance.lock().unwrap_or_else(PoisonError::into_inner).number();
        let (side, name) = match &self.role {
            Role::Zones => (Side::Zones, query.queries.first()),
            Role::Resolver(_) => (Side::Resolver, query.queries.first()),
        };
        let fault = name.and_then(|question| self.zones.dns_fault(side, &text_of(&question.name)));
        let reply = match (fault, &self.role) {
            (Some(Fault::Drop), _) => return Reply::Nothing,
            (Some(Fault::ServFail), _) => {
                let mut reply = begin(&query);
                reply.metadata.response_code = ResponseCode::ServFail;
                reply
            }
            (Some(Fault::Delay(_)) | None, Role::Zones) => answer::reply(&query, &*self.zones, seed),
            (Some(Fault::Delay(_)) | None, Role::Resolver(resolver)) => {
                let mut resolver = resolver.lock().unwrap_or_else(PoisonError::into_inner);
                resolver.reply(&query, &*self.zones, self.clock.now(), seed)
            }
        };
        match (finish(&query, &reply, transport), fault) {
            (None, _) => Reply::Nothing,
            (Some(bytes), Some(Fault::Delay(late))) => Reply::Late(late, bytes),
            (Some(bytes), Some(Fault::Drop | Fault::ServFail) | None) => Reply::Now(bytes),
        }
    }
}

async fn serve_udp(socket: UdpSocket, desk: Arc<Desk>) {
    let socket = Arc::new(socket);
    let mut late = JoinSet::new();
    let mut packet = vec![0; LARGEST_QUERY];
    loop {
        while late.try_join_next().is_some() {}
        match socket.recv_from(&mut packet).await {
            Ok((length, from)) => match desk.handle(&packet[..length], Transport::Udp) {
                Reply::Nothing => {}
                Reply::Now(reply) => send(&socket, &reply, from).await,
                Reply::Late(by, reply) if late.len() < MOST_LATE => {
                    let socket = Arc::clone(&socket);
                    late.spawn(async move {
                        sleep(by).await;
                        send(&socket, &reply, from).await;
                    });
                }
                Reply::Late(..) => {}
            },
            Err(error) => {
                tracing::warn!(%error, "cannot receive DNS queries");
                sleep(BREATH).await;
            }
        }
    }
}

async fn send(socket: &UdpSocket, reply: &[u8], to: SocketAddr) {
    if let Err(error) = socket.send_to(reply, to).await {
        tracing::debug!(%to, %error, "cannot send a DNS answer");
    }
}

async fn serve_tcp(listener: TcpListener, desk: Arc<Desk>) {
    accept(listener, MOST_CONNECTIONS, |stream| {
        let desk = Arc::clone(&desk);
        async move {
            if let Err(error) = serve_connection(stream, &desk).await {
                tracing::trace!(%error, "a DNS connection ended");
            }
        }
    })
    .await;
}

/// One query after the other, each with its length before it (RFC 7766).
async fn serve_connection(mut stream: TcpStream, desk: &Desk) -> io::Result<()> {
    loop {
        let query = timeout(IDLE, read_query(&mut stream)).await??;
        let reply = match desk.handle(&query, Transport::Tcp) {
            // A query that is never answered keeps its connection open, as one that was lost would.
            Reply::Nothing => continue,
            Reply::Now(reply) => reply,
            Reply::Late(by, reply) => {
                sleep(by).await;
                reply
            }
        };
        let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
        let framed = [&length.to_be_bytes(), reply.as_slice()].concat();
        timeout(IDLE, stream.write_all(&framed)).await??;
    }
}

async fn read_query(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = usize::from(stream.read_u16().await?);
    if length > LARGEST_QUERY {
        return Err(io::Error::other("a query too large"));
    }
    let mut query = vec![0; length];
    stream.read_exact(&mut query).await?;
    Ok(query)
}

#[cfg(test)]
mod tests;
