//! The lines of an answer's head, as a caller of HTTP/1.1 or HTTP/1.0 is sent them. Pure.

use http1::framing::Length;
use http1::write;

use crate::forward::asked::Spoken;
use crate::forward::caller::{AnswerHead, Fill};

/// Writes the head of an answer; gives the length of the body that follows it. `keeps` says whether another request may
/// follow, and is made false where none may.
pub fn head(lines: &mut Vec<u8>, head: AnswerHead, spoken: Spoken, keeps: &mut bool, fill: Fill<'_>) -> Length {
    // A body whose end only the connection can tell ends it.
    let length = match (head.length, spoken) {
        (Length::Chunked | Length::UntilClose, Spoken::Http11 | Spoken::Http2) => Length::Chunked,
        (Length::Chunked | Length::UntilClose, Spoken::Http10) => {
            *keeps = false;
            Length::UntilClose
        }
        (length @ (Length::Absent | Length::Exactly(_)), _) => length,
    };
    *keeps &= !head.closes;
    write::status_line(lines, head.status);
    fill(lines);
    match length {
        Length::Exactly(bytes) => write::content_length(lines, bytes),
        Length::Chunked => write::field(lines, "transfer-encoding", b"chunked"),
        Length::Absent | Length::UntilClose => {
            if let Some(bytes) = head.said {
                write::content_length(lines, bytes);
            }
        }
    }
    match (*keeps, spoken) {
        (false, _) => lines.extend_from_slice(b"connection: close\r\n"),
        (true, Spoken::Http10) => lines.extend_from_slice(b"connection: keep-alive\r\n"),
        (true, Spoken::Http11 | Spoken::Http2) => (),
    }
    lines.extend_from_slice(b"\r\n");
    length
}

/// Writes an interim answer; HTTP/1.0 knows none.
pub fn interim(lines: &mut Vec<u8>, status: u16, spoken: Spoken, fill: Fill<'_>) {
    if spoken == Spoken::Http10 {
        return;
    }
    write::status_line(lines, status);
    fill(lines);
    lines.extend_from_slice(b"\r\n");
}

/// Writes the 101 after which a tunnel follows.
pub fn switched(lines: &mut Vec<u8>, token: &str, fill: Fill<'_>) {
    write::status_line(lines, 101);
    fill(lines);
    write::field(lines, "connection", b"upgrade");
    write::field(lines, "upgrade", token.as_bytes());
    lines.extend_from_slice(b"\r\n");
}
