//! Addresses: a /16 A.B, of which host H has A.B.H.1 and its tasks A.B.H.10 upward; tasks on Fargate have A.B.250.10
//! upward.
//!
//! An address that was given back is given out again last, but it is: recycled addresses are part of what callers have
//! to stand.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The first and last host.
const HOSTS: std::ops::RangeInclusive<u8> = 1..=199;
/// The third byte of tasks without a host.
const FARGATE: u8 = 250;
/// The first and last task of a host.
const TASKS: std::ops::RangeInclusive<u8> = 10..=254;

/// Who has which address.
#[derive(Debug)]
pub struct Network {
    base: [u8; 2],
    hosts: BTreeMap<String, u8>,
    tasks: BTreeMap<String, (u8, u8)>,
    last_host: u8,
    /// The last address given out, by third byte.
    last_task: BTreeMap<u8, u8>,
}

impl Network {
    /// The network `base[0].base[1].0.0/16`.
    #[must_use]
    pub const fn new(base: [u8; 2]) -> Self {
        Network { base, hosts: BTreeMap::new(), tasks: BTreeMap::new(), last_host: 0, last_task: BTreeMap::new() }
    }

    /// An address for a host; none when all are taken.
    pub fn take_host(&mut self, host: &str) -> Option<Ipv4Addr> {
        let free = |number: &u8| !self.hosts.values().any(|taken| taken == number);
        // A number whose tasks have not all gone is not free either: their addresses are in it.
        let empty = |number: &u8| !self.tasks.values().any(|(third, _)| third == number);
        let number = after(self.last_host, HOSTS).find(|number| free(number) && empty(number))?;
        self.last_host = number;
        self.hosts.insert(host.to_owned(), number);
        self.host(host)
    }

    /// The address of a host.
    #[must_use]
    pub fn host(&self, host: &str) -> Option<Ipv4Addr> {
        self.hosts.get(host).map(|number| Ipv4Addr::new(self.base[0], self.base[1], *number, 1))
    }

    /// The host at an address.
    #[must_use]
    pub fn host_at(&self, address: Ipv4Addr) -> Option<&str> {
        self.hosts.keys().find(|host| self.host(host) == Some(address)).map(String::as_str)
    }

    /// Gives a host's address back.
    pub fn free_host(&mut self, host: &str) {
        self.hosts.remove(host);
    }

    /// An address for a task on a host, or on Fargate; none when all are taken, or the host has none.
    pub fn take_task(&mut self, task: &str, host: Option<&str>) -> Option<Ipv4Addr> {
        let third = match host {
            Some(host) => *self.hosts.get(host)?,
            None => FARGATE,
        };
        let last = self.last_task.get(&third).copied().unwrap_or(0);
        let free = |number: &u8| !self.tasks.values().any(|taken| *taken == (third, *number));
        let number = after(last, TASKS).find(free)?;
        self.last_task.insert(third, number);
        self.tasks.insert(task.to_owned(), (third, number));
        Some(Ipv4Addr::new(self.base[0], self.base[1], third, number))
    }

    /// Gives a task's address back.
    pub fn free_task(&mut self, task: &str) {
        self.tasks.remove(task);
    }
}

/// The numbers of a range, from the one after `last` around to `last`.
fn after(last: u8, range: std::ops::RangeInclusive<u8>) -> impl Iterator<Item = u8> {
    let later = range.clone().filter(move |number| *number > last);
    later.chain(range.filter(move |number| *number <= last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_and_tasks_have_the_addresses_that_are_promised() {
        let mut network = Network::new([127, 42]);
        assert_eq!(network.take_host("i-1"), Some(Ipv4Addr::new(127, 42, 1, 1)));
        assert_eq!(network.take_host("i-2"), Some(Ipv4Addr::new(127, 42, 2, 1)));
        assert_eq!(network.take_task("a", Some("i-2")), Some(Ipv4Addr::new(127, 42, 2, 10)));
        assert_eq!(network.take_task("b", Some("i-2")), Some(Ipv4Addr::new(127, 42, 2, 11)));
        assert_eq!(network.take_task("c", None), Some(Ipv4Addr::new(127, 42, 250, 10)));
        assert_eq!(network.host_at(Ipv4Addr::new(127, 42, 2, 1)), Some("i-2"));
        network.free_task("a");
        assert_eq!(network.take_task("d", Some("i-2")), Some(Ipv4Addr::new(127, 42, 2, 12)));
    }

    proptest! {
        #[test]
        fn no_address_is_given_to_two(takes in proptest::collection::vec((0u8..3, any::<bool>()), 1..600)) {
            let mut network = Network::new([127, 42]);
            network.take_host("i-0");
            network.take_host("i-1");
            let mut held: Vec<(String, Ipv4Addr)> = Vec::new();
            for (number, (host, give_back)) in takes.into_iter().enumerate() {
                if give_back && !held.is_empty() {
                    let (task, _) = held.remove(number % held.len());
                    network.free_task(&task);
                    continue;
                }
                let host = (host < 2).then(|| format!("i-{host}"));
                let task = format!("t{number}");
                if let Some(address) = network.take_task(&task, host.as_deref()) {
                    prop_assert!(held.iter().all(|(_, taken)| *taken != address));
                    held.push((task, address));
                }
            }
        }
    }
}
