//! Waits for every process that ends: the app, and orphans that became ours. The one owner of all waits.

use std::io;

use nix::unistd::Pid;

use crate::decide::action::Event;
use crate::kernel::{Waited, wait_any};
use crate::log::{self, Shown};

/// Reaps all that have ended by now. One SIGCHLD may stand for many ends, so it goes on until nobody is left to reap.
///
/// # Errors
/// What the kernel says.
pub fn reap(app: Pid) -> io::Result<Vec<Event>> {
    let mut events = Vec::new();
    loop {
        match wait_any()? {
            Waited::Ended(pid, ending) if pid == app => events.push(Event::AppEnded(ending)),
            Waited::Ended(pid, ending) => {
                log::debug("an orphan was reaped").with("pid", pid.as_raw()).with("ending", Shown(ending)).write();
            }
            Waited::NobodyYet => return Ok(events),
            Waited::NobodyLeft => {
                events.push(Event::AllGone);
                return Ok(events);
            }
        }
    }
}
