//! Both sides of a request, read as bytes come, and whether it was refused as it should be.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;

use super::MOMENT;
use crate::judge::{self, Parsed};
use crate::wire::Wire;

/// What came of a request: the bytes on both sides.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) answer: Vec<u8>,
    pub(super) closed: bool,
    pub(super) origins: Vec<Vec<u8>>,
}

impl Seen {
    pub(super) fn is_refusal(&self, status: u16, reasons: &[&str]) -> Result<(), String> {
        for origin in &self.origins {
            if let Parsed::Complete(..) = judge::message(origin) {
                return Err(format!("the origin got {}", origin.escape_ascii()));
            }
        }
        let Parsed::Complete(answer, length) = judge::message(&self.answer) else {
            return Err(format!("no whole answer but {:?}, closed: {}", self.answer.escape_ascii(), self.closed));
        };
        let said = answer.field("proxy-status").unwrap_or_default();
        let expected = format!("HTTP/1.1 {status} ");
        let fits = answer.line.starts_with(&expected)
            && reasons.iter().any(|reason| said.contains(&format!("details=\"{reason}\"")))
            && reasons.iter().any(|reason| answer.text().contains(&format!("\"{reason}\"")));
        match fits {
            false => Err(format!("expected {status} {reasons:?}, got {:?}, proxy-status {said:?}", answer.line)),
            true if self.answer.len() > length => Err("more than one answer".to_owned()),
            true if !self.closed => Err("the connection was left open".to_owned()),
            true if answer.field("connection").as_deref() != Some("close") => Err("its end was not said".to_owned()),
            true => Ok(()),
        }
    }
}

/// One socket, read as bytes come.
pub(super) struct Side {
    stream: TcpStream,
    pub(super) bytes: Vec<u8>,
    pub(super) closed: bool,
}

impl Side {
    pub(super) fn new(wire: &Wire) -> Side {
        let stream = wire.stream();
        stream.set_read_timeout(Some(MOMENT)).expect("a timeout");
        Side { stream, bytes: Vec::new(), closed: false }
    }

    pub(super) fn read(&mut self) {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            _ if self.closed => (),
            Ok(0) => self.closed = true,
            Ok(read) => self.bytes.extend_from_slice(&bytes[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => (),
            Err(_) => self.closed = true,
        }
    }
}
