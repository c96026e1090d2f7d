//! The end of the benchmark by a signal: what it has started ends, and what it has made is removed.

use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::Mutex;

use nix::sys::signal::{Signal, kill};
use tokio::signal::unix::{SignalKind, signal};

use crate::running::{children, has_ended, until_or_late};

static MADE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The shell's way to say so.
const INTERRUPTED: i32 = 130;

/// A folder that is removed at an end by a signal.
pub(crate) fn remove_at_end(folder: &Path) {
    MADE.lock().expect("no panic there").push(folder.to_path_buf());
}

/// From now on SIGINT and SIGTERM end the benchmark in order.
pub(crate) fn watch_signals() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    std::thread::spawn(move || {
        runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate()).expect("signals");
            let mut interrupt = signal(SignalKind::interrupt()).expect("signals");
            tokio::select! {
                _ = terminate.recv() => (),
                _ = interrupt.recv() => (),
            }
        });
        end();
    });
}

fn end() -> ! {
    let own = nix::unistd::Pid::this();
    for child in children(own) {
        let _ = kill(child, Signal::SIGTERM);
    }
    until_or_late(|| children(own).iter().all(has_ended).then_some(()));
    for folder in MADE.lock().expect("no panic there").iter() {
        // A control group can be removed, but not what is in it.
        let _ = std::fs::remove_dir(folder).or_else(|_| std::fs::remove_dir_all(folder));
    }
    exit(INTERRUPTED);
}
