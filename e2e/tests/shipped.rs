//! The supervisor as it ships: what it takes of an image and of a task's memory.
//!
//! It ships in a profile of its own; whoever builds it as everything is built, with `--release`, is promised no less.
//!
//! It is built anew, so it is looked at only when `E2E_SHIPPED=1` says so (`.ci/run` does).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::binaries::{released_supervisor, shipped_supervisor};

const KIB: u64 = 1024;
const LIMIT: Duration = Duration::from_secs(60);
const GRAVITON: &str = "aarch64-unknown-linux-musl";

fn wanted() -> bool {
    let wanted = std::env::var_os("E2E_SHIPPED").is_some();
    if !wanted {
        eprintln!("skipped: E2E_SHIPPED=1 builds the supervisor as it ships and looks at it");
    }
    wanted
}

fn build(target: &str) -> PathBuf {
    shipped_supervisor(target).unwrap_or_else(|error| panic!("{error}"))
}

/// As it ships, and as everything is built.
fn both() -> [PathBuf; 2] {
    [build(&ours()), released_supervisor(&ours()).unwrap_or_else(|error| panic!("{error}"))]
}

fn ours() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

fn size(program: &PathBuf) -> u64 {
    std::fs::metadata(program).expect("the program").len()
}

/// A supervisor of an app that accepts: this process does, and that it is another does not matter.
struct Supervised {
    address: &'static str,
    process: Child,
    _app: TcpListener,
}

impl Supervised {
    fn start(program: &PathBuf, address: &'static str) -> Supervised {
        let app = TcpListener::bind((address, 9050)).expect("it listens");
        let process = Command::new(program)
            .args(["--listen", &format!("{address}:9051"), "--app-address", address, "--shutdown-file"])
            .args(["/tmp/doze-no-such-file", "--", "sleep", "600"])
            .env("SERVICE_NAME", "shipped")
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let supervised = Supervised { address, process, _app: app };
        let begun = Instant::now();
        while !supervised.asks("GET /healthz").is_some_and(|answer| answer.contains("\"awake\"")) {
            assert!(begun.elapsed() < LIMIT, "it never became ready");
            std::thread::sleep(Duration::from_millis(10));
        }
        supervised
    }

    fn open(&self, line: &str) -> Option<TcpStream> {
        let mut stream = TcpStream::connect((self.address, 9051)).ok()?;
        stream.set_read_timeout(Some(LIMIT)).ok()?;
        write!(stream, "{line} HTTP/1.0\r\nhost: shipped\r\n\r\n").ok()?;
        Some(stream)
    }

    fn asks(&self, line: &str) -> Option<String> {
        let mut answer = String::new();
        self.open(line)?.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// Watches, and each has been told that it lives by now.
    fn watch(&self, watchers: usize) -> Vec<BufReader<TcpStream>> {
        let watch = |number| {
            let mut watch = BufReader::new(self.open(&format!("GET /watch?id=w{number}&as=proxy")).expect("accepted"));
            // One after the other: those of one address that have not asked yet are bounded.
            watch.read_line(&mut String::new()).expect("an answer");
            watch
        };
        let mut watches: Vec<_> = (0..watchers).map(watch).collect();
        for watch in &mut watches {
            let begun = Instant::now();
            let mut line = String::new();
            while !line.contains("heartbeat") {
                line.clear();
                watch.read_line(&mut line).expect("a line");
                assert!(begun.elapsed() < LIMIT, "no heartbeat");
            }
        }
        watches
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("/proc");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        line.trim_start_matches(':').split_ascii_whitespace().next().expect("a figure").parse().expect("a number")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).expect("a process id"));
        // The second one hurries the drain.
        for _ in 0..2 {
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.process.wait();
    }
}

#[test]
fn it_is_one_static_file_of_a_mebibyte_at_the_most() {
    if wanted() {
        for program in both() {
            assert!(size(&program) <= 1024 * KIB, "{}: {} KiB", program.display(), size(&program) / KIB);
            let bytes = std::fs::read(&program).expect("the program");
            let is_dynamic = bytes.windows(8).any(|part| part == b"/lib/ld-" || part == b"/lib64/l");
            assert!(!is_dynamic, "{} wants a dynamic linker", program.display());
        }
    }
}

#[test]
fn it_supervises_with_one_thread_and_a_mebibyte_before_two_watchers_and_with_four_before_300() {
    if wanted() {
        for program in both() {
            let supervised = Supervised::start(&program, "127.96.1.1");
            let memory = || supervised.status("VmHWM");
            let two = supervised.watch(2);
            assert!(memory() <= 1024, "{}: {} KiB before two watchers", program.display(), memory());
            drop(two);
            let _many = supervised.watch(300);
            assert!(memory() <= 4096, "{}: {} KiB before 300 watchers", program.display(), memory());
            assert_eq!(supervised.status("Threads"), 1);
        }
    }
}

#[test]
fn it_is_built_for_graviton_hosts_too_and_supervises_there() {
    if !wanted() {
        return;
    }
    let found = Command::new("rustc").args(["--print", "target-libdir", "--target", GRAVITON]).output().expect("rustc");
    if !PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()).exists() {
        eprintln!("not built: rustup target add {GRAVITON}");
        return;
    }
    let program = build(GRAVITON);
    assert!(size(&program) <= 1024 * KIB, "{} KiB", size(&program) / KIB);
    let emulator = ["qemu-aarch64-static", "qemu-aarch64"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    let Some(emulator) = emulator else {
        eprintln!("not run: qemu-aarch64-static is not here");
        return;
    };
    let help = Command::new(emulator).arg(&program).arg("--help").output().expect("it runs");
    assert!(String::from_utf8_lossy(&help.stdout).contains("--idle-timeout"));
    // The app is of this machine; the supervisor is not.
    let supervised = Command::new(emulator)
        .arg(&program)
        .args([
            "--listen",
            "127.96.1.2:0",
            "--shutdown-file",
            "/tmp/doze-no-such-file",
            "--",
            "/bin/sh",
            "-c",
            "exit 9",
        ])
        .env("SERVICE_NAME", "shipped")
        .output()
        .expect("it runs");
    assert_eq!(supervised.status.code(), Some(9), "{}", String::from_utf8_lossy(&supervised.stderr));
}
