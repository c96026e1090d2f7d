//! The authoritative DNS of the world's zones, on UDP and TCP. What is answered is decided in `answer`; here are the
//! sockets.
//!
//! Assumes that it listens on one address, not on 0.0.0.0 of a machine with many: an answer over UDP leaves from the
//! address that the system chooses.
//!
//! Guarantees: no packet ends it; over TCP at most 64 connections, each idle for 10 s at most.

mod answer;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use self::answer::{Transport, answer};
use crate::accept::accept;
use crate::views::Views;

const MOST_CONNECTIONS: usize = 64;

/// How long a connection may take for its next query, and its client to read the answer.
const IDLE: Duration = Duration::from_secs(10);

/// More than any query needs.
const LARGEST_QUERY: usize = 4096;

/// After a socket failed, before it is used again.
const BREATH: Duration = Duration::from_millis(100);

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
    /// Listens on UDP and TCP; port 0 finds one that is free for both.
    ///
    /// # Errors
    /// When the address or one of the ports is not to be had.
    pub async fn listen(at: SocketAddr, views: Arc<dyn Views>) -> Result<Dns, Error> {
        let (datagrams, listener) = bind(at).await.map_err(|error| Error(at, error))?;
        let at = datagrams.local_addr().map_err(|error| Error(at, error))?;
        let udp = tokio::spawn(serve_udp(datagrams, Arc::clone(&views)));
        let tcp = tokio::spawn(serve_tcp(listener, views));
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

/// Chance for the order of addresses.
fn seed() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}

async fn serve_udp(socket: UdpSocket, views: Arc<dyn Views>) {
    let mut packet = vec![0; LARGEST_QUERY];
    loop {
        match socket.recv_from(&mut packet).await {
            Ok((length, from)) => {
                if let Some(reply) = answer(&packet[..length], Transport::Udp, &*views, seed())
                    && let Err(error) = socket.send_to(&reply, from).await
                {
                    tracing::debug!(%from, %error, "cannot send a DNS answer");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot receive DNS queries");
                sleep(BREATH).await;
            }
        }
    }
}

async fn serve_tcp(listener: TcpListener, views: Arc<dyn Views>) {
    accept(listener, MOST_CONNECTIONS, |stream| {
        let views = Arc::clone(&views);
        async move {
            if let Err(error) = serve_connection(stream, &*views).await {
                tracing::trace!(%error, "a DNS connection ended");
            }
        }
    })
    .await;
}

/// One query after the other, each with its length before it (RFC 7766).
async fn serve_connection(mut stream: TcpStream, views: &dyn Views) -> io::Result<()> {
    loop {
        let query = timeout(IDLE, read_query(&mut stream)).await??;
        let Some(reply) = answer(&query, Transport::Tcp, views, seed()) else {
            return Ok(());
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
