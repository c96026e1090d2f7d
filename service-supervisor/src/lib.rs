//! The supervisor of one service container: starts the app, knows when nobody uses it, stops it without losing a
//! request.
//!
//! One thread, no async runtime. Data flows one way: event → decide → action.
//!
//! - [`arguments`], [`config`]: the command line and every setting. [`log`]: lines that never block.
//! - [`run`]: the loop: wait, decide, act.
//! - [`sources`]: signals, the shutdown file, 9051 and the next deadline become one stream of events.
//! - [`decide`]: what to do about them. Pure; start reading there.
//! - [`act`]: carries actions out.
//! - [`asking`]: what is asked of others, over HTTP and without waiting.
//! - [`app`]: the app as a process, by way of [`spawn`], [`reap`] and [`leftovers`]: start it, wait for every process, end
//!   what it leaves behind.
//! - [`terminal`]: hands the terminal over, where there is one.
//! - [`looker`]: takes a look; [`sockets`]: what the kernel says about the app's port; [`cpu`], [`processes`]: the CPU
//!   that the app uses.
//! - [`shutdown_file`]: notices the shutdown file.
//! - [`status`]: the HTTP of 9051.
//! - [`busy_file`]: looks at the busy file.
//! - [`health`]: the health check of a container, which asks 9051.
//! - [`cgroup`]: what the container uses of CPU and memory, and may use.
//! - [`figures`]: what is counted and measured, for Prometheus and CloudWatch.
//! - [`identity`]: who this supervisor is: service, task, life.
//! - [`launch`], [`kernel`]: the making of the app's process, and the few system calls that `nix` cannot make;
//!   `first_memory`: the first allocations, without asking the kernel. The only unsafe code.

pub mod act;
pub mod app;
pub mod arguments;
pub mod asking;
pub mod busy_file;
pub mod cgroup;
pub mod config;
pub mod cpu;
pub mod decide;
pub mod figures;
mod first_memory;
pub mod health;
pub mod identity;
pub mod kernel;
pub mod launch;
pub mod leftovers;
pub mod log;
pub mod looker;
pub mod processes;
pub mod reap;
pub mod run;
pub mod shutdown_file;
pub mod sockets;
pub mod sources;
pub mod spawn;
pub mod status;
mod streams;
pub mod terminal;

use std::ffi::OsString;

use daemon::settings::Stop;

/// Runs the program with these arguments, without its own name, and gives its exit code.
#[must_use]
pub fn start(arguments: Vec<OsString>) -> u8 {
    // First of all: as PID 1 a SIGTERM that comes before this would be lost.
    let signals = kernel::block_signals();
    streams::fill_closed();
    if arguments.first().is_some_and(|word| word == health::WORD) {
        return health::check(arguments.into_iter().skip(1).collect());
    }
    match config::read(arguments) {
        Ok((settings, logging)) => {
            log::start(logging.threshold, logging.format);
            run::run(settings, &signals)
        }
        Err(Stop::Told(text)) => {
            log::say(std::io::stdout(), &text);
            daemon::exit::Code::Asked as u8
        }
        Err(Stop::Bad(text)) => {
            log::say(std::io::stderr(), &text);
            daemon::exit::Code::BadSettings as u8
        }
    }
}
