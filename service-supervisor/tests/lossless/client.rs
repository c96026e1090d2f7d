//! A client of the app, in one of four manners.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, connect, setsockopt, socket, sockopt};

use super::app::KERNEL_KEEPS;
use super::dice::Dice;

/// Longer than any answer takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// A connection whose reader has room for little. It has so from the start: where a larger window was once told, the
/// sender waits for half of that, and sends on its slow timer alone.
fn connect_with_little_room(at: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&stream, sockopt::RcvBuf, &16_384)?;
    connect(stream.as_raw_fd(), &SockaddrStorage::from(at))?;
    Ok(stream.into())
}

/// How a client uses connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// One for each request.
    OneEach,
    /// The same for all.
    KeepsAlive,
    /// Closes its half as soon as it has asked.
    HalfClosed,
    /// Reads slowly what the app has long written, and closed after.
    SlowDownload,
}

impl Manner {
    pub(super) const ALL: [Manner; 4] = [Manner::OneEach, Manner::KeepsAlive, Manner::HalfClosed, Manner::SlowDownload];
}

/// A client.
pub(super) struct Client {
    at: SocketAddr,
    manner: Manner,
    stream: Option<TcpStream>,
    dice: Dice,
}

impl Client {
    pub(super) fn new(at: SocketAddr, manner: Manner, dice: Dice) -> Self {
        Client { at, manner, stream: None, dice }
    }

    /// Has a connection, an old one or a new one.
    pub(super) fn connect(&mut self) -> std::io::Result<()> {
        if self.stream.is_none() {
            let stream = match self.manner {
                Manner::OneEach | Manner::KeepsAlive | Manner::HalfClosed => TcpStream::connect(self.at)?,
                Manner::SlowDownload => connect_with_little_room(self.at)?,
            };
            stream.set_read_timeout(Some(LIMIT))?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Whether it has one.
    pub(super) fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// Closes an idle connection.
    pub(super) fn let_go(&mut self) {
        self.stream = None;
    }

    /// Asks once on the connection that is there, for an answer that may take `long`, and takes the whole of it. An error:
    /// the request is lost.
    pub(super) fn ask(&mut self, long: bool) -> std::io::Result<()> {
        let mut stream = self.stream.take().expect("connected before");
        let (size, millis) = match self.manner {
            Manner::SlowDownload => (KERNEL_KEEPS as u64, 0),
            Manner::OneEach | Manner::KeepsAlive | Manner::HalfClosed if long && self.dice.below(4) == 0 => {
                (self.dice.below(2_000), 3_000 + self.dice.below(3_000))
            }
            Manner::OneEach | Manner::KeepsAlive | Manner::HalfClosed => {
                (self.dice.below(2_000), self.dice.below(4) * self.dice.below(10))
            }
        };
        let then = if self.manner == Manner::KeepsAlive { "keep" } else { "close" };
        stream.write_all(format!("{size} {millis} {then}\n").as_bytes())?;
        if self.manner == Manner::HalfClosed {
            stream.shutdown(Shutdown::Write)?;
        }
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let mut left = usize::try_from(size).expect("small");
        let mut part = [0; 16 * 1024];
        while left > 0 {
            let most = part.len().min(left);
            let count = stream.read(&mut part[..most])?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            left -= count;
            if self.manner == Manner::SlowDownload {
                std::thread::sleep(Duration::from_millis(self.dice.below(10)));
            }
        }
        if self.manner == Manner::KeepsAlive {
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Between two requests, for so many milliseconds at most.
    pub(super) fn rest(&mut self, most: u64) {
        std::thread::sleep(Duration::from_millis(2 + self.dice.below(most)));
    }
}
