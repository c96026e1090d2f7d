//! A body as it goes: framed anew, as the head before it has promised. Pure.

use std::io;

use http::HeaderMap;
use http1::framing::Length;
use http1::write;

use crate::pump::Cut;

/// The largest chunk we write.
const LARGEST_CHUNK: usize = 64 * 1024;

/// What of a body has yet to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// Nothing: it is over.
    Nothing,
    /// So many bytes.
    Exactly(u64),
    /// Chunks; so much of the one that was begun.
    Chunked(usize),
    /// Whatever there is, until we close.
    UntilClose,
}

/// What may go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// So many of the bytes that were offered.
    pub bytes: usize,
    /// What goes behind them, once all of them went.
    pub after: &'static [u8],
}

impl Going {
    /// A body of which nothing has gone yet.
    #[must_use]
    pub fn of(length: Length) -> Going {
        match length {
            Length::Absent => Going::Nothing,
            Length::Exactly(bytes) => Going::Exactly(bytes),
            Length::Chunked => Going::Chunked(0),
            Length::UntilClose => Going::UntilClose,
        }
    }

    /// What of `offered` bytes may go now; the line that has to go before them is written to `lines`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for more than was promised: the promise is kept, and the connection is not.
    pub fn portion(&mut self, offered: usize, lines: &mut Vec<u8>) -> io::Result<Portion> {
        Ok(match self {
            Going::Nothing | Going::Exactly(0) => return Err(io::ErrorKind::InvalidData.into()),
            Going::Exactly(left) => {
                Portion { bytes: offered.min(usize::try_from(*left).unwrap_or(usize::MAX)), after: b"" }
            }
            Going::UntilClose => Portion { bytes: offered, after: b"" },
            Going::Chunked(left) => {
                // A chunk of nothing would be the last one.
                if *left == 0 && offered > 0 {
                    *left = offered.min(LARGEST_CHUNK);
                    write::chunk_size(lines, *left);
                }
                let bytes = offered.min(*left);
                Portion { bytes, after: if bytes == *left && bytes > 0 { b"\r\n" } else { b"" } }
            }
        })
    }

    /// So many bytes of the last portion went.
    pub fn went(&mut self, bytes: usize) {
        match self {
            Going::Exactly(left) => *left = left.saturating_sub(bytes as u64),
            Going::Chunked(left) => *left = left.saturating_sub(bytes),
            Going::Nothing | Going::UntilClose => (),
        }
    }

    /// The proper end, of which the lines are written to `lines`.
    ///
    /// # Errors
    /// [`Cut::Short`] where more was promised.
    pub fn finish(&mut self, trailers: Option<&HeaderMap>, lines: &mut Vec<u8>) -> Result<(), Cut> {
        match self {
            Going::Exactly(1..) | Going::Chunked(1..) => return Err(Cut::Short),
            Going::Chunked(0) => {
                lines.extend_from_slice(b"0\r\n");
                for (name, value) in trailers.into_iter().flatten() {
                    write::field(lines, name.as_str(), value.as_bytes());
                }
                lines.extend_from_slice(b"\r\n");
            }
            Going::Nothing | Going::Exactly(0) | Going::UntilClose => (),
        }
        *self = Going::Nothing;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promised_length_is_kept_to() {
        let (mut going, mut lines) = (Going::of(Length::Exactly(3)), Vec::new());
        assert_eq!(going.portion(9, &mut lines).expect("room"), Portion { bytes: 3, after: b"" });
        going.went(2);
        assert_eq!(going.finish(None, &mut lines), Err(Cut::Short));
        going.went(1);
        assert_eq!(going.portion(1, &mut lines).map_err(|error| error.kind()), Err(io::ErrorKind::InvalidData));
        assert_eq!((going.finish(None, &mut lines), going, lines.len()), (Ok(()), Going::Nothing, 0));
    }

    #[test]
    fn a_chunk_that_goes_in_parts_has_one_size_and_one_end() {
        let (mut going, mut lines) = (Going::of(Length::Chunked), Vec::new());
        assert_eq!(going.portion(10, &mut lines).expect("room"), Portion { bytes: 10, after: b"\r\n" });
        going.went(4);
        assert_eq!(going.finish(None, &mut lines), Err(Cut::Short));
        assert_eq!(going.portion(5, &mut lines).expect("room"), Portion { bytes: 5, after: b"" });
        assert_eq!(going.portion(12, &mut lines).expect("room"), Portion { bytes: 6, after: b"\r\n" });
        going.went(6);
        assert_eq!((going.finish(None, &mut lines), lines), (Ok(()), b"a\r\n0\r\n\r\n".to_vec()));
    }

    #[test]
    fn nothing_is_no_chunk() {
        let (mut going, mut lines) = (Going::of(Length::Chunked), Vec::new());
        assert_eq!(going.portion(0, &mut lines).expect("room"), Portion { bytes: 0, after: b"" });
        assert!(lines.is_empty(), "{lines:?}");
    }
}
