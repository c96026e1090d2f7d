//! Accepts connections and serves their requests until it is told to close.
//!
//! Closing (rule X9): what waits in the accept queue is accepted first, for closing a listener resets its queue; then
//! the listener goes, idle connections are closed, the others finish what they carry and close. At the deadline what is
//! left is cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http1::framing::Length;
use bytes::BytesMut;
use daemon::moment::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::decide::trust::Trust;
use crate::forward::asked::Spoken;
use crate::forward::caller::AnswerHead;
use crate::forward::{Forward, Peer, date};
use crate::listen::http1::Ended;
use crate::listen::lot::{Lot, Parked};
use crate::listen::room::{Place, Room};
use crate::proxy_protocol::{Header, read_header};
use crate::reply::Reason;
use crate::stage::Stage;
use crate::tls::Tls;
use crate::wire::{Io, Rewound};

pub mod http1;
pub mod http2;
pub mod lot;
pub mod room;

/// How often those that are parked for too long are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// How long callers may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// `--header-timeout`: for a request's head, and for the first byte of a new connection.
    pub header: Duration,
    /// `--idle-timeout`: between an answer and the next request.
    pub idle: Duration,
}

/// What every connection needs.
#[derive(Debug)]
pub struct Front {
    /// How requests are carried.
    pub forward: Forward,
    /// How long callers may take.
    pub times: Times,
    /// Whose word about other people's addresses is taken.
    pub trust: Trust,
    /// `--proxy-protocol require`.
    pub proxy_protocol: bool,
    /// The clock by which parked connections are dated.
    pub clock: Clock,
}

/// A connection whose task has ended and which is not closed.
type Rests = Option<(TcpStream, SocketAddr, Option<Place>)>;

/// Serves until the stage is [`Stage::Closing`] and every connection has ended, or until it is [`Stage::Stop`].
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    front: Arc<Front>,
    room: Room,
    mut stage: watch::Receiver<Stage>,
) {
    let mut connections: JoinSet<Rests> = JoinSet::new();
    let tls = tls.as_ref();
    let mut lot = match Lot::new(front.times.idle) {
        Ok(lot) => lot,
        Err(error) => {
            tracing::error!(%error, "cannot wait for idle connections");
            return;
        }
    };
    let accept = async || {
        let place = room.place().await;
        listener.accept().await.map(|(stream, peer)| (stream, peer, place))
    };
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            accepted = accept() => match accepted {
                Ok((stream, peer, place)) => match place.and_then(|place| room.count(place, peer.ip())) {
                    Some(place) => open(&mut connections, stream, peer, Some(place), tls, &front, &stage),
                    None => turn_away(&stream, &front),
                },
                Err(error) => {
                    // Out of descriptors, most likely: those that end make room.
                    tracing::warn!(%error, "cannot accept");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            ready = lot.ready() => ready.into_iter().for_each(|parked| resume(&mut connections, parked, &front, &stage)),
            Some(ended) = connections.join_next() => {
                if let Ok(Some((stream, peer, place))) = ended {
                    lot.park(stream, peer, place, front.clock.now());
                }
            }
            _ = sweep.tick() => lot.close_overdue(front.clock.now()),
            () = closes(&mut stage) => break,
        }
    }
    for parked in lot.clear() {
        resume(&mut connections, parked, &front, &stage);
    }
    for (stream, peer) in all_that_wait(listener) {
        open(&mut connections, stream, peer, room.place_now(), tls, &front, &stage);
    }
    // One that would be parked now is closed.
    let finished = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        () = finished => (),
        _ = stops(&mut stage) => (),
    }
}

/// Accepts until the queue is empty, then closes it. The kernel is asked and not the runtime, which knows of no caller
/// that came since it last looked, and lets nobody accept more than 128 at a time.
fn all_that_wait(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let mut accepted = Vec::new();
    match listener.into_std() {
        Ok(listener) => {
            while let Ok((stream, peer)) = listener.accept() {
                let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                accepted.extend(stream.map(|stream| (stream, peer)));
            }
        }
        Err(error) => tracing::warn!(%error, "cannot accept those that still wait"),
    }
    accepted
}

fn open(
    connections: &mut JoinSet<Rests>,
    stream: TcpStream,
    peer: SocketAddr,
    place: Option<Place>,
    tls: Option<&Tls>,
    front: &Arc<Front>,
    stage: &watch::Receiver<Stage>,
) {
    let acceptor = tls.map(Tls::acceptor);
    connections.spawn(greet(stream, peer, place, acceptor, Arc::clone(front), stage.clone()));
}

/// Tells one of too many why, as far as that costs nothing.
fn turn_away(stream: &TcpStream, front: &Front) {
    let reason = Reason::TooManyConnections;
    front.forward.counts.refused(reason);
    let body = reason.body();
    let head = AnswerHead {
        status: reason.status().as_u16(),
        length: Length::Exactly(body.len() as u64),
        said: None,
        closes: true,
    };
    let mut reply = Vec::new();
    http1::answer::head(&mut reply, head, Spoken::Http11, &mut false, &mut |lines| {
        reason.write_fields(lines);
        lines.line("date", &date::now());
    });
    reply.extend_from_slice(body.as_bytes());
    // A new socket has room for it; where it has not, the caller sees its connection close.
    let _ = stream.try_write(&reply);
}

/// One that was parked has something to say.
fn resume(connections: &mut JoinSet<Rests>, parked: Parked, front: &Arc<Front>, stage: &watch::Receiver<Stage>) {
    let peer = parked.peer;
    match parked.into_stream() {
        Ok((stream, place)) => {
            connections.spawn(connection(stream, false, peer, place, Arc::clone(front), stage.clone()));
        }
        Err(error) => tracing::debug!(%error, "connection lost"),
    }
}

/// What comes before a connection's first request: who its caller is, and TLS.
async fn greet(
    mut stream: TcpStream,
    address: SocketAddr,
    place: Option<Place>,
    acceptor: Option<TlsAcceptor>,
    front: Arc<Front>,
    mut stage: watch::Receiver<Stage>,
) -> Rests {
    let address = match front.proxy_protocol {
        false => address,
        true => introduced(&mut stream, address, &front).await?,
    };
    let Some(acceptor) = acceptor else { return connection(stream, true, address, place, front, stage).await };
    Box::pin(encrypted(stream, address, acceptor, front, &mut stage)).await;
    // A session has more to keep than a socket: none is parked.
    None
}

/// A connection under TLS.
async fn encrypted(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    front: Arc<Front>,
    stage: &mut watch::Receiver<Stage>,
) {
    let stream = match timeout(front.times.header, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(caller = %address, %error, "no TLS");
            return;
        }
        Err(_) => return,
    };
    let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let peer = front.peer(address, true);
    let io = Io::Tls(Box::new(stream));
    if speaks_http2 {
        return http2::serve(Rewound::new(BytesMut::new(), io), Arc::new(peer), front, stage).await;
    }
    match http1::serve(io, true, &peer, &front.forward, front.times, stage).await {
        Ended::Http2(io) => http2::serve(io, Arc::new(peer), front, stage).await,
        Ended::Closed | Ended::Idle(_) => (),
    }
}

/// Who the caller is, as the trusted proxy that connects says.
async fn introduced(stream: &mut TcpStream, address: SocketAddr, front: &Front) -> Option<SocketAddr> {
    if !front.trust.trusts(address.ip()) {
        tracing::debug!(caller = %address, "not a trusted proxy, and PROXY headers are required");
        return None;
    }
    match read_header(stream, front.times.header).await {
        Ok(Header::Proxied { source, .. }) => Some(source),
        Ok(Header::Local) => Some(address),
        Err(error) => {
            tracing::debug!(caller = %address, %error, "no PROXY header");
            None
        }
    }
}

impl Front {
    fn peer(&self, address: SocketAddr, secure: bool) -> Peer {
        let ip = address.ip().to_canonical();
        Peer { address, text: ip.to_string(), trusted: self.trust.trusts(ip), secure }
    }
}

async fn connection(
    stream: TcpStream,
    fresh: bool,
    address: SocketAddr,
    place: Option<Place>,
    front: Arc<Front>,
    mut stage: watch::Receiver<Stage>,
) -> Rests {
    let peer = front.peer(address, false);
    let io = Io::Plain(stream);
    match http1::serve(io, fresh, &peer, &front.forward, front.times, &mut stage).await {
        Ended::Closed => None,
        Ended::Http2(io) => {
            Box::pin(http2::serve(io, Arc::new(peer), front, &mut stage)).await;
            None
        }
        Ended::Idle(stream) => Some((stream, address, place)),
    }
}

pub(crate) async fn closes(stage: &mut watch::Receiver<Stage>) {
    // The sender outlives every connection; without one there is nothing to serve for either.
    let _ = stage.wait_for(|stage| matches!(stage, Stage::Closing | Stage::Stop)).await;
}

async fn stops(stage: &mut watch::Receiver<Stage>) {
    let _ = stage.wait_for(|stage| *stage == Stage::Stop).await;
}
