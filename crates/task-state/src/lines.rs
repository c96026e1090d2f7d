//! Splits the bytes of a watch into messages, bounded and strict: the other side may be hostile.

use crate::message::Message;

/// The longest line that is read; a hello is under 1 KiB.
pub const LONGEST_LINE: usize = 16 * 1024;

/// What is wrong with a stream of messages.
#[derive(Debug, thiserror::Error)]
pub enum BadStream {
    /// A line over [`LONGEST_LINE`].
    #[error("a line of the watch is longer than {LONGEST_LINE} bytes")]
    TooLong,
    /// A line that is no message.
    #[error("a line of the watch is no message")]
    NoMessage(#[source] serde_json::Error),
}

/// Gathers bytes until lines are whole.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes bytes as they come and gives the messages that are whole now. Empty lines are skipped.
    ///
    /// # Errors
    /// [`BadStream`]; the stream is of no use after that.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Message>, BadStream> {
        let mut messages = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.begun.len() + part.len() > LONGEST_LINE {
                return Err(BadStream::TooLong);
            }
            self.begun.extend_from_slice(part);
            if let Some(line) = self.begun.strip_suffix(b"\n") {
                if !line.trim_ascii().is_empty() {
                    messages.push(serde_json::from_slice(line).map_err(BadStream::NoMessage)?);
                }
                self.begun.clear();
            }
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{MessageKind, Stamp, State};

    fn sample(stamp: u64) -> Message {
        Message { kind: MessageKind::Heartbeat, stamp: Stamp(stamp), state: State::Starting, lease_ms: None }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        let flood = vec![b'x'; LONGEST_LINE / 2];
        assert!(lines.push(&flood).expect("short enough").is_empty());
        assert!(lines.push(&flood).expect("just enough").is_empty());
        assert!(matches!(lines.push(b"x"), Err(BadStream::TooLong)));
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_the_bytes_are_cut(stamps in prop::collection::vec(any::<u64>(), 0..20), cut in 1usize..50) {
            let bytes: Vec<u8> = stamps.iter().flat_map(|s| sample(*s).to_line()).collect();
            let mut lines = Lines::default();
            let mut read = Vec::new();
            for part in bytes.chunks(cut) {
                read.extend(lines.push(part).expect("good messages"));
            }
            prop_assert_eq!(read, stamps.into_iter().map(sample).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = Lines::default().push(&bytes);
        }
    }
}
