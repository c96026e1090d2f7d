//! The promises of trust.

use proptest::prelude::*;

use super::*;

fn trust(values: &[&str]) -> Trust {
    let values: Result<Vec<Trusted>, _> = values.iter().map(|text| Trusted::setting(text)).collect();
    Trust::new(&values.expect("good values"))
}

fn trusts(trust: &Trust, address: &str) -> bool {
    trust.trusts(address.parse().expect("an address"))
}

#[test]
fn the_private_ranges_are_those_of_ones_own_network() {
    let private = trust(&["private"]);
    for address in [
        "127.0.0.1",
        "10.255.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.127.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
    ] {
        assert!(trusts(&private, address), "{address}");
    }
    for address in [
        "8.8.8.8",
        "172.32.0.1",
        "172.15.255.255",
        "100.128.0.1",
        "192.169.0.1",
        "2001:db8::1",
        "::2",
        "::",
        "fec0::1",
        "::ffff:8.8.8.8",
        "0.0.0.0",
    ] {
        assert!(!trusts(&private, address), "{address}");
    }
}

#[test]
fn blocks_addresses_and_nobody_can_be_named() {
    let some = trust(&["192.0.2.7", "2001:db8::/32", "::ffff:198.51.100.0/120"]);
    assert!(trusts(&some, "192.0.2.7") && trusts(&some, "2001:db8:1::1") && trusts(&some, "198.51.100.9"));
    assert!(!trusts(&some, "192.0.2.8") && !trusts(&some, "10.0.0.1") && !trusts(&some, "198.51.101.0"));
    assert!(trust(&["none"]).is_nobody() && !trusts(&trust(&["none"]), "127.0.0.1"));
    assert!(trusts(&trust(&["0.0.0.0/0"]), "8.8.8.8") && !trusts(&trust(&["0.0.0.0/0"]), "2001:db8::1"));
    assert!(trusts(&trust(&["::/0"]), "2001:db8::1") && !trusts(&trust(&["::/0"]), "8.8.8.8"));
}

#[test]
fn what_is_no_block_is_refused() {
    for text in [
        "",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0/8",
        "::/129",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "all",
        "fe80::1%eth0",
        "::ffff:10.0.0.1/104",
        "example.org",
    ] {
        assert!(Trusted::setting(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_block_holds_exactly_the_addresses_that_share_its_prefix(first: u32, prefix in 0u32..=32, other: u32, near in 0u32..32) {
        let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        let text = format!("{}/{prefix}", Ipv4Addr::from(first & mask));
        let trust = trust(&[&text]);
        for address in [other, first, first ^ (1 << near)] {
            let expected = address & mask == first & mask;
            let address = Ipv4Addr::from(address);
            prop_assert_eq!(trust.trusts(address.into()), expected, "{} in {}", address, text);
            prop_assert_eq!(trust.trusts(address.to_ipv6_mapped().into()), expected);
        }
    }

    #[test]
    fn a_block_of_ipv6_holds_exactly_the_addresses_that_share_its_prefix(first: u128, prefix in 0u32..=128, near in 0u32..128) {
        let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
        // Above the mapped addresses, which are IPv4.
        let first = first | 1 << 127;
        let text = format!("{}/{prefix}", Ipv6Addr::from(first & mask));
        let trust = trust(&[&text]);
        for address in [first, first ^ (1 << near)].map(|address| address | 1 << 127) {
            prop_assert_eq!(trust.trusts(Ipv6Addr::from(address).into()), address & mask == first & mask);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9a-f:./]{0,24}") {
        if let Ok(Trusted::Block(block)) = Trusted::setting(&text) {
            prop_assert!(Trust::new(&[Trusted::Block(block)]).trusts(block.first));
        }
    }
}
