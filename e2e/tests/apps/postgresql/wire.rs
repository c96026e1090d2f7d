//! The simple query protocol of PostgreSQL, as much of it as a session without a password needs.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::client::{connect, wrong};

/// Version 3.0 of the protocol.
const VERSION: u32 = 0x0003_0000;

/// A session of the user `postgres`.
pub(super) struct Session(TcpStream);

impl Session {
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let mut session = Session(connect(address)?);
        let body = [&VERSION.to_be_bytes()[..], b"user\0postgres\0\0"].concat();
        session.0.write_all(&[&length(&body)[..], &body].concat())?;
        session.answer()?;
        Ok(session)
    }

    /// Runs it: the first column of each row.
    pub(super) fn query(&mut self, sql: &str) -> io::Result<Vec<String>> {
        self.ask(sql)?;
        self.answer()
    }

    /// Sends it, and waits for nothing.
    pub(super) fn ask(&mut self, sql: &str) -> io::Result<()> {
        let body = [sql.as_bytes(), b"\0"].concat();
        self.0.write_all(&[&b"Q"[..], &length(&body), &body].concat())
    }

    /// Reads until the server is ready for a query: the first column of each row that comes before.
    pub(super) fn answer(&mut self) -> io::Result<Vec<String>> {
        let mut rows = Vec::new();
        loop {
            let (kind, body) = self.message()?;
            match kind {
                b'Z' => return Ok(rows),
                b'D' => rows.push(first_column(&body)),
                b'E' => return Err(wrong(String::from_utf8_lossy(&body).replace('\0', " "))),
                _ => {}
            }
        }
    }

    fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.0.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
        self.0.read_exact(&mut body)?;
        Ok((kind, body))
    }
}

/// The length as it stands before a body: its own four bytes counted.
fn length(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len() + 4).expect("short messages").to_be_bytes()
}

/// After the number of columns (two bytes), and the length of the first (four).
fn first_column(row: &[u8]) -> String {
    let length = row.get(2..6).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_be_bytes);
    let end = 6 + usize::try_from(length).unwrap_or_default();
    row.get(6..end).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}
