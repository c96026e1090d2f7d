//! An independent and strict reader of HTTP/1.1 messages: what it takes, every reader takes the same way.

use std::io::Read as _;

use crate::wire::Wire;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The first line, each byte a character.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) chunked: bool,
}

/// What bytes make.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A message, and how long it is.
    Complete(Message, usize),
    /// The begin of one.
    Partial,
    /// None that every reader would read the same way, and why.
    Broken(String),
}

impl Message {
    /// The value of a field; several are joined.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.fields.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
        (!values.is_empty()).then(|| values.join(" | "))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Reads a message with a length, with chunks, or without a body.
pub(crate) fn message(bytes: &[u8]) -> Parsed {
    match parse(bytes) {
        Ok(Some((message, length))) => Parsed::Complete(message, length),
        Ok(None) => Parsed::Partial,
        Err(why) => Parsed::Broken(why),
    }
}

/// The next message of a connection of which nothing else was read.
pub(crate) fn next(wire: &Wire) -> Message {
    try_next(wire).unwrap_or_else(|why| panic!("{why}"))
}

/// The same, for a table.
pub(crate) fn try_next(wire: &Wire) -> Result<Message, String> {
    let (mut stream, mut bytes) = (wire.stream(), Vec::new());
    loop {
        match message(&bytes) {
            Parsed::Complete(message, _) => return Ok(message),
            Parsed::Partial => (),
            Parsed::Broken(why) => return Err(format!("{why} in {}", bytes.escape_ascii())),
        }
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            other => return Err(format!("{other:?} after {}", bytes.escape_ascii())),
        }
    }
}

type Found<T> = Result<Option<T>, String>;

fn parse(bytes: &[u8]) -> Found<(Message, usize)> {
    let Some((line, mut at)) = line(bytes, 0)? else { return Ok(None) };
    let Some(fields) = fields(bytes, &mut at)? else { return Ok(None) };
    let all = |name: &str| fields.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect::<Vec<String>>();
    let (codings, lengths) = (all("transfer-encoding"), all("content-length"));
    let mut message = Message { line, fields, body: Vec::new(), trailers: Vec::new(), chunked: !codings.is_empty() };
    match (&codings[..], &lengths[..]) {
        ([], []) => (),
        ([coding], []) if coding == "chunked" => {
            if !chunks(bytes, &mut at, &mut message)? {
                return Ok(None);
            }
        }
        ([], [length]) if !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit()) => {
            let length: usize = length.parse().map_err(|_| format!("length {length}"))?;
            let Some(body) = bytes.get(at..at + length) else { return Ok(None) };
            message.body = body.to_vec();
            at += length;
        }
        other => return Err(format!("framing {other:?}")),
    }
    Ok(Some((message, at)))
}

fn line(bytes: &[u8], at: usize) -> Found<(String, usize)> {
    let Some(end) = bytes[at..].iter().position(|b| *b == b'\n') else { return Ok(None) };
    let Some(line) = bytes[at..at + end].strip_suffix(b"\r") else { return Err("a bare LF".to_owned()) };
    match line.iter().find(|b| matches!(b, 0..=8 | 10..=31 | 127)) {
        Some(bad) => Err(format!("byte {bad}")),
        None => Ok(Some((line.iter().map(|b| char::from(*b)).collect(), at + end + 1))),
    }
}

fn fields(bytes: &[u8], at: &mut usize) -> Found<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let Some((line, next)) = line(bytes, *at)? else { return Ok(None) };
        *at = next;
        if line.is_empty() {
            return Ok(Some(fields));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| format!("field {line:?}"))?;
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.chars().all(|c| u8::try_from(c).is_ok_and(token)) {
            return Err(format!("field name {name:?}"));
        }
        fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

/// Whether the last chunk and what follows it was there.
fn chunks(bytes: &[u8], at: &mut usize, message: &mut Message) -> Result<bool, String> {
    loop {
        let Some((line, next)) = line(bytes, *at)? else { return Ok(false) };
        // No extensions: ours are never written.
        let hex = (1..=16).contains(&line.len()) && line.bytes().all(|b| b.is_ascii_hexdigit());
        let size = if hex { usize::from_str_radix(&line, 16).ok() } else { None };
        let size = size.ok_or_else(|| format!("chunk size {line:?}"))?;
        *at = next;
        if size == 0 {
            let Some(trailers) = fields(bytes, at)? else { return Ok(false) };
            message.trailers = trailers;
            return Ok(true);
        }
        let Some(data) = bytes.get(*at..*at + size + 2) else { return Ok(false) };
        let data = data.strip_suffix(b"\r\n").ok_or("no CRLF after a chunk")?;
        message.body.extend_from_slice(data);
        *at += size + 2;
    }
}
