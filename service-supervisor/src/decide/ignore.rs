//! Whose connections are no use: monitoring, and the task's own helpers where that is set.

use std::net::IpAddr;
use std::str::FromStr;

/// An address, or all addresses that begin like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many of its bits have to be the same.
    bits: u8,
}

impl Network {
    fn covers(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "an address or a network, such as 10.0.2.100, 10.0.0.0/16 or fd00::/8";
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| EXPECTED)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most).ok_or(EXPECTED)?,
            None => most,
        };
        // A v4-mapped address is what the kernel calls the IPv4 one.
        match (address, address.to_canonical()) {
            (IpAddr::V6(_), mapped @ IpAddr::V4(_)) if bits >= 96 => Ok(Network { address: mapped, bits: bits - 96 }),
            _ => Ok(Network { address, bits }),
        }
    }
}

/// All peers that do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignore {
    /// Those on this machine, or in this task.
    pub loopback: bool,
    /// Those that were named.
    pub networks: Vec<Network>,
}

impl Ignore {
    /// Whether a peer at `address` does not count.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> bool {
        (self.loopback && address.is_loopback()) || self.networks.iter().any(|network| network.covers(address))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covers(network: &str, address: &str) -> bool {
        let networks = vec![network.parse().expect("network")];
        Ignore { loopback: false, networks }.covers(address.parse().expect("address"))
    }

    #[test]
    fn an_address_is_itself_and_a_network_all_that_begin_like_it() {
        assert!(covers("10.0.2.100", "10.0.2.100") && !covers("10.0.2.100", "10.0.2.101"));
        assert!(covers("10.0.0.0/16", "10.0.255.1") && !covers("10.0.0.0/16", "10.1.0.1"));
        assert!(covers("0.0.0.0/0", "203.0.113.9") && !covers("0.0.0.0/0", "fd00::1"));
        assert!(covers("fd00::/8", "fdff::1") && !covers("fd00::/8", "fe80::1"));
        assert!(covers("::/0", "::1") && covers("::1", "::1") && !covers("::1", "::2"));
        assert!(covers("::ffff:10.0.2.100", "10.0.2.100") && covers("::ffff:10.0.0.0/104", "10.9.9.9"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "here", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "10.0.0.1/8/8"] {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn loopback_counts_unless_it_is_ignored() {
        let local = ["127.0.0.1", "127.99.1.2", "::1"].map(|address| address.parse::<IpAddr>().expect("address"));
        assert!(local.iter().all(|address| !Ignore::default().covers(*address)));
        let ignore = Ignore { loopback: true, networks: vec![] };
        assert!(local.iter().all(|address| ignore.covers(*address)));
        assert!(!ignore.covers("10.0.0.1".parse().expect("address")));
    }

    proptest! {
        #[test]
        fn every_network_covers_its_own_address_and_a_longer_one_covers_less(
            bits in any::<u32>(), other in any::<u32>(), length in 0u8..=32
        ) {
            let address = |bits: u32| std::net::Ipv4Addr::from_bits(bits).to_string();
            let network = |length: u8| format!("{}/{length}", address(bits));
            prop_assert!(covers(&network(length), &address(bits)));
            if length > 0 && covers(&network(length), &address(other)) {
                prop_assert!(covers(&network(length - 1), &address(other)));
            }
        }
    }
}
