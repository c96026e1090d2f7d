//! A body as it comes: which of the bytes that are there are its own, and where it ends. Pure.

use http::HeaderMap;
use http1::chunks::{Chunks, Step};
use http1::framing::Length;
use http1::{Field, Flaw, fields};

use crate::pump::Cut;

/// What of a body has yet to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    /// Nothing: it is over.
    Nothing,
    /// So many bytes.
    Exactly(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Whatever comes, until the other side closes.
    UntilClose,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// So many of the bytes that are there: they are to be [taken](Coming::took).
    Data(usize),
    /// More bytes are needed.
    More,
    /// It is over; these are the trailers that may go on.
    Over(Option<HeaderMap>),
}

impl Coming {
    /// A body of which nothing has come yet.
    #[must_use]
    pub fn of(length: Length) -> Coming {
        match length {
            Length::Absent | Length::Exactly(0) => Coming::Nothing,
            Length::Exactly(bytes) => Coming::Exactly(bytes),
            Length::Chunked => Coming::Chunked(Chunks::default()),
            Length::UntilClose => Coming::UntilClose,
        }
    }

    /// Reads on: gives how many of the bytes that are there are to be skipped, and what follows them.
    ///
    /// # Errors
    /// [`Flaw::Body`].
    pub fn next(&mut self, there: &[u8]) -> Result<(usize, Next), Flaw> {
        let data = |most: usize| if there.is_empty() { Next::More } else { Next::Data(there.len().min(most)) };
        Ok(match self {
            Coming::Nothing => (0, Next::Over(None)),
            Coming::Exactly(left) => (0, data(usize::try_from(*left).unwrap_or(usize::MAX))),
            Coming::UntilClose => (0, data(usize::MAX)),
            Coming::Chunked(chunks) => match chunks.step(there)? {
                (skip, Step::Data(bytes)) => (skip, Next::Data(bytes)),
                (skip, Step::More) => (skip, Next::More),
                (skip, Step::End(bytes)) => {
                    let trailers = trailers(&there[skip..skip + bytes])?;
                    *self = Coming::Nothing;
                    (skip + bytes, Next::Over(trailers))
                }
            },
        })
    }

    /// So many bytes of data were taken.
    pub fn took(&mut self, bytes: usize) {
        match self {
            Coming::Exactly(left) => {
                *left = left.saturating_sub(bytes as u64);
                if *left == 0 {
                    *self = Coming::Nothing;
                }
            }
            Coming::Chunked(chunks) => chunks.took(bytes),
            Coming::Nothing | Coming::UntilClose => (),
        }
    }

    /// The other side has closed, and nothing of what it sent is left.
    ///
    /// # Errors
    /// [`Cut::Short`] where that is not how the body ends.
    pub fn close(&mut self) -> Result<(), Cut> {
        match self {
            Coming::Nothing | Coming::UntilClose => {
                *self = Coming::Nothing;
                Ok(())
            }
            Coming::Exactly(_) | Coming::Chunked(_) => Err(Cut::Short),
        }
    }
}

/// The trailers of a section that may go on: none that would frame, route or authenticate (RFC 9110, 6.5.1).
fn trailers(section: &[u8]) -> Result<Option<HeaderMap>, Flaw> {
    let mut slots = [Field { name: "", value: b"" }; fields::MOST_TRAILERS];
    let read = fields::trailers(section, &mut slots)?;
    Ok(crate::fields::trailers(read.iter().map(|field| (field.name, field.value))))
}

/// Trailers without those that the head before them has nominated (RFC 9110, 7.6.1).
#[must_use]
pub fn without(trailers: Option<HeaderMap>, nominated: &[String]) -> Option<HeaderMap> {
    let mut trailers = trailers?;
    for name in nominated {
        trailers.remove(name.as_str());
    }
    (!trailers.is_empty()).then_some(trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_that_are_nominated_end_here() {
        let trailers = || fields_of(&[("x-sum", "1"), ("x-sum", "2"), ("y", "3")]);
        assert_eq!(without(trailers(), &["x-sum".to_owned(), "no name".to_owned()]), fields_of(&[("y", "3")]));
        assert_eq!(without(trailers(), &["y".to_owned(), "x-sum".to_owned()]), None);
        assert_eq!(without(trailers(), &[]), trailers());
    }

    fn fields_of(lines: &[(&str, &str)]) -> Option<HeaderMap> {
        crate::fields::trailers(lines.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    #[test]
    fn a_body_has_the_bytes_that_were_promised_and_no_more() {
        let mut coming = Coming::of(Length::Exactly(3));
        assert_eq!(coming.next(b"abcGET"), Ok((0, Next::Data(3))));
        coming.took(2);
        assert_eq!((coming.next(b""), coming.close()), (Ok((0, Next::More)), Err(Cut::Short)));
        coming.took(1);
        assert_eq!((coming, coming.next(b"GET")), (Coming::Nothing, Ok((0, Next::Over(None)))));
    }

    #[test]
    fn the_close_ends_a_body_that_has_no_other_end_and_cuts_every_other_short() {
        let mut coming = Coming::of(Length::UntilClose);
        assert_eq!((coming.close(), coming), (Ok(()), Coming::Nothing));
        assert_eq!(Coming::of(Length::Chunked).close(), Err(Cut::Short));
    }

    #[test]
    fn trailers_come_with_the_end_and_a_malformed_one_is_no_end() {
        let mut coming = Coming::of(Length::Chunked);
        let Ok((18, Next::Over(Some(trailers)))) = coming.next(b"0\r\nx-sum: 1234\r\n\r\nGET") else {
            panic!("{coming:?}")
        };
        assert_eq!((trailers.len(), coming), (1, Coming::Nothing));
        let mut coming = Coming::of(Length::Chunked);
        assert_eq!(coming.next(b"0\r\nx : 1\r\n\r\n"), Err(Flaw::Body));
        assert_ne!(coming, Coming::Nothing);
    }
}
