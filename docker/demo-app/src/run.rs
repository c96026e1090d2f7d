//! Listens, serves each connection, and ends without losing a request.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::answer::answer;
use crate::config::Settings;
use crate::ending::{Ender, Ending};
use crate::identity::Identity;

/// How long a connection may be silent between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a connection that was accepted while ending may take to say its one request.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What keeps the demo from running.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It cannot listen.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be told to end.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
}

/// Runs until SIGTERM or SIGINT, then finishes what is in flight.
///
/// # Errors
/// [`Failed`] where it could not start.
pub async fn run(settings: &Settings) -> Result<(), Failed> {
    let mut asked = Asked::new().map_err(Failed::Signals)?;
    let identity = Arc::new(Identity::learn(settings.service.clone(), settings.metadata.clone()));
    tokio::select! {
        () = asked.said() => return Ok(()),
        () = tokio::time::sleep(settings.start_delay) => {}
    }
    let cannot_listen = |source| Failed::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    tracing::info!(%address, "listening");

    let server = Server { identity, ender: Ender::default() };
    loop {
        tokio::select! {
            () = asked.said() => break,
            accepted = listener.accept() => server.take(accepted, KEEP_ALIVE).await,
        }
    }
    tracing::info!("asked to end: finishing what is in flight");
    server.end(listener).await;
    tracing::info!("ended");
    Ok(())
}

/// SIGTERM and SIGINT.
struct Asked {
    term: Signal,
    int: Signal,
}

impl Asked {
    fn new() -> std::io::Result<Self> {
        Ok(Asked { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    async fn said(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// What all connections share.
struct Server {
    identity: Arc<Identity>,
    ender: Ender,
}

impl Server {
    async fn take(&self, accepted: std::io::Result<(TcpStream, SocketAddr)>, patience: Duration) {
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, Arc::clone(&self.identity), self.ender.held(), patience));
            }
            Err(error) => {
                // Out of descriptors, or the caller went before it was accepted: neither goes by itself at once.
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Takes what waits in the accept queue, closes the listener (which would reset what is still in the queue) and
    /// waits for every connection.
    async fn end(self, listener: TcpListener) {
        self.ender.say();
        while let Some(Ok(accepted)) = listener.accept().now_or_never() {
            self.take(Ok(accepted), LAST_WORDS).await;
        }
        drop(listener);
        self.ender.nobody_left().await;
    }
}

async fn serve(stream: TcpStream, identity: Arc<Identity>, mut ending: Ending, patience: Duration) {
    let Ok(address) = stream.local_addr() else { return };
    // Small events must not wait for the acknowledgement of those before; without it they only come later.
    let _ = stream.set_nodelay(true);
    let late = ending.is_said();
    let for_requests = ending.clone();
    let service = service_fn(move |request| {
        let (identity, ending) = (Arc::clone(&identity), for_requests.clone());
        async move { answer(request, &identity, address, ending).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .keep_alive(!late)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // A connection accepted late has its one request yet to say; it closes by itself after it.
        () = ending.said(), if !late => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(cause = daemon::exit::chain(&error), "a connection ended badly");
    }
}
