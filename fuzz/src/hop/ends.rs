//! The two ends of a body, without sockets: bytes that are all there, and a place where bytes go.

use std::io;
use std::task::{Context, Poll};

use http::HeaderMap;
use http1::framing::Length;
use proxy_sidecar::pump::{Cut, Piece, Sink, Source};
use proxy_sidecar::wire::coming::{self, Coming, Next};
use proxy_sidecar::wire::going::Going;

/// Bytes that came, after which the other side has closed.
pub(super) struct Came<'b> {
    /// Those that were not taken yet.
    pub(super) rest: &'b [u8],
    pub(super) coming: Coming,
    nominated: Vec<String>,
    trailers: Option<HeaderMap>,
}

impl<'b> Came<'b> {
    pub(super) fn new(rest: &'b [u8], length: Length) -> Came<'b> {
        Came { rest, coming: Coming::of(length), nominated: Vec::new(), trailers: None }
    }

    pub(super) fn expect(&mut self, length: Length, nominated: Vec<String>) {
        self.coming = Coming::of(length);
        self.nominated = nominated;
    }
}

impl Source for Came<'_> {
    fn poll_piece(&mut self, _context: &mut Context<'_>) -> Poll<Result<Piece<'_>, Cut>> {
        loop {
            let (skip, next) = self.coming.next(self.rest).map_err(|_| Cut::Malformed)?;
            self.rest = &self.rest[skip..];
            match next {
                Next::Data(bytes) => return Poll::Ready(Ok(Piece::Data(&self.rest[..bytes]))),
                Next::Over(trailers) => {
                    self.trailers = coming::without(trailers, &self.nominated);
                    return Poll::Ready(Ok(Piece::End));
                }
                Next::More => self.coming.close()?,
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
        self.coming.took(bytes);
    }

    fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take()
    }
}

/// Where bytes go; sometimes only some of them are taken.
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) going: Going,
}

impl Sent {
    pub(super) fn new(bytes: Vec<u8>, length: Length) -> Sent {
        Sent { bytes, going: Going::of(length) }
    }
}

impl Sink for Sent {
    fn poll_put(&mut self, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let portion = self.going.portion(bytes.len(), &mut self.bytes)?;
        let takes = if bytes.len().is_multiple_of(2) { portion.bytes.div_ceil(2) } else { portion.bytes };
        self.bytes.extend_from_slice(&bytes[..takes]);
        if takes == portion.bytes {
            self.bytes.extend_from_slice(portion.after);
        }
        self.going.went(takes);
        Poll::Ready(Ok(takes))
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Cut> {
        self.going.finish(trailers.as_ref(), &mut self.bytes)
    }

    fn poll_flush(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Both ends of a side that is asked or answers.
pub(super) struct Ends<'b> {
    pub(super) came: Came<'b>,
    pub(super) sent: Sent,
}

impl Source for Ends<'_> {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece<'_>, Cut>> {
        self.came.poll_piece(context)
    }

    fn consume(&mut self, bytes: usize) {
        self.came.consume(bytes);
    }

    fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.came.take_trailers()
    }
}

impl Sink for Ends<'_> {
    fn poll_put(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.sent.poll_put(context, bytes)
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Cut> {
        self.sent.finish(trailers)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sent.poll_flush(context)
    }
}
