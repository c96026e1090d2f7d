//! Buffers for reading, lent to a connection while it has bytes in one and taken back when it has none.
//!
//! A read that finds everything at once is the cheapest, and room that waits for bytes is the dearest: thousands of
//! connections wait at any time, and a few have something to say. So a connection has no buffer of its own; each
//! thread has a handful, and makes more where many connections are read ahead of what their other side takes.

use std::cell::RefCell;

use bytes::BytesMut;

/// The room of a buffer, and the most that a connection is read ahead.
pub(super) const ROOM: usize = 128 * 1024;

/// How many are kept while nobody has them.
const KEPT: usize = 8;

thread_local! {
    static FREE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with [`ROOM`].
pub(super) fn take() -> BytesMut {
    FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(ROOM))
}

/// Takes an empty buffer back, whatever its room is by now.
pub(super) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    FREE.with_borrow_mut(|free| {
        // What was consumed of it counts as room again only when it is asked for, and only where nobody shares it.
        if free.len() < KEPT && buffer.try_reclaim(ROOM) {
            free.push(buffer);
        }
    });
}
