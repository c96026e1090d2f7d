//! A child process whose lines are read and that never outlives its owner.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::timeline::Timeline;

/// A running program of ours.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts `program`; every line it prints goes to the time line under `name`.
    ///
    /// The child gets nothing of this process's environment but `PATH`, is a process group of its own (Ctrl-C reaches
    /// only us, and we stop it in order) and is killed when the calling thread ends, however that comes about.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        name: &str,
        program: &Path,
        arguments: &[String],
        environment: &[(String, String)],
        timeline: &Timeline,
    ) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        die_with_parent(&mut command);
        let mut child = command.spawn()?;
        let pipes = (child.stdout.take(), child.stderr.take());
        if let (Some(out), Some(err)) = pipes {
            tokio::spawn(read_lines(out, name.to_owned(), timeline.clone()));
            tokio::spawn(read_lines(err, name.to_owned(), timeline.clone()));
        }
        Ok(Process { name: name.to_owned(), child })
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it is called in the time line.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its exit status, when it has ended.
    ///
    /// # Errors
    /// The kernel's.
    pub fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end by itself.
    ///
    /// # Errors
    /// The kernel's, or `TimedOut`.
    pub async fn wait(&mut self, limit: Duration) -> std::io::Result<ExitStatus> {
        timeout(limit, self.child.wait()).await.map_err(|_| std::io::ErrorKind::TimedOut)?
    }

    /// SIGTERM, then SIGKILL after `grace`.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn stop(&mut self, grace: Duration) -> std::io::Result<ExitStatus> {
        self.terminate();
        match timeout(grace, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                self.child.start_kill()?;
                self.child.wait().await
            }
        }
    }

    /// The same without a runtime, for a `Drop`: when this returns, it has ended.
    pub fn stop_blocking(&mut self, grace: Duration) {
        self.terminate();
        if !self.ends_within(grace) {
            // A child that cannot be killed has ended; one that was ends soon.
            let _ = self.child.start_kill();
            self.ends_within(grace);
        }
    }

    fn ends_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn terminate(&self) {
        if let Some(id) = self.child.id() {
            let id = Pid::from_raw(i32::try_from(id).expect("process ids fit"));
            // It may have ended in this moment; then waiting tells.
            let _ = kill(id, Signal::SIGTERM);
        }
    }
}

#[expect(unsafe_code, reason = "pre_exec is the only place where a child can ask to die with its parent")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: the closure makes one system call, which is async-signal-safe, and touches no memory of the parent.
    unsafe {
        command.pre_exec(|| nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(Into::into));
    }
}

async fn read_lines(pipe: impl AsyncRead + Unpin, name: String, timeline: Timeline) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        timeline.line(&name, &line);
    }
}
