//! What the fuzz targets of the kernel's answers do with their bytes. A test of service-supervisor includes this file and
//! does the same with the corpora.

use service_supervisor::cgroup::Cgroup;
use service_supervisor::processes;
use service_supervisor::sockets::{answer, opened, table};

/// Every question is numbered; the corpus answers this one.
const SEQUENCE: u32 = 1;

/// A datagram about sockets, as an answer to a question and as something the kernel tells by itself.
pub(crate) fn netlink(bytes: &[u8]) {
    for sequence in [SEQUENCE, 0] {
        if let Ok(part) = answer::read(bytes, sequence) {
            // Each of them took a header and a message: no bytes make up more sockets than they have room for.
            assert!(part.sockets.len() * (16 + 72) <= bytes.len());
            for socket in &part.sockets {
                // An IPv4 address in the clothes of IPv6 is the same peer.
                assert_eq!(socket.peer.ip(), socket.peer.ip().to_canonical());
            }
        }
    }
}

/// The text of a file below `/proc` or `/sys`; the first byte says which.
pub(crate) fn files(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match which {
        b't' => {
            if let Ok(sockets) = table::read(&text, &[9050, 22]) {
                assert!(sockets.len() < text.lines().count());
                assert!(sockets.iter().all(|socket| [9050, 22].contains(&socket.local.port())));
            }
        }
        b'o' => drop(opened::read(&text)),
        b'p' => {
            let all: Vec<_> = bytes.split(|byte| *byte == b'\n').filter_map(processes::read).take(200).collect();
            let below = processes::below(1, &all);
            assert!(below.len() <= all.len() && below.iter().all(|process| process.pid != 1));
        }
        b'c' => {
            // Groups and mounts, one after the other.
            let (groups, mounts) = text.split_once("\n\n").unwrap_or((&text, ""));
            let _ = Cgroup::from(groups, mounts);
        }
        _ => {}
    }
}
