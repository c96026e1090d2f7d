//! One HTTP/1.1 connection, a caller's or a backend's: what comes is read by its framing, what goes is framed anew.
//!
//! Heads are read and written by those who know what they mean ([`Wire::poll_request`], [`Wire::poll_response`],
//! [`Wire::lines`]); between them the wire is a [`Source`] and a [`Sink`] of bodies. It is polled by the task that has
//! it, and by nobody else.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use http::HeaderMap;
use http1::framing::Length;
use http1::head::{Outlook, Progress};
use http1::request::Request;
use http1::response::Response;
use http1::{Flaw, Limits};
use tokio::io::AsyncWrite as _;

use crate::pump::{Cut, Piece, Sink, Source};
use crate::wire::coming::{Coming, Next};
use crate::wire::going::Going;
use crate::wire::inbox::Inbox;
use crate::wire::outbox::Outbox;

mod buffers;
pub mod coming;
pub mod going;
mod inbox;
mod outbox;
mod rewound;
pub mod socket;

pub use rewound::Rewound;
pub use socket::Io;

/// What is as small as this is copied behind what waits, instead of being written by itself.
const SMALL: usize = 8 * 1024;

/// As much as may wait before it is written, though more could come along.
const FULL: usize = 32 * 1024;

/// What is read of a side that it is not the turn of: enough for its next requests, and to see that it leaves.
const AHEAD: usize = 16 * 1024;

/// What a client of HTTP/2 sends first (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection.
#[derive(Debug)]
pub struct Wire {
    io: Io,
    inbox: Inbox,
    coming: Coming,
    progress: Progress,
    trailers: Option<HeaderMap>,
    nominated: Vec<String>,
    outbox: Outbox,
    going: Going,
}

/// Why no head came.
#[derive(Debug, PartialEq, Eq)]
pub enum NoHead {
    /// The other side closed, or the connection broke, before the first byte of it.
    Closed,
    /// The same in the middle of it.
    Broken,
    /// It is malformed.
    Flawed(Flaw),
}

impl Wire {
    /// A connection on which nothing has been said.
    #[must_use]
    pub fn new(io: Io) -> Wire {
        Wire {
            io,
            inbox: Inbox::default(),
            coming: Coming::Nothing,
            progress: Progress::default(),
            trailers: None,
            nominated: Vec::new(),
            outbox: Outbox::default(),
            going: Going::Nothing,
        }
    }

    /// The socket.
    #[must_use]
    pub fn io(&self) -> &Io {
        &self.io
    }

    /// The socket, with what was read from it and not taken.
    #[must_use]
    pub fn into_rewound(self) -> Rewound<Io> {
        // Copied, for it is little, and a buffer is more than a connection may keep.
        Rewound::new(BytesMut::from(self.inbox.bytes()), self.io)
    }

    /// The socket, where nothing was read from it that is not taken.
    #[must_use]
    pub fn into_io(self) -> Io {
        self.io
    }

    /// Waits for a request's head and hands it to `take`. What it says about its body is to be [told](Wire::expect).
    pub fn poll_request<T>(
        &mut self,
        context: &mut Context<'_>,
        limits: Limits,
        mut take: impl FnMut(&Request<'_, '_>) -> T,
    ) -> Poll<Result<T, NoHead>> {
        self.poll_head(context, limits, |bytes| {
            let mut slots = [MaybeUninit::uninit(); http1::MOST_FIELDS];
            let read = http1::request::read(bytes, &mut slots, limits)?;
            Ok(read.map(|(request, length)| (take(&request), length)))
        })
    }

    /// Waits for a response's head and hands it to `take`. What it says about its body is to be [told](Wire::expect).
    pub fn poll_response<T>(
        &mut self,
        context: &mut Context<'_>,
        limits: Limits,
        mut take: impl FnMut(&Response<'_, '_>) -> T,
    ) -> Poll<Result<T, NoHead>> {
        self.poll_head(context, limits, |bytes| {
            let mut slots = [MaybeUninit::uninit(); http1::MOST_FIELDS];
            let read = http1::response::read(bytes, &mut slots, limits)?;
            Ok(read.map(|(response, length)| (take(&response), length)))
        })
    }

    fn poll_head<T>(
        &mut self,
        context: &mut Context<'_>,
        limits: Limits,
        mut read: impl FnMut(&[u8]) -> Result<Option<(T, usize)>, Flaw>,
    ) -> Poll<Result<T, NoHead>> {
        loop {
            if !self.inbox.is_empty() {
                let outlook = self.progress.look(self.inbox.bytes(), limits).map_err(NoHead::Flawed)?;
                if outlook == Outlook::Read
                    && let Some((taken, length)) = read(self.inbox.bytes()).map_err(NoHead::Flawed)?
                {
                    self.inbox.consume(length);
                    self.progress = Progress::default();
                    return Poll::Ready(Ok(taken));
                }
            }
            match ready!(self.inbox.poll_fill(context, &mut self.io)) {
                Ok(1..) => (),
                Ok(0) | Err(_) if self.inbox.is_empty() => return Poll::Ready(Err(NoHead::Closed)),
                Ok(0) | Err(_) => return Poll::Ready(Err(NoHead::Broken)),
            }
        }
    }

    /// Looks whether HTTP/2 is spoken: its preface comes first, and nothing of HTTP/1.1 begins like it.
    pub fn poll_preface(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        loop {
            let there = self.inbox.bytes();
            let common = there.len().min(PREFACE.len());
            if there[..common] != PREFACE[..common] {
                return Poll::Ready(false);
            }
            if common == PREFACE.len() {
                return Poll::Ready(true);
            }
            match ready!(self.inbox.poll_fill(context, &mut self.io)) {
                Ok(1..) => (),
                Ok(0) | Err(_) => return Poll::Ready(false),
            }
        }
    }

    /// Whether bytes of the next message have come already.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// The body that follows the head that was read. Trailers of the names that the head nominated end here.
    pub fn expect(&mut self, length: Length, nominated: Vec<String>) {
        self.trailers = None;
        self.nominated = nominated;
        self.coming = Coming::of(length);
    }

    /// Whether the body that was expected has come to its end.
    #[must_use]
    pub fn has_read_body(&self) -> bool {
        self.coming == Coming::Nothing
    }

    /// Begins a message: its head is written to [`Wire::lines`].
    pub fn begin(&mut self) {
        self.outbox.begin();
    }

    /// Where lines are written to.
    pub fn lines(&mut self) -> &mut Vec<u8> {
        self.outbox.lines()
    }

    /// The head is written; a body of this length follows it.
    pub fn follow_with(&mut self, length: Length) {
        self.going = Going::of(length);
    }

    /// Whether the kernel has taken nothing of the message that was begun.
    #[must_use]
    pub fn has_written_nothing(&self) -> bool {
        self.outbox.written() == 0
    }

    /// From now on bytes pass as they are, both ways, until either side closes.
    pub fn become_tunnel(&mut self) {
        self.coming = Coming::UntilClose;
        self.going = Going::UntilClose;
    }

    /// Makes the end of an unfinished message visible. One whose end only the connection tells is reset: closed, it would
    /// look whole.
    pub fn cut(&self) {
        if self.going == Going::UntilClose {
            self.io.reset_on_close();
        }
    }

    /// Says that nothing more comes from us, after what was written; the other side may still send.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // It fails only where the other side was faster.
        Pin::new(&mut self.io).poll_shutdown(context).map(|_| ())
    }

    /// Whether the last exchange has left nothing behind, so that another may follow.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.coming == Coming::Nothing
            && self.going == Going::Nothing
            && self.outbox.len() == 0
            && self.inbox.is_empty()
            && !self.inbox.has_ended()
    }

    /// Whether a connection that waited has ended meanwhile, or says something that nobody asked for.
    pub fn is_spent(&mut self, context: &mut Context<'_>) -> bool {
        self.inbox.poll_fill(context, &mut self.io).is_ready()
    }

    /// Whether the other side has left. What it sends meanwhile is kept, up to a bound.
    ///
    /// A side that has ended its sending counts as having left.
    pub fn poll_left(&mut self, context: &mut Context<'_>) -> Left {
        while self.inbox.bytes().len() < AHEAD {
            match self.inbox.poll_fill_some(context, &mut self.io, AHEAD) {
                Poll::Ready(Ok(1..)) => (),
                Poll::Ready(Ok(0) | Err(_)) => return Left::Gone,
                Poll::Pending => return Left::Here,
            }
        }
        if self.inbox.has_ended() || self.io.is_read_closed(context) { Left::Gone } else { Left::HereAndBusy }
    }

    /// Reads and forgets; ready at the end.
    pub fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let read = self.inbox.bytes().len();
            self.inbox.consume(read);
            match ready!(self.inbox.poll_fill(context, &mut self.io)) {
                Ok(1..) => (),
                Ok(0) | Err(_) => return Poll::Ready(()),
            }
        }
    }

    /// Gives back what only a long head needed.
    pub fn shrink(&mut self) {
        self.outbox.shrink();
    }
}

/// What is known of the other side while it is not read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is there; whoever polled is woken when that changes.
    Here,
    /// It is there, and its bytes wait unread: nobody is woken when it leaves, so it has to be asked again.
    HereAndBusy,
    /// It has left.
    Gone,
}

impl Source for Wire {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece<'_>, Cut>> {
        let available = loop {
            let (skip, next) = self.coming.next(self.inbox.bytes()).map_err(|_| Cut::Malformed)?;
            self.inbox.consume(skip);
            match next {
                Next::Data(bytes) => break bytes,
                Next::Over(trailers) => {
                    self.trailers = coming::without(trailers, &self.nominated).or(self.trailers.take());
                    return Poll::Ready(Ok(Piece::End));
                }
                Next::More => match ready!(self.inbox.poll_fill(context, &mut self.io)) {
                    Ok(1..) => (),
                    Ok(0) => self.coming.close()?,
                    Err(_) => return Poll::Ready(Err(Cut::Short)),
                },
            }
        };
        Poll::Ready(Ok(Piece::Data(&self.inbox.bytes()[..available])))
    }

    fn consume(&mut self, bytes: usize) {
        self.inbox.consume(bytes);
        self.coming.took(bytes);
    }

    fn slow_down(&mut self) {
        self.inbox.slow_down();
    }

    fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take()
    }
}

impl Sink for Wire {
    fn poll_put(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        if self.outbox.len() >= FULL {
            ready!(self.outbox.poll_flush(context, &mut self.io))?;
        }
        let portion = self.going.portion(bytes.len(), self.outbox.lines())?;
        let data = &bytes[..portion.bytes];
        let put = if data.len() <= SMALL && self.outbox.len() > 0 {
            // What is small goes along with what waits.
            self.outbox.lines().extend_from_slice(data);
            self.outbox.lines().extend_from_slice(portion.after);
            data.len()
        } else {
            let written = ready!(self.outbox.poll_write_with(context, &mut self.io, data, portion.after))?;
            if let Some(of_after) = written.checked_sub(data.len()) {
                self.outbox.lines().extend_from_slice(&portion.after[of_after..]);
            }
            written.min(data.len())
        };
        self.going.went(put);
        Poll::Ready(Ok(put))
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Cut> {
        self.going.finish(trailers.as_ref(), self.outbox.lines())
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.outbox.poll_flush(context, &mut self.io)
    }
}
