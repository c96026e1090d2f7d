//! A chunked body: it is the same however the network cuts it, and nothing is taken that is none.

use http1::framing::Length;
use proxy_sidecar::wire::coming::{Coming, Next};
use proxy_sidecar::wire::going::Going;

use super::strict::{self, Framing};

/// How a body was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Whole,
    Unfinished,
    Refused,
}

#[derive(Debug, PartialEq, Eq)]
struct Decoded {
    taken: Taken,
    data: Vec<u8>,
    trailers: Vec<(String, Vec<u8>)>,
    /// What was used, of a whole one.
    length: usize,
}

/// A body, and whatever follows it.
pub(crate) fn chunks(bytes: &[u8]) -> Taken {
    let whole = decode(bytes, &[bytes.len()]);
    let mut seed = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let random: Vec<usize> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 60).unwrap_or(0) + 1
    })
    .take(bytes.len())
    .collect();
    for pieces in [&[1][..], &[2], &[3], &[16, 1], &random] {
        assert_eq!(decode(bytes, pieces), whole, "{pieces:?}");
    }
    let theirs = strict::body(bytes, Framing::Chunked, false);
    if whole.taken == Taken::Whole {
        let theirs = theirs.expect("nothing lenient").expect("the whole body");
        assert_eq!((&whole.data, whole.length), (&theirs.data, theirs.length));
        for (name, value) in &whole.trailers {
            let is = |(n, v): &(&[u8], &[u8])| n.eq_ignore_ascii_case(name.as_bytes()) && v == value;
            assert!(theirs.trailers.iter().any(is), "{name}");
        }
    } else if whole.taken == Taken::Unfinished {
        assert!(!matches!(theirs, Ok(Some(_))), "more is waited for than there can be");
    }
    is_framed_anew(&whole.data);
    whole.taken
}

/// Reads a body that comes in pieces of these sizes, again and again.
fn decode(bytes: &[u8], pieces: &[usize]) -> Decoded {
    let mut coming = Coming::of(Length::Chunked);
    let mut decoded = Decoded { taken: Taken::Unfinished, data: Vec::new(), trailers: Vec::new(), length: 0 };
    let (mut at, mut end, mut sizes) = (0, 0, pieces.iter().cycle());
    while end < bytes.len() {
        end = (end + sizes.next().copied().unwrap_or(1).max(1)).min(bytes.len());
        loop {
            let Ok((skip, next)) = coming.next(&bytes[at..end]) else {
                decoded.taken = Taken::Refused;
                return decoded;
            };
            at += skip;
            match next {
                Next::More => break,
                Next::Data(count) => {
                    decoded.data.extend_from_slice(&bytes[at..at + count]);
                    coming.took(count);
                    at += count;
                }
                Next::Over(trailers) => {
                    assert_eq!(coming, Coming::Nothing);
                    let lines = trailers.iter().flatten();
                    let lines = lines.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
                    return Decoded { taken: Taken::Whole, trailers: lines.collect(), length: at, ..decoded };
                }
            }
        }
    }
    decoded
}

/// What is written of data is read as the same data, whatever parts of it the kernel takes.
fn is_framed_anew(data: &[u8]) {
    let (mut going, mut sent, mut at) = (Going::of(Length::Chunked), Vec::new(), 0);
    while at < data.len() {
        let offered = if at.is_multiple_of(5) { (data.len() - at).div_ceil(2) } else { data.len() - at };
        let portion = going.portion(offered, &mut sent).expect("room");
        let takes = if at.is_multiple_of(2) { portion.bytes.div_ceil(3) } else { portion.bytes };
        sent.extend_from_slice(&data[at..at + takes]);
        if takes == portion.bytes {
            sent.extend_from_slice(portion.after);
        }
        going.went(takes);
        at += takes;
    }
    going.finish(None, &mut sent).expect("all of it went");
    let read = strict::body(&sent, Framing::Chunked, false).expect("a body").expect("whole");
    assert_eq!((read.data, read.length), (data.to_vec(), sent.len()));
}
