//! `sock_diag` over netlink, which needs no privileges: one question for each port, about both address families.
//!
//! The kernel filters by the local port. A dump is answered while it is asked, so nothing here waits. The answer's bytes
//! are read in [`super::answer`].

use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recvfrom, sendto, socket,
};

use super::answer::{self, LONGEST_PART, Socket};
use super::{MOST_SOCKETS, NoLook};
use crate::decide::look::Scope;

/// Asks the kernel about sockets.
#[derive(Debug)]
pub(super) struct Diag {
    netlink: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
    pub(super) most: usize,
}

impl Diag {
    /// Where there is a kernel that can be asked.
    pub(super) fn open() -> nix::Result<Self> {
        let netlink = netlink()?;
        Ok(Diag { netlink, sequence: 0, buffer: vec![0; LONGEST_PART], most: MOST_SOCKETS })
    }

    /// All sockets of `ports`.
    pub(super) fn look(&mut self, ports: &[u16], scope: Scope) -> Result<Vec<Socket>, NoLook> {
        let mut sockets = Vec::new();
        for port in ports {
            if let Err(error) = self.dump(*port, scope, &mut sockets) {
                // The rest of an answer that was given up would keep the kernel from answering the next question.
                if let Ok(fresh) = netlink() {
                    self.netlink = fresh;
                }
                return Err(error);
            }
        }
        Ok(sockets)
    }

    fn dump(&mut self, port: u16, scope: Scope, sockets: &mut Vec<Socket>) -> Result<(), NoLook> {
        self.sequence = self.sequence.wrapping_add(1);
        let question = answer::question(port, scope, self.sequence);
        let kernel = NetlinkAddr::new(0, 0);
        sendto(self.netlink.as_raw_fd(), &question, &kernel, MsgFlags::empty()).map_err(NoLook::Ask)?;
        loop {
            let received = recvfrom::<NetlinkAddr>(self.netlink.as_raw_fd(), &mut self.buffer);
            let (length, from) = received.map_err(NoLook::Answer)?;
            if !is_of_the_kernel(from) {
                continue;
            }
            let part = answer::read(&self.buffer[..length], self.sequence)?;
            sockets.extend(part.sockets);
            match (part.is_last, sockets.len() > self.most) {
                (_, true) => return Err(NoLook::TooMany),
                (true, false) => return Ok(()),
                (false, false) => {}
            }
        }
    }
}

/// A socket to ask the kernel by.
pub(super) fn netlink() -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(AddressFamily::Netlink, SockType::Datagram, flags, SockProtocol::NetlinkSockDiag)
}

/// Other processes may write to a netlink socket; only the kernel is 0.
pub(super) fn is_of_the_kernel(from: Option<NetlinkAddr>) -> bool {
    from.is_some_and(|from| from.pid() == 0)
}
