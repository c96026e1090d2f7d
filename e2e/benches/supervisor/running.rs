//! A program that runs: started, asked about, and ended in any case.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The moment, in nanoseconds of the clock that the app uses.
pub(crate) fn now() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("a clock");
    now.tv_sec() * 1_000_000_000 + now.tv_nsec()
}

/// A command that says nothing.
pub(crate) fn command(words: &[String]) -> Command {
    let (program, rest) = words.split_first().expect("a program");
    let mut command = Command::new(program);
    command.args(rest).env("SERVICE_NAME", "bench");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The moment that the app has written.
pub(crate) fn written(file: &Path) -> i64 {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.parse().expect("a moment")
}

/// A program that runs until it is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(words: &[String]) -> Running {
        Running(command(words).spawn().expect("it starts"))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.0.id()).expect("a process id"))
    }

    pub(crate) fn wait(&mut self) {
        self.0.wait().expect("its end");
    }

    /// A figure of `/proc/PID/status`.
    pub(crate) fn status(&self, name: &str) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("/proc");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("a line");
        line.split_ascii_whitespace().next().expect("a figure").parse().expect("a number")
    }

    /// The processor time that it has used, in milliseconds.
    pub(crate) fn processor(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/schedstat", self.pid())).expect("/proc");
        text.split(' ').next().expect("a figure").parse::<f64>().expect("a number") / 1e6
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The second one hurries a drain. It may have ended already.
        for _ in 0..2 {
            let _ = kill(self.pid(), Signal::SIGTERM);
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.wait();
    }
}

/// Asks 9051 with this line, and gives the stream.
pub(crate) fn ask(address: &str, line: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect((address, 9051)).ok()?;
    write!(stream, "{line} HTTP/1.1\r\nhost: bench\r\n\r\n").ok()?;
    Some(stream)
}

/// Waits until the supervisor at `address` says that it is in this state.
pub(crate) fn wait_until(address: &str, state: &str) {
    let begun = Instant::now();
    loop {
        let mut answer = String::new();
        if let Some(mut stream) = ask(address, "GET /healthz") {
            let _ = stream.read_to_string(&mut answer);
        }
        if answer.contains(state) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "never {state}: {answer}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
