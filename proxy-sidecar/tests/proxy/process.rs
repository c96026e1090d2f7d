//! The proxy as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::wire::Wire;

/// The limit of every wait.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Waits until `found` gives something, and fails with `what` at the limit.
pub(crate) fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(started.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running proxy; killed with the test.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) listen: SocketAddr,
    admin: SocketAddr,
    log: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Proxy {
    /// Starts a resident proxy for `demo` with these arguments.
    pub(crate) fn resident(arguments: &[&str]) -> Proxy {
        Proxy::start(&[&["--mode", "resident"], arguments].concat(), &[])
    }

    /// Starts a proxy for `demo`.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Proxy {
        Proxy::spawn(Command::new(env!("CARGO_BIN_EXE_proxy-sidecar")), arguments, environment)
    }

    /// Starts a resident proxy for `demo` that may have so many open files.
    pub(crate) fn with_open_files(most: u32, arguments: &[&str]) -> Proxy {
        let mut limited = Command::new("/bin/sh");
        limited.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_proxy-sidecar")]);
        Proxy::spawn(limited, &[&["--mode", "resident"], arguments].concat(), &[])
    }

    fn spawn(mut program: Command, arguments: &[&str], environment: &[(&str, &str)]) -> Proxy {
        let mut child = program
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(arguments)
            .env_clear()
            .env("LOG", "proxy_sidecar=debug,info")
            .env("LOG_FORMAT", "json")
            .envs((!arguments.contains(&"--services")).then_some(("SERVICE_NAME", "demo")))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the proxy starts");
        let log: Arc<Mutex<Vec<serde_json::Value>>> = Arc::default();
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(serde_json::Value::String(line));
                written.lock().expect("log").push(line);
            }
        });
        let started = until("the proxy's start", || {
            let ended = child.try_wait().expect("a child");
            let started = find(&log, "proxy started");
            assert!(ended.is_none() || started.is_some(), "it ended: {:?}", log.lock().expect("log"));
            started
        });
        let address = |field: &str| started[field].as_str().expect("an address").parse().expect("an address");
        Proxy { listen: address("listen"), admin: address("admin"), child, log }
    }

    /// A connection of a caller.
    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(self.listen)
    }

    /// Sends a request of one line and gives status and body of the answer.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut wire = self.connect();
        wire.send(&format!("GET {path} HTTP/1.1\r\nhost: demo\r\n\r\n"));
        wire.read_answer()
    }

    /// `GET /status` of the first service.
    pub(crate) fn status(&self) -> serde_json::Value {
        let mut wire = Wire::connect(self.admin);
        wire.send("GET /status HTTP/1.1\r\nhost: admin\r\n\r\n");
        let (status, body) = wire.read_answer();
        assert_eq!(status, 200);
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON")["services"][0].clone()
    }

    /// Waits until the status is as `wanted`.
    pub(crate) fn until_status(&self, what: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        until(what, || Some(self.status()).filter(|status| wanted(status)))
    }

    /// Waits until a phase is reached.
    pub(crate) fn until_phase(&self, phase: &str) {
        self.until_status(&format!("phase {phase}"), |status| status["phase"] == phase);
    }

    /// Waits for a line of the log and gives it.
    pub(crate) fn until_log(&self, message: &str) -> serde_json::Value {
        until(&format!("log line {message:?}"), || find(&self.log, message))
    }

    /// How often a message was logged.
    pub(crate) fn logged(&self, message: &str) -> usize {
        self.log.lock().expect("log").iter().filter(|line| line["message"] == message).count()
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).expect("a pid"));
        nix::sys::signal::kill(pid, signal).expect("it runs");
    }

    /// Waits for its end.
    pub(crate) fn exit_code(&mut self) -> i32 {
        until("the proxy's end", || self.child.try_wait().expect("a child")).code().expect("no signal")
    }

    /// Whether it runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }
}

fn find(log: &Mutex<Vec<serde_json::Value>>, message: &str) -> Option<serde_json::Value> {
    log.lock().expect("log").iter().find(|line| line["message"] == message).cloned()
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            for line in self.log.lock().expect("log").iter() {
                eprintln!("{line}");
            }
        }
    }
}
