//! The HTTP of 9051: accepts, reads requests, writes answers, keeps the streams of `/watch`.
//!
//! Guarantees: nothing here waits for a client; a client that is slow, silent or greedy is dropped by a deadline or a
//! bound, and costs nobody else anything. Each answer but a watch ends its connection.
//!
//! What a request means is not known here: it goes out as a [`Request`], and its answer comes back.

pub mod access;
pub mod client;
pub mod reply;
pub mod request;
pub mod room;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

use daemon::moment::Moment;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use task_state::Role;

use self::access::Access;
use self::client::{Client, Progress};
use self::request::{Asked, Refusal};
use self::room::{Guest, MOST_WATCHERS, evicted};
use crate::decide::watchers::ClientId;
use crate::log::{self, Shown};

/// The most that are accepted in one turn of the loop, so that a flood of them cannot hold up reaping.
const MOST_ACCEPTED: usize = 64;

/// How long not to accept when there are no file descriptors left.
const PAUSE: Duration = Duration::from_secs(1);

/// A whole request.
#[derive(Debug)]
pub struct Request {
    /// Who waits for the answer.
    pub client: ClientId,
    /// Where it is.
    pub address: IpAddr,
    /// What it wants.
    pub asked: Asked,
}

/// The server of 9051.
#[derive(Debug)]
pub struct Status {
    /// None: it does not listen yet.
    listener: Option<TcpListener>,
    token: u64,
    paused_until: Option<Moment>,
    access: Access,
    clients: BTreeMap<ClientId, Client>,
    next: u64,
    left: Vec<ClientId>,
    accepted: u64,
}

impl Status {
    /// Does not listen yet. `first_token` and above are for its clients in epoll, `listener_token` for the listener.
    #[must_use]
    pub fn new(access: Access, listener_token: u64, first_token: u64) -> Self {
        Status {
            listener: None,
            token: listener_token,
            paused_until: None,
            access,
            clients: BTreeMap::new(),
            next: first_token,
            left: Vec::new(),
            accepted: 0,
        }
    }

    /// Listens on `at`.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn listen(&mut self, at: SocketAddr, epoll: &Epoll) -> io::Result<()> {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, self.token))?;
        self.listener = Some(listener);
        Ok(())
    }

    /// Takes in new clients.
    pub fn accept(&mut self, epoll: &Epoll, now: Moment) {
        for _ in 0..MOST_ACCEPTED {
            let Some(listener) = &self.listener else { return };
            let accepted = listener.accept();
            self.accepted += u64::from(accepted.is_ok());
            match accepted {
                Ok((stream, from)) => {
                    let (id, address) = (ClientId(self.next), from.ip().to_canonical());
                    self.next += 1;
                    // What cannot be set up is closed.
                    if let Ok(client) = Client::accept(stream, address, id, epoll, now) {
                        self.make_room(address);
                        self.clients.insert(id, client);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The client gave up before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.pause(&error, epoll, now),
            }
        }
    }

    /// How many connections were ever accepted, those that were closed at once included.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Whoever has to go for a newcomer is closed, and so are those who asked nothing before those who did.
    fn make_room(&mut self, newcomer: IpAddr) {
        let guests: Vec<Guest> = self.clients.values().map(Client::guest).collect();
        if let Some(id) = evicted(&guests, newcomer) {
            self.remove(id);
        }
    }

    /// There are no file descriptors, or no memory: accepting again at once would only spin.
    fn pause(&mut self, error: &io::Error, epoll: &Epoll, now: Moment) {
        log::warn("no new clients can be accepted for now").with("error", Shown(error)).write();
        if self.listener.as_ref().is_some_and(|listener| epoll.delete(listener).is_ok()) {
            self.paused_until = Some(now + PAUSE);
        }
    }

    /// A client can be read or written.
    pub fn ready(&mut self, id: ClientId, epoll: &Epoll, now: Moment) -> Option<Request> {
        let client = self.clients.get_mut(&id)?;
        let address = client.address();
        match client.progress(&self.access, epoll, now) {
            Progress::Waits => None,
            Progress::Asks(Asked::Watch(who)) if !self.has_seat(who.as_ref().map(|(_, role)| *role)) => {
                self.answer(id, reply::refusal(Refusal::TooMany("there are too many watchers")), epoll, now);
                None
            }
            Progress::Asks(asked) => Some(Request { client: id, address, asked }),
            Progress::IsOver => {
                self.remove(id);
                None
            }
        }
    }

    /// Whether another watch can begin. For a proxy or an agent the first observer goes.
    fn has_seat(&mut self, role: Option<Role>) -> bool {
        if self.watchers().len() < MOST_WATCHERS {
            return true;
        }
        let mut observers = self.clients.iter().filter(|(_, client)| client.watches_as(Role::Observer));
        match (role, observers.next().map(|(id, _)| *id)) {
            (Some(Role::Proxy | Role::Agent), Some(first)) => {
                self.remove(first);
                true
            }
            (Some(Role::Observer) | None, _) | (_, None) => false,
        }
    }

    /// Answers a request that is no watch.
    pub fn answer(&mut self, id: ClientId, reply: Vec<u8>, epoll: &Epoll, now: Moment) {
        self.with(id, |client| client.answer(reply, epoll, now));
    }

    /// Begins a watch with its first line.
    pub fn hello(&mut self, id: ClientId, line_for: impl Fn(Role) -> Vec<u8>, epoll: &Epoll, now: Moment) {
        if !self.clients.contains_key(&id) {
            // Its deadline struck between its request and this answer: it counts as a watcher already.
            self.left.push(id);
        }
        self.with(id, |client| client.begin_watch(line_for, epoll, now));
    }

    /// Sends a line to every watcher.
    pub fn say(&mut self, line_for: impl Fn(Role) -> Vec<u8>, epoll: &Epoll, now: Moment) {
        for id in self.watchers() {
            self.with(id, |client| client.say(&line_for, epoll, now));
        }
    }

    /// Ends every watch, once what was said is written.
    pub fn end_watches(&mut self, epoll: &Epoll, now: Moment) {
        for id in self.watchers() {
            self.with(id, |client| client.end_watch(epoll, now));
            self.left.push(id);
        }
    }

    /// When to call [`Status::time_passed`].
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.clients.values().filter_map(Client::deadline).chain(self.paused_until).min()
    }

    /// Drops who was too slow, and accepts again after a pause.
    pub fn time_passed(&mut self, epoll: &Epoll, now: Moment) {
        let late = |client: &Client| client.deadline().is_some_and(|deadline| deadline <= now);
        let slow: Vec<ClientId> = self.clients.iter().filter(|(_, client)| late(client)).map(|(id, _)| *id).collect();
        for id in slow {
            self.remove(id);
        }
        if self.paused_until.is_some_and(|until| until <= now)
            && let Some(listener) = &self.listener
        {
            let again = epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, self.token));
            self.paused_until = again.is_err().then_some(now + PAUSE);
        }
    }

    /// The watchers whose streams have ended since it was last asked.
    pub fn take_left(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.left)
    }

    fn watchers(&self) -> Vec<ClientId> {
        self.clients.iter().filter(|(_, client)| client.is_watching()).map(|(id, _)| *id).collect()
    }

    fn with(&mut self, id: ClientId, act: impl FnOnce(&mut Client) -> Progress) {
        if let Some(client) = self.clients.get_mut(&id) {
            match act(client) {
                Progress::IsOver => self.remove(id),
                Progress::Waits | Progress::Asks(_) => {}
            }
        }
    }

    /// Closing its file descriptor also takes it out of epoll.
    fn remove(&mut self, id: ClientId) {
        if self.clients.remove(&id).is_some_and(|client| client.is_watching()) {
            self.left.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpStream;

    use nix::sys::epoll::{EpollCreateFlags, EpollTimeout};

    use super::*;

    #[test]
    fn a_watcher_whose_deadline_struck_before_its_hello_has_left() {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll");
        let mut status = Status::new(Access::default(), 0, 16);
        status.listen("127.91.1.1:0".parse().expect("address"), &epoll).expect("listen");
        let at = status.listener.as_ref().expect("it listens").local_addr().expect("address");
        let mut client = TcpStream::connect(at).expect("connect");
        client.write_all(b"GET /watch?id=a&as=agent HTTP/1.1\r\n\r\n").expect("write");
        let mut events = [EpollEvent::empty(); 4];
        let request = loop {
            let count = epoll.wait(&mut events, EpollTimeout::NONE).expect("wait");
            let mut asked = None;
            for event in &events[..count] {
                match event.data() {
                    0 => status.accept(&epoll, Moment::START),
                    id => asked = status.ready(ClientId(id), &epoll, Moment::START),
                }
            }
            if let Some(request) = asked {
                break request;
            }
        };
        status.time_passed(&epoll, Moment::millis(5_000));
        status.hello(request.client, |_| b"{}\n".to_vec(), &epoll, Moment::millis(5_000));
        assert_eq!(status.take_left(), [request.client]);
    }
}
