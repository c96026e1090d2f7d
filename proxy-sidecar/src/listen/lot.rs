//! Where idle connections are parked: a socket and the moment it came, and nothing else.
//!
//! A caller that keeps its connection between requests costs a buffer, a timer and a task while it does. Ten thousand of
//! them are the normal state of a proxy that is waited at, so those that have nothing to say are kept as bare sockets in one
//! epoll set of their own, until one has something to say, or has been quiet for too long.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use daemon::moment::Moment;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use slab::Slab;
use tokio::io::unix::AsyncFd;
use tokio::net::TcpStream;

use crate::listen::room::Place;

/// How many are told at once.
const AT_ONCE: usize = 256;

/// A connection that waits.
#[derive(Debug)]
pub struct Parked {
    stream: StdStream,
    /// Who it is from.
    pub peer: SocketAddr,
    /// When it has waited for long enough.
    until: Moment,
    /// Its place among the callers.
    place: Option<Place>,
}

/// The connections that wait.
#[derive(Debug)]
pub struct Lot {
    epoll: AsyncFd<EpollFd>,
    parked: Slab<Parked>,
    /// In the order in which their time is up. A place may have been given to another meanwhile.
    order: VecDeque<(Moment, usize)>,
    /// How long one may wait.
    most: Duration,
}

/// The epoll set as the runtime waits for it.
#[derive(Debug)]
struct EpollFd(Epoll);

impl AsRawFd for EpollFd {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl AsFd for EpollFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}

impl Lot {
    /// An empty lot, in which a connection may wait for `most`.
    ///
    /// # Errors
    /// The kernel gives no epoll set.
    pub fn new(most: Duration) -> io::Result<Lot> {
        let epoll = EpollFd(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?);
        #[expect(unsafe_code, reason = "tokio asks for a promise that no safe function can take")]
        // SAFETY: the descriptor belongs to what is registered, is the same for ever, and is closed with it.
        let epoll = unsafe { AsyncFd::register(epoll) }?;
        Ok(Lot { epoll, parked: Slab::new(), order: VecDeque::new(), most })
    }

    /// Parks a connection. One that cannot be parked is closed.
    pub fn park(&mut self, stream: TcpStream, peer: SocketAddr, place: Option<Place>, now: Moment) {
        let parked = stream.into_std().and_then(|stream| {
            let events = EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLONESHOT;
            self.epoll.get_ref().0.add(&stream, EpollEvent::new(events, self.parked.vacant_key() as u64))?;
            Ok(stream)
        });
        match parked {
            Ok(stream) => {
                let until = now + self.most;
                let key = self.parked.insert(Parked { stream, peer, place, until });
                self.order.push_back((until, key));
            }
            Err(error) => tracing::debug!(%error, "connection not parked"),
        }
    }

    /// Waits for some that have something to say.
    pub async fn ready(&mut self) -> Vec<Parked> {
        loop {
            let Ok(mut guard) = self.epoll.readable().await else { return std::future::pending().await };
            let mut events = [EpollEvent::empty(); AT_ONCE];
            let told = guard.get_inner().0.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
            if told < AT_ONCE {
                guard.clear_ready();
            }
            let keys = events[..told].iter().filter_map(|event| usize::try_from(event.data()).ok());
            let keys: Vec<usize> = keys.collect();
            let ready: Vec<Parked> = keys.into_iter().filter_map(|key| self.take(key)).collect();
            if !ready.is_empty() {
                return ready;
            }
        }
    }

    /// Closes those whose time is up.
    pub fn close_overdue(&mut self, now: Moment) {
        while let Some((until, key)) = self.order.front().copied() {
            let is_there = self.parked.get(key).is_some_and(|parked| parked.until == until);
            if is_there && until > now {
                return;
            }
            self.order.pop_front();
            if is_there {
                drop(self.take(key));
            }
        }
    }

    /// Gives back those of whom bytes wait to be read, and closes the others.
    pub fn clear(&mut self) -> Vec<Parked> {
        self.order.clear();
        let all = std::mem::take(&mut self.parked).into_iter().map(|(_, parked)| parked);
        all.filter(Parked::has_bytes).inspect(|parked| parked.leave(&self.epoll.get_ref().0)).collect()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parked.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parked.is_empty()
    }

    fn take(&mut self, key: usize) -> Option<Parked> {
        let parked = self.parked.try_remove(key)?;
        parked.leave(&self.epoll.get_ref().0);
        Some(parked)
    }
}

impl Parked {
    /// The connection again, with its place among the callers.
    ///
    /// # Errors
    /// The runtime cannot take it.
    pub fn into_stream(self) -> io::Result<(TcpStream, Option<Place>)> {
        Ok((TcpStream::from_std(self.stream)?, self.place))
    }

    fn has_bytes(&self) -> bool {
        matches!(self.stream.peek(&mut [0]), Ok(1))
    }

    fn leave(&self, epoll: &Epoll) {
        // It fails only where the kernel has taken it out already.
        let _ = epoll.delete(&self.stream);
    }
}
