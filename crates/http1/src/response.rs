//! A response's head.

use crate::head::{self, Slots};
use crate::{Field, Flaw, Limits, Version};

/// A response's head, borrowed from the bytes that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'h, 'b> {
    /// The status, 100 to 999.
    pub status: u16,
    /// The version.
    pub version: Version,
    /// The field lines in their order.
    pub fields: &'h [Field<'b>],
}

/// Reads the head at the start of `bytes`; gives it with its length, or nothing where more bytes are needed.
///
/// # Errors
/// The [`Flaw`].
pub fn read<'h, 'b>(
    bytes: &'b [u8],
    slots: &'h mut Slots<'b>,
    limits: Limits,
) -> Result<Option<(Response<'h, 'b>, usize)>, Flaw> {
    match bytes.first() {
        None => return Ok(None),
        Some(b'H') => (),
        Some(_) => return Err(Flaw::Head),
    }
    let most = limits.fields.min(slots.len());
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let length = match config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut slots[..most]) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => {
            return if bytes.len() >= limits.bytes { Err(head::too_long(bytes)) } else { Ok(None) };
        }
        Err(error) => return Err(head::flaw(error)),
    };
    if length > limits.bytes {
        return Err(head::too_long(&bytes[..limits.bytes]));
    }
    if !head::lines_end_in_crlf(&bytes[..length]) {
        return Err(Flaw::Head);
    }
    let (Some(status @ 100..=999), Some(minor)) = (parsed.code, parsed.version) else { return Err(Flaw::Head) };
    let version = if minor == 0 { Version::Http10 } else { Version::Http11 };
    Ok(Some((Response { status, version, fields: parsed.headers }, length)))
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::*;

    fn head(text: &str) -> Result<Option<(u16, usize, usize)>, Flaw> {
        let mut slots = [MaybeUninit::uninit(); 8];
        let read = read(text.as_bytes(), &mut slots, Limits { bytes: 128, fields: 4 })?;
        Ok(read.map(|(response, length)| (response.status, response.fields.len(), length)))
    }

    #[test]
    fn a_head_is_read_with_or_without_a_reason() {
        assert_eq!(head("HTTP/1.1 200 OK\r\na: b\r\n\r\nbody"), Ok(Some((200, 1, 25))));
        assert_eq!(head("HTTP/1.0 404\r\n\r\n"), Ok(Some((404, 0, 16))));
        assert_eq!(head("HTTP/1.1 200 \r\n\r\n"), Ok(Some((200, 0, 17))));
        assert_eq!(head("HTTP/1.1 20"), Ok(None));
    }

    #[test]
    fn whatever_is_no_response_is_refused() {
        for bad in [
            "SMTP ready\r\n\r\n",
            "\r\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\na: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\na : b\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            "HTTP/1.1  200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx: \0\r\n\r\n",
        ] {
            assert_eq!(head(bad), Err(Flaw::Head), "{bad:?}");
        }
        assert_eq!(head("HTTP/2.0 200 OK\r\n\r\n"), Err(Flaw::Version));
    }
}
