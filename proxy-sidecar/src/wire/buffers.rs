//! Buffers for reading, lent to a connection while it has bytes in one and taken back when it has none.
//!
//! A read that finds everything at once is the cheapest, and room that waits for bytes is the dearest: thousands of
//! connections wait at any time, and a few have something to say. So a connection has no buffer of its own; each
//! thread has a handful, and makes more where many connections are read ahead of what their other side takes.

use std::cell::RefCell;

use bytes::BytesMut;

/// The room of a first read: a head, and most bodies with it.
pub(super) const FIRST: usize = 64 * 1024;

/// The room of a read while a large body flows as fast as it comes. Larger ones did not pay.
pub(super) const LARGEST: usize = 512 * 1024;

/// How many are kept while nobody has them.
const KEPT: usize = 8;

thread_local! {
    static FREE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with this room or more.
pub(super) fn take(room: usize) -> BytesMut {
    let fitting = FREE.with_borrow_mut(|free| {
        let fits = free.iter().position(|buffer| buffer.capacity() >= room)?;
        Some(free.swap_remove(fits))
    });
    fitting.unwrap_or_else(|| BytesMut::with_capacity(room))
}

/// Takes an empty buffer back, whatever its room is by now.
pub(super) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    // What was consumed of it counts as room again only when it is asked for.
    if !buffer.try_reclaim(LARGEST) && !buffer.try_reclaim(FIRST) {
        return;
    }
    FREE.with_borrow_mut(|free| {
        if free.len() < KEPT {
            free.push(buffer);
        }
    });
}
