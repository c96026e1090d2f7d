//! Room for callers: how many connections are open at once.
//!
//! A caller's connection is a descriptor, and so is all that could serve it: the connection to its backend, to the
//! supervisor, to ECS and to DNS. Where callers took them all, those that are held could never be woken. So callers get
//! less than half, and the next one waits in the kernel's queue until one leaves.

use std::sync::Arc;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// For what is no caller and serves none: the listeners, the watches, AWS, DNS, the admin.
const OWN: u64 = 64;

/// The fewest callers, whatever the limit.
const FEWEST: usize = 8;

/// A caller's place, until its connection is closed.
pub type Place = Arc<OwnedSemaphorePermit>;

/// The places.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

impl Room {
    /// As many as the process may have; its soft limit is raised to the hard one, for that costs nothing.
    #[must_use]
    pub fn of_process() -> Room {
        let limit = match getrlimit(Resource::RLIMIT_NOFILE) {
            Ok((soft, hard)) if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() => hard,
            Ok((soft, _)) => soft,
            Err(_) => 1024,
        };
        Room(Arc::new(Semaphore::new(callers(limit))))
    }

    /// A place, once there is one.
    pub async fn place(&self) -> Option<Place> {
        // The semaphore is never closed.
        Arc::clone(&self.0).acquire_owned().await.ok().map(Arc::new)
    }

    /// A place, where there is one now.
    #[must_use]
    pub fn place_now(&self) -> Option<Place> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(Arc::new)
    }
}

fn callers(limit: u64) -> usize {
    let half = limit.saturating_sub(OWN) / 2;
    usize::try_from(half).unwrap_or(usize::MAX).clamp(FEWEST, Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_never_take_more_than_half_of_the_descriptors() {
        assert_eq!((callers(1_024), callers(96), callers(10), callers(u64::MAX)), (480, 16, 8, Semaphore::MAX_PERMITS));
    }
}
