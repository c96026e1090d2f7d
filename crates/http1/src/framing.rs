//! How long a body is. Decided once, here, and never looked up in the fields again.

use crate::{Field, Flaw, Version};

/// The most digits of a length: a quintillion bytes are enough, and no sum of such numbers overflows.
const MOST_DIGITS: usize = 18;

/// How long a body is, and how its end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// There is none.
    Absent,
    /// So many bytes.
    Exactly(u64),
    /// Chunked: the last chunk tells.
    Chunked,
    /// The end of the connection tells; responses alone.
    UntilClose,
}

/// What the fields of a message say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing.
    Nothing,
    /// `Content-Length`, once and valid.
    Exactly(u64),
    /// `Transfer-Encoding: chunked`, once and alone.
    Chunked,
}

/// What the fields say, where they say it in at most one valid way (RFC 9112, 6.3, without its leniencies).
///
/// # Errors
/// [`Flaw::Framing`].
pub fn said(version: Version, fields: &[Field<'_>]) -> Result<Said, Flaw> {
    let mut said = Said::Nothing;
    for field in fields {
        let says = match field.name.len() {
            14 if field.name.eq_ignore_ascii_case("content-length") => number(field.value).map(Said::Exactly),
            17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                let chunked = field.value.eq_ignore_ascii_case(b"chunked") && version == Version::Http11;
                chunked.then_some(Said::Chunked)
            }
            _ => continue,
        };
        match (said, says) {
            (Said::Nothing, Some(says)) => said = says,
            (Said::Nothing | Said::Exactly(_) | Said::Chunked, _) => return Err(Flaw::Framing),
        }
    }
    Ok(said)
}

/// The body of a request.
#[must_use]
pub fn of_request(said: Said) -> Length {
    match said {
        Said::Nothing => Length::Absent,
        Said::Exactly(bytes) => Length::Exactly(bytes),
        Said::Chunked => Length::Chunked,
    }
}

/// The body of a response with this status to a request that was a `HEAD` or not.
#[must_use]
pub fn of_response(said: Said, status: u16, to_head: bool) -> Length {
    match (status, said) {
        (100..=199 | 204 | 304, _) => Length::Absent,
        _ if to_head => Length::Absent,
        (_, Said::Nothing) => Length::UntilClose,
        (_, Said::Exactly(bytes)) => Length::Exactly(bytes),
        (_, Said::Chunked) => Length::Chunked,
    }
}

/// `1*DIGIT`: no sign, no list, no space.
#[must_use]
pub fn number(text: &[u8]) -> Option<u64> {
    let fits = !text.is_empty() && text.len() <= MOST_DIGITS && text.iter().all(u8::is_ascii_digit);
    fits.then(|| text.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(&str, &str)]) -> Result<Said, Flaw> {
        let fields: Vec<Field<'_>> =
            lines.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
        said(Version::Http11, &fields)
    }

    #[test]
    fn a_length_is_said_in_exactly_one_valid_way() {
        assert_eq!(of(&[("x", "1")]), Ok(Said::Nothing));
        assert_eq!(of(&[("Content-Length", "12")]), Ok(Said::Exactly(12)));
        assert_eq!(of(&[("content-length", "000")]), Ok(Said::Exactly(0)));
        assert_eq!(of(&[("transfer-Encoding", "Chunked")]), Ok(Said::Chunked));
        for bad in [
            &[("transfer-encoding", "identity, chunked")][..],
            &[("transfer-encoding", ", chunked")],
            &[("transfer-encoding", "chunked, chunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "chunked;q=1")],
            &[("transfer-encoding", "\"chunked\"")],
            &[("transfer-encoding", "xchunked")],
            &[("transfer-encoding", "identity")],
            &[("transfer-encoding", "")],
            &[("transfer-encoding", "chunked"), ("content-length", "3")],
            &[("content-length", "3"), ("transfer-encoding", "chunked")],
            &[("content-length", "3"), ("transfer-encoding", "x")],
            &[("content-length", "3"), ("content-length", "3")],
            &[("content-length", "3, 3")],
            &[("content-length", "+3")],
            &[("content-length", "-0")],
            &[("content-length", "")],
            &[("content-length", "0x3")],
            &[("content-length", "3 ")],
            &[("content-length", "9999999999999999999")],
        ] {
            assert_eq!(of(bad), Err(Flaw::Framing), "{bad:?}");
        }
        let chunked = Field { name: "transfer-encoding", value: b"chunked" };
        assert_eq!(said(Version::Http10, &[chunked]), Err(Flaw::Framing));
    }

    #[test]
    fn what_can_have_no_body_has_none_whatever_is_said() {
        for status in [100, 103, 204, 304] {
            assert_eq!(of_response(Said::Exactly(5), status, false), Length::Absent);
        }
        assert_eq!(of_response(Said::Chunked, 200, true), Length::Absent);
        assert_eq!(of_response(Said::Nothing, 200, false), Length::UntilClose);
        assert_eq!(of_response(Said::Exactly(0), 200, false), Length::Exactly(0));
        assert_eq!(of_request(Said::Nothing), Length::Absent);
    }
}
