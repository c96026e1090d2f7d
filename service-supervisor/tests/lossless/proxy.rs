//! A proxy as the supervisor sees it: its watch, its leases, its reports.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use daemon::moment::Clock;
use task_state::{Dating, Lease, Lines, Message, Report, State};

/// Between two looks at what may be done.
pub(super) const TURN: Duration = Duration::from_millis(50);

/// Changes that follow each other closely are one report.
const GATHER: Duration = Duration::from_millis(40);

/// What the proxy hears of its watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    Good,
    /// Nothing any more, and its clients come seldom: nothing but the lease says that one may.
    GoneSparse,
    /// Nothing any more, and some answers take longer than the lease.
    GoneLong,
}

/// What the proxy knows.
pub(super) struct View {
    lease: Lease,
    pub(super) state: State,
    /// The watch is over.
    pub(super) over: bool,
    pub(super) hearing: Hearing,
    /// The app is not to be used for now, so that it falls idle.
    pub(super) silent: bool,
    pub(super) in_flight: u64,
    /// Clients with a connection, idle or not, or on their way to one.
    pub(super) holding: u64,
}

pub(super) struct Proxy {
    clock: Clock,
    status: SocketAddr,
    view: Mutex<View>,
    pub(super) changed: Condvar,
}

impl Proxy {
    pub(super) fn new(status: SocketAddr) -> Self {
        let view = View {
            lease: Lease::NONE,
            state: State::Starting,
            over: false,
            hearing: Hearing::Good,
            silent: false,
            in_flight: 0,
            holding: 0,
        };
        Proxy { clock: Clock::start(), status, view: Mutex::new(view), changed: Condvar::new() }
    }

    pub(super) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().expect("view")
    }

    /// Follows the watch to its end.
    pub(super) fn watch(&self, number: usize) {
        let told = self.follow(number);
        let mut view = self.view();
        // Nor is the end heard.
        while view.hearing != Hearing::Good && view.lease.holds(self.clock.now()) {
            view = self.changed.wait_timeout(view, TURN).expect("view").0;
        }
        (view.lease, view.over) = (Lease::NONE, true);
        self.changed.notify_all();
        drop(view);
        told.expect("a watch");
    }

    fn follow(&self, number: usize) -> std::io::Result<()> {
        let mut stream = loop {
            match TcpStream::connect(self.status) {
                Ok(stream) => break stream,
                Err(_) if self.clock.now().since_start() < Duration::from_secs(30) => std::thread::sleep(TURN),
                Err(error) => return Err(error),
            }
        };
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        // HTTP/1.0: lines without chunks. What is said is dated from before it was asked for.
        let sent = self.clock.now();
        write!(stream, "GET /watch?id=p-{number}&as=proxy HTTP/1.0\r\n\r\n")?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let (mut lines, mut dating) = (Lines::default(), None);
        let mut part = [0; 4096];
        loop {
            let count = stream.read(&mut part)?;
            if count == 0 {
                return Ok(());
            }
            for message in lines.push(&part[..count]).expect("messages") {
                let dating = dating.get_or_insert(Dating::new(sent, message.stamp));
                self.heard(&message, dating);
            }
        }
    }

    fn heard(&self, message: &Message, dating: &Dating) {
        let mut view = self.view();
        if view.hearing != Hearing::Good {
            return;
        }
        view.state = message.state;
        view.lease = Lease::after(message, dating).heard_at(self.clock.now());
        self.changed.notify_all();
    }

    pub(super) fn may_send(&self, view: &View) -> bool {
        view.state.is_ready() && view.lease.holds(self.clock.now())
    }

    /// Reports what is under way on each change, and once nothing is held any more, that the drain is released.
    pub(super) fn report(&self, number: usize) {
        let (mut sequence, mut said, mut released) = (0, 0, None);
        loop {
            let (in_flight, release) = {
                let view = self.view();
                if view.over {
                    return;
                }
                let release = match view.state {
                    State::Draining { number, .. } if view.holding == 0 && !view.lease.holds(self.clock.now()) => {
                        Some(number)
                    }
                    State::Starting | State::Awake { .. } | State::Draining { .. } | State::Stopping | State::Gone => {
                        None
                    }
                };
                if view.in_flight == said && release == released {
                    drop(self.changed.wait_timeout(view, TURN).expect("view"));
                    continue;
                }
                (view.in_flight, release)
            };
            sequence += 1;
            let report = Report { sequence, in_flight, unanswered: in_flight, released: release };
            let body = serde_json::to_string(&report).expect("JSON");
            if self.put(&format!("/watch/p-{number}"), &body).is_ok() {
                (said, released) = (in_flight, release);
            }
            if release.is_none() {
                std::thread::sleep(GATHER);
            }
        }
    }

    fn put(&self, path: &str, body: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(self.status)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(stream, "PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if answer.starts_with(b"HTTP/1.1 200") { Ok(()) } else { Err(std::io::ErrorKind::Other.into()) }
    }

    pub(super) fn wait_for_a_lease(&self) {
        let mut view = self.view();
        while !view.over && !self.may_send(&view) {
            view = self.changed.wait_timeout(view, TURN).expect("view").0;
        }
    }
}
