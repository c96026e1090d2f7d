//! One stream of HTTP/2, of a caller's connection or of one to a backend: what comes on it, and what goes.
//!
//! Flow control is the back-pressure: room is given back for what was consumed, and nothing is put for which the other
//! side has given no room. A stream that is reset, by either side, ends its body short.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use http1::Field;

use crate::fields;
use crate::pump::{Cut, Piece, Sink, Source};

/// The most bytes that are put at once.
const LARGEST_FRAME: usize = 64 * 1024;

/// Both directions of a stream, as far as they have begun.
#[derive(Debug, Default)]
pub struct Ends {
    /// What comes; nothing before it has begun.
    pub coming: Option<Coming>,
    /// What goes.
    pub going: Going,
}

impl Source for Ends {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece<'_>, Cut>> {
        match &mut self.coming {
            Some(coming) => coming.poll_piece(context),
            None => Poll::Ready(Ok(Piece::End)),
        }
    }

    fn consume(&mut self, bytes: usize) {
        if let Some(coming) = &mut self.coming {
            coming.consume(bytes);
        }
    }

    fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.coming.as_mut()?.trailers.take()
    }
}

impl Sink for Ends {
    fn poll_put(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.going.poll_put(context, bytes)
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Cut> {
        self.going.finish(trailers)
    }

    /// What is put is written by the connection's task.
    fn poll_flush(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What comes on a stream.
#[derive(Debug)]
pub struct Coming {
    recv: RecvStream,
    chunk: Bytes,
    trailers: Option<HeaderMap>,
}

impl Coming {
    /// What comes on `recv`.
    #[must_use]
    pub fn new(recv: RecvStream) -> Coming {
        Coming { recv, chunk: Bytes::new(), trailers: None }
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece<'_>, Cut>> {
        while self.chunk.is_empty() {
            match ready!(self.recv.poll_data(context)) {
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(error)) => return Poll::Ready(Err(cut(&error))),
                None => {
                    let trailers = ready!(pin!(self.recv.trailers()).poll(context)).map_err(|error| cut(&error))?;
                    self.trailers = trailers.and_then(|trailers| fields::trailers(lines(&trailers)));
                    return Poll::Ready(Ok(Piece::End));
                }
            }
        }
        Poll::Ready(Ok(Piece::Data(&self.chunk)))
    }

    /// So many bytes were taken: the sender may send as many more.
    fn consume(&mut self, bytes: usize) {
        self.chunk.advance(bytes);
        // It fails only where more is given back than was received.
        let _ = self.recv.flow_control().release_capacity(bytes);
    }
}

fn cut(error: &h2::Error) -> Cut {
    match error.reason() {
        Some(Reason::PROTOCOL_ERROR) if error.is_library() => Cut::Malformed,
        Some(_) | None => Cut::Short,
    }
}

/// What goes on a stream.
#[derive(Debug, Default)]
pub struct Going {
    /// None once the end was said.
    send: Option<SendStream<Bytes>>,
    /// What of a promised length has yet to go.
    promised: Option<u64>,
}

impl Going {
    /// What goes on `send`; nothing where the head was the end. `promised` is the length that the head says.
    #[must_use]
    pub fn new(send: Option<SendStream<Bytes>>, promised: Option<u64>) -> Going {
        Going { send, promised }
    }

    /// Puts as much as there is room for.
    fn poll_put(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(send) = &mut self.send else { return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())) };
        send.reserve_capacity(bytes.len().min(LARGEST_FRAME));
        while send.capacity() == 0 {
            match ready!(send.poll_capacity(context)) {
                Some(Ok(_)) => (),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let put = bytes.len().min(send.capacity());
        if let Some(promised) = &mut self.promised {
            match promised.checked_sub(put as u64) {
                Some(left) => *promised = left,
                None => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            }
        }
        send.send_data(Bytes::copy_from_slice(&bytes[..put]), false).map_err(io::Error::other)?;
        Poll::Ready(Ok(put))
    }

    /// The proper end.
    ///
    /// # Errors
    /// [`Cut::Short`] where more was promised.
    pub fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Cut> {
        if self.promised.is_some_and(|left| left > 0) {
            return Err(Cut::Short);
        }
        if let Some(mut send) = self.send.take() {
            // It fails only on a stream that is closed already.
            let _ = match trailers {
                Some(trailers) => send.send_trailers(trailers),
                None => send.send_data(Bytes::new(), true),
            };
        }
        Ok(())
    }

    /// Resets the stream.
    pub fn reset(&mut self, reason: Reason) {
        if let Some(mut send) = self.send.take() {
            send.send_reset(reason);
        }
    }

    /// Whether the other side has reset it.
    pub fn is_reset(&mut self, context: &mut Context<'_>) -> bool {
        self.send.as_mut().is_some_and(|send| send.poll_reset(context).is_ready())
    }
}

/// The fields of a map, in its order.
pub fn lines(fields: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// The same as lines of HTTP/1.1.
#[must_use]
pub fn to_fields(map: &HeaderMap) -> Vec<Field<'_>> {
    lines(map).map(|(name, value)| Field { name, value }).collect()
}
