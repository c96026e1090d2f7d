//! A request's head.

use crate::head::{self, Slots};
use crate::{Field, Flaw, Limits, Version};

/// The longest method; the longest that is registered has 17 bytes.
const LONGEST_METHOD: usize = 32;

/// A request's head, borrowed from the bytes that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'h, 'b> {
    /// The method, a token.
    pub method: &'b str,
    /// The target, byte for byte.
    pub target: &'b str,
    /// The version.
    pub version: Version,
    /// The field lines in their order.
    pub fields: &'h [Field<'b>],
}

/// Reads the head at the start of `bytes`; gives it with its length, or nothing where more bytes are needed.
///
/// One empty line before it is skipped (RFC 9112, 2.2), and several spaces part the words of its first line as well as one
/// does (RFC 9112, 3): it is written anew with one.
///
/// # Errors
/// The [`Flaw`].
pub fn read<'h, 'b>(
    bytes: &'b [u8],
    slots: &'h mut Slots<'b>,
    limits: Limits,
) -> Result<Option<(Request<'h, 'b>, usize)>, Flaw> {
    let (skipped, line) = match bytes {
        [b'\r', b'\n', rest @ ..] => (2, rest),
        [] | [b'\r'] => return Ok(None),
        _ => (0, bytes),
    };
    match line.first() {
        None => return Ok(None),
        Some(first) if !first.is_ascii_alphanumeric() && !b"!#$%&'*+-.^_`|~".contains(first) => return Err(Flaw::Head),
        Some(_) => (),
    }
    let most = limits.fields.min(slots.len());
    let mut parsed = httparse::Request::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    config.allow_multiple_spaces_in_request_line_delimiters(true);
    let length = match config.parse_request_with_uninit_headers(&mut parsed, line, &mut slots[..most]) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => {
            return if bytes.len() >= limits.bytes { Err(head::too_long(bytes)) } else { Ok(None) };
        }
        Err(httparse::Error::Version) => return Err(version_flaw(line)),
        Err(error) => return Err(head::flaw(error)),
    };
    if skipped + length > limits.bytes {
        return Err(head::too_long(&bytes[..limits.bytes]));
    }
    if !head::lines_end_in_crlf(&line[..length]) {
        return Err(Flaw::Head);
    }
    let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(Flaw::Head);
    };
    if method.len() > LONGEST_METHOD || target.contains('#') {
        return Err(Flaw::Head);
    }
    let version = if minor == 0 { Version::Http10 } else { Version::Http11 };
    Ok(Some((Request { method, target, version, fields: parsed.headers }, skipped + length)))
}

/// A version that nobody here speaks is told from a line that has none, and from one that another protocol begins with:
/// `INVALID CONNECTION PREFACE`, say.
fn version_flaw(line: &[u8]) -> Flaw {
    let end = memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
    let mut words = line[..end].split(|b| *b == b' ').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(_), Some(_), Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor]), None)
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Flaw::Version
        }
        (Some(_), Some(_), Some(word), None) if word.iter().all(u8::is_ascii_alphabetic) && !is_http(word) => {
            Flaw::Protocol
        }
        _ => Flaw::Head,
    }
}

fn is_http(word: &[u8]) -> bool {
    word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"http"))
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::*;

    const LIMITS: Limits = Limits { bytes: 256, fields: 4 };

    fn head(text: &str) -> Result<Option<(String, String, usize)>, Flaw> {
        let mut slots = [MaybeUninit::uninit(); 8];
        let read = read(text.as_bytes(), &mut slots, LIMITS)?;
        Ok(read.map(|(request, length)| (request.method.to_owned(), request.target.to_owned(), length)))
    }

    #[test]
    fn a_head_is_read_with_what_follows_left_alone() {
        let text = "GET /a%2f/../b?x=%00&y HTTP/1.1\r\nHost: a\r\nX: \t b\u{e9} \r\n\r\nrest";
        assert_eq!(head(text), Ok(Some(("GET".into(), "/a%2f/../b?x=%00&y".into(), text.len() - 4))));
        assert_eq!(head("\r\nGET / HTTP/1.0\r\n\r\n"), Ok(Some(("GET".into(), "/".into(), 20))));
        for cut in 0..text.len() - 5 {
            assert_eq!(head(text.get(..cut).unwrap_or("")), Ok(None), "{cut}");
        }
    }

    #[test]
    fn whatever_can_be_read_in_two_ways_is_refused() {
        for bad in [
            "GET / HTTP/1.1\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\n\n",
            "GET / HTTP/1.1\r\nhost: a\rb\r\n\r\n",
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "GET / HTTP/1.1\r\n host: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n",
            "GET / HTTP/1.1\r\n\thost: a\r\n\r\n",
            "GET / HTTP/1.1\r\n: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost\r\n\r\n",
            "GET / HTTP/1.1\r\nh\0st: a\r\n\r\n",
            "GET / HTTP/1.1\r\nx: a\0\r\n\r\n",
            "GET / HTTP/1.1\r\nx: a\x7f\r\n\r\n",
            "GET / HTTP/1.1\r\nx\x0b: a\r\n\r\n",
            "GET  HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /  \r\nhost: a\r\n\r\n",
            "GET / HTTP\r\nhost: a\r\n\r\n",
            "GET / RTSP/1.0\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nhost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n",
            " GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "G@T / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / http/1.1\r\nhost: a\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/1.1x\r\n\r\n",
            "\x16\x03\x01\x02",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nhost: a\r\n\r\n",
        ] {
            assert_eq!(head(bad), Err(Flaw::Head), "{bad:?}");
        }
    }

    #[test]
    fn several_spaces_part_words_as_one_does() {
        for line in ["GET  /a HTTP/1.1", "GET /a  HTTP/1.1", "GET   /a   HTTP/1.1"] {
            let text = format!("{line}\r\n\r\n");
            assert_eq!(head(&text), Ok(Some(("GET".into(), "/a".into(), text.len()))));
        }
        assert_eq!(head("GET  /  HTTP/2.0\r\n\r\n"), Err(Flaw::Version));
    }

    #[test]
    fn another_protocol_is_told_from_a_malformed_head() {
        for line in ["INVALID CONNECTION PREFACE", "helo  a  b"] {
            assert_eq!(head(&format!("{line}\r\n\r\n")), Err(Flaw::Protocol), "{line}");
        }
        assert_eq!(head("A B C D\r\n\r\n"), Err(Flaw::Head));
    }

    #[test]
    fn a_foreign_version_and_every_limit_have_their_own_flaw() {
        for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2"] {
            assert_eq!(head(&format!("GET / {version}\r\n\r\n")), Err(Flaw::Version));
        }
        assert_eq!(head(&format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5))), Err(Flaw::TooManyFields));
        assert_eq!(head(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(256))), Err(Flaw::LineTooLong));
        assert_eq!(head(&format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "a".repeat(256))), Err(Flaw::HeadTooLong));
    }
}
