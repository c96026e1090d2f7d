//! What the fuzz target of the kernel's files does with its bytes. A test of service-supervisor includes this file and does the same
//! with the corpus.

use service_supervisor::cgroup::Cgroup;
use service_supervisor::processes;
use service_supervisor::sockets::{opened, table};

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
