//! Whose sockets they are, where others share the network and may use the same port on another address.
//!
//! A listener is the app's if a process below the supervisor holds it, which `/proc/<pid>/fd` tells; a connection is whose
//! listener it came by. Where some process does not let its files be read (one that runs as another user, say), port
//! and address alone have to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::SocketAddr;

use super::answer::{Socket, TcpState};
use crate::log;
use crate::processes;

/// After that many looks a listener of others is looked for once more among the app's files.
const LOOKS_BETWEEN: u32 = 12;

/// A listener, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listener {
    at: SocketAddr,
    is_the_apps: bool,
}

/// Remembers whose the listeners are.
#[derive(Debug, Default)]
pub(super) struct Owner {
    listeners: Vec<Listener>,
    /// By inode; of those of others with the looks since.
    known: BTreeMap<u32, (bool, u32)>,
    cannot_tell: bool,
}

impl Owner {
    /// Takes in the listeners of a look.
    pub(super) fn saw(&mut self, sockets: &[Socket]) {
        let listeners: Vec<&Socket> = sockets.iter().filter(|socket| socket.state == TcpState::Listen).collect();
        self.known.retain(|inode, _| listeners.iter().any(|listener| listener.inode == *inode));
        for (_, looks) in self.known.values_mut() {
            *looks += 1;
        }
        let is_settled = |inode: &u32| self.known.get(inode).is_some_and(|(own, looks)| *own || *looks < LOOKS_BETWEEN);
        let wanted: BTreeSet<u32> =
            listeners.iter().map(|listener| listener.inode).filter(|i| !is_settled(i)).collect();
        if !wanted.is_empty() {
            self.find(wanted);
        }
        let owned = |listener: &&Socket| self.known.get(&listener.inode).is_none_or(|(own, _)| *own);
        let of = |listener: &Socket| Listener { at: listener.local, is_the_apps: owned(&listener) };
        self.listeners = listeners.into_iter().map(of).collect();
    }

    /// Whether a socket at this local address is the app's, by the listeners of the last look.
    pub(super) fn is_the_apps(&self, local: SocketAddr) -> bool {
        is_the_apps(&self.listeners, local)
    }

    fn find(&mut self, wanted: BTreeSet<u32>) {
        match held_by_the_app(&wanted) {
            Ok(held) => {
                self.cannot_tell = false;
                self.known.extend(wanted.into_iter().map(|inode| (inode, (held.contains(&inode), 0))));
            }
            Err(error) => {
                for inode in &wanted {
                    self.known.remove(inode);
                }
                if !std::mem::replace(&mut self.cannot_tell, true) {
                    log::warn("the app's sockets cannot be told from others' on the same port, which count as use too")
                        .with("error", error.to_string())
                        .write();
                }
            }
        }
    }
}

/// The listener that is closest to the address is the one that a connection came by. With none left, it may be the app's.
fn is_the_apps(listeners: &[Listener], local: SocketAddr) -> bool {
    let on_port = || listeners.iter().filter(|listener| listener.at.port() == local.port());
    let exact: Vec<_> = on_port().filter(|listener| listener.at.ip() == local.ip()).collect();
    let closest = if exact.is_empty() { on_port().filter(|l| l.at.ip().is_unspecified()).collect() } else { exact };
    closest.is_empty() || closest.iter().any(|listener| listener.is_the_apps)
}

/// Those of `wanted` that processes below this one hold.
fn held_by_the_app(wanted: &BTreeSet<u32>) -> io::Result<BTreeSet<u32>> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let all = processes::all().ok_or(io::ErrorKind::NotFound)?;
    let (mut held, mut refused) = (BTreeSet::new(), None);
    for process in processes::below(own, &all) {
        match fs::read_dir(format!("/proc/{}/fd", process.pid)) {
            Ok(files) => {
                let targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
                let inodes = targets.filter_map(|target| inode(target.to_str()?));
                held.extend(inodes.filter(|inode| wanted.contains(inode)));
            }
            // It has ended meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => refused = Some(error),
        }
        if held.len() == wanted.len() {
            return Ok(held);
        }
    }
    match refused {
        Some(error) => Err(error),
        None => Ok(held),
    }
}

/// What a socket is called among a process's files.
fn inode(target: &str) -> Option<u32> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(at: &str, is_the_apps: bool) -> Listener {
        Listener { at: at.parse().expect("address"), is_the_apps }
    }

    #[test]
    fn a_connection_is_whose_listener_is_closest_to_its_address() {
        let listeners = [
            listener("[::]:9050", true),
            listener("10.0.0.1:9050", false),
            listener("0.0.0.0:9052", false),
            listener("10.0.0.1:9053", false),
            listener("10.0.0.1:9053", true),
        ];
        let owned = |local: &str| is_the_apps(&listeners, local.parse().expect("address"));
        assert!(owned("10.0.0.2:9050") && owned("[fd00::1]:9050"));
        assert!(!owned("10.0.0.1:9050") && !owned("10.0.0.1:9052"));
        assert!(owned("10.0.0.1:9053"), "one of two that share a port may be the app's");
        assert!(owned("10.0.0.1:9054"), "a listener that has gone may have been the app's");
    }

    #[test]
    fn a_sockets_name_has_its_inode() {
        assert_eq!(inode("socket:[4711]"), Some(4711));
        assert_eq!((inode("/dev/null"), inode("pipe:[4711]"), inode("socket:[x]")), (None, None, None));
    }
}
