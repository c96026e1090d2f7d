//! A proxy in front of one backend whose connections the test answers, and what a request sent to it comes to.

use std::fmt::Debug;
use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use task_state::State;

use self::seen::{Seen, Side};
use crate::judge::{self, Parsed};
use crate::process::{LIMIT, Proxy, until};
use crate::supervisor::Supervisor;
use crate::wire::{Origin, Wire};

#[path = "front/seen.rs"]
mod seen;

/// How long a request may take to come to something.
const SOON: Duration = Duration::from_secs(10);

/// How long one look at a socket takes.
const MOMENT: Duration = Duration::from_millis(2);

/// The plainest answer of an origin.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// The same on a connection that ends.
pub(crate) const OK_CLOSE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// The plainest request.
pub(crate) const GET: &str = "GET / HTTP/1.1\r\nhost: demo\r\n\r\n";

pub(crate) struct Front {
    pub(crate) origin: Origin,
    pub(crate) supervisor: Supervisor,
    pub(crate) proxy: Proxy,
}

impl Front {
    pub(crate) fn start() -> Front {
        Front::with(&[])
    }

    /// With an awake backend and these arguments.
    pub(crate) fn with(arguments: &[&str]) -> Front {
        Front::in_state(State::Awake { ready: true }, arguments)
    }

    /// With an awake backend that answers everything; its own origin gets nothing.
    pub(crate) fn answering(arguments: &[&str]) -> Front {
        let origin = Origin::start();
        let at = origin.at.to_string();
        origin.answer_all("ok");
        Front::before(Origin::start(), &at, State::Awake { ready: true }, arguments)
    }

    pub(crate) fn in_state(state: State, arguments: &[&str]) -> Front {
        let origin = Origin::start();
        let at = origin.at.to_string();
        Front::before(origin, &at, state, arguments)
    }

    fn before(origin: Origin, at: &str, state: State, arguments: &[&str]) -> Front {
        let supervisor = Supervisor::start("demo", state);
        let proxy = Proxy::resident(&[&["--backend", at, "--status-port", &supervisor.port()], arguments].concat());
        until("a watch", || (supervisor.watchers() > 0).then_some(()));
        Front { origin, supervisor, proxy }
    }

    /// A caller that has sent this.
    pub(crate) fn caller(&self, request: impl AsRef<[u8]>) -> Wire {
        let caller = self.proxy.connect();
        // One that is refused half way is judged by what comes back.
        let _ = caller.stream().write_all(request.as_ref());
        caller
    }

    /// Sends a request and gives both sides of it, with the head as the origin saw it, in lower case.
    pub(crate) fn exchange(&self, request: &str) -> (Wire, Wire, String) {
        let caller = self.caller(request);
        let mut backend = self.origin.accept();
        let head = backend.read_head();
        (caller, backend, head)
    }

    /// Both sides of a request that is to reach the origin.
    pub(crate) fn passes(&self, request: impl AsRef<[u8]>) -> Result<(Wire, Wire), String> {
        let caller = self.caller(&request);
        let since = Instant::now();
        while since.elapsed() < SOON {
            if let Some(backend) = self.origin.try_accept() {
                return Ok((caller, backend));
            }
            let mut answer = [0; 200];
            caller.stream().set_read_timeout(Some(MOMENT)).expect("a timeout");
            let peeked = caller.stream().peek(&mut answer);
            caller.stream().set_read_timeout(Some(LIMIT)).expect("a timeout");
            if let Ok(read) = peeked {
                // What it may have begun is not the next one's.
                self.proxy.until_status("nothing in flight", |s| s["backends"][0]["in_flight"] == 0);
                while self.origin.try_accept().is_some() {}
                let (request, answer) = (request.as_ref().escape_ascii(), answer[..read].escape_ascii());
                return Err(format!("{request}: answered {answer}"));
            }
        }
        Err(format!("{}: nothing came of it", request.as_ref().escape_ascii()))
    }

    /// Fails where anything that callers did is held against the backend.
    pub(crate) fn expect_unmarked(&self) {
        let status = self.proxy.until_status("nothing in flight", |s| s["backends"][0]["in_flight"] == 0);
        let backend = &status["backends"][0];
        assert_eq!((&backend["failures"], &backend["usable"]), (&0.into(), &true.into()), "{status}");
    }

    pub(crate) fn memory_kib(&self) -> u64 {
        memory_kib(&self.proxy)
    }

    /// Fails where the proxy does not answer any more.
    pub(crate) fn expect_alive(&self) {
        assert_eq!(self.proxy.status()["name"], "demo");
    }

    /// Sends the bytes and looks at both sides until something has come of it.
    fn sees(&self, request: &[u8]) -> Seen {
        let mut caller = Side::new(&self.caller(request));
        let mut origins: Vec<Side> = Vec::new();
        let since = Instant::now();
        while since.elapsed() < SOON {
            caller.read();
            origins.extend(self.origin.try_accept().iter().map(Side::new));
            origins.iter_mut().for_each(Side::read);
            let taken = origins.iter().any(|origin| matches!(judge::message(&origin.bytes), Parsed::Complete(..)));
            let over = caller.closed && origins.iter().all(|origin| origin.closed);
            if taken || over {
                break;
            }
        }
        let origins = origins.into_iter().map(|origin| origin.bytes).collect();
        Seen { answer: caller.bytes, closed: caller.closed, origins }
    }

    /// Sends what has to be refused with this status and one of these reasons, and a connection that ends.
    pub(crate) fn refuses(&self, request: &[u8], status: u16, reasons: &[&str]) -> Result<(), String> {
        self.sees(request).is_refusal(status, reasons).map_err(|why| format!("{}: {why}", request.escape_ascii()))
    }
}

/// The proxy's own memory in KiB: heap and stacks. What the kernel keeps for sockets is not in it, nor is the program's
/// file, whose share (`Pss`) grows whenever another proxy that maps it ends.
pub(crate) fn memory_kib(proxy: &Proxy) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", proxy.pid())).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Writes until nothing was taken for a second, and tells how much was.
pub(crate) fn write_until_blocked(mut stream: &TcpStream, most: usize) -> usize {
    stream.set_nonblocking(true).expect("a socket");
    let (bytes, mut written) = (vec![b'x'; 64 * 1024], 0);
    let (started, mut moved) = (Instant::now(), Instant::now());
    while moved.elapsed() < Duration::from_secs(1) && written < most {
        assert!(started.elapsed() < LIMIT, "still taking after {written} bytes");
        match stream.write(&bytes) {
            Ok(some) => (written, moved) = (written + some, Instant::now()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(MOMENT),
            Err(error) => panic!("{error}"),
        }
    }
    stream.set_nonblocking(false).expect("a socket");
    written
}

/// Checks every row and fails with all that did not hold.
pub(crate) fn for_all<T: Debug>(rows: impl IntoIterator<Item = T>, check: impl Fn(&T) -> Result<(), String>) {
    let wrong: Vec<String> = rows.into_iter().filter_map(|row| check(&row).err()).collect();
    assert!(wrong.is_empty(), "{} did not hold:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether the two are equal, for a table.
#[expect(clippy::needless_pass_by_value, reason = "rows are written more easily without references")]
pub(crate) fn same<T: PartialEq + Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}
