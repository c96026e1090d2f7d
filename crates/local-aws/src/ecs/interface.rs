//! A task's network interface: what is told of it, the same in DescribeTasks and in the task's own metadata.

use std::net::Ipv4Addr;

/// The subnet that everything is in.
pub const SUBNET: &str = "subnet-00000000000000001";
/// The VPC that the subnet is in.
pub const VPC: &str = "vpc-00000000000000001";

/// The MAC address of the interface with an address.
#[must_use]
pub fn mac(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("0a:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

/// The private DNS name of an address.
#[must_use]
pub fn dns_name(address: Ipv4Addr, region: &str) -> String {
    format!("ip-{}.{region}.compute.internal", address.to_string().replace('.', "-"))
}

/// The subnet of an address: this world's network is a /16.
#[must_use]
pub fn cidr(address: Ipv4Addr) -> String {
    let [a, b, _, _] = address.octets();
    format!("{a}.{b}.0.0/16")
}

/// The subnet's gateway, as the metadata endpoint writes it.
#[must_use]
pub fn gateway(address: Ipv4Addr) -> String {
    let [a, b, _, _] = address.octets();
    format!("{a}.{b}.0.1/16")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_own_mac_and_name_and_shares_its_subnet() {
        let address = Ipv4Addr::new(127, 42, 1, 10);
        assert_eq!(mac(address), "0a:00:7f:2a:01:0a");
        assert_eq!(dns_name(address, "eu-west-1"), "ip-127-42-1-10.eu-west-1.compute.internal");
        assert_eq!((cidr(address).as_str(), gateway(address).as_str()), ("127.42.0.0/16", "127.42.0.1/16"));
    }
}
