//! The benchmark's other processes are its own program with a role: each takes its core, sees to it that it ends with
//! the benchmark, and becomes what it is to be.

use std::ffi::CString;
use std::io::Write as _;
use std::process::{Command, Stdio};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, execvp};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{load, origin, park, tls};

/// The core of the proxy.
pub(crate) const PROXY: usize = 0;
/// The core of load and origin.
pub(crate) const LOAD: usize = 1;

const ROLE: &str = "BENCH_PROXY_ROLE";

/// A command of this program in a role, on a core. It says nothing.
pub(crate) fn command(role: &str, core: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(ROLE, role).arg(core.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// The moment, in nanoseconds.
pub(crate) fn now() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("a clock");
    now.tv_sec() * 1_000_000_000 + now.tv_nsec()
}

/// Whether this process has a role; then it is played.
pub(crate) fn play_where_asked() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    // Also where the benchmark is killed.
    set_pdeathsig(Signal::SIGTERM).expect("a signal at the benchmark's end");
    let mut words = std::env::args().skip(1);
    let core: usize = words.next().and_then(|core| core.parse().ok()).expect("a core");
    let mut cores = CpuSet::new();
    cores.set(core).expect("a core");
    sched_setaffinity(Pid::from_raw(0), &cores).unwrap_or_else(|error| panic!("no core {core}: {error}"));
    match role.as_str() {
        "origin" => origin::serve(&words.next().expect("an address")),
        "load" => tell(&load::run(&order(&words.next().expect("a plan")))),
        "park" => park::run(&order(&words.next().expect("a plan"))),
        "tls" => tell(&tls::run(&order(&words.next().expect("a plan")))),
        "become" => become_program(&words.collect::<Vec<_>>()),
        other => panic!("no role {other}"),
    }
    true
}

fn order<P: DeserializeOwned>(text: &str) -> P {
    serde_json::from_str(text).expect("a plan")
}

fn tell(report: &impl Serialize) {
    println!("{}", serde_json::to_string(report).expect("JSON"));
    std::io::stdout().flush().expect("the benchmark reads it");
}

/// Writes the moment to the file that comes first, and becomes the program that follows.
fn become_program(words: &[String]) {
    let (moment, program) = words.split_first().expect("a file");
    let words: Vec<CString> = program.iter().map(|word| CString::new(word.as_str()).expect("no NUL")).collect();
    std::fs::write(moment, now().to_string()).expect("written");
    let never = execvp(words.first().expect("a program"), &words);
    panic!("{program:?} does not start: {never:?}");
}
