//! Takes a header off a connection.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Flaw, Header, LONGEST, parse};

/// Why there is no header.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is none, or a bad one.
    #[error(transparent)]
    Flawed(#[from] Flaw),
    /// The connection ended before the header did.
    #[error("the connection ended before its PROXY header")]
    Ended,
    /// It took longer than it may.
    #[error("no PROXY header in time")]
    Late,
    /// The connection cannot be read.
    #[error("the connection cannot be read")]
    Unreadable(#[source] io::Error),
}

/// Reads the header's bytes, all of them within `within`, and none of those that follow.
///
/// # Errors
/// The reason for which there is no header. The connection is of no use then: some of its bytes may have been read.
pub async fn read_header(stream: &mut TcpStream, within: Duration) -> Result<Header, Fault> {
    timeout(within, read(stream)).await.unwrap_or(Err(Fault::Late))
}

async fn read(stream: &mut TcpStream) -> Result<Header, Fault> {
    // Not in the task: that would be as large for as long as the connection lives.
    let mut bytes = vec![0; LONGEST];
    let mut taken = 0;
    loop {
        let seen = taken + stream.peek(&mut bytes[taken..]).await.map_err(Fault::Unreadable)?;
        if seen == taken {
            return Err(Fault::Ended);
        }
        let parsed = parse(&bytes[..seen])?;
        // Bytes of an unfinished header are taken as well: to look at them again would find the socket readable for ever.
        let ours = parsed.map_or(seen, |(_, length)| length);
        stream.read_exact(&mut bytes[taken..ours]).await.map_err(Fault::Unreadable)?;
        taken = ours;
        if let Some((header, _)) = parsed {
            return Ok(header);
        }
    }
}
