//! What clients do, on plain sockets, so that each byte is read when the test says so.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::LIMIT;

/// A connection on which nothing waits for longer than the limit.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

/// What is not as it should be.
pub(crate) fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// One request on a connection of its own: status and body.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut answer = String::new();
    ask(address, path, "Connection: close\r\n")?.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| wrong(format!("no answer: {answer:?}")))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.ok_or_else(|| wrong(head))?, body.to_owned()))
}

/// Asks a web server for `/`, which says that it works.
pub(crate) fn ask_for_page(address: SocketAddr) -> io::Result<()> {
    match get(address, "/")? {
        (200, _) => Ok(()),
        other => Err(wrong(format!("{other:?}"))),
    }
}

fn ask(address: SocketAddr, path: &str, headers: &str) -> io::Result<TcpStream> {
    let mut stream = connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")?;
    Ok(stream)
}

/// An answer's head, line by line.
fn head(answer: &mut impl io::BufRead) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        match line.trim_end() {
            "" => return Ok(lines),
            line => lines.push(line.to_ascii_lowercase()),
        }
    }
}

/// A download that is read as slowly as the test wants: what is not read fills the buffers, and the app has to wait.
pub(crate) struct Download {
    answer: BufReader<TcpStream>,
    length: u64,
}

impl Download {
    /// Asks for `/download`, much more than all buffers hold, and reads no more than the head.
    pub(crate) fn begin(address: SocketAddr) -> Self {
        let stream = ask(address, "/download", "Connection: close\r\n").expect("a connection");
        let mut answer = BufReader::new(stream);
        let head = head(&mut answer).expect("a head");
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        Download { answer, length: length.parse().expect("a number") }
    }

    /// Reads all that comes, and asserts that nothing of it is missing.
    pub(crate) fn read_to_its_end(mut self) {
        let read = io::copy(&mut self.answer, &mut io::sink());
        assert_eq!(read.expect("no reset"), self.length, "the download was cut");
    }
}

/// A WebSocket on which short texts are echoed.
pub(crate) struct WebSocket(BufReader<TcpStream>);

impl WebSocket {
    const TEXT: u8 = 0x81;
    const CLOSE: u8 = 0x88;

    pub(crate) fn open(address: SocketAddr) -> Self {
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let mut answer = BufReader::new(ask(address, "/ws", upgrade).expect("a connection"));
        let head = head(&mut answer).expect("a head");
        assert!(head[0].contains(" 101 "), "{head:?}");
        WebSocket(answer)
    }

    /// Sends a text and waits for its echo.
    pub(crate) fn echo(&mut self, text: &str) {
        self.send(Self::TEXT, text.as_bytes());
        assert_eq!(self.receive(), (Self::TEXT, text.as_bytes().to_vec()));
    }

    /// Waits for the app's goodbye: the code of its close frame.
    pub(crate) fn closed_with(mut self) -> u16 {
        loop {
            match self.receive() {
                (Self::CLOSE, body) => return u16::from_be_bytes([body[0], body[1]]),
                (_ping, _) => {}
            }
        }
    }

    /// Says goodbye, as a client does.
    pub(crate) fn close(mut self) {
        self.send(Self::CLOSE, &1000_u16.to_be_bytes());
        assert_eq!(self.closed_with(), 1000);
    }

    /// With a mask of zeros, which leaves the bytes as they are.
    fn send(&mut self, kind: u8, body: &[u8]) {
        let length = u8::try_from(body.len()).expect("short texts");
        let frame = [&[kind, 0x80 | length, 0, 0, 0, 0], body].concat();
        self.0.get_mut().write_all(&frame).expect("the socket is open");
    }

    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut start = [0; 2];
        self.0.read_exact(&mut start).expect("a frame");
        let mut body = vec![0; usize::from(start[1])];
        self.0.read_exact(&mut body).expect("the frame's body");
        (start[0], body)
    }
}
