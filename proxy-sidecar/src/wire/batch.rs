//! How much of a large body is waited for before it is read again.
//!
//! A sender that is faster than the way to the other side, or just on the same host, fills the socket in small portions
//! as they are taken, and each portion costs a wake-up, a read and a write. So while a large body of known length flows
//! fast, the kernel is asked to wake us for a good portion only (`SO_RCVLOWAT`, socket(7)). A sender that then pauses is
//! not waited for: after two milliseconds, and near the end of the body, every byte counts again.

use std::task::{Context, Poll};
use std::time::Duration;

use crate::forward::alarm::Alarm;
use crate::wire::socket::Io;

/// A good portion.
const PORTION: u32 = 64 * 1024;

/// A body flows fast once a read gave as much as this.
const FAST: usize = 16 * 1024;

/// Nearer to its end than this nothing is waited for.
const END: u64 = 256 * 1024;

/// How long a portion may take: a fast sender needs a fraction of it.
const PATIENCE: Duration = Duration::from_millis(2);

/// Whether portions are waited for.
#[derive(Debug, Default)]
pub(super) struct Batch {
    fast: bool,
    waits: bool,
    alarm: Alarm,
}

impl Batch {
    /// A read has given so many bytes; so many are to come.
    pub(super) fn read(&mut self, io: &Io, bytes: usize, left: u64) {
        self.fast |= bytes >= FAST;
        self.alarm.reset();
        if self.waits && left < END {
            self.stop(io);
        }
    }

    /// Nothing is there to be read, and so many bytes are to come.
    pub(super) fn wait(&mut self, context: &mut Context<'_>, io: &Io, left: u64) {
        if !self.fast || left < END {
            return;
        }
        if !self.waits {
            self.waits = io.wake_at(PORTION);
        }
        if self.waits && self.alarm.poll(context, PATIENCE) == Poll::Ready(()) {
            self.stop(io);
        }
    }

    /// Every byte counts. The kernel looks at once whether there are any (since Linux 4.18), and wakes us.
    fn stop(&mut self, io: &Io) {
        let _ = io.wake_at(1);
        *self = Batch::default();
    }
}
