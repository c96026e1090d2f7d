//! Frames made by hand (RFC 9113, 4; RFC 7541), for what no decent library sends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::front::Front;
use crate::process::LIMIT;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GO_AWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Raw {
    stream: TcpStream,
}

impl Raw {
    pub(crate) fn connect(front: &Front) -> Raw {
        let stream = TcpStream::connect(front.proxy.listen).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        stream.set_write_timeout(Some(LIMIT)).expect("a timeout");
        stream.set_nodelay(true).expect("a socket");
        let mut raw = Raw { stream };
        raw.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        raw.send(SETTINGS, 0, 0, &[]);
        raw
    }

    /// For what the other side need not take.
    pub(crate) fn give_up_soon(&self) {
        self.stream.set_write_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    }

    /// Whether it was taken.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    pub(crate) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        self.write(&frame(kind, flags, stream, payload))
    }

    /// The next frame, or none where the other side has closed.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let [a, b, c, kind, _, d, e, f, g] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).ok()?;
        Some(Frame { kind, stream: u32::from_be_bytes([d & 0x7f, e, f, g]), payload })
    }

    /// What becomes of a stream.
    pub(crate) fn outcome(&mut self, stream: u32) -> Outcome {
        while let Some(frame) = self.next() {
            match frame.kind {
                GO_AWAY => return Outcome::GoneAway,
                RESET if frame.stream == stream => return Outcome::Reset,
                HEADERS if frame.stream == stream => return Outcome::Answered(status(&frame.payload)),
                _ => (),
            }
        }
        Outcome::Closed
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered(u16),
    Reset,
    GoneAway,
    Closed,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields as literals that nobody remembers, each byte as it is.
pub(crate) fn block(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        string(&mut block, name.as_bytes());
        string(&mut block, value);
    }
    block
}

fn string(block: &mut Vec<u8>, bytes: &[u8]) {
    match u8::try_from(bytes.len()) {
        Ok(short @ ..127) => block.push(short),
        _ => {
            block.push(127);
            let mut rest = bytes.len() - 127;
            while rest >= 128 {
                block.push(u8::try_from(rest % 128).expect("below 128") | 128);
                rest /= 128;
            }
            block.push(u8::try_from(rest).expect("below 128"));
        }
    }
    block.extend_from_slice(bytes);
}

/// The status of an answer: the first field, from the static table, or with three digits, plain or in Huffman's code.
fn status(block: &[u8]) -> u16 {
    // An update of the table's size may come first.
    let block = match block {
        [0x20..=0x3f, rest @ ..] => rest,
        all => all,
    };
    match block {
        [indexed @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)],
        [_, 3, a, b, c, ..] => [a, b, c].into_iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')),
        [_, huffman @ 0x81..=0x84, rest @ ..] => digits(&rest[..usize::from(huffman - 0x80)]),
        other => panic!("no status: {other:?}"),
    }
}

/// Digits of RFC 7541, appendix B: 0 to 2 have five bits, the others six.
fn digits(bytes: &[u8]) -> u16 {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let (mut at, mut number) = (0, 0);
    for _ in 0..3 {
        let five = u16::from_str_radix(&bits[at..at + 5], 2).expect("bits");
        let (digit, length) = match five {
            0..=2 => (five, 5),
            _ => (u16::from_str_radix(&bits[at..at + 6], 2).expect("bits") - 0x19 + 3, 6),
        };
        (number, at) = (number * 10 + digit, at + length);
    }
    number
}
