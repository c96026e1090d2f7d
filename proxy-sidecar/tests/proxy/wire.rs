//! Raw sockets: what a test sends and reads are bytes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::process::{LIMIT, until};

/// One end of a connection.
pub(crate) struct Wire {
    stream: TcpStream,
    /// Read and not yet taken.
    ahead: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Wire {
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        stream.set_nodelay(true).expect("a socket");
        Wire { stream, ahead: Vec::new() }
    }

    pub(crate) fn connect(at: SocketAddr) -> Wire {
        Wire::new(TcpStream::connect(at).expect("a connection"))
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("sent");
    }

    /// Sends what may be refused half way.
    pub(crate) fn try_send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
    }

    /// Reads up to and including `end`.
    pub(crate) fn read_through(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = find(&self.ahead, end.as_bytes()) {
                let taken: Vec<u8> = self.ahead.drain(..at + end.len()).collect();
                return String::from_utf8_lossy(&taken).into_owned();
            }
            assert!(self.read_more(), "closed before {end:?}: {:?}", String::from_utf8_lossy(&self.ahead));
        }
    }

    pub(crate) fn read_head(&mut self) -> String {
        self.read_through("\r\n\r\n").to_ascii_lowercase()
    }

    /// The next head, or none where the other side has closed.
    pub(crate) fn next_head(&mut self) -> Option<String> {
        while find(&self.ahead, b"\r\n\r\n").is_none() {
            if !self.read_more() {
                return None;
            }
        }
        Some(self.read_head())
    }

    pub(crate) fn read_bytes(&mut self, count: usize) -> String {
        while self.ahead.len() < count {
            assert!(self.read_more(), "closed before {count} bytes");
        }
        String::from_utf8_lossy(&self.ahead.drain(..count).collect::<Vec<u8>>()).into_owned()
    }

    /// Reads an answer with a `Content-Length`: its status and body.
    pub(crate) fn read_answer(&mut self) -> (u16, String) {
        let head = self.read_head();
        let length = field(&head, "content-length").map_or(0, |value| value.parse().expect("a length"));
        (status(&head), self.read_bytes(length))
    }

    /// Reads until the other side closes.
    pub(crate) fn read_to_end(&mut self) -> String {
        while self.read_more() {}
        String::from_utf8_lossy(&std::mem::take(&mut self.ahead)).into_owned()
    }

    /// Waits until the other side has closed, and fails on any byte.
    pub(crate) fn expect_closed(&mut self) {
        assert_eq!(self.read_to_end(), "");
    }

    /// Whether nothing comes for a moment.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
        let quiet = self.ahead.is_empty()
            && matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        quiet
    }

    pub(crate) fn close_sending(&self) {
        self.stream.shutdown(Shutdown::Write).expect("open");
    }

    /// The stream itself, for a thread of its own.
    pub(crate) fn stream(&self) -> TcpStream {
        self.stream.try_clone().expect("a descriptor")
    }

    fn read_more(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(read) => {
                self.ahead.extend_from_slice(&bytes[..read]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}, read so far: {:?}", String::from_utf8_lossy(&self.ahead)),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

pub(crate) fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status in {head:?}"))
}

/// A field of a head in lower case.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// A backend whose connections the test itself answers.
pub(crate) struct Origin {
    listener: TcpListener,
    pub(crate) at: SocketAddr,
}

impl Origin {
    pub(crate) fn start() -> Origin {
        Origin::start_at("127.0.0.1:0")
    }

    pub(crate) fn start_at(at: &str) -> Origin {
        let listener = TcpListener::bind(at).expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        Origin { at: listener.local_addr().expect("an address"), listener }
    }

    /// The next connection.
    pub(crate) fn accept(&self) -> Wire {
        until("a connection to the origin", || self.try_accept())
    }

    /// The next connection, where one waits.
    pub(crate) fn try_accept(&self) -> Option<Wire> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(false).expect("a socket");
        Some(Wire::new(stream))
    }

    /// Answers every request on every connection, in threads of its own, and counts them.
    pub(crate) fn answer_all(self, body: &'static str) -> std::sync::Arc<std::sync::atomic::AtomicUsize> {
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&count);
        self.listener.set_nonblocking(false).expect("a socket");
        std::thread::spawn(move || {
            for stream in self.listener.incoming().map_while(Result::ok) {
                let counted = std::sync::Arc::clone(&counted);
                std::thread::spawn(move || answer_on(stream, body, &counted));
            }
        });
        count
    }
}

fn answer_on(mut stream: TcpStream, body: &str, counted: &std::sync::atomic::AtomicUsize) {
    let mut ahead = Vec::new();
    let mut bytes = [0; 4096];
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    while let Ok(read) = stream.read(&mut bytes) {
        if read == 0 {
            return;
        }
        ahead.extend_from_slice(&bytes[..read]);
        while let Some(end) = find(&ahead, b"\r\n\r\n") {
            ahead.drain(..end + 4);
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
