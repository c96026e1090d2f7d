//! The bodies that pass: a caller's on its way to a backend, and a reply's on its way to the caller.
//!
//! Nothing is gathered: a frame is asked for when the other side can take it. A body that was cut short ends in an
//! error and never in a proper end, so that the other side sees it (trap 12).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::listen::client::Busy;
use crate::service::Ticket;
use crate::upstream::Returning;

/// How a caller's body failed, seen by the proxy: so that it is never taken for a backend's fault (trap 2).
#[derive(Clone, Debug, Default)]
pub struct BodyFault(Arc<AtomicU8>);

/// What was wrong with a caller's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It broke the rules of its framing.
    Malformed,
    /// It ended too early: the caller left.
    CutShort,
}

impl BodyFault {
    /// What was wrong, if anything was.
    #[must_use]
    pub fn get(&self) -> Option<Fault> {
        match self.0.load(Ordering::Relaxed) {
            1 => Some(Fault::Malformed),
            2 => Some(Fault::CutShort),
            _ => None,
        }
    }

    fn set(&self, fault: Fault) {
        self.0.store(if fault == Fault::Malformed { 1 } else { 2 }, Ordering::Relaxed);
    }
}

/// A caller's body on its way to a backend.
#[derive(Debug)]
pub enum RequestBody {
    /// None.
    Empty,
    /// As it comes.
    Streamed(Incoming, BodyFault),
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            RequestBody::Empty => Poll::Ready(None),
            RequestBody::Streamed(incoming, fault) => {
                let polled = Pin::new(incoming).poll_frame(context);
                if let Poll::Ready(Some(Err(error))) = &polled {
                    fault.set(fault_of(error));
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            RequestBody::Empty => true,
            RequestBody::Streamed(incoming, _) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            RequestBody::Empty => SizeHint::with_exact(0),
            RequestBody::Streamed(incoming, _) => incoming.size_hint(),
        }
    }
}

/// hyper wraps what its decoder says: broken chunks are invalid input or data, everything else is the end of the socket.
fn fault_of(error: &hyper::Error) -> Fault {
    let io = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match io.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData) => Fault::Malformed,
        Some(_) | None => Fault::CutShort,
    }
}

/// A reply's body on its way to the caller. Whatever it holds on to is let go at its end.
#[derive(Debug)]
pub struct ReplyBody {
    source: Source,
    /// The caller's connection carries a request as long as this lives.
    busy: Option<Busy>,
}

#[derive(Debug)]
enum Source {
    Empty,
    Whole(Bytes),
    Backend { incoming: Incoming, connection: Option<Returning>, ticket: Option<Ticket> },
}

impl ReplyBody {
    /// Nothing.
    #[must_use]
    pub fn empty() -> ReplyBody {
        ReplyBody { source: Source::Empty, busy: None }
    }

    /// A text of the proxy's own.
    #[must_use]
    pub fn whole(text: impl Into<Bytes>) -> ReplyBody {
        ReplyBody { source: Source::Whole(text.into()), busy: None }
    }

    /// What a backend sends. At its end the connection goes back to its pool; the ticket ends with it.
    #[must_use]
    pub fn backend(incoming: Incoming, connection: Returning, ticket: Ticket) -> ReplyBody {
        let source = Source::Backend { incoming, connection: Some(connection), ticket: Some(ticket) };
        ReplyBody { source, busy: None }
    }

    /// With the mark that its caller's connection is busy.
    #[must_use]
    pub fn busy(mut self, busy: Busy) -> ReplyBody {
        self.busy = Some(busy);
        self
    }

    fn finish(&mut self) {
        if let Source::Backend { connection, ticket, .. } = &mut self.source {
            if let Some(connection) = connection.take() {
                connection.give_back();
            }
            ticket.take();
        }
        self.busy.take();
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.source {
            Source::Empty => Poll::Ready(None),
            Source::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Source::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Source::Backend { incoming, .. } => {
                let polled = Pin::new(&mut *incoming).poll_frame(context);
                if incoming.is_end_stream() || matches!(polled, Poll::Ready(None)) {
                    self.finish();
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Empty => true,
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Backend { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty => SizeHint::with_exact(0),
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Backend { incoming, .. } => incoming.size_hint(),
        }
    }
}

impl Drop for ReplyBody {
    /// A body without any byte is never asked for one: its end is here. One that is dropped half way closes its
    /// connection instead, which tells the backend.
    fn drop(&mut self) {
        if self.is_end_stream() {
            self.finish();
        }
    }
}
