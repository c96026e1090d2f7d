//! One question and its answer on a connection of its own, without waiting.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

use daemon::moment::Moment;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, connect, socket};

use super::answer::{Answer, Parsed, Wanted, parse};
use super::{NoAnswer, Question};

/// The most that is read at once.
const READ: usize = 4 * 1024;

/// What a turn came to.
#[derive(Debug)]
pub(super) enum Came {
    /// It has to be waited for.
    Nothing,
    /// It is over. A question without a request is answered by the connection alone.
    Over(Result<Option<Answer>, NoAnswer>),
}

/// A question under way.
#[derive(Debug)]
pub(super) struct Exchange {
    question: Question,
    token: u64,
    /// Where it may be asked if it cannot be asked here.
    others: std::vec::IntoIter<SocketAddr>,
    stream: TcpStream,
    connected: bool,
    opened_here: bool,
    written: usize,
    input: Vec<u8>,
    pub(super) deadline: Moment,
}

impl Exchange {
    /// Begins to connect.
    pub(super) fn begin(question: Question, token: u64, epoll: &Epoll, now: Moment) -> Result<Self, NoAnswer> {
        let mut others = question.addresses.clone().into_iter();
        let stream = next(&mut others, token, epoll)?;
        let deadline = now + question.patience;
        let (connected, opened_here) = (false, false);
        Ok(Exchange {
            question,
            token,
            others,
            stream,
            connected,
            opened_here,
            written: 0,
            input: Vec::new(),
            deadline,
        })
    }

    /// The near end of the connection.
    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok().map(canonical)
    }

    /// Whether it has opened a connection to this machine or task itself. It may have before it was told so.
    pub(super) fn has_opened_here(&self) -> bool {
        let is_here = || match (self.stream.local_addr(), self.stream.peer_addr()) {
            (Ok(local), Ok(peer)) => local != peer && (local.ip() == peer.ip() || canonical(peer).ip().is_loopback()),
            (Err(_), _) | (_, Err(_)) => false,
        };
        self.opened_here || (!self.connected && is_here())
    }

    /// Reads and writes what is possible now.
    pub(super) fn progress(&mut self, epoll: &Epoll) -> Came {
        match self.turn(epoll) {
            Ok(None) => Came::Nothing,
            Ok(Some(answer)) => Came::Over(Ok(answer)),
            Err(no) => Came::Over(Err(no)),
        }
    }

    fn turn(&mut self, epoll: &Epoll) -> Result<Option<Option<Answer>>, NoAnswer> {
        if !self.connected {
            match connected(&self.stream) {
                Ok(false) => return Ok(None),
                Ok(true) => {
                    self.opened_here = self.has_opened_here();
                    self.connected = true;
                }
                Err(error) => {
                    self.stream = next(&mut self.others, self.token, epoll).map_err(|_| NoAnswer::Connect(error))?;
                    return Ok(None);
                }
            }
        }
        let Some(wanted) = self.question.wanted else { return Ok(Some(None)) };
        self.write(epoll)?;
        self.read(wanted).map(|answer| answer.map(Some))
    }

    fn write(&mut self, epoll: &Epoll) -> Result<(), NoAnswer> {
        while let Some(left) = self.question.request.get(self.written..).filter(|left| !left.is_empty()) {
            match (&self.stream).write(left) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The answer may have come before: it is read first.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(NoAnswer::Broken(error)),
            }
        }
        // Whole: from now on only the answer is waited for.
        let mut readable = EpollEvent::new(EpollFlags::EPOLLIN, self.token);
        epoll.modify(&self.stream, &mut readable).map_err(|error| NoAnswer::Broken(error.into()))
    }

    fn read(&mut self, wanted: Wanted) -> Result<Option<Answer>, NoAnswer> {
        let mut buffer = [0; READ];
        loop {
            let ended = match (&self.stream).read(&mut buffer) {
                Ok(0) => true,
                Ok(count) => {
                    self.input.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    false
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(NoAnswer::Broken(error)),
            };
            match parse(&self.input, ended, wanted) {
                Parsed::More => {}
                Parsed::Whole(answer) => return Ok(Some(answer)),
                Parsed::Bad(why) => return Err(NoAnswer::Bad(why)),
            }
        }
    }
}

/// Begins to connect to the first address that lets it.
fn next(others: &mut std::vec::IntoIter<SocketAddr>, token: u64, epoll: &Epoll) -> Result<TcpStream, NoAnswer> {
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in others {
        let begun = begin_to_connect(address).and_then(|stream| {
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT, token))?;
            Ok(stream)
        });
        match begun {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error,
        }
    }
    Err(NoAnswer::Connect(refused))
}

fn begin_to_connect(address: SocketAddr) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = socket(family, SockType::Stream, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)?;
    match connect(fd.as_raw_fd(), &SockaddrStorage::from(address)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(TcpStream::from(fd)),
        Err(error) => Err(error.into()),
    }
}

/// Whether the connection stands by now.
fn connected(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        // Where nobody listens, a connection can come to itself: its own port is the one it was to reach.
        Ok(peer) if stream.local_addr()? == peer => Err(io::ErrorKind::ConnectionRefused.into()),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

/// An IPv4 address that came through IPv6 is the same address.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
