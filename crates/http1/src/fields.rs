//! Field lines: the section of a trailer, and comma-separated lists.

use crate::{Field, Flaw, head};

/// The most trailer fields.
pub const MOST_TRAILERS: usize = 64;

/// Reads the trailers in `section`, which ends in its empty line; as strict as a head.
///
/// # Errors
/// [`Flaw::Body`].
pub fn trailers<'h, 'b>(section: &'b [u8], slots: &'h mut [Field<'b>]) -> Result<&'h [Field<'b>], Flaw> {
    if section == b"\r\n" {
        return Ok(&[]);
    }
    match httparse::parse_headers(section, slots) {
        Ok(httparse::Status::Complete((length, fields)))
            if length == section.len() && head::lines_end_in_crlf(section) =>
        {
            Ok(fields)
        }
        Ok(_) | Err(_) => Err(Flaw::Body),
    }
}

/// The members of a comma-separated list, without the white space around them and without the empty ones.
pub fn members(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_are_read_as_strictly_as_a_head() {
        let read = |section: &str| {
            let mut slots = [httparse::EMPTY_HEADER; 2];
            trailers(section.as_bytes(), &mut slots).map(<[_]>::len)
        };
        assert_eq!((read("\r\n"), read("a: b\r\n\r\n"), read("a: b\r\nc:\r\n\r\n")), (Ok(0), Ok(1), Ok(2)));
        for bad in [
            "a: b\n\r\n",
            "a : b\r\n\r\n",
            "a: b\r\n c\r\n\r\n",
            "a\r\n\r\n",
            "a: b\r\nc: d\r\ne: f\r\n\r\n",
            "a: \0\r\n\r\n",
        ] {
            assert_eq!(read(bad), Err(Flaw::Body), "{bad:?}");
        }
    }

    #[test]
    fn lists_have_members() {
        assert_eq!(members(b" a ,, b,\t").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(members(b"").count(), 0);
    }
}
