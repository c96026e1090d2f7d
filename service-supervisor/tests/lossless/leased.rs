//! A life whose clients are a proxy's: they follow `/watch` by rules W2 and W3.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use daemon::moment::Clock;
use task_state::{Cause, Dating, Lease, Lines, Message, Report, State};

use super::client::{Client, Manner};
use super::dice::Dice;
use super::life::{Life, Order, code};
use super::told::Sums;

/// Between two looks at what may be done.
const TURN: Duration = Duration::from_millis(2);

/// Changes that follow each other closely are one report.
const GATHER: Duration = Duration::from_millis(40);

/// What the proxy knows.
struct View {
    lease: Lease,
    state: State,
    /// The watch is over.
    over: bool,
    /// The app is not to be used for now, so that it falls idle.
    silent: bool,
    in_flight: u64,
    /// Clients with a connection, idle or not, or on their way to one.
    holding: u64,
}

struct Proxy {
    clock: Clock,
    status: SocketAddr,
    view: Mutex<View>,
    changed: Condvar,
}

/// Lives it.
pub(super) fn life(number: usize, mut dice: Dice) -> Sums {
    let finishes = dice.below(2) == 0;
    let order = [Order::File, Order::Asked, Order::Signal, Order::Idle][dice.below(4) as usize];
    // One of twelve says nothing more once it was told to drain, as one that was cut off would.
    let releases = dice.below(12) != 0;
    let idle_timeout = if order == Order::Idle { "1s" } else { "0" };
    let options = ["--drain-min", "0", "--stop-grace", "5s", "--idle-timeout", idle_timeout];
    let life = Life::supervised(number, finishes, &options);
    let proxy = Proxy::new(life.status);
    let sums = Mutex::new(Sums { drains: 1, ..Sums::default() });
    std::thread::scope(|scope| {
        scope.spawn(|| proxy.watch(number));
        for manner in Manner::ALL {
            let client = Client::new(life.app, manner, dice.apart());
            let (proxy, sums) = (&proxy, &sums);
            scope.spawn(move || proxy.send(client, manner, sums));
        }
        scope.spawn(|| proxy.report(number, releases));
        proxy.wait_for_a_lease();
        std::thread::sleep(Duration::from_millis(dice.below(250)));
        let ordered = Instant::now();
        life.order(order);
        if order == Order::Idle {
            proxy.fall_silent(&mut dice, &life);
        }
        let code = code(life.end());
        let expected = if order == Order::Signal && !finishes { 143 } else { 0 };
        let mut sums = sums.lock().expect("sums");
        if order != Order::Idle {
            sums.took.push(ordered.elapsed());
        }
        if code != expected {
            sums.wrong.push(format!("life {number} ({order:?}) ended with {code}\n{}", life.log()));
        }
    });
    let mut sums = sums.into_inner().expect("sums");
    if sums.lost.iter().any(|lost| *lost > 0) {
        sums.wrong.push(format!("life {number} ({order:?}, finishes: {finishes}) lost something\n{}", life.log()));
    }
    sums
}

impl Proxy {
    fn new(status: SocketAddr) -> Self {
        let view =
            View { lease: Lease::NONE, state: State::Starting, over: false, silent: false, in_flight: 0, holding: 0 };
        Proxy { clock: Clock::start(), status, view: Mutex::new(view), changed: Condvar::new() }
    }

    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().expect("view")
    }

    /// Follows the watch to its end.
    fn watch(&self, number: usize) {
        let told = self.follow(number);
        let mut view = self.view();
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
        view.state = message.state;
        view.lease = Lease::after(message, dating).heard_at(self.clock.now());
        self.changed.notify_all();
    }

    fn may_send(&self, view: &View) -> bool {
        view.state.is_ready() && view.lease.holds(self.clock.now())
    }

    /// One client: asks whenever there is a lease.
    fn send(&self, mut client: Client, manner: Manner, sums: &Mutex<Sums>) {
        let mut holds = false;
        loop {
            {
                let mut view = self.view();
                let may = !view.silent && self.may_send(&view);
                if !may {
                    client.let_go();
                }
                view.holding = view.holding + u64::from(may) - u64::from(holds);
                holds = may;
                if view.over {
                    return;
                }
                if !may {
                    drop(self.changed.wait_timeout(view, TURN).expect("view"));
                    continue;
                }
            }
            let connected = client.connect();
            // Looks again, before the first byte.
            let (may, counted) = {
                let mut view = self.view();
                let may = self.may_send(&view);
                let counted = may && connected.is_ok();
                view.in_flight += u64::from(counted);
                (may, counted)
            };
            let outcome = match (may, connected) {
                (true, Ok(())) => Some(client.ask()),
                // Under a lease the app accepts.
                (true, Err(error)) => Some(Err(error)),
                (false, _) => {
                    client.let_go();
                    None
                }
            };
            {
                let mut view = self.view();
                view.in_flight -= u64::from(counted);
                view.holding -= u64::from(!client.is_connected());
                holds = client.is_connected();
                self.changed.notify_all();
            }
            match outcome {
                Some(Ok(())) => sums.lock().expect("sums").answered(manner),
                Some(Err(error)) => {
                    let mut sums = sums.lock().expect("sums");
                    sums.lost(manner);
                    sums.wrong.push(format!("{manner:?}: {error}"));
                }
                None => {}
            }
            client.rest();
        }
    }

    /// Reports what is under way on each change, and once nothing is held any more, that the drain is released.
    fn report(&self, number: usize, releases: bool) {
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
                if view.in_flight == said && (release == released || !releases) {
                    drop(self.changed.wait_timeout(view, TURN).expect("view"));
                    continue;
                }
                (view.in_flight, release)
            };
            sequence += 1;
            let report = Report { sequence, in_flight, unanswered: in_flight, released: release.filter(|_| releases) };
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

    fn wait_for_a_lease(&self) {
        let mut view = self.view();
        while !view.over && !self.may_send(&view) {
            view = self.changed.wait_timeout(view, TURN).expect("view").0;
        }
    }

    /// Lets the service fall idle. Half of the time a request comes when it is about to drain, or does, and calls it back
    /// where that is still possible; then it is told to sleep, as a call-back holds for long.
    fn fall_silent(&self, dice: &mut Dice, life: &Life) {
        self.view().silent = true;
        if dice.below(2) == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(900 + dice.below(500)));
        let state = self.view().state;
        if let State::Draining { cause: Cause::Idle, .. } = state {
            match life.ask("POST /wake", "") {
                Some((200, _)) => {}
                // Too late: it sleeps.
                Some(_) | None => return,
            }
        }
        self.view().silent = false;
        std::thread::sleep(Duration::from_millis(50 + dice.below(100)));
        life.order(Order::File);
    }
}
