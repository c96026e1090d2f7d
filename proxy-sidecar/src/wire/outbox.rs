//! Bytes that wait to be written: heads, the coding of chunks, and what is small enough to go along with them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite as _;

use super::socket::Io;

/// What is kept while nothing waits.
const KEPT: usize = 16 * 1024;

/// Bytes that wait, and how far they were written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// How many bytes the kernel took since [`Outbox::begin`].
    written: u64,
}

impl Outbox {
    /// A new message begins.
    pub(super) fn begin(&mut self) {
        self.written = 0;
    }

    /// How many bytes of the message the kernel has taken.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Where lines are written to.
    pub(super) fn lines(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Writes what waits and then, without copying it, some of `data` and of `after`; gives how much of `data` and
    /// `after` together was written, which is nothing while what waits has not gone.
    pub(super) fn poll_write_with(
        &mut self,
        context: &mut Context<'_>,
        io: &mut Io,
        data: &[u8],
        after: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let waiting = &self.bytes[self.sent..];
            let written = match (waiting.is_empty(), after.is_empty()) {
                (true, true) => ready!(Pin::new(&mut *io).poll_write(context, data))?,
                _ => {
                    let slices = [IoSlice::new(waiting), IoSlice::new(data), IoSlice::new(after)];
                    ready!(Pin::new(&mut *io).poll_write_vectored(context, &slices))?
                }
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written as u64;
            let of_waiting = written.min(self.len());
            self.sent += of_waiting;
            self.settle();
            if written > of_waiting {
                return Poll::Ready(Ok(written - of_waiting));
            }
        }
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>, io: &mut Io) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            let written = ready!(Pin::new(&mut *io).poll_write(context, &self.bytes[self.sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written as u64;
            self.sent += written;
        }
        self.settle();
        Pin::new(io).poll_flush(context)
    }

    fn settle(&mut self) {
        if self.sent == self.bytes.len() {
            self.sent = 0;
            self.bytes.clear();
        }
    }

    pub(super) fn shrink(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
    }
}
