//! What a child prints, line by line, in bounded memory.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::mpsc::UnboundedSender;

use super::Happened;

/// A longer line is cut here; its rest is dropped.
pub(crate) const LONGEST_LINE: usize = 8 * 1024;

/// Reads `output` to its end and says each line as `subject`'s.
pub(crate) async fn forward(output: impl AsyncRead + Unpin, subject: String, events: UnboundedSender<Happened>) {
    let mut output = BufReader::new(output);
    let mut line = Line::default();
    loop {
        let taken = match output.fill_buf().await {
            Ok([]) | Err(_) => break,
            Ok(some) => {
                let (part, taken, complete) = match some.iter().position(|byte| *byte == b'\n') {
                    Some(end) => (&some[..end], end + 1, true),
                    None => (some, some.len(), false),
                };
                line.add(part);
                if complete && events.send(line.take(&subject)).is_err() {
                    break;
                }
                taken
            }
        };
        output.consume(taken);
    }
    if !line.bytes.is_empty() {
        let _ = events.send(line.take(&subject));
    }
}

#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    cut: bool,
}

impl Line {
    fn add(&mut self, part: &[u8]) {
        let room = LONGEST_LINE - self.bytes.len();
        self.bytes.extend_from_slice(&part[..part.len().min(room)]);
        self.cut |= part.len() > room;
    }

    fn take(&mut self, subject: &str) -> Happened {
        let mut line = String::from_utf8_lossy(&self.bytes).trim_end_matches('\r').to_owned();
        if self.cut {
            line.push('…');
        }
        self.bytes.clear();
        self.cut = false;
        Happened::Line { subject: subject.to_owned(), line }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::sync::mpsc;

    use super::*;

    fn lines_of(output: &[u8]) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        let (events, mut said) = mpsc::unbounded_channel();
        runtime.block_on(forward(output, "task".to_owned(), events));
        let mut lines = Vec::new();
        while let Ok(Happened::Line { line, .. }) = said.try_recv() {
            lines.push(line);
        }
        lines
    }

    #[test]
    fn lines_come_without_their_ends_and_the_last_needs_none() {
        assert_eq!(lines_of(b"one\r\n\ntwo\nthree"), ["one", "", "two", "three"]);
        assert_eq!(lines_of(b"caf\xff\n"), ["caf\u{fffd}"]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_costs_no_more_than_its_bound() {
        let mut endless = vec![b'x'; 1 << 20];
        endless.extend_from_slice(b"\nnext\n");
        let lines = lines_of(&endless);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].len(), LONGEST_LINE + '…'.len_utf8());
        assert_eq!(lines[1], "next");
    }

    proptest! {
        #[test]
        fn whatever_is_printed_comes_as_its_lines(text in "[a-z\n]{0,200}") {
            let expected: Vec<&str> = text.strip_suffix('\n').unwrap_or(&text).split('\n').collect();
            let expected = if text.is_empty() { Vec::new() } else { expected };
            prop_assert_eq!(lines_of(text.as_bytes()), expected);
        }
    }
}
