//! `/proc/net/tcp` and `tcp6`, for where `sock_diag` is not to be had: who listens and who is connected, and nothing
//! about data. Reading one takes the kernel milliseconds. Pure, strict and bounded.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::answer::{Socket, TcpState};
use super::canonical;

/// A line that is not as the kernel writes them (`get_tcp4_sock` and its like).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is not as the kernel writes them")]
pub struct BadLine(usize);

/// The timer of a socket in TIME_WAIT, which ends its life.
const OF_TIME_WAIT: &str = "03";

/// The sockets of `ports` in a table.
///
/// # Errors
/// [`BadLine`].
pub fn read(text: &str, ports: &[u16]) -> Result<Vec<Socket>, BadLine> {
    let mut lines = text.lines().enumerate();
    // Nothing at all is no table without sockets: it would mean that nobody is there.
    if !lines.next().is_some_and(|(_, titles)| titles.trim_start().starts_with("sl")) {
        return Err(BadLine(1));
    }
    let mut sockets = Vec::new();
    for (number, line) in lines {
        let socket = socket(line).ok_or(BadLine(number + 1))?;
        if ports.contains(&socket.local.port()) {
            sockets.push(socket);
        }
    }
    Ok(sockets)
}

/// `sl local remote state sent:received timer:when repeats uid timeout inode …`, in hexadecimal but for the last three.
fn socket(line: &str) -> Option<Socket> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let (local, peer) = (end(words.next()?)?, end(words.next()?)?);
    let state = TcpState::from_kernel(u8::from_str_radix(words.next()?, 16).ok()?)?;
    let (sent, received) = words.next()?.split_once(':')?;
    let (timer, when) = words.next()?.split_once(':')?;
    let inode = words.nth(3)?.parse().ok()?;
    // In hundredths of a second, whatever the kernel's own clock has.
    let expires = Duration::from_millis(u64::from_str_radix(when, 16).ok()?.saturating_mul(10));
    Some(Socket {
        state,
        local,
        peer,
        expires: if timer == OF_TIME_WAIT { expires } else { Duration::ZERO },
        receive_queue: u32::from_str_radix(received, 16).ok()?,
        send_queue: u32::from_str_radix(sent, 16).ok()?,
        inode,
        details: None,
    })
}

/// An address as words of the machine's own byte order, and a port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip: IpAddr = match address.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let words: [[u8; 4]; 4] = [word(0)?, word(8)?, word(16)?, word(24)?];
            Ipv6Addr::from(<[u8; 16]>::try_from(words.as_flattened()).ok()?).into()
        }
        _ => return None,
    };
    Some(canonical(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a kernel wrote it.
    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:235A 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 3563 2 0000000000000000 100 0 0 10 0
   1: 0100007F:235A 0900000A:0FA0 01 00000007:00000005 01:00000014 00000000     0        0 3566 3 0000000000000000 20 4 30 10 -1
   2: 0100007F:235A 0900000A:0FA1 06 00000000:00000000 03:00000F9C 00000000     0        0 0 3 0000000000000000
   3: 0100007F:0016 0900000A:0FA2 01 00000000:00000000 00:00000000 00000000     0        0 3567 1 0000000000000000 20 4 30 10 -1
";

    #[test]
    fn a_table_is_read_with_addresses_queues_and_what_is_left_of_a_life() {
        let sockets = read(TABLE, &[9050]).expect("read");
        let states: Vec<_> = sockets.iter().map(|socket| socket.state).collect();
        assert_eq!(states, [TcpState::Listen, TcpState::Established, TcpState::TimeWait]);
        assert_eq!((sockets[0].receive_queue, sockets[0].inode), (2, 3563));
        assert_eq!(sockets[1].local, "127.0.0.1:9050".parse().expect("address"));
        assert_eq!(sockets[1].peer, "10.0.0.9:4000".parse().expect("address"));
        assert_eq!((sockets[1].send_queue, sockets[1].receive_queue), (7, 5));
        assert_eq!(sockets[2].expires, Duration::from_millis(39_960));
    }

    #[test]
    fn a_v4_mapped_address_is_the_ipv4_one() {
        let mapped = "0000000000000000FFFF00000100007F:235A 0000000000000000FFFF00000900000A:0FA0";
        let line = format!("  sl\n 0: {mapped} 01 0:0 00:0 0 0 0 1 1 0");
        let sockets = read(&line, &[9050]).expect("read");
        assert_eq!(sockets[0].peer, "10.0.0.9:4000".parse().expect("address"));
    }

    #[test]
    fn a_line_that_is_not_as_the_kernel_writes_them_is_an_error_even_of_another_port() {
        for bad in ["", "0:", "0: 0100007F:0016", "0: 0100007F:0016 0900000A:0FA2 63 0:0 00:0 0 0 0 1"] {
            assert_eq!(read(&format!("  sl\n{bad}\n"), &[9050]), Err(BadLine(2)), "{bad:?}");
        }
    }

    #[test]
    fn a_table_without_its_titles_is_no_table_without_sockets() {
        for bad in ["", "\n", "head\n"] {
            assert_eq!(read(bad, &[9050]), Err(BadLine(1)), "{bad:?}");
        }
        assert_eq!(read("  sl  local_address\n", &[9050]), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn no_damage_to_a_table_makes_it_panic(at in 0usize..700, to in any::<char>(), cut in 0usize..700) {
            let mut text: Vec<char> = TABLE.chars().take(cut.max(1)).collect();
            if let Some(place) = text.get_mut(at) {
                *place = to;
            }
            let _ = read(&text.into_iter().collect::<String>(), &[9050]);
        }
    }
}
