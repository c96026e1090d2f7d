//! Waits for every process that ends: the app, and orphans that became ours. The one owner of all waits.

use std::io;

use nix::unistd::Pid;

use crate::decide::action::Event;
use crate::kernel::{Waited, wait_any};
use crate::log::{self, Shown};
use crate::terminal::shell_watches;

/// Reaps all that have ended by now. One SIGCHLD may stand for many ends, so it goes on until nobody is left to reap.
/// Only the kernel's "no children" means that all are gone: what was put into the container from outside (ECS Exec) has
/// another parent, and is nobody's to wait for.
///
/// # Errors
/// What the kernel says.
pub fn reap(app: Option<Pid>) -> io::Result<Vec<Event>> {
    let (mut events, mut orphans) = (Vec::new(), 0_usize);
    loop {
        match wait_any()? {
            Waited::Ended(pid, ending) if Some(pid) == app => events.push(Event::AppEnded(ending)),
            Waited::Ended(pid, ending) => {
                orphans += 1;
                log::debug("an orphan was reaped").with("pid", pid.as_raw()).with("ending", Shown(ending)).write();
            }
            Waited::Paused(pid, by) if Some(pid) == app => {
                events.push(Event::AppPaused { by, shell: shell_watches() });
            }
            Waited::Paused(..) => {}
            Waited::NobodyYet => {
                if orphans > 0 {
                    events.push(Event::OrphansEnded);
                }
                return Ok(events);
            }
            Waited::NobodyLeft => {
                events.push(Event::AllGone);
                return Ok(events);
            }
        }
    }
}
