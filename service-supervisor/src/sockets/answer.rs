//! The bytes of `sock_diag` (linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, linux/tcp.h): the question, and the
//! reading of the answer. Pure, strict and bounded: what does not fit is an error and never a guess.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::decide::look::{Scope, Segments};

use super::canonical;

/// The longest datagram of an answer; the kernel makes them no longer than 32 KiB.
pub const LONGEST_PART: usize = 32 * 1024;

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// `struct inet_diag_req`, the older of two: it alone asks for both address families, and the kernel walks its table of
/// all sockets once.
const REQUEST: usize = 60;
/// `struct inet_diag_msg`.
const MESSAGE: usize = 72;

/// The question's kind, and its answer's.
const TCPDIAG_GETSOCK: u16 = 18;
/// What the kernel tells by itself.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// `NLM_F_DUMP_INTR`: the list changed while it was read, so it may lack something.
const INTERRUPTED: u16 = 0x10;
const ANY_FAMILY: u8 = 0;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const INET_DIAG_INFO: u16 = 2;
/// In the question, extension n is bit n-1.
const WANT_INFO: u8 = 1 << (INET_DIAG_INFO - 1);
const EVERY_STATE: u32 = u32::MAX;
const LISTEN_ONLY: u32 = 1 << TcpState::LISTEN;

/// Why an answer cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// It ends too early.
    #[error("it ends in the middle of a message")]
    Short,
    /// A length that points outside of it.
    #[error("a message's length is {0}")]
    Length(u32),
    /// The kernel answered with an error.
    #[error("the kernel says error {0}")]
    Kernel(i32),
    /// A kind of message that nobody asked for.
    #[error("it has a message of the unknown kind {0}")]
    Kind(u16),
    /// An address family or state that TCP does not have.
    #[error("it has a socket of family {family} in state {state}")]
    Socket {
        /// The family's number.
        family: u8,
        /// The state's number.
        state: u8,
    },
    /// The list changed while it was read.
    #[error("the list of sockets changed while it was read")]
    Interrupted,
}

/// A part of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The sockets in it.
    pub sockets: Vec<Socket>,
    /// Whether no other part follows.
    pub is_last: bool,
}

/// A socket as the kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its state.
    pub state: TcpState,
    /// Its own side; v4-mapped addresses as IPv4.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
    /// What is left of its timer, which in TIME_WAIT is its life.
    pub expires: Duration,
    /// Bytes not read; of a listener: connections not accepted.
    pub receive_queue: u32,
    /// Bytes not acknowledged; of a listener: its backlog.
    pub send_queue: u32,
    /// What names it to its process; 0 while it is not accepted and once it is closed.
    pub inode: u32,
    /// From `tcp_info`, where there is one.
    pub details: Option<Details>,
}

/// What is used of `struct tcp_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// `tcpi_last_data_sent`.
    pub last_sent: Duration,
    /// `tcpi_last_data_recv`.
    pub last_received: Duration,
    /// `tcpi_last_ack_recv`.
    pub last_acknowledged: Duration,
    /// `tcpi_retransmits` or `tcpi_probes`, whichever is more: how often in a row without an acknowledgement.
    pub repeats: u8,
    /// `tcpi_bytes_received`; kernels before 4.2 have none.
    pub bytes_received: Option<u64>,
    /// `tcpi_bytes_acked`; kernels before 4.2 have none.
    pub bytes_acknowledged: Option<u64>,
    /// Kernels before 4.6 have none.
    pub segments: Option<Segments>,
}

/// The states of TCP (linux/tcp_states.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the RFC's")]
pub enum TcpState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    Closing,
}

impl TcpState {
    const LISTEN: u8 = 10;

    /// By the kernel's number.
    #[must_use]
    pub fn from_kernel(number: u8) -> Option<Self> {
        Some(match number {
            1 => TcpState::Established,
            2 => TcpState::SynSent,
            // 12 is the kernel's TCP_NEW_SYN_RECV.
            3 | 12 => TcpState::SynReceived,
            4 => TcpState::FinWait1,
            5 => TcpState::FinWait2,
            6 => TcpState::TimeWait,
            7 => TcpState::Close,
            8 => TcpState::CloseWait,
            9 => TcpState::LastAck,
            Self::LISTEN => TcpState::Listen,
            11 => TcpState::Closing,
            _ => return None,
        })
    }
}

/// The question for all sockets whose local port is `port`.
#[must_use]
pub fn question(port: u16, scope: Scope, sequence: u32) -> Vec<u8> {
    let (states, extensions) = match scope {
        Scope::Listeners => (LISTEN_ONLY, 0),
        Scope::All => (EVERY_STATE, WANT_INFO),
    };
    let mut bytes = Vec::with_capacity(HEADER + REQUEST);
    let length = u32::try_from(HEADER + REQUEST).expect("it is 76");
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&TCPDIAG_GETSOCK.to_ne_bytes());
    bytes.extend_from_slice(&DUMP.to_ne_bytes());
    bytes.extend_from_slice(&sequence.to_ne_bytes());
    bytes.extend_from_slice(&0u32.to_ne_bytes());
    bytes.extend_from_slice(&[ANY_FAMILY, 0, 0, extensions]);
    // inet_diag_sockid: ports in network order; all else zero is "any".
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes.resize(HEADER + REQUEST - 8, 0);
    bytes.extend_from_slice(&states.to_ne_bytes());
    bytes.resize(HEADER + REQUEST, 0);
    bytes
}

/// Reads one datagram of the answer to the question numbered `sequence`; what answers another one is skipped.
///
/// # Errors
/// [`BadAnswer`].
pub fn read(datagram: &[u8], sequence: u32) -> Result<Part, BadAnswer> {
    let mut part = Part::default();
    let mut rest = datagram;
    while !rest.is_empty() {
        let length = u32_at(rest, 0)?;
        let size = usize::try_from(length).map_err(|_| BadAnswer::Length(length))?;
        if size < HEADER || size > rest.len() {
            return Err(BadAnswer::Length(length));
        }
        let (message, flags, kind) = (&rest[HEADER..size], u16_at(rest, 6)?, u16_at(rest, 4)?);
        if u32_at(rest, 8)? == sequence {
            if flags & INTERRUPTED != 0 {
                return Err(BadAnswer::Interrupted);
            }
            match kind {
                TCPDIAG_GETSOCK | SOCK_DIAG_BY_FAMILY => part.sockets.push(socket(message)?),
                NLMSG_DONE => {
                    part.is_last = true;
                    // Its body is the dump's result: 0, or an error.
                    if !message.is_empty() {
                        no_error(u32_at(message, 0)?.cast_signed())?;
                    }
                    return Ok(part);
                }
                NLMSG_ERROR => return Err(BadAnswer::Kernel(u32_at(message, 0)?.cast_signed())),
                NLMSG_NOOP => {}
                other => return Err(BadAnswer::Kind(other)),
            }
        }
        rest = rest.get(aligned(size)..).unwrap_or_default();
    }
    Ok(part)
}

fn no_error(code: i32) -> Result<(), BadAnswer> {
    if code < 0 { Err(BadAnswer::Kernel(code)) } else { Ok(()) }
}

/// `struct inet_diag_msg` and its attributes.
fn socket(message: &[u8]) -> Result<Socket, BadAnswer> {
    let fixed = message.get(..MESSAGE).ok_or(BadAnswer::Short)?;
    let (family, state) = (fixed[0], fixed[1]);
    let unknown = BadAnswer::Socket { family, state };
    let end = |port: usize, address: usize| -> Result<SocketAddr, BadAnswer> {
        let port = u16::from_be_bytes([fixed[port], fixed[port + 1]]);
        let bytes: [u8; 16] = fixed[address..address + 16].try_into().map_err(|_| BadAnswer::Short)?;
        let ip = match family {
            AF_INET => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
            AF_INET6 => IpAddr::V6(Ipv6Addr::from(bytes)),
            _ => return Err(unknown),
        };
        Ok(canonical(SocketAddr::new(ip, port)))
    };
    Ok(Socket {
        state: TcpState::from_kernel(state).ok_or(unknown)?,
        local: end(4, 8)?,
        peer: end(6, 24)?,
        expires: Duration::from_millis(u32_at(fixed, 52)?.into()),
        receive_queue: u32_at(fixed, 56)?,
        send_queue: u32_at(fixed, 60)?,
        inode: u32_at(fixed, 68)?,
        details: details(&message[MESSAGE..])?,
    })
}

/// Finds INET_DIAG_INFO among the attributes.
fn details(mut attributes: &[u8]) -> Result<Option<Details>, BadAnswer> {
    while !attributes.is_empty() {
        let size = usize::from(u16_at(attributes, 0)?);
        if size < 4 || size > attributes.len() {
            return Err(BadAnswer::Length(u32::try_from(size).unwrap_or(u32::MAX)));
        }
        if u16_at(attributes, 2)? == INET_DIAG_INFO {
            return tcp_info(&attributes[4..size]).map(Some);
        }
        attributes = attributes.get(aligned(size)..).unwrap_or_default();
    }
    Ok(None)
}

/// Offsets in `struct tcp_info`, which only ever grows at its end.
fn tcp_info(info: &[u8]) -> Result<Details, BadAnswer> {
    let u64_at = |at: usize| info.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_ne_bytes);
    let ago = |at: usize| u32_at(info, at).map(|millis| Duration::from_millis(millis.into()));
    Ok(Details {
        last_sent: ago(44)?,
        last_received: ago(52)?,
        last_acknowledged: ago(56)?,
        repeats: info[2].max(info[3]),
        bytes_received: u64_at(128),
        bytes_acknowledged: u64_at(120),
        segments: segments(info).ok(),
    })
}

/// Every segment that was sent is counted, and so is each that had data in it: the rest had none.
fn segments(info: &[u8]) -> Result<Segments, BadAnswer> {
    let sent = u32_at(info, 156)?;
    let bare = u32_at(info, 136)?.wrapping_sub(sent);
    Ok(Segments { received: u32_at(info, 152)?, sent, bare, repeated: u32_at(info, 100)? })
}

/// Netlink pads to four bytes.
fn aligned(size: usize) -> usize {
    size.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, BadAnswer> {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_ne_bytes).ok_or(BadAnswer::Short)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, BadAnswer> {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_ne_bytes).ok_or(BadAnswer::Short)
}

#[cfg(test)]
mod tests;
