//! The chunked coding (RFC 9112, 7.1), one step at a time: framing is skipped, data is pointed at, nothing is copied.
//!
//! Strict where parsers are known to differ: a size is hexadecimal digits and nothing else around them (up to 64 with
//! leading zeros, which change nothing; what does not fit into 64 bits is refused), each line ends in CRLF, an extension is
//! short and dropped.

use crate::Flaw;

/// The most digits of a size, leading zeros among them.
const MOST_DIGITS: u8 = 64;

/// The longest extension of a chunk.
const LONGEST_EXTENSION: u16 = 256;

/// The longest section of trailers.
pub const LONGEST_TRAILERS: usize = 16 * 1024;

/// Where in a chunked body the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a size; so many digits of it were read.
    Size { size: u64, digits: u8 },
    /// In an extension, of so many bytes so far.
    Extension { size: u64, length: u16 },
    /// Before the LF of the size's line.
    SizeLineFeed { size: u64 },
    /// Before so many bytes of data.
    Data { left: u64 },
    /// Before the CR after the data.
    DataReturn,
    /// Before the LF after the data.
    DataLineFeed,
    /// In the trailers; so many bytes of them were looked at.
    Trailers { looked: usize },
    /// At the end.
    End,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More bytes are needed.
    More,
    /// So many of the bytes that are there are data: they are to be [taken](Chunks::took).
    Data(usize),
    /// The body is over, and so many bytes are its trailers, with the empty line.
    End(usize),
}

impl Default for Chunks {
    fn default() -> Self {
        Chunks { state: State::Size { size: 0, digits: 0 } }
    }
}

impl Chunks {
    /// Reads on: gives how many bytes of framing to skip, and what follows them.
    ///
    /// # Errors
    /// [`Flaw::Body`].
    pub fn step(&mut self, bytes: &[u8]) -> Result<(usize, Step), Flaw> {
        let mut at = 0;
        loop {
            match self.state {
                State::Data { left: 0 } => self.state = State::DataReturn,
                State::Data { left } => {
                    let there = bytes.len() - at;
                    let data = usize::try_from(left).unwrap_or(usize::MAX).min(there);
                    return Ok((at, if data == 0 { Step::More } else { Step::Data(data) }));
                }
                State::Trailers { looked } => {
                    let (step, looked) = trailers(&bytes[at..], looked)?;
                    self.state = if let Step::End(_) = step { State::End } else { State::Trailers { looked } };
                    return Ok((at, step));
                }
                State::End => return Ok((at, Step::End(0))),
                State::Size { .. }
                | State::Extension { .. }
                | State::SizeLineFeed { .. }
                | State::DataReturn
                | State::DataLineFeed => {
                    let Some(byte) = bytes.get(at) else { return Ok((at, Step::More)) };
                    self.state = self.state.after(*byte)?;
                    at += 1;
                }
            }
        }
    }

    /// So many bytes of data were taken; not more than [`Step::Data`] said.
    pub fn took(&mut self, bytes: usize) {
        if let State::Data { left } = &mut self.state {
            *left = left.saturating_sub(bytes as u64);
        }
    }

    /// Whether the body is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::End
    }
}

impl State {
    /// After one more byte of framing.
    fn after(self, byte: u8) -> Result<State, Flaw> {
        Ok(match (self, byte) {
            (State::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < MOST_DIGITS => {
                let digit = (byte as char).to_digit(16).ok_or(Flaw::Body)?;
                State::Size { size: size.checked_mul(16).ok_or(Flaw::Body)? + u64::from(digit), digits: digits + 1 }
            }
            (State::Size { size, digits: 1.. }, b'\r') => State::SizeLineFeed { size },
            (State::Size { size, digits: 1.. }, b';') => State::Extension { size, length: 0 },
            (State::Extension { size, .. }, b'\r') => State::SizeLineFeed { size },
            (State::Extension { size, length }, b'\t' | b' '..=b'~') if length < LONGEST_EXTENSION => {
                State::Extension { size, length: length + 1 }
            }
            (State::SizeLineFeed { size: 0 }, b'\n') => State::Trailers { looked: 0 },
            (State::SizeLineFeed { size }, b'\n') => State::Data { left: size },
            (State::DataReturn, b'\r') => State::DataLineFeed,
            (State::DataLineFeed, b'\n') => State::Size { size: 0, digits: 0 },
            _ => return Err(Flaw::Body),
        })
    }
}

/// Looks for the end of the trailers at the start of `bytes`, of which so many were looked at already.
fn trailers(bytes: &[u8], looked: usize) -> Result<(Step, usize), Flaw> {
    match bytes {
        [b'\r', b'\n', ..] => return Ok((Step::End(2), 0)),
        [] | [b'\r'] => return Ok((Step::More, 0)),
        _ => (),
    }
    let from = looked.saturating_sub(3);
    let end = memchr::memmem::find(&bytes[from..], b"\r\n\r\n").map(|at| from + at + 4);
    // Refused at once: whoever sent it may wait for what is made of it. What follows the end is another's.
    let section = &bytes[..end.unwrap_or(bytes.len())];
    if memchr::memchr_iter(b'\n', &section[from..]).any(|at| from + at == 0 || section[from + at - 1] != b'\r') {
        return Err(Flaw::Body);
    }
    match end {
        Some(end) if end <= LONGEST_TRAILERS => Ok((Step::End(end), 0)),
        None if bytes.len() < LONGEST_TRAILERS => Ok((Step::More, bytes.len())),
        Some(_) | None => Err(Flaw::Body),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Data, trailers, and what follows.
    type Decoded = (Vec<u8>, Vec<u8>, Vec<u8>);

    /// Reads a body that comes in pieces; gives the data, the trailers and what follows.
    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Decoded>, Flaw> {
        let (mut chunks, mut there, mut data, mut trailers, mut over) =
            (Chunks::default(), Vec::new(), Vec::new(), Vec::new(), false);
        for piece in pieces {
            there.extend_from_slice(piece);
            while !over {
                let (skip, step) = chunks.step(&there)?;
                there.drain(..skip);
                match step {
                    Step::More => break,
                    Step::Data(count) => {
                        data.extend(there.drain(..count));
                        chunks.took(count);
                    }
                    Step::End(count) => {
                        trailers.extend(there.drain(..count));
                        over = true;
                    }
                }
            }
        }
        Ok(over.then_some((data, trailers, there)))
    }

    fn whole(text: &str) -> Result<Option<(String, String, String)>, Flaw> {
        let text_of = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Ok(decode([text.as_bytes()])?.map(|(a, b, c)| (text_of(a), text_of(b), text_of(c))))
    }

    fn good(data: &str, trailers: &str, rest: &str) -> Result<Option<(String, String, String)>, Flaw> {
        Ok(Some((data.to_owned(), trailers.to_owned(), rest.to_owned())))
    }

    #[test]
    fn chunks_are_read_to_their_end_and_no_further() {
        assert_eq!(whole("3\r\nabc\r\n0\r\n\r\nGET"), good("abc", "\r\n", "GET"));
        assert_eq!(whole("00A;x=\"y z\"\r\n0123456789\r\n1\r\n-\r\n0\r\n\r\n"), good("0123456789-", "\r\n", ""));
        assert_eq!(whole("0\r\nx: y\r\nz: 1\r\n\r\nGET"), good("", "x: y\r\nz: 1\r\n\r\n", "GET"));
        assert_eq!(whole("0\r\nx: y\r\n\r\na\nb"), good("", "x: y\r\n\r\n", "a\nb"));
        assert_eq!(whole("3\r\nabc\r\n0\r\n"), Ok(None));
        assert_eq!(whole("3\r\nab"), Ok(None));
        let zeros = "0".repeat(63);
        assert_eq!(whole(&format!("{zeros}3\r\nabc\r\n{zeros}0\r\n\r\n")), good("abc", "\r\n", ""));
    }

    #[test]
    fn whatever_parsers_differ_about_is_refused() {
        for bad in [
            "\r\n",
            "x\r\n",
            "0x3\r\nabc",
            "+3\r\nabc",
            "-1\r\n",
            " 3\r\nabc",
            "3 \r\nabc",
            "3\t\r\nabc",
            "3\nabc",
            "3\r\rabc",
            "3\r\nabcd\r\n",
            "3\r\nabc\n0",
            "3\r\nabc0\r\n",
            "3\r\nabc\r0",
            ";x\r\n",
            "3;a\nb\r\n",
            "3;\0\r\n",
            "3;\u{e9}\r\n",
            "10000000000000003\r\nabc",
            "00010000000000000003\r\nabc",
            "fffffffffffffffff\r\n",
            "3,3\r\n",
            "3_0\r\n",
        ] {
            assert_eq!(whole(bad), Err(Flaw::Body), "{bad:?}");
        }
        assert_eq!(whole(&format!("{}3\r\nabc", "0".repeat(64))), Err(Flaw::Body));
        assert_eq!(whole(&format!("3;{}\r\n", "x".repeat(257))), Err(Flaw::Body));
        assert_eq!(whole("0\r\nx: y\n"), Err(Flaw::Body));
        assert_eq!(whole("0\r\n\n"), Err(Flaw::Body));
        assert_eq!(whole(&format!("0\r\nx: {}", "x".repeat(LONGEST_TRAILERS))), Err(Flaw::Body));
    }

    proptest! {
        /// It does not matter where the network cuts.
        #[test]
        fn pieces_are_read_as_the_whole(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            trailers in "(x: [a-z]{0,9}\r\n){0,3}",
            cuts in prop::collection::vec(1usize..9, 0..80),
        ) {
            let mut coded = Vec::new();
            for body in &bodies {
                coded.extend(format!("{:x}\r\n", body.len()).into_bytes());
                coded.extend(body);
                coded.extend(b"\r\n");
            }
            coded.extend(format!("0\r\n{trailers}\r\nNEXT").into_bytes());
            let (mut pieces, mut rest) = (Vec::new(), &coded[..]);
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            let (data, said, after) = decode(pieces).expect("no flaw").expect("the end");
            prop_assert_eq!(data, bodies.concat());
            prop_assert_eq!(said, format!("{trailers}\r\n").into_bytes());
            prop_assert_eq!(after, b"NEXT");
        }

        /// Nothing makes it panic, or point at more than there is.
        #[test]
        fn hostile_bytes_end_in_a_flaw_or_in_want_of_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(bytes.chunks(7));
        }
    }
}
