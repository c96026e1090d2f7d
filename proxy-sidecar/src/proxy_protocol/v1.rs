//! Version 1: one line of text (section 2.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Flaw, Header, begins};

const SIGNATURE: &[u8] = b"PROXY ";

/// With its CRLF: what the longest line can have (section 2.1).
const LONGEST: usize = 107;

pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Flaw> {
    if !begins(bytes, SIGNATURE) {
        return Err(Flaw::NoHeader);
    }
    let within = &bytes[..bytes.len().min(LONGEST)];
    let Some(end) = within.iter().position(|byte| *byte == b'\n') else {
        // A CR is followed by its LF and by nothing else.
        let cut = within.strip_suffix(b"\r").unwrap_or(within);
        return match () {
            () if cut.contains(&b'\r') => Err(Flaw::BadLine),
            () if bytes.len() >= LONGEST => Err(Flaw::LongLine),
            () => Ok(None),
        };
    };
    let line = within[..end].strip_suffix(b"\r").ok_or(Flaw::BadLine)?;
    let header = line.strip_prefix(SIGNATURE).and_then(words).ok_or(Flaw::BadLine)?;
    Ok(Some((header, end + 1)))
}

fn words(line: &[u8]) -> Option<Header> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let header = match words.next()? {
        // What follows is to be ignored.
        "UNKNOWN" => return (!line.contains(&b'\r')).then_some(Header::Local),
        "TCP4" => addresses(&mut words, |text| text.parse::<Ipv4Addr>().ok().map(IpAddr::V4))?,
        "TCP6" => addresses(&mut words, |text| text.parse::<Ipv6Addr>().ok().map(IpAddr::V6))?,
        _ => return None,
    };
    words.next().is_none().then_some(header)
}

fn addresses<'a>(
    words: &mut impl Iterator<Item = &'a str>,
    address: impl Fn(&str) -> Option<IpAddr>,
) -> Option<Header> {
    let (source, destination) = (address(words.next()?)?, address(words.next()?)?);
    let (from, to) = (port(words.next()?)?, port(words.next()?)?);
    Some(Header::Proxied { source: SocketAddr::new(source, from), destination: SocketAddr::new(destination, to) })
}

/// Digits without a leading zero.
fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if digits { text.parse().ok() } else { None }
}
