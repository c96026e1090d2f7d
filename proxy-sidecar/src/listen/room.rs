//! Room for callers: how many connections are open at once.
//!
//! A caller's connection is a descriptor, and so is all that could serve it: the connection to its backend, to the
//! supervisor, to ECS and to DNS. Where callers took them all, those that are held could never be woken. So callers get
//! less than half, and the next one waits in the kernel's queue until one leaves.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// For what is no caller and serves none: the listeners, the watches, AWS, DNS, the admin.
const OWN: u64 = 64;

/// The fewest callers, whatever the limit.
const FEWEST: usize = 8;

/// A caller's place, until its connection is closed.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Option<Box<Counted>>,
}

/// A connection that is counted at its address.
#[derive(Debug)]
struct Counted {
    address: IpAddr,
    counts: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Most {
    /// `--max-connections`, in all.
    pub connections: Option<u32>,
    /// `--max-connections-per-address`.
    pub per_address: Option<u32>,
}

/// The places.
#[derive(Clone, Debug)]
pub struct Room {
    places: Arc<Semaphore>,
    per_address: Option<u32>,
    counts: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl Room {
    /// As many as the process may have, and not more than the settings allow; its soft limit is raised to the hard one,
    /// for that costs nothing.
    #[must_use]
    pub fn of_process(most: Most) -> Room {
        let limit = match getrlimit(Resource::RLIMIT_NOFILE) {
            Ok((soft, hard)) if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() => hard,
            Ok((soft, _)) => soft,
            Err(_) => 1024,
        };
        let places = match most.connections {
            Some(most) => callers(limit).min(most as usize),
            None => callers(limit),
        };
        Room { places: Arc::new(Semaphore::new(places)), per_address: most.per_address, counts: Arc::default() }
    }

    /// A place, once there is one.
    pub async fn place(&self) -> Option<Place> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some(Place { _permit: permit, _counted: None })
    }

    /// A place, where there is one now.
    #[must_use]
    pub fn place_now(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit, _counted: None })
    }

    /// Counts a place at its caller's address; nothing is given back where there are as many as allowed.
    #[must_use]
    pub fn count(&self, place: Place, address: IpAddr) -> Option<Place> {
        let Some(most) = self.per_address else { return Some(place) };
        let mut counts = lock(&self.counts);
        let count = counts.entry(address).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { _counted: Some(Box::new(Counted { address, counts: Arc::clone(&self.counts) })), ..place })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// The counts are right after every statement, so a panic elsewhere does not spoil them.
fn lock(counts: &Mutex<HashMap<IpAddr, u32>>) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn callers(limit: u64) -> usize {
    let half = limit.saturating_sub(OWN) / 2;
    usize::try_from(half).unwrap_or(usize::MAX).clamp(FEWEST, Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_as_many_places_as_it_may_have_and_gets_them_back() {
        let room = Room::of_process(Most { connections: Some(10), per_address: Some(2) });
        let (a, b) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let count = |address| room.place_now().and_then(|place| room.count(place, address));
        let first = count(a).expect("one");
        let _second = count(a).expect("two");
        assert!(count(a).is_none() && count(b).is_some());
        drop(first);
        assert!(count(a).is_some());
        assert_eq!(lock(&room.counts).get(&b), None);
    }

    #[test]
    fn callers_never_take_more_than_half_of_the_descriptors() {
        assert_eq!((callers(1_024), callers(96), callers(10), callers(u64::MAX)), (480, 16, 8, Semaphore::MAX_PERMITS));
    }
}
