//! The PROXY protocol: what a load balancer says, before anything else, about whom it carries.
//!
//! [`parse`] reads versions 1 and 2, strictly and piece by piece, and is pure; [`read_header`] takes a header off a
//! connection and leaves what follows it there. Who may say such a thing at all is [`crate::decide::trust`]'s matter.
//!
//! The rules are those of HAProxy's *The PROXY protocol, Versions 1 & 2* (proxy-protocol.txt, sections 2.1 and 2.2).

use std::net::SocketAddr;

mod read;
mod v1;
mod v2;

pub use read::{Fault, read_header};

/// The longest header that is read; the protocol itself allows 64 KiB, of which nobody uses a tenth.
pub const LONGEST: usize = 4096;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Nothing about addresses: the balancer's own check (`LOCAL`), `UNKNOWN`, or a family that no TCP connection over
    /// IP has. The connection's own addresses count.
    Local,
    /// Carried for somebody.
    Proxied {
        /// Who connected to the balancer.
        source: SocketAddr,
        /// Where to.
        destination: SocketAddr,
    },
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It begins like neither version.
    #[error("no PROXY header: the connection begins with something else")]
    NoHeader,
    /// A line of version 1 that does not end within 107 bytes.
    #[error("PROXY header of version 1: no end within 107 bytes")]
    LongLine,
    /// A line of version 1 that is not as it has to be.
    #[error("PROXY header of version 1: not `PROXY TCP4|TCP6 source destination port port`")]
    BadLine,
    /// Neither LOCAL nor PROXY of version 2.
    #[error("PROXY header of version 2: unknown version or command")]
    BadCommand,
    /// A family or protocol that the protocol does not know.
    #[error("PROXY header of version 2: unknown family or protocol")]
    BadFamily,
    /// Longer than [`LONGEST`].
    #[error("PROXY header of version 2: longer than 4096 bytes")]
    TooLong,
    /// Shorter than the addresses of its family.
    #[error("PROXY header of version 2: too short for its addresses")]
    ShortAddresses,
    /// An extension that ends after the header.
    #[error("PROXY header of version 2: an extension that is cut off")]
    BadExtension,
    /// The checksum of the header is another one.
    #[error("PROXY header of version 2: wrong checksum")]
    BadChecksum,
}

/// Reads the header at the start of `bytes`, and how long it is; none while more bytes are needed to say.
///
/// What has none yet is whole in the header: a caller may take it off the connection.
///
/// # Errors
/// What is wrong with it, as soon as that is certain.
pub fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Flaw> {
    match bytes.first() {
        None => Ok(None),
        Some(b'P') => v1::parse(bytes),
        Some(_) => v2::parse(bytes),
    }
}

/// Whether `bytes` begin with `signature`, as far as they go.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    let both = bytes.len().min(signature.len());
    bytes[..both] == signature[..both]
}

#[cfg(test)]
mod tests;
