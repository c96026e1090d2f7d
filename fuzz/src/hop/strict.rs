//! HTTP/1.1 as RFC 9112 has it, without its leniencies: written for these tests alone, plainly and slowly.
//!
//! One leniency is there, for [what comes](arrived): several spaces may part the words of a request's first line.
//! Bytes from 0x80 on may stand in targets, and extensions of chunks are any visible text: whoever receives them reads
//! them in one way.

use std::net::Ipv6Addr;

/// A head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head<'b> {
    /// Method, target and version, or version, status and reason.
    pub(crate) first: [&'b [u8]; 3],
    pub(crate) fields: Vec<(&'b [u8], &'b [u8])>,
    /// Bytes, with the empty line.
    pub(crate) length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Absent,
    Exactly(u64),
    Chunked,
    UntilClose,
}

/// A body that is whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Body<'b> {
    pub(crate) data: Vec<u8>,
    pub(crate) trailers: Vec<(&'b [u8], &'b [u8])>,
    /// Bytes, with all of its coding.
    pub(crate) length: usize,
}

/// What was read; nothing where more is needed; why it is no HTTP.
pub(crate) type Read<T> = Result<Option<T>, &'static str>;

impl<'b> Head<'b> {
    /// The values of all fields of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<&'b [u8]> {
        let named = self.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|(_, value)| *value).collect()
    }

    pub(crate) fn status(&self) -> u16 {
        self.first[1].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
    }

    fn said(&self, version: &[u8]) -> Result<Option<Framing>, &'static str> {
        match (&self.all("transfer-encoding")[..], &self.all("content-length")[..]) {
            ([], []) => Ok(None),
            ([coding], []) if coding.eq_ignore_ascii_case(b"chunked") && version == b"HTTP/1.1" => {
                Ok(Some(Framing::Chunked))
            }
            ([], [length]) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
                let text = std::str::from_utf8(length).map_err(|_| "length")?;
                text.parse().map(Framing::Exactly).map(Some).map_err(|_| "length")
            }
            _ => Err("framing"),
        }
    }

    /// RFC 9112, 6.3.
    pub(crate) fn framing_of_request(&self) -> Result<Framing, &'static str> {
        Ok(self.said(self.first[2])?.unwrap_or(Framing::Absent))
    }

    /// The same of a response.
    pub(crate) fn framing_of_response(&self, to_head: bool) -> Result<Framing, &'static str> {
        let said = self.said(self.first[0])?;
        Ok(match self.status() {
            100..=199 | 204 | 304 => Framing::Absent,
            _ if to_head => Framing::Absent,
            _ => said.unwrap_or(Framing::UntilClose),
        })
    }

    /// The host a request is for, by its `Host` alone.
    pub(crate) fn host(&self) -> Result<Option<&'b [u8]>, &'static str> {
        match self.all("host")[..] {
            [] if self.first[2] == b"HTTP/1.0" => Ok(None),
            [host] if is_host(host) => Ok(Some(host)),
            _ => Err("host"),
        }
    }
}

/// A request's head. One empty line may come before it.
pub(crate) fn request(bytes: &[u8]) -> Read<Head<'_>> {
    request_of(bytes, |first| first.split(|b| *b == b' ').collect())
}

/// The same with several spaces between the words of its first line, which are not at its ends.
pub(crate) fn arrived(bytes: &[u8]) -> Read<Head<'_>> {
    request_of(bytes, |first| match first {
        [b' ', ..] | [.., b' '] => Vec::new(),
        _ => first.split(|b| *b == b' ').filter(|word| !word.is_empty()).collect(),
    })
}

fn request_of<'b>(bytes: &'b [u8], words: impl Fn(&'b [u8]) -> Vec<&'b [u8]>) -> Read<Head<'b>> {
    let from = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let Some((first, at)) = line(bytes, from)? else { return Ok(None) };
    let words = words(first);
    let [method, target, version] = words[..] else { return Err("request line") };
    if !is_token(method) {
        return Err("method");
    }
    if target.is_empty() || target.iter().any(|b| *b <= b' ' || *b == 0x7f || *b == b'#') {
        return Err("target");
    }
    if version != b"HTTP/1.1" && version != b"HTTP/1.0" {
        return Err("version");
    }
    let Some((fields, length)) = section(bytes, at)? else { return Ok(None) };
    Ok(Some(Head { first: [method, target, version], fields, length }))
}

/// A response's head. The space before a reason that is not there may be missing.
pub(crate) fn response(bytes: &[u8]) -> Read<Head<'_>> {
    let Some((first, at)) = line(bytes, 0)? else { return Ok(None) };
    let mut words = first.splitn(3, |b| *b == b' ');
    let (version, status, reason) =
        (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if version != b"HTTP/1.1" && version != b"HTTP/1.0" {
        return Err("version");
    }
    if status.len() != 3 || !status.iter().all(u8::is_ascii_digit) || status[0] == b'0' {
        return Err("status");
    }
    let Some((fields, length)) = section(bytes, at)? else { return Ok(None) };
    Ok(Some(Head { first: [version, status, reason], fields, length }))
}

/// The body at the start of `bytes`; `closed` says that nothing comes after them.
pub(crate) fn body(bytes: &[u8], framing: Framing, closed: bool) -> Read<Body<'_>> {
    let plain = |length: usize| Body { data: bytes[..length].to_vec(), trailers: Vec::new(), length };
    match framing {
        Framing::Absent => Ok(Some(plain(0))),
        Framing::Exactly(length) => Ok(usize::try_from(length).ok().filter(|l| *l <= bytes.len()).map(plain)),
        Framing::UntilClose => Ok(closed.then(|| plain(bytes.len()))),
        Framing::Chunked => chunked(bytes),
    }
}

fn chunked(bytes: &[u8]) -> Read<Body<'_>> {
    let (mut data, mut at) = (Vec::new(), 0);
    loop {
        let Some((text, after)) = line(bytes, at)? else { return Ok(None) };
        let digits = text.split(|b| *b == b';').next().unwrap_or_default();
        if digits.is_empty() || digits.len() > 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err("size");
        }
        let digits = std::str::from_utf8(digits).map_err(|_| "size")?;
        let size = u64::from_str_radix(digits, 16).map_err(|_| "size")?;
        if text.iter().any(|b| *b >= 0x7f) {
            return Err("extension");
        }
        if size == 0 {
            return Ok(section(bytes, after)?.map(|(trailers, length)| Body { data, trailers, length }));
        }
        let size = usize::try_from(size).map_err(|_| "size")?;
        match bytes.get(after..).and_then(|rest| rest.get(..size)) {
            Some(chunk) => data.extend_from_slice(chunk),
            None => return Ok(None),
        }
        at = after + size;
        match bytes.get(at..at + 2) {
            Some(b"\r\n") => at += 2,
            Some(_) => return Err("end of a chunk"),
            None => return Ok(None),
        }
    }
}

/// Field lines and the empty line after them; and where they end.
#[expect(clippy::type_complexity, reason = "fields, as everywhere here")]
fn section(bytes: &[u8], from: usize) -> Read<(Vec<(&[u8], &[u8])>, usize)> {
    let (mut fields, mut at) = (Vec::new(), from);
    loop {
        let Some((text, after)) = line(bytes, at)? else { return Ok(None) };
        at = after;
        if text.is_empty() {
            return Ok(Some((fields, at)));
        }
        let colon = text.iter().position(|b| *b == b':').ok_or("no colon")?;
        let (name, value) = (&text[..colon], &text[colon + 1..]);
        if !is_token(name) {
            return Err("name");
        }
        fields.push((name, trim(value)));
    }
}

/// The line from `from` on, which ends in CRLF and has nothing that ends lines or words for anybody; and what follows it.
fn line(bytes: &[u8], from: usize) -> Read<(&[u8], usize)> {
    let rest = bytes.get(from..).unwrap_or_default();
    for (at, byte) in rest.iter().enumerate() {
        match (byte, rest.get(at + 1)) {
            (b'\r', Some(b'\n')) => return Ok(Some((&rest[..at], from + at + 2))),
            (b'\r', None) => return Ok(None),
            (b'\t', _) => (),
            (0..=0x1f | 0x7f, _) => return Err("control byte"),
            _ => (),
        }
    }
    Ok(None)
}

fn trim(value: &[u8]) -> &[u8] {
    let is_space = |b: &u8| *b == b' ' || *b == b'\t';
    let from = value.iter().position(|b| !is_space(b)).unwrap_or(value.len());
    let to = value.iter().rposition(|b| !is_space(b)).map_or(from, |last| last + 1);
    &value[from..to]
}

pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// `uri-host [ ":" port ]` (RFC 9110, 7.2; RFC 3986, 3.2.2), or nothing at all.
pub(crate) fn is_host(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            (None, port)
        }
        None => {
            let end = text.find(':').unwrap_or(text.len());
            (Some(&text[..end]), &text[end..])
        }
    };
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    port_fits && host.is_none_or(|host| is_name(host.as_bytes()) && (!host.is_empty() || text.is_empty()))
}

fn is_name(name: &[u8]) -> bool {
    match name {
        [] => true,
        [b'%', a, b, rest @ ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit() && is_name(rest),
        [b, rest @ ..] => (b.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(b)) && is_name(rest),
    }
}
