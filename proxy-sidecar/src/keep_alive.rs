//! Whether the other side of a quiet connection is still there.
//!
//! A host that goes without a word closes nothing: a request that waits for its answer would wait for ever, and a
//! tunnel to a caller that is gone would count as in flight, and keep its service awake, until the longest answer.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{KeepAlive, TcpKeepCount, TcpKeepIdle, TcpKeepInterval};

const QUIET: Duration = Duration::from_secs(30);
const BETWEEN: Duration = Duration::from_secs(10);
const PROBES: u32 = 3;

/// Lets the kernel ask the other side after 30 s of quiet; one that is gone is noticed within a minute.
pub(crate) fn keep_alive(stream: &impl AsFd) {
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    // They fail only on a socket that is broken already.
    let _ = setsockopt(stream, KeepAlive, &true);
    let _ = setsockopt(stream, TcpKeepIdle, &seconds(QUIET));
    let _ = setsockopt(stream, TcpKeepInterval, &seconds(BETWEEN));
    let _ = setsockopt(stream, TcpKeepCount, &PROBES);
}
