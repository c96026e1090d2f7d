//! One client of 9051: its bytes in, its bytes out, its deadline.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::time::Duration;

use daemon::moment::Moment;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::sys::socket::{setsockopt, sockopt};
use task_state::{LEASE, Role};

use super::access::Access;
use super::request::{self, Asked, LONGEST_REQUEST, Parsed};
use super::room::Stage;
use super::{reply, room};
use crate::decide::watchers::ClientId;

/// From accepting to a whole request.
const REQUEST_TIME: Duration = Duration::from_secs(5);

/// From the answer to the last byte written.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// How long the other side's close is waited for: closing with bytes unread would reset, and lose the answer.
const LINGER: Duration = Duration::from_secs(1);

/// How long a watcher may leave unread what was said: longer than its lease lasts would be of no use to it.
const WATCH_TIME: Duration = LEASE;

/// For how long what was sent may stay unacknowledged, in milliseconds (tcp(7), `TCP_USER_TIMEOUT`). A watcher whose machine
/// vanished says no FIN; the heartbeats find out in this time, and not in the kernel's quarter of an hour.
const UNACKNOWLEDGED: u32 = 5_000;

/// The most that waits for a watcher to read it.
const MOST_OUTPUT: usize = 16 * 1024;

/// The most that a client may send beyond its request.
const MOST_SURPLUS: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its request is not whole.
    Asking,
    /// It has asked, and is owed an answer.
    Asked,
    /// It has asked to watch as this, and its hello is not said.
    WantsWatch(Role, Framing),
    /// It watches.
    Watching(Role, Framing),
    /// Its answer is being written.
    Answered,
    /// Everything is written; its close is waited for.
    Lingering,
}

/// How the lines of a watch are delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// HTTP/1.1: a chunk each.
    Chunked,
    /// HTTP/1.0: as they are, to the end of the connection.
    Plain,
}

/// What a turn of a client came to.
#[derive(Debug)]
pub enum Progress {
    /// It has to be waited for.
    Waits,
    /// It has asked.
    Asks(Asked),
    /// It is done with, or was lost: drop it.
    IsOver,
}

/// A client.
#[derive(Debug)]
pub struct Client {
    id: ClientId,
    stream: TcpStream,
    address: IpAddr,
    phase: Phase,
    input: Vec<u8>,
    surplus: usize,
    output: Vec<u8>,
    deadline: Option<Moment>,
    waits_to_write: bool,
}

impl Client {
    /// A new client.
    ///
    /// # Errors
    /// When its socket cannot be set up.
    pub fn accept(stream: TcpStream, address: IpAddr, id: ClientId, epoll: &Epoll, now: Moment) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        setsockopt(&stream, sockopt::TcpUserTimeout, &UNACKNOWLEDGED)?;
        epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, id.0))?;
        Ok(Client {
            id,
            stream,
            address,
            phase: Phase::Asking,
            input: Vec::new(),
            surplus: 0,
            output: Vec::new(),
            deadline: Some(now + REQUEST_TIME),
            waits_to_write: false,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// When it has to be dropped.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.deadline
    }

    /// Whether lines are to be said to it.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        matches!(self.phase, Phase::Watching(..))
    }

    /// As it counts when another one comes.
    #[must_use]
    pub fn guest(&self) -> room::Guest {
        let stage = match self.phase {
            Phase::Asking => Stage::Asking,
            Phase::Asked | Phase::WantsWatch(..) | Phase::Answered | Phase::Lingering => Stage::Answered,
            Phase::Watching(..) => Stage::Watching,
        };
        room::Guest { id: self.id, address: self.address, stage }
    }

    /// Whether it watches as this.
    #[must_use]
    pub fn watches_as(&self, wanted: Role) -> bool {
        matches!(self.phase, Phase::Watching(role, _) if role == wanted)
    }

    /// Reads and writes what is possible now.
    pub fn progress(&mut self, access: &Access, epoll: &Epoll, now: Moment) -> Progress {
        match (self.read(), self.phase) {
            (Err(_), _) => return Progress::IsOver,
            (Ok(Side::Open), _) => {}
            // Whoever closes its side before it has asked, or while it watches, has left.
            (Ok(Side::Closed), Phase::Watching(..) | Phase::Lingering) => return Progress::IsOver,
            (Ok(Side::Closed), Phase::Asking) => {
                return match self.parse(access, epoll, now) {
                    Progress::Asks(asked) if self.phase == Phase::Asked => {
                        self.ignore_input(epoll);
                        Progress::Asks(asked)
                    }
                    Progress::Waits | Progress::Asks(_) | Progress::IsOver => Progress::IsOver,
                };
            }
            (Ok(Side::Closed), Phase::Asked | Phase::WantsWatch(..) | Phase::Answered) => self.ignore_input(epoll),
        }
        match self.phase {
            Phase::Asking => self.parse(access, epoll, now),
            Phase::Asked | Phase::WantsWatch(..) | Phase::Watching(..) | Phase::Answered => self.flush(epoll, now),
            Phase::Lingering => Progress::Waits,
        }
    }

    fn parse(&mut self, access: &Access, epoll: &Epoll, now: Moment) -> Progress {
        match request::parse(&self.input, access, self.address) {
            Parsed::More => Progress::Waits,
            Parsed::Refused(refusal) => self.answer(reply::refusal(refusal), epoll, now),
            Parsed::Whole { asked, minor_version } => {
                let framing = if minor_version == 0 { Framing::Plain } else { Framing::Chunked };
                self.phase = match &asked {
                    Asked::Watch(None) => Phase::WantsWatch(Role::Observer, framing),
                    Asked::Watch(Some((_, role))) => Phase::WantsWatch(*role, framing),
                    Asked::Health
                    | Asked::Metrics
                    | Asked::Wake
                    | Asked::Sleep
                    | Asked::Report(..)
                    | Asked::Hold { .. }
                    | Asked::LetGo(_) => Phase::Asked,
                };
                self.input = Vec::new();
                Progress::Asks(asked)
            }
        }
    }

    /// Queues the answer, after which the connection ends.
    pub fn answer(&mut self, reply: Vec<u8>, epoll: &Epoll, now: Moment) -> Progress {
        self.phase = Phase::Answered;
        self.output = reply;
        self.deadline = Some(now + ANSWER_TIME);
        self.flush(epoll, now)
    }

    /// Queues the head of a watch and its first line.
    pub fn begin_watch(&mut self, line_for: impl Fn(Role) -> Vec<u8>, epoll: &Epoll, now: Moment) -> Progress {
        let Phase::WantsWatch(role, framing) = self.phase else { return Progress::Waits };
        self.phase = Phase::Watching(role, framing);
        self.deadline = None;
        self.output = match framing {
            Framing::Chunked => reply::WATCH_CHUNKED.as_bytes().to_vec(),
            Framing::Plain => reply::WATCH_PLAIN.as_bytes().to_vec(),
        };
        self.say(line_for, epoll, now)
    }

    /// Queues a line.
    pub fn say(&mut self, line_for: impl Fn(Role) -> Vec<u8>, epoll: &Epoll, now: Moment) -> Progress {
        let Phase::Watching(role, framing) = self.phase else { return Progress::Waits };
        let line = line_for(role);
        match framing {
            Framing::Chunked => self.output.extend_from_slice(&reply::chunk(&line)),
            Framing::Plain => self.output.extend_from_slice(&line),
        }
        if self.output.len() > MOST_OUTPUT { Progress::IsOver } else { self.flush(epoll, now) }
    }

    /// Ends a watch after what was said.
    pub fn end_watch(&mut self, epoll: &Epoll, now: Moment) -> Progress {
        let Phase::Watching(_, framing) = self.phase else { return Progress::Waits };
        if framing == Framing::Chunked {
            self.output.extend_from_slice(reply::LAST_CHUNK.as_bytes());
        }
        self.phase = Phase::Answered;
        self.deadline = Some(now + ANSWER_TIME);
        self.flush(epoll, now)
    }

    /// Reads all there is: the request, or what nobody asked for and is thrown away.
    fn read(&mut self) -> io::Result<Side> {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(Side::Closed),
                Ok(length) if self.phase == Phase::Asking => {
                    self.input.extend_from_slice(&buffer[..length]);
                    // The parser refuses what is longer than this.
                    if self.input.len() > LONGEST_REQUEST {
                        return Ok(Side::Open);
                    }
                }
                Ok(length) => {
                    self.surplus += length;
                    if self.surplus > MOST_SURPLUS {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Side::Open),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn flush(&mut self, epoll: &Epoll, now: Moment) -> Progress {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(0) => return Progress::IsOver,
                Ok(length) => drop(self.output.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.is_watching() && self.deadline.is_none() {
                        self.deadline = Some(now + WATCH_TIME);
                    }
                    return self.wait_to_write(true, epoll);
                }
                Err(_) => return Progress::IsOver,
            }
        }
        match self.phase {
            Phase::Watching(..) => self.deadline = None,
            Phase::Answered => {
                self.phase = Phase::Lingering;
                self.deadline = Some(now + LINGER);
                if self.stream.shutdown(Shutdown::Write).is_err() {
                    return Progress::IsOver;
                }
            }
            Phase::Asking | Phase::Asked | Phase::WantsWatch(..) | Phase::Lingering => {}
        }
        self.wait_to_write(false, epoll)
    }

    fn wait_to_write(&mut self, wanted: bool, epoll: &Epoll) -> Progress {
        if self.waits_to_write != wanted {
            self.waits_to_write = wanted;
            let flags = if wanted { EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT } else { EpollFlags::EPOLLIN };
            if epoll.modify(&self.stream, &mut EpollEvent::new(flags, self.id.0)).is_err() {
                return Progress::IsOver;
            }
        }
        Progress::Waits
    }

    /// The other side has closed its half, which epoll would tell for ever.
    fn ignore_input(&mut self, epoll: &Epoll) {
        self.waits_to_write = true;
        let only_write = &mut EpollEvent::new(EpollFlags::EPOLLOUT, self.id.0);
        // It fails for a socket that is lost; the next write will say so.
        let _ = epoll.modify(&self.stream, only_write);
    }
}

/// The other side's half of the connection.
#[derive(Debug, PartialEq, Eq)]
enum Side {
    Open,
    Closed,
}
