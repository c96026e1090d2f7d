//! AWS Cloud Map: namespaces, services, instances, operations that take a while, and views that are a little late.
//!
//! Everything is a plain value with time as an argument; [`wire`] speaks awsJson1_1 (names as in
//! `servicediscovery/2017-03-14/service-2.json` of botocore). Three see what is registered: ListInstances at once,
//! `discover` and the DNS (`names`) after a delay each ([`spread`]).

mod attributes;
pub mod discover;
pub mod health;
mod instances;
mod lists;
pub mod model;
mod names;
mod namespaces;
pub mod operations;
mod refusals;
pub mod requests;
mod services;
pub mod spread;
mod tags;
pub mod wire;
mod work;
mod zones;

use std::time::Duration;

pub use model::{CloudMap, Effect};
pub use operations::{ErrorCode, Lost};
pub use work::Work;

impl CloudMap {
    /// What changes from now on is seen by DiscoverInstances after up to `discover`, and by the DNS after up to `dns`
    /// (counted from the operation's SUCCESS). [`spread::DISCOVER`] and [`spread::DNS`] are what holds without this.
    ///
    /// With `discover` above that, the calls about one instance are late too: GetInstance, DeregisterInstance and
    /// UpdateInstanceCustomHealthStatus answer `InstanceNotFound` until it is seen, as that error is documented.
    pub fn set_spread(&mut self, discover: Duration, dns: Duration) {
        self.spread.set(discover, dns);
    }

    /// What [`CloudMap::set_spread`] has set.
    #[must_use]
    pub const fn spread(&self) -> (Duration, Duration) {
        self.spread.bounds()
    }
}

#[cfg(test)]
mod tests;
