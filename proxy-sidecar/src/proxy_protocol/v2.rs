//! Version 2: bytes (section 2.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Flaw, Header, LONGEST, begins};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family and protocol, length of the rest.
const FIXED: usize = 16;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

/// The extension with the header's checksum.
const CRC32C: u8 = 0x03;

/// What the addresses say, by family and protocol.
#[derive(Clone, Copy)]
enum Addresses {
    V4,
    V6,
    /// So many bytes that say nothing about a TCP connection over IP.
    Other(usize),
}

pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Flaw> {
    if !begins(bytes, SIGNATURE) {
        return Err(Flaw::NoHeader);
    }
    let Some(fixed) = bytes.first_chunk::<FIXED>() else { return Ok(None) };
    let (command, family) = (fixed[12], fixed[13]);
    let whole = FIXED + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if whole > LONGEST {
        return Err(Flaw::TooLong);
    }
    match command {
        // Family, addresses and extensions are to be discarded.
        LOCAL => Ok((bytes.len() >= whole).then_some((Header::Local, whole))),
        PROXY => {
            let addresses = addresses(family)?;
            let extensions = FIXED + addresses.len();
            if whole < extensions {
                return Err(Flaw::ShortAddresses);
            }
            let Some(header) = bytes.get(..whole) else { return Ok(None) };
            check_extensions(header, extensions)?;
            let said = addresses.read(&header[FIXED..extensions]).ok_or(Flaw::ShortAddresses)?;
            Ok(Some((said, whole)))
        }
        _ => Err(Flaw::BadCommand),
    }
}

/// The families that exist (section 2.2); those of datagrams and of Unix sockets are read as if nothing were said.
fn addresses(family: u8) -> Result<Addresses, Flaw> {
    match family {
        0x00 => Ok(Addresses::Other(0)),
        0x11 => Ok(Addresses::V4),
        0x21 => Ok(Addresses::V6),
        0x12 => Ok(Addresses::Other(12)),
        0x22 => Ok(Addresses::Other(36)),
        0x31 | 0x32 => Ok(Addresses::Other(216)),
        _ => Err(Flaw::BadFamily),
    }
}

impl Addresses {
    fn len(self) -> usize {
        match self {
            Addresses::V4 => 12,
            Addresses::V6 => 36,
            Addresses::Other(length) => length,
        }
    }

    /// None: there are fewer bytes than [`Self::len`].
    fn read(self, bytes: &[u8]) -> Option<Header> {
        match self {
            Addresses::V4 => pair::<4>(bytes, |octets| Ipv4Addr::from(octets).into()),
            Addresses::V6 => pair::<16>(bytes, |octets| Ipv6Addr::from(octets).into()),
            Addresses::Other(_) => Some(Header::Local),
        }
    }
}

/// Source and destination, then their ports.
fn pair<const N: usize>(bytes: &[u8], address: impl Fn([u8; N]) -> IpAddr) -> Option<Header> {
    let (source, rest) = bytes.split_first_chunk::<N>()?;
    let (destination, ports) = rest.split_first_chunk::<N>()?;
    let [from, on, to, at] = *ports.first_chunk::<4>()?;
    Some(Header::Proxied {
        source: SocketAddr::new(address(*source), u16::from_be_bytes([from, on])),
        destination: SocketAddr::new(address(*destination), u16::from_be_bytes([to, at])),
    })
}

/// Extensions (type, length, value) fill the header to its end. Only the checksum means anything here.
fn check_extensions(header: &[u8], start: usize) -> Result<(), Flaw> {
    let mut at = start;
    while at < header.len() {
        let [kind, high, low] = *header[at..].first_chunk::<3>().ok_or(Flaw::BadExtension)?;
        let value = at + 3;
        at = value + usize::from(u16::from_be_bytes([high, low]));
        let said = header.get(value..at).ok_or(Flaw::BadExtension)?;
        if kind == CRC32C {
            let said: [u8; 4] = said.try_into().map_err(|_| Flaw::BadExtension)?;
            if u32::from_be_bytes(said) != checksum(header, value) {
                return Err(Flaw::BadChecksum);
            }
        }
    }
    Ok(())
}

/// The CRC32C of the header, with four zeros for the checksum that stands at `hole` (section 2.2.6).
pub(super) fn checksum(header: &[u8], hole: usize) -> u32 {
    let bytes = header.iter().enumerate().map(|(at, byte)| if (hole..hole + 4).contains(&at) { 0 } else { *byte });
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            // Castagnoli's polynomial, bits reversed.
            sum = (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}
