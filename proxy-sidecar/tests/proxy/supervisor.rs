//! A stand-in for a supervisor, made of the messages of `task-state`. What it says and grants is the test's to decide.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use task_state::{Message, MessageKind, Report, ReportAnswer, Stamp, State, StateAnswer};

use crate::wire::{Wire, field};

/// How often it repeats its state; quicker than a real one, so that tests are.
const HEARTBEAT: Duration = Duration::from_millis(100);

pub(crate) struct Supervisor {
    pub(crate) at: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    started: Instant,
    service: String,
    task: Option<String>,
    said: Mutex<Said>,
    ends: AtomicBool,
}

struct Said {
    state: State,
    silent: bool,
    watchers: Vec<TcpStream>,
    reports: Vec<Report>,
    wakes: u32,
    /// What `POST /wake` makes of it; none is 409.
    after_wake: Option<State>,
}

impl Supervisor {
    pub(crate) fn start(service: &str, state: State) -> Supervisor {
        Supervisor::start_at("127.0.0.1:0", service, None, state)
    }

    pub(crate) fn start_at(at: &str, service: &str, task: Option<&str>, state: State) -> Supervisor {
        let listener = TcpListener::bind(at).expect("a port");
        let at = listener.local_addr().expect("an address");
        let said = Said {
            state,
            silent: false,
            watchers: Vec::new(),
            reports: Vec::new(),
            wakes: 0,
            after_wake: Some(State::Awake { ready: true }),
        };
        let inner = Arc::new(Inner {
            started: Instant::now(),
            service: service.to_owned(),
            task: task.map(str::to_owned),
            said: Mutex::new(said),
            ends: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.ends.load(Ordering::SeqCst) {
                    return;
                }
                let inner = Arc::clone(&accepting);
                std::thread::spawn(move || inner.serve(Wire::new(stream)));
            }
        });
        let beating = Arc::clone(&inner);
        std::thread::spawn(move || {
            while !beating.ends.load(Ordering::SeqCst) {
                beating.say(MessageKind::Heartbeat);
                std::thread::sleep(HEARTBEAT);
            }
        });
        Supervisor { at, inner }
    }

    pub(crate) fn port(&self) -> String {
        self.at.port().to_string()
    }

    /// Changes its state and says so at once.
    pub(crate) fn becomes(&self, state: State) {
        self.inner.said.lock().expect("said").state = state;
        self.inner.say(MessageKind::State);
    }

    /// Says nothing any more, without closing anything.
    pub(crate) fn falls_silent(&self) {
        self.inner.said.lock().expect("said").silent = true;
    }

    pub(crate) fn refuses_wakes(&self) {
        self.inner.said.lock().expect("said").after_wake = None;
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.inner.said.lock().expect("said").reports.clone()
    }

    pub(crate) fn wakes(&self) -> u32 {
        self.inner.said.lock().expect("said").wakes
    }

    pub(crate) fn watchers(&self) -> usize {
        self.inner.said.lock().expect("said").watchers.len()
    }

    /// Breaks every watch.
    pub(crate) fn drops_watchers(&self) {
        for watcher in self.inner.said.lock().expect("said").watchers.drain(..) {
            let _ = watcher.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Ends as a process does: nobody listens, every connection is closed.
    pub(crate) fn ends(&self) {
        self.inner.ends.store(true, Ordering::SeqCst);
        self.inner.said.lock().expect("said").watchers.clear();
        // Lets the acceptor notice.
        let _ = TcpStream::connect(self.at);
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.ends();
    }
}

impl Inner {
    fn stamp(&self) -> Stamp {
        Stamp(u64::try_from(self.started.elapsed().as_millis()).expect("a short test") + 1_000)
    }

    fn message(&self, kind: MessageKind, state: State) -> Vec<u8> {
        let lease_ms = state.grants().then_some(3_000);
        let line = Message { kind, stamp: self.stamp(), state, lease_ms }.to_line();
        [format!("{:x}\r\n", line.len()).as_bytes(), &line, b"\r\n"].concat()
    }

    fn say(&self, kind: MessageKind) {
        let mut said = self.said.lock().expect("said");
        if said.silent {
            return;
        }
        let chunk = self.message(kind, said.state);
        let ends = matches!(said.state, State::Gone);
        said.watchers.retain_mut(|watcher| watcher.write_all(&chunk).is_ok());
        if ends {
            said.watchers.clear();
        }
    }

    fn serve(&self, mut wire: Wire) {
        let Some(head) = wire.next_head() else { return };
        let length = field(&head, "content-length").map_or(0, |value| value.parse().expect("a length"));
        let body = wire.read_bytes(length);
        let mut said = self.said.lock().expect("said");
        if head.starts_with("get /watch?") {
            let hello = MessageKind::Hello {
                protocol: task_state::PROTOCOL,
                service: self.service.parse().expect("a name"),
                task: self.task.clone(),
                boot: "boot".to_owned(),
            };
            wire.send("HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n");
            let hello = self.message(hello, said.state);
            let mut stream = wire.stream();
            if !said.silent && stream.write_all(&hello).is_ok() {
                said.watchers.push(stream);
            }
        } else if head.starts_with("put /watch/") {
            said.reports.push(serde_json::from_str(&body).expect("a report"));
            let answer = ReportAnswer { stamp: self.stamp(), state: said.state };
            answer_with(&mut wire, "200 OK", &serde_json::to_string(&answer).expect("JSON"));
        } else if head.starts_with("post /wake ") {
            said.wakes += 1;
            match said.after_wake {
                Some(state) => {
                    said.state = state;
                    let answer = serde_json::to_string(&StateAnswer { state }).expect("JSON");
                    answer_with(&mut wire, "200 OK", &answer);
                    drop(said);
                    self.say(MessageKind::State);
                }
                None => answer_with(&mut wire, "409 Conflict", "{\"state\":{\"phase\":\"stopping\"}}"),
            }
        } else {
            answer_with(&mut wire, "404 Not Found", "");
        }
    }
}

fn answer_with(wire: &mut Wire, status: &str, body: &str) {
    wire.try_send(&format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
}
