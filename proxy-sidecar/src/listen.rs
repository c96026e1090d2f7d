//! Accepts connections and serves their requests until it is told to close.
//!
//! Closing (rule X9): what waits in the accept queue is accepted first, for closing a listener resets its queue; then
//! the listener goes, idle connections are closed, the others finish what they carry and close. At the deadline what is
//! left is cut.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::forward::Forward;
use crate::keep_alive::keep_alive;
use crate::listen::client::{Client, ClientSocket};
use crate::listen::room::{Place, Room};

pub mod client;
pub mod room;

/// The longest head (also hyper's buffer); the most fields (trap 13: hyper's 100 are too few).
const LONGEST_HEAD: usize = 64 * 1024;
const MOST_FIELDS: usize = 256;

/// How long a connection that was just accepted may take for its first byte once the proxy closes.
const LAST_CALL: Duration = Duration::from_secs(1);

/// How far the proxy's end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Serving.
    Open,
    /// Still accepting, but replies tell their callers that the connection ends.
    Leaving,
    /// Accepting nothing new; what is under way is finished.
    Closing,
    /// What is left is cut.
    Stop,
}

/// Serves until the stage is [`Stage::Closing`] and every connection has ended, or until it is [`Stage::Stop`].
pub async fn serve(listener: TcpListener, forward: Arc<Forward>, mut stage: watch::Receiver<Stage>) {
    let mut connections = JoinSet::new();
    let room = Room::of_process();
    let accept = async || {
        let place = room.place().await;
        listener.accept().await.map(|(stream, peer)| (stream, peer, place))
    };
    loop {
        tokio::select! {
            accepted = accept() => match accepted {
                Ok((stream, peer, place)) => open(&mut connections, stream, peer, place, &forward, &stage),
                Err(error) => {
                    // Out of descriptors, most likely: those that end make room.
                    tracing::warn!(%error, "cannot accept");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => (),
            _ = closes(&mut stage) => break,
        }
    }
    for (stream, peer) in all_that_wait(listener) {
        open(&mut connections, stream, peer, room.place_now(), &forward, &stage);
    }
    let finished = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        () = finished => (),
        _ = stops(&mut stage) => (),
    }
}

/// Accepts until the queue is empty, then closes it. The kernel is asked and not the runtime, which knows of no caller
/// that came since it last looked, and lets nobody accept more than 128 at a time.
fn all_that_wait(listener: TcpListener) -> Vec<(TcpStream, std::net::SocketAddr)> {
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
    connections: &mut JoinSet<()>,
    stream: TcpStream,
    peer: std::net::SocketAddr,
    place: Option<Place>,
    forward: &Arc<Forward>,
    stage: &watch::Receiver<Stage>,
) {
    connections.spawn(connection(stream, peer, place, Arc::clone(forward), stage.clone()));
}

async fn connection(
    stream: TcpStream,
    peer: std::net::SocketAddr,
    place: Option<Place>,
    forward: Arc<Forward>,
    mut stage: watch::Receiver<Stage>,
) {
    // Fails only on a socket that is broken already; reading it will say so.
    let _ = stream.set_nodelay(true);
    keep_alive(&stream);
    let client = Arc::new(Client::new(Arc::new(stream), peer));
    let socket = ClientSocket::new(&client, place);
    let service = service_fn(|request| {
        client.request_begins();
        let (forward, client) = (Arc::clone(&forward), Arc::clone(&client));
        async move { Ok::<_, Infallible>(forward.answer(request, &client).await) }
    });
    // The header timeout and the idle timeout are the socket's: hyper has one for both (trap 4).
    let served = http1::Builder::new()
        .max_headers(MOST_FIELDS)
        .max_buf_size(LONGEST_HEAD)
        .header_read_timeout(None)
        .serve_connection(socket, service)
        .with_upgrades();
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        _ = closes(&mut stage) => {
            if client.is_fresh() || client.has_sent() {
                // A request may be on its way, or in the kernel: hyper would close before it has read it.
                let _ = tokio::time::timeout(LAST_CALL, served.as_mut()).await;
            }
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(caller = %peer, error = %daemon::exit::chain(&error), "connection ended");
    }
}

async fn closes(stage: &mut watch::Receiver<Stage>) {
    // The sender outlives every connection; without one there is nothing to serve for either.
    let _ = stage.wait_for(|stage| matches!(stage, Stage::Closing | Stage::Stop)).await;
}

async fn stops(stage: &mut watch::Receiver<Stage>) {
    let _ = stage.wait_for(|stage| *stage == Stage::Stop).await;
}
