//! The kernel's counter of connections that others have opened in this network namespace (`PassiveOpens`), on
//! whatever port and to whatever process.

use std::fs;

/// Of the namespace of this process.
const COUNTERS: &str = "/proc/self/net/snmp";

/// The counter now; none: the kernel does not tell.
#[must_use]
pub fn count() -> Option<u64> {
    read(&fs::read_to_string(COUNTERS).ok()?)
}

/// Finds the counter in the file's text: a line of names, and one of numbers.
#[must_use]
pub fn read(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let place = names.split(' ').position(|name| name == "PassiveOpens")?;
    numbers.split(' ').nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_counter_is_found_by_its_name() {
        let text = "Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoMin ActiveOpens PassiveOpens\nTcp: 200 23 7\nUdp: A\n";
        assert_eq!(read(text), Some(7));
        assert_eq!(read("Tcp: RtoMin\nTcp: 200\n"), None);
        assert_eq!(read("Tcp: PassiveOpens\nTcp: -1\n"), None);
        assert_eq!(read("Tcp: PassiveOpens\n"), None);
    }

    #[test]
    fn a_connection_moves_the_kernels_counter() {
        let before = count().expect("this kernel counts");
        let listener = std::net::TcpListener::bind("127.91.1.1:0").expect("listen");
        let _client = std::net::TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
        assert!(count().expect("this kernel counts") > before);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(Tcp: [A-Za-z0-9 -]{0,40}\n){0,3}|.{0,80}") {
            let _ = read(&text);
        }
    }
}
