//! Bytes that were read and not yet taken.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, BytesMut};
use tokio::io::AsyncReadExt as _;

use super::buffers;
use super::socket::Io;

/// Bytes that were read and not yet taken, and whether more can come. It has a buffer only while it has bytes.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: BytesMut,
    ended: bool,
    /// Room for the next read: it grows while reads fill it, and what was read is taken at once.
    room: usize,
}

impl Default for Inbox {
    fn default() -> Self {
        Inbox { bytes: BytesMut::new(), ended: false, room: buffers::FIRST }
    }
}

impl Inbox {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the other side has said that nothing more comes.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.bytes.advance(bytes);
        if self.bytes.is_empty() {
            self.let_go();
        }
    }

    /// Reads once; 0 is the end.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>, io: &mut Io) -> Poll<io::Result<usize>> {
        let room = self.room;
        let filled = self.poll_fill_some(context, io, room);
        if let Poll::Ready(Ok(read)) = filled {
            self.room = if read >= room { (2 * room).min(buffers::LARGEST) } else { room };
        }
        filled
    }

    /// Reads once, not more than `most` bytes; 0 is the end.
    pub(super) fn poll_fill_some(
        &mut self,
        context: &mut Context<'_>,
        io: &mut Io,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        if self.bytes.is_empty() {
            ready!(io.poll_may_read(context))?;
            self.let_go();
            self.bytes = buffers::take(most);
        } else if self.bytes.len() == self.bytes.capacity() {
            // A head, or a line of a body, that is longer than a buffer.
            self.bytes.reserve(buffers::FIRST);
        }
        let read = pin!(io.read_buf(&mut (&mut self.bytes).limit(most))).poll(context);
        if self.bytes.is_empty() {
            self.let_go();
        }
        let read = ready!(read)?;
        self.ended = read == 0;
        Poll::Ready(Ok(read))
    }

    /// What was read is not taken: whoever takes it is slow, and so little is read ahead of them.
    pub(super) fn slow_down(&mut self) {
        self.room = buffers::FIRST;
    }

    fn let_go(&mut self) {
        if self.bytes.capacity() > 0 {
            buffers::give_back(std::mem::take(&mut self.bytes));
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.let_go();
    }
}
