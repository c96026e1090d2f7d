//! Starts supervisors, asks 9051, and waits for states with a limit.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use task_state::{Health, Message, Report, ReportAnswer};

/// Longer than anything here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(40);

pub(crate) const SUPERVISOR: &str = env!("CARGO_BIN_EXE_service-supervisor");

/// A supervisor under test.
pub(crate) struct Rig {
    pub(crate) address: String,
    pub(crate) file: PathBuf,
    child: Child,
    log: Arc<Mutex<Vec<serde_json::Value>>>,
}

/// What the app is.
pub(crate) enum App<'a> {
    /// This binary, listening on 9050 of the rig's address.
    Listening,
    /// The same, but on this port of every address, IPv6 included; sockets on any address are judged then.
    Everywhere(u16),
    /// The same on its own address and this port, while sockets on any address are judged.
    Beside(u16),
    /// A shell script; see [`Rig::wait_for_script`].
    Script(&'a str),
}

impl Rig {
    /// Starts a supervisor on `address` with further `options`.
    pub(crate) fn start(address: &str, options: &[&str], app: &App<'_>) -> Rig {
        Rig::start_under(&[], address, options, app)
    }

    /// The same with more in its environment.
    pub(crate) fn start_in(address: &str, options: &[&str], app: &App<'_>, environment: &[(&str, &str)]) -> Rig {
        let pairs: Vec<String> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let wrapper: Vec<&str> = std::iter::once("env").chain(pairs.iter().map(String::as_str)).collect();
        Rig::start_under(&wrapper, address, options, app)
    }

    /// The same, by a command that becomes the supervisor, such as `unshare`.
    pub(crate) fn start_under(wrapper: &[&str], address: &str, options: &[&str], app: &App<'_>) -> Rig {
        let name = format!("doze-supervisor-{address}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the shutdown file");
        let file = folder.join("shutdown");
        let mut words = wrapper.iter().chain(&[SUPERVISOR]);
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).args(["--listen", &format!("{address}:9051"), "--shutdown-file"]).arg(&file);
        let app_listen = match app {
            App::Everywhere(port) => format!("[::]:{port}"),
            App::Beside(port) => format!("{address}:{port}"),
            App::Listening | App::Script(_) => {
                command.args(["--app-address", address]);
                format!("{address}:9050")
            }
        };
        command.args(options).arg("--");
        match app {
            App::Listening | App::Everywhere(_) | App::Beside(_) => {
                let own = std::env::current_exe().expect("this binary");
                command.arg(own).args(["--exact", "app::the_app", "--nocapture"]);
            }
            App::Script(script) => drop(command.args(["/bin/sh", "-c", script])),
        }
        command.env("SERVICE_NAME", "demo").env("APP_LISTEN", app_listen).env("LOG", "debug");
        command.env("READY", folder.join("ready")).env("FOLDER", &folder);
        command.env("LOG_FORMAT", "json").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the supervisor starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().expect("its log")).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(serde_json::Value::String(line));
                kept.lock().expect("log").push(line);
            }
        });
        Rig { address: address.to_owned(), file, child, log }
    }

    /// Starts one whose app listens, and waits until it is ready.
    pub(crate) fn ready(address: &str, options: &[&str]) -> Rig {
        let rig = Rig::start(address, options, &App::Listening);
        rig.wait_for("ready", |rig| rig.health().is_some_and(|health| health.ready));
        rig
    }

    /// Waits until `seen`, and shows the log where that does not come.
    pub(crate) fn wait_for(&self, what: &str, seen: impl Fn(&Rig) -> bool) {
        let since = Instant::now();
        while !seen(self) {
            assert!(since.elapsed() < LIMIT, "never came: {what}\n{}", self.told());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the app's script says `: > "$READY"`, as it does once its traps are set.
    pub(crate) fn wait_for_script(&self) {
        let ready = self.file.with_file_name("ready");
        self.wait_for("the script is ready", |_| ready.exists());
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("signalled");
    }

    pub(crate) fn has_exited(&mut self) -> bool {
        self.child.try_wait().expect("wait").is_some()
    }

    /// The supervisor's exit code.
    pub(crate) fn exit(mut self) -> (i32, Self) {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return (status.code().unwrap_or(-1), self);
            }
            assert!(since.elapsed() < LIMIT, "it never exited\n{}", self.told());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A line of its log with this message.
    pub(crate) fn logged(&self, message: &str) -> Option<serde_json::Value> {
        self.log.lock().expect("log").iter().find(|line| line["message"] == message).cloned()
    }

    /// The states it went through, by its log.
    pub(crate) fn path(&self) -> Vec<String> {
        let log = self.log.lock().expect("log");
        let changes = log.iter().filter(|line| line["message"] == "state changed");
        changes.filter_map(|line| line["to"].as_str().map(str::to_owned)).collect()
    }

    /// Waits until its log shows that it went through these states and no others.
    pub(crate) fn wait_for_path(&self, states: &[&str]) {
        self.wait_for(&format!("the states {states:?}"), |rig| rig.path() == states);
    }

    /// Waits for a line of the log: the reader is a thread of its own.
    pub(crate) fn wait_for_log(&self, message: &str) -> serde_json::Value {
        self.wait_for(message, |rig| rig.logged(message).is_some());
        self.logged(message).expect("just seen")
    }

    pub(crate) fn told(&self) -> String {
        let log = self.log.lock().expect("log");
        log.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The app's pid, by the log.
    pub(crate) fn app(&self) -> Pid {
        let pid = self.wait_for_log("app started")["pid"].as_i64().expect("pid");
        Pid::from_raw(i32::try_from(pid).expect("a pid"))
    }

    pub(crate) fn connect(&self, port: u16) -> Option<TcpStream> {
        let stream = TcpStream::connect((self.address.as_str(), port)).ok()?;
        stream.set_read_timeout(Some(LIMIT)).expect("timeout");
        Some(stream)
    }

    /// Talks with the app: sends a line, reads the answer.
    pub(crate) fn talk(stream: &mut TcpStream, line: &str) -> std::io::Result<String> {
        stream.write_all(format!("{line}\n").as_bytes())?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).trim().to_owned())
    }

    /// Sends bytes to 9051 and reads the whole answer: its status and body.
    pub(crate) fn ask(&self, request: &str) -> Option<(u16, String)> {
        let mut stream = self.connect(9051)?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    pub(crate) fn health(&self) -> Option<Health> {
        let (_, body) = self.ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")?;
        serde_json::from_str(&body).ok()
    }

    pub(crate) fn phase(&self) -> &'static str {
        self.health().map_or("(no answer)", |health| health.state.phase())
    }

    pub(crate) fn wake(&self) -> u16 {
        self.ask("POST /wake HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").expect("an answer").0
    }

    pub(crate) fn report(&self, id: &str, report: &Report) -> (u16, Option<ReportAnswer>) {
        let body = serde_json::to_string(report).expect("JSON");
        let length = body.len();
        let request = format!("PUT /watch/{id} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
        let (status, body) = self.ask(&request).expect("an answer");
        (status, serde_json::from_str(&body).ok())
    }

    /// Opens a watch; `query` is `?id=…&as=…` or nothing.
    pub(crate) fn watch(&self, query: &str) -> Watch {
        let mut stream = self.connect(9051).expect("9051 accepts");
        // HTTP/1.0: lines without chunks.
        write!(stream, "GET /watch{query} HTTP/1.0\r\n\r\n").expect("asked");
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while lines.read_line(&mut head).expect("head") > 2 {}
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        Watch { lines }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind: the app first, as it would outlive a killed supervisor.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if let Some(pid) = self.logged("app started").and_then(|line| line["pid"].as_i64()) {
                let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), Signal::SIGKILL);
            }
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        if let Some(folder) = self.file.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// An open watch.
pub(crate) struct Watch {
    lines: BufReader<TcpStream>,
}

impl Watch {
    /// The next line; none: the stream has ended.
    pub(crate) fn next(&mut self) -> Option<Message> {
        let mut line = String::new();
        match self.lines.read_line(&mut line).expect("a line in time") {
            0 => None,
            _ => Some(serde_json::from_str(&line).expect("a message")),
        }
    }

    /// Reads on until a line that is wanted.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let since = Instant::now();
        loop {
            let message = self.next().unwrap_or_else(|| panic!("the watch ended before {what}"));
            if wanted(&message) {
                return message;
            }
            assert!(since.elapsed() < LIMIT, "never said: {what}");
        }
    }
}
