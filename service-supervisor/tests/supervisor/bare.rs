//! Supervisors run as a program is run: a command line in front, an exit code and output behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::rig::SUPERVISOR;

/// Longer than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The supervisor behind `prefix` (`env --default-signal`, `unshare --pid …`), with `options`; the app's command is to
/// be added. Nothing of it meets any other: no port is fixed, and no socket but its own is looked at.
pub(crate) fn supervisor(prefix: &[&str], options: &[&str]) -> Command {
    let usual =
        ["--listen", "127.98.0.1:0", "--app-address", "127.98.0.1", "--shutdown-file", "/tmp/doze-no-such-file"];
    let words = [prefix, &[SUPERVISOR], &usual, options, &["--"]].concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("SERVICE_NAME", "demo").env("LOG", "debug").env("LOG_FORMAT", "json");
    command
}

/// Its output, where `script` is the app and lives once.
pub(crate) fn output(prefix: &[&str], script: &str) -> Output {
    let mut command = supervisor(prefix, &["--restart", "never"]);
    command.args(["/bin/sh", "-c", script]).stdin(Stdio::null()).output().expect("run")
}

/// What it wrote to standard output and the code, of which failures tell the log.
pub(crate) fn told(output: &Output) -> (Option<i32>, String) {
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One that runs, and whose app speaks line by line.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    /// Starts `program` with `arguments` as the app.
    pub(crate) fn start(mut command: Command) -> Running {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the supervisor starts");
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line.trim_end().to_owned()).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Running { child, input, lines }
    }

    /// Starts a script as the app, with every signal at its default, and waits until it says `ready`.
    pub(crate) fn script(options: &[&str], script: &str) -> Running {
        let mut command = supervisor(&["env", "--default-signal"], &[options, &["--restart", "never"]].concat());
        command.args(["/bin/sh", "-c", script]);
        let running = Running::start(command);
        running.until("ready");
        running
    }

    /// The next line.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("a line in time")
    }

    /// Reads on to this line, and gives what came before.
    pub(crate) fn until(&self, wanted: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.line() {
                line if line == wanted => return before,
                line => before.push(line),
            }
        }
    }

    pub(crate) fn type_in(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("input");
        input.write_all(bytes).expect("typed");
        input.flush().expect("typed");
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Sends a signal by its number, real-time ones too.
    pub(crate) fn signal(&self, number: i32) {
        send(self.pid(), number);
    }

    /// Waits until the process is in this state: `T` is paused, `S` sleeps.
    pub(crate) fn wait_for_state(&self, pid: Pid, state: char) {
        let since = Instant::now();
        while state_of(pid) != Some(state) {
            assert!(since.elapsed() < LIMIT, "{pid} is {:?}, not {state}", state_of(pid));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Its exit code, and what else it wrote.
    pub(crate) fn exit(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                break status;
            }
            assert!(since.elapsed() < LIMIT, "it never exited");
            std::thread::sleep(Duration::from_millis(2));
        };
        let rest: Vec<String> = self.lines.iter().collect();
        (status.code(), rest.join("\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind: SIGTERM twice ends it and its app.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            for number in [18, 15, 15, 9] {
                send(self.pid(), number);
                std::thread::sleep(Duration::from_millis(200));
            }
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal by its number: `nix` knows no real-time ones.
pub(crate) fn send(pid: Pid, number: i32) {
    match nix::sys::signal::Signal::try_from(number) {
        Ok(signal) => drop(kill(pid, signal)),
        Err(_) => {
            let status = Command::new("/bin/kill").args([format!("-{number}"), pid.to_string()]).status();
            assert!(status.expect("kill").success());
        }
    }
}

/// The state of a process as `/proc` has it.
pub(crate) fn state_of(pid: Pid) -> Option<char> {
    let mut text = String::new();
    std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read_to_string(&mut text).ok()?;
    text.rsplit_once(") ")?.1.chars().next()
}
