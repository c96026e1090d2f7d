//! Connections that came to their end: the kernel tells of each when it has gone (`SKNLGRP_INET_TCP_DESTROY`, since
//! Linux 4.3), so that those too short for a look are seen, too, and whose they were.
//!
//! They are read when a look is taken and wake nobody. What does not fit into the receive buffer is lost, and that is
//! told: then the kernel is not asked to tell for a while, as an app so busy is in use anyway.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{NetlinkAddr, bind, recvfrom};

use super::answer::{self, LONGEST_PART, Socket};
use super::diag::{is_of_the_kernel, netlink};
use crate::kernel::receive_only_about;

/// `SKNLGRP_INET_TCP_DESTROY` (1) and `SKNLGRP_INET6_TCP_DESTROY` (3), each as a bit.
const ENDED: u32 = 1 | 1 << 2;

/// After that many looks the kernel is asked again.
const LOOKS_WITHOUT: u32 = 2;

/// What the kernel tells answers no question.
const NO_SEQUENCE: u32 = 0;

/// What the kernel tells of ends.
#[derive(Debug)]
pub(super) struct Closed {
    ports: Vec<u16>,
    told: Option<OwnedFd>,
    looks_without: u32,
    buffer: Vec<u8>,
}

impl Closed {
    /// Of connections on these local ports.
    pub(super) fn open(ports: Vec<u16>) -> Self {
        Closed { told: subscribe(&ports).ok(), ports, looks_without: 0, buffer: vec![0; LONGEST_PART / 4] }
    }

    /// The sockets that have gone since this was last asked, whosever they were; none: that is not known of all.
    pub(super) fn take(&mut self) -> Option<Vec<Socket>> {
        let Some(told) = &self.told else {
            self.looks_without += 1;
            if self.looks_without >= LOOKS_WITHOUT {
                self.told = subscribe(&self.ports).ok();
                self.looks_without = 0;
            }
            return None;
        };
        let mut sockets = Vec::new();
        loop {
            match recvfrom::<NetlinkAddr>(told.as_raw_fd(), &mut self.buffer) {
                Ok((_, from)) if !is_of_the_kernel(from) => {}
                Ok((length, _)) => match answer::read(&self.buffer[..length], NO_SEQUENCE) {
                    Ok(part) => sockets.extend(part.sockets),
                    Err(_) => return self.without(),
                },
                Err(Errno::EAGAIN) => return Some(sockets),
                Err(Errno::EINTR) => {}
                // ENOBUFS: some were lost.
                Err(_) => return self.without(),
            }
        }
    }

    fn without(&mut self) -> Option<Vec<Socket>> {
        self.told = None;
        self.looks_without = 0;
        None
    }
}

fn subscribe(ports: &[u16]) -> io::Result<OwnedFd> {
    let told = netlink()?;
    // Before it is told anything: others in the same network may end thousands of connections.
    receive_only_about(&told, ports)?;
    bind(told.as_raw_fd(), &NetlinkAddr::new(0, ENDED))?;
    Ok(told)
}
