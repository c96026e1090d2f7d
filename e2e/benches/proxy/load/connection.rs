//! One connection of the load.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd as _;
use std::time::Instant;

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::sys::socket::{MsgFlags, recv};

use crate::plan::Lane;

pub(super) struct Connection {
    pub(super) lane: usize,
    stream: TcpStream,
    state: State,
}

enum State {
    /// Nothing is asked.
    Idle,
    /// This much of the head has come.
    Head { due: Instant, head: Vec<u8> },
    /// This much of the body is still to come.
    Body { due: Instant, left: u64 },
    /// All has come, and the proxy is to close.
    Ending,
}

/// What a read has brought.
pub(super) enum Progress {
    Waits,
    Answered { due: Instant, bytes: u64 },
    Closed,
    Wrong(String),
}

impl Connection {
    pub(super) fn open(at: SocketAddr, lane: usize, epoll: &Epoll, index: u64) -> Connection {
        let stream = TcpStream::connect(at).unwrap_or_else(|error| panic!("no connection to {at}: {error}"));
        stream.set_nodelay(true).expect("a socket");
        stream.set_nonblocking(true).expect("a socket");
        epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, index)).expect("epoll");
        Connection { lane, stream, state: State::Idle }
    }

    pub(super) fn send(&mut self, request: &[u8], due: Instant) -> Result<(), String> {
        match self.stream.write(request) {
            Ok(written) if written == request.len() => {
                self.state = State::Head { due, head: vec![] };
                Ok(())
            }
            Ok(_) => Err("a request that could not be written at once".into()),
            Err(error) => Err(format!("a request that could not be written: {}", error.kind())),
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8], lane: &Lane) -> Progress {
        let read = match &self.state {
            // What the kernel throws away costs the load nothing.
            State::Body { .. } => {
                recv(self.stream.as_raw_fd(), buffer, MsgFlags::MSG_TRUNC).map_err(std::io::Error::from)
            }
            State::Head { .. } | State::Idle | State::Ending => self.stream.read(buffer),
        };
        let read = match read {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Waits,
            Err(error) => return Progress::Wrong(format!("{} while reading", error.kind())),
        };
        match (&mut self.state, read) {
            (State::Ending, 0) => Progress::Closed,
            (State::Idle, 0) => Progress::Wrong("a connection closed that was to be kept".into()),
            (State::Head { head, .. }, 0) => Progress::Wrong(format!("an end after {} bytes of the head", head.len())),
            (State::Body { left, .. }, 0) => Progress::Wrong(format!("an end {left} bytes early")),
            (State::Idle | State::Ending, _) => Progress::Wrong("bytes after the answer".into()),
            (State::Body { due, left }, read) => {
                let (due, left) = (*due, left.checked_sub(read as u64));
                self.went_on(due, left, lane)
            }
            (State::Head { due, head }, read) => {
                let due = *due;
                head.extend_from_slice(&buffer[..read]);
                match body_so_far(head, lane.length) {
                    Ok(None) => Progress::Waits,
                    Ok(Some(came)) => self.went_on(due, lane.length.checked_sub(came), lane),
                    Err(wrong) => Progress::Wrong(wrong),
                }
            }
        }
    }

    fn went_on(&mut self, due: Instant, left: Option<u64>, lane: &Lane) -> Progress {
        match left {
            None => Progress::Wrong("bytes after the answer".into()),
            Some(0) => {
                self.state = if lane.fresh { State::Ending } else { State::Idle };
                Progress::Answered { due, bytes: lane.length }
            }
            Some(left) => {
                self.state = State::Body { due, left };
                Progress::Waits
            }
        }
    }
}

/// How many bytes have come after the head, where it has come as a whole and is as it must be.
fn body_so_far(head: &[u8], length: u64) -> Result<Option<u64>, String> {
    let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = head.split_at(end + 4);
    let head = std::str::from_utf8(head).map_err(|_| "a head of odd bytes".to_owned())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200") {
        return Err(format!("the status {status:?}"));
    }
    let said = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value.trim());
    match said.map(str::parse::<u64>) {
        Some(Ok(said)) if said == length => Ok(Some(body.len() as u64)),
        _ => Err(format!("the length {said:?} for {length}")),
    }
}
