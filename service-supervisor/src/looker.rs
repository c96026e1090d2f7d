//! Takes a look: at the app's sockets, at what was opened meanwhile, at the CPU.

use std::net::SocketAddr;

use crate::cgroup::Cgroup;
use crate::cpu::CpuMeter;
use crate::decide::action::Event;
use crate::decide::look::Scope;
use crate::log;
use crate::sockets::{Sockets, Whose};

/// What looks.
#[derive(Debug)]
pub struct Looker {
    whose: Whose,
    /// Opened by the first look, so that a command that ends before it is spared that.
    sockets: Option<Sockets>,
    looks_at_cpu: bool,
    /// None: the CPU says nothing about use, or supervising has not begun.
    cpu: Option<CpuMeter>,
    looks_fail: bool,
}

impl Looker {
    /// At these sockets, and at the CPU where that matters.
    #[must_use]
    pub fn new(whose: Whose, looks_at_cpu: bool) -> Self {
        Looker { whose, sockets: None, looks_at_cpu, cpu: None, looks_fail: false }
    }

    /// Supervising begins: the CPU is that of this group.
    pub fn begin(&mut self, group: Cgroup) {
        self.cpu = self.looks_at_cpu.then(|| CpuMeter::of(group));
    }

    /// Looks once. `opened` takes in who waits on 9051 and says how many connections ever came there or were opened by the
    /// supervisor itself; `is_own` says whether a peer of the app is the supervisor: none of these are use.
    pub fn look(&mut self, scope: Scope, opened: impl FnOnce() -> u64, is_own: impl Fn(SocketAddr) -> bool) -> Event {
        let sockets = self.sockets.get_or_insert_with(|| Sockets::open(self.whose.clone()));
        match sockets.look(scope) {
            Ok(mut look) => {
                self.looks_fail = false;
                look.leave_out(is_own);
                if scope == Scope::All {
                    // After the count: whoever is in it and came to 9051 has been accepted then.
                    look.opened = look.opened.map(|all| all.saturating_sub(opened()));
                    look.cpu = self.cpu.as_ref().and_then(CpuMeter::read);
                }
                Event::Looked(scope, Some(look))
            }
            Err(error) => {
                if !self.looks_fail {
                    self.looks_fail = true;
                    let error = daemon::exit::chain(&error);
                    log::warn("cannot look at the app's sockets; that counts as use").with("error", error).write();
                }
                Event::Looked(scope, None)
            }
        }
    }
}
