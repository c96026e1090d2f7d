//! Connections to backends: opened where they may be, and kept for the next request.
//!
//! A request is started only where it may be, looked at again after connecting and before its first byte (rule W2).
//! Every connection is counted at its backend from before it is opened until its socket is closed, so that `released`
//! is never said too early (rule W3).

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use daemon::moment::Moment;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::keep_alive::keep_alive;
use crate::service::{Connected, Line, Service, Ticket};
use crate::wire::{Io, Wire};

pub mod backend;
pub mod http1;
pub mod http2;

pub use backend::{Backend, Outgoing};
pub use http1::Kept;

/// Connections to one backend that wait for a request; the one used last is used next, so that the others can age.
#[derive(Debug, Default)]
pub struct Pool {
    idle: Mutex<Vec<Idle>>,
    /// The connection of HTTP/2, and when a stream was opened or ended on it last.
    opener: Mutex<Option<(http2::Opener, Moment)>>,
}

#[derive(Debug)]
struct Idle {
    /// Declared before the count, and so closed before it is given back.
    wire: Wire,
    count: Connected,
    since: Moment,
}

impl Pool {
    fn take(&self) -> Option<Idle> {
        lock(&self.idle).pop()
    }

    fn put(&self, idle: Idle) {
        lock(&self.idle).push(idle);
    }

    /// The connection of HTTP/2, where there is one.
    fn opener(&self) -> Option<http2::Opener> {
        lock(&self.opener).as_ref().map(|(opener, _)| opener.clone())
    }

    fn keep_opener(&self, opener: http2::Opener, now: Moment) {
        *lock(&self.opener) = Some((opener, now));
    }

    fn note_used(&self, now: Moment) {
        if let Some((_, used)) = lock(&self.opener).as_mut() {
            *used = now;
        }
    }

    /// Closes every connection that waits. One of HTTP/2 is used for no new stream, and ends with its last one.
    pub fn close_idle(&self) {
        drop(lock(&self.opener).take());
        let closed = std::mem::take(&mut *lock(&self.idle));
        drop(closed);
    }

    /// Closes those that have waited since before `moment`. They are the first: the last one used is taken first.
    pub fn close_older(&self, moment: Moment) {
        let closed: Vec<Idle> = {
            let mut idle = lock(&self.idle);
            let old = idle.partition_point(|i| i.since <= moment);
            idle.drain(..old).collect()
        };
        drop(closed);
        // One with streams on it lives until the last of them ends.
        drop(lock(&self.opener).take_if(|(_, used)| *used <= moment));
    }
}

/// What is kept is whole after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How connections are made and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialling {
    /// `--connect-timeout`.
    pub connect: Duration,
    /// `--upstream-idle-timeout`.
    pub idle: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum NoConnection {
    /// The lease ended before.
    #[error("the lease ended before a connection was opened")]
    NoLease,
    /// Nobody answered in time.
    #[error("no connection within {0:?}")]
    Timeout(Duration),
    /// It was refused, or failed otherwise.
    #[error("{0}")]
    Failed(io::Error),
}

/// A connection to the ticket's backend: one that waits, or a new one.
///
/// # Errors
/// [`NoConnection`]; the service has been told.
pub async fn connection(ticket: &Ticket, dialling: Dialling) -> Result<Kept, NoConnection> {
    let (service, line) = (ticket.service(), ticket.line());
    if let Some(kept) = waiting(ticket, dialling.idle).await {
        return Ok(kept);
    }
    match connect(service, line, dialling.connect).await {
        Ok((stream, count)) => Ok(Kept::new(Wire::new(Io::Plain(stream)), count, false)),
        Err(error) => {
            ticket.connect_failed();
            Err(error)
        }
    }
}

/// The youngest that waits and has not been closed by its backend.
async fn waiting(ticket: &Ticket, most: Duration) -> Option<Kept> {
    let line = ticket.line();
    loop {
        let mut idle = line.pool.take()?;
        let old = ticket.service().clock.now().since(idle.since) >= most;
        let spent = old || poll_fn(|context| Poll::Ready(idle.wire.is_spent(context))).await;
        if !spent {
            return Some(Kept::new(idle.wire, idle.count, true));
        }
    }
}

/// Opens a connection.
///
/// # Errors
/// [`NoConnection`].
pub(crate) async fn connect(
    service: &Arc<Service>,
    line: &Arc<Line>,
    within: Duration,
) -> Result<(TcpStream, Connected), NoConnection> {
    let counted = service.connecting(line).ok_or(NoConnection::NoLease)?;
    let stream = timeout(within, TcpStream::connect(line.at))
        .await
        .map_err(|_| NoConnection::Timeout(within))?
        .map_err(NoConnection::Failed)?;
    // Without it 100 KiB have a p99 of 46 ms. It fails only on a socket that is broken already.
    let _ = stream.set_nodelay(true);
    keep_alive(&stream);
    Ok((stream, counted))
}
