//! What the fuzz target of the kernel's answers does with its bytes. A test of service-supervisor includes this file and does the same
//! with the corpus.

use service_supervisor::sockets::answer;

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
