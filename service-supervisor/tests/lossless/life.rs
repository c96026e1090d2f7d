//! One life: an app, with a supervisor or without, on an address and ports of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use task_state::Message;

use super::app::{FINISHES, LISTEN};

/// Longer than anything here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(100);

/// A process under trial, and where its app and its 9051 are.
pub(super) struct Life {
    pub(super) app: SocketAddr,
    pub(super) status: SocketAddr,
    folder: PathBuf,
    pid: Pid,
    child: Mutex<Child>,
}

/// How a life is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The shutdown file.
    File,
    /// `POST /sleep`.
    Asked,
    /// SIGTERM.
    Signal,
    /// Nobody uses it any more.
    Idle,
}

impl Life {
    /// Starts the app under a supervisor with further `options`.
    pub(super) fn supervised(number: usize, finishes: bool, options: &[&str]) -> Life {
        let (app, status, folder) = place(number);
        let mut command = Command::new(env!("CARGO_BIN_EXE_service-supervisor"));
        command.args(["--listen", &status.to_string(), "--app-address", &app.ip().to_string()]);
        command.args(["--app-port", &app.port().to_string()]);
        command.arg("--shutdown-file").arg(folder.join("shutdown")).args(options).arg("--");
        command.arg(std::env::current_exe().expect("this program"));
        command.env("SERVICE_NAME", "drill").env("LOG", "debug").env("LOG_FORMAT", "json");
        Life::start(command, app, status, folder, finishes)
    }

    /// Starts the app alone.
    pub(super) fn plain(number: usize, finishes: bool) -> Life {
        let (app, status, folder) = place(number);
        let command = Command::new(std::env::current_exe().expect("this program"));
        Life::start(command, app, status, folder, finishes)
    }

    fn start(mut command: Command, app: SocketAddr, status: SocketAddr, folder: PathBuf, finishes: bool) -> Life {
        let log = File::create(folder.join("log")).expect("a log");
        command.env(LISTEN, app.to_string()).stdout(Stdio::null()).stderr(log);
        if finishes {
            command.env(FINISHES, "yes");
        }
        let child = command.spawn().expect("started");
        let pid = Pid::from_raw(child.id().cast_signed());
        Life { app, status, folder, pid, child: Mutex::new(child) }
    }

    /// Waits until the app accepts. What is asked is closed again at once, and nothing was asked by it.
    pub(super) fn wait_until_it_accepts(&self) {
        drop(self.connect(self.app, "the app"));
    }

    /// Connects as soon as that is accepted.
    fn connect(&self, to: SocketAddr, whom: &str) -> TcpStream {
        let since = Instant::now();
        loop {
            match TcpStream::connect(to) {
                Ok(stream) => return stream,
                Err(_) if since.elapsed() < LIMIT => std::thread::sleep(Duration::from_millis(3)),
                Err(error) => panic!("{whom} never accepted: {error}\n{}", self.log()),
            }
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(self.pid, signal).expect("signalled");
    }

    /// Gives the order.
    pub(super) fn order(&self, order: Order) {
        match order {
            Order::File => std::fs::write(self.folder.join("shutdown"), "").expect("touched"),
            Order::Asked => {
                let (status, _) = self.ask("POST /sleep", "").expect("an answer");
                assert_eq!(status, 200);
            }
            Order::Signal => self.signal(Signal::SIGTERM),
            Order::Idle => {}
        }
    }

    /// Asks 9051; none: it does not answer any more.
    pub(super) fn ask(&self, request: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.status).ok()?;
        stream.set_read_timeout(Some(LIMIT)).ok()?;
        write!(stream, "{request} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Opens a watch on 9051, which accepts a moment after the app was started.
    pub(super) fn watch(&self, query: &str) -> impl Iterator<Item = Message> + use<> {
        let mut stream = self.connect(self.status, "9051");
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        // HTTP/1.0: lines without chunks.
        write!(stream, "GET /watch{query} HTTP/1.0\r\n\r\n").expect("asked");
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.filter_map(|line| serde_json::from_str(&line).ok())
    }

    /// Waits for the end.
    pub(super) fn end(&self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.lock().expect("child").try_wait().expect("waited") {
                return status;
            }
            if since.elapsed() > LIMIT {
                panic!("it never ended: {:?}\n{}", self.ask("GET /healthz", ""), self.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its log so far.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Ok(child) = self.child.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The code as a shell tells it.
pub(super) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Ports below those that the kernel gives to clients, and another address for each life.
fn place(number: usize) -> (SocketAddr, SocketAddr, PathBuf) {
    let part = |number: usize| u8::try_from(number % 250).expect("below 250") + 1;
    let address = Ipv4Addr::new(127, 120, part(number / 250), part(number));
    let port = u16::try_from(10_000 + 2 * (number % 10_000)).expect("a port");
    let folder = std::env::temp_dir().join(format!("doze-drill-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    ((address, port).into(), (address, port + 1).into(), folder)
}
