//! Whose word about other people's addresses is taken: `--trusted-proxies`.
//!
//! A connection from a trusted address may say for whom it comes: by the PROXY protocol, `X-Forwarded-*`, `Forwarded`
//! and `X-Request-Id`. From anybody else those are replaced or refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses from which a load balancer of one's own network comes: loopback, RFC 1918, RFC 6598, unique local
/// (RFC 4193) and link-local.
const PRIVATE: [Block; 8] = [
    Block::v4([127, 0, 0, 0], 8),
    Block::v4([10, 0, 0, 0], 8),
    Block::v4([172, 16, 0, 0], 12),
    Block::v4([192, 168, 0, 0], 16),
    Block::v4([100, 64, 0, 0], 10),
    Block::v6(Ipv6Addr::LOCALHOST, 128),
    Block::v6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    Block::v6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
];

/// What one value of the setting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// `none`: nobody.
    Nobody,
    /// `private`: the private ranges.
    Private,
    /// A block of addresses.
    Block(Block),
}

/// A block of addresses. An IPv4 address mapped into IPv6 is that IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    first: IpAddr,
    prefix: u32,
}

/// Who is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    blocks: Vec<Block>,
}

impl Trusted {
    /// `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`, `private` or `none`.
    ///
    /// # Errors
    /// Anything else, and a block with bits set behind its prefix: one of the two is a mistake.
    pub fn setting(text: &str) -> Result<Trusted, &'static str> {
        match text {
            "none" => Ok(Trusted::Nobody),
            "private" => Ok(Trusted::Private),
            _ => Block::read(text)
                .map(Trusted::Block)
                .ok_or("none, private, an address, or a block such as 10.0.0.0/8 with nothing set behind its prefix"),
        }
    }
}

impl Block {
    const fn v4(octets: [u8; 4], prefix: u32) -> Block {
        Block { first: IpAddr::V4(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3])), prefix }
    }

    const fn v6(first: Ipv6Addr, prefix: u32) -> Block {
        Block { first: IpAddr::V6(first), prefix }
    }

    fn read(text: &str) -> Option<Block> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().ok()?;
        let longest = width(written);
        let prefix = match prefix {
            None => longest,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= longest)?
            }
            Some(_) => return None,
        };
        // Mapped addresses are IPv4; no block of IPv6 begins with one and holds more than those.
        let first = written.to_canonical();
        let block = Block { first, prefix: prefix.checked_sub(longest - width(first))? };
        (bits(block.first) & !mask(block.first, block.prefix) == 0).then_some(block)
    }

    fn contains(self, address: IpAddr) -> bool {
        let mask = mask(self.first, self.prefix);
        self.first.is_ipv4() == address.is_ipv4() && bits(address) & mask == bits(self.first)
    }
}

impl Trust {
    /// Everybody that one of the values names.
    #[must_use]
    pub fn new(values: &[Trusted]) -> Trust {
        let blocks = values.iter().flat_map(|value| match value {
            Trusted::Nobody => &[],
            Trusted::Private => &PRIVATE[..],
            Trusted::Block(block) => std::slice::from_ref(block),
        });
        Trust { blocks: blocks.copied().collect() }
    }

    /// Whether anybody is trusted.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether the word of a connection from here is taken.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.blocks.iter().any(|block| block.contains(address))
    }
}

/// The bits of an address of this kind.
fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn mask(address: IpAddr, prefix: u32) -> u128 {
    let (width, all) = (width(address), u128::MAX >> (128 - width(address)));
    // A shift by all bits is none to Rust.
    all & u128::MAX.checked_shl(width - prefix).unwrap_or(0)
}

#[cfg(test)]
mod tests;
