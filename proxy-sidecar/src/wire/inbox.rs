//! Bytes that were read and not yet taken.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::AsyncReadExt as _;

use super::socket::Io;

/// Room for one read of a body whose length nobody knows: little at first, for a stream may say little for long.
const FIRST_ROOM: usize = 4 * 1024;
const LAST_ROOM: usize = 64 * 1024;

/// What is kept while nothing is awaited.
const KEPT: usize = 16 * 1024;

/// Bytes that were read and not yet taken, and whether more can come.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: BytesMut,
    ended: bool,
    room: usize,
}

impl Default for Inbox {
    fn default() -> Self {
        Inbox::from_bytes(BytesMut::new())
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
    }

    /// Reads once, into room for `room` bytes; 0 is the end.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>, io: &mut Io, room: usize) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        if self.bytes.capacity() - self.bytes.len() < room {
            self.bytes.reserve(room);
        }
        let read = ready!(pin!(io.read_buf(&mut self.bytes)).poll(context))?;
        self.ended = read == 0;
        if read >= room {
            self.room = (2 * self.room).min(LAST_ROOM);
        }
        Poll::Ready(Ok(read))
    }

    pub(super) fn into_bytes(self) -> BytesMut {
        self.bytes
    }

    /// Room for the next read of a body whose length nobody knows.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Gives room back that only a large body needed.
    pub(super) fn shrink(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            *self = Inbox { ended: self.ended, ..Inbox::default() };
        }
    }

    /// Puts what was read elsewhere first.
    pub(super) fn from_bytes(bytes: BytesMut) -> Inbox {
        Inbox { bytes, ended: false, room: FIRST_ROOM }
    }
}
