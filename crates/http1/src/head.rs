//! What heads of both directions have in common: where they end, and what their lines must not have.

use std::mem::MaybeUninit;

use crate::{Field, Flaw, Limits};

/// Room for the fields of a head, on the stack of whoever reads it.
pub type Slots<'b> = [MaybeUninit<Field<'b>>];

/// Looks whether a head is worth reading: the search for its end goes on where it stopped, so that a head that comes
/// byte by byte is not read anew for each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    looked: usize,
}

/// What the bytes so far are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// They are read: they came at once, or their end has been seen.
    Read,
    /// More is needed first.
    Wait,
}

impl Progress {
    /// What to do with the bytes that are there now, which are those of the last time and more.
    ///
    /// # Errors
    /// [`Flaw::HeadTooLong`], [`Flaw::LineTooLong`].
    pub fn look(&mut self, bytes: &[u8], limits: Limits) -> Result<Outlook, Flaw> {
        let first = self.looked == 0;
        // An end may have begun in the bytes of the last time: "\n\r" of "\n\r\n".
        let ended = end(&bytes[self.looked.saturating_sub(2)..]);
        self.looked = bytes.len();
        match ended {
            true => Ok(Outlook::Read),
            false if bytes.len() >= limits.bytes => Err(too_long(bytes)),
            // What is no HTTP at all is refused before its end.
            false if first => Ok(Outlook::Read),
            false => Ok(Outlook::Wait),
        }
    }
}

/// Whether an empty line is in `bytes`.
fn end(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', bytes).any(|at| matches!(&bytes[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
}

/// Too long as a whole, or already in its first line.
pub(crate) fn too_long(bytes: &[u8]) -> Flaw {
    if memchr::memchr(b'\n', bytes).is_some() { Flaw::HeadTooLong } else { Flaw::LineTooLong }
}

/// Whether each line ends in CRLF. (A CR that no LF follows is none that `httparse` lets pass.)
pub(crate) fn lines_end_in_crlf(head: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', head).all(|at| at > 0 && head[at - 1] == b'\r')
}

pub(crate) fn flaw(error: httparse::Error) -> Flaw {
    match error {
        httparse::Error::TooManyHeaders => Flaw::TooManyFields,
        httparse::Error::Version => Flaw::Version,
        httparse::Error::HeaderName
        | httparse::Error::HeaderValue
        | httparse::Error::NewLine
        | httparse::Error::Status
        | httparse::Error::Token => Flaw::Head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 64, fields: 8 };

    #[test]
    fn a_head_that_comes_byte_by_byte_is_read_twice_and_no_more() {
        let whole = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        let mut progress = Progress::default();
        let read = (1..=whole.len()).filter(|n| progress.look(&whole[..*n], LIMITS) == Ok(Outlook::Read));
        assert_eq!(read.collect::<Vec<_>>(), [1, whole.len()]);
    }

    #[test]
    fn an_end_is_found_whatever_falls_apart_where() {
        for end in ["\r\n\r\n", "\n\n", "\n\r\n"] {
            let whole = format!("GET / HTTP/1.1{end}rest");
            for cut in 1..whole.len() - 4 {
                let mut progress = Progress::default();
                let _ = progress.look(&whole.as_bytes()[..cut], LIMITS);
                assert_eq!(progress.look(whole.as_bytes(), LIMITS), Ok(Outlook::Read), "{end:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_told_from_a_target_that_is() {
        let mut progress = Progress::default();
        assert_eq!(progress.look(&[b'a'; 64], LIMITS), Err(Flaw::LineTooLong));
        let mut head = b"GET / HTTP/1.1\r\n".to_vec();
        head.resize(64, b'a');
        assert_eq!(Progress::default().look(&head, LIMITS), Err(Flaw::HeadTooLong));
    }
}
