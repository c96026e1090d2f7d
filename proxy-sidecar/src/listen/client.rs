//! A caller's connection: its socket with the timeouts that hyper does not tell apart, and whether it has left.
//!
//! A connection is in one of three states. *Reading*: a request's head is on its way; it has ten seconds, also for the
//! first byte of a new connection. *Busy*: a request is being answered; nothing times out here. *Idle*: the last answer
//! is out; the next request may take 75 s to come, longer than any load balancer keeps a connection (trap 4).

use std::cell::RefCell;
use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, recv, shutdown};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::listen::room::Place;

/// For a request's head, and for the first byte of a new connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Between an answer and the next request.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How often a caller is looked after while bytes of its own wait to be read.
const LOOK_AFTER: Duration = Duration::from_millis(500);

const READING: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;

/// A caller.
#[derive(Debug)]
pub struct Client {
    /// Its address.
    pub peer: SocketAddr,
    stream: Arc<TcpStream>,
    activity: Arc<AtomicU8>,
    has_asked: AtomicBool,
}

/// The mark that a request of this connection is being answered.
#[derive(Debug)]
pub struct Busy(Arc<AtomicU8>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }
}

impl Client {
    /// A caller whose first request is awaited.
    #[must_use]
    pub fn new(stream: Arc<TcpStream>, peer: SocketAddr) -> Client {
        Client { peer, stream, activity: Arc::new(AtomicU8::new(READING)), has_asked: AtomicBool::new(false) }
    }

    /// A request's head is complete.
    pub fn request_begins(&self) {
        self.activity.store(BUSY, Ordering::Relaxed);
        self.has_asked.store(true, Ordering::Relaxed);
    }

    /// The mark for its answer.
    #[must_use]
    pub fn busy(&self) -> Busy {
        Busy(Arc::clone(&self.activity))
    }

    /// Whether it has not asked for anything yet.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        !self.has_asked.load(Ordering::Relaxed)
    }

    /// Whether bytes of its wait to be read, as the kernel says now.
    #[must_use]
    pub fn has_sent(&self) -> bool {
        matches!(recv(self.stream.as_raw_fd(), &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT), Ok(1))
    }

    /// Returns once it has left: it closed its side, or the connection broke. A caller that closes its sending side
    /// alone counts as having left, as it does for hyper.
    pub async fn left(&self) {
        loop {
            match self.stream.ready(Interest::READABLE).await {
                Ok(ready) if ready.is_read_closed() => return,
                Err(_) => return,
                // Bytes wait to be read, so the socket stays ready; there is no way to wait for its end alone.
                Ok(_) => sleep(LOOK_AFTER).await,
            }
        }
    }
}

/// The socket as hyper uses it.
#[derive(Debug)]
pub struct ClientSocket {
    stream: Arc<TcpStream>,
    activity: Arc<AtomicU8>,
    /// The timeout that runs, and for which state.
    timeout: Option<(u8, Pin<Box<Sleep>>)>,
    /// Given back when the socket is closed, which for a tunnel is long after its connection's end.
    _place: Option<Place>,
}

impl ClientSocket {
    /// The socket of `client`.
    #[must_use]
    pub fn new(client: &Client, place: Option<Place>) -> ClientSocket {
        ClientSocket {
            stream: Arc::clone(&client.stream),
            activity: Arc::clone(&client.activity),
            timeout: None,
            _place: place,
        }
    }

    /// Whether the time of the current state is up.
    fn poll_timeout(&mut self, context: &mut Context<'_>) -> Poll<u8> {
        let state = self.activity.load(Ordering::Relaxed);
        let limit = match state {
            READING => HEADER_TIMEOUT,
            IDLE => IDLE_TIMEOUT,
            _ => {
                self.timeout = None;
                return Poll::Pending;
            }
        };
        let (_, timer) = match &mut self.timeout {
            Some((of, timer)) if *of == state => (state, timer),
            other => {
                let (_, timer) = other.insert((state, Box::pin(sleep(limit))));
                (state, timer)
            }
        };
        ready!(timer.as_mut().poll(context));
        Poll::Ready(state)
    }
}

impl Read for ClientSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.stream.poll_read_ready(context)?.is_pending() {
                return match self.poll_timeout(context) {
                    Poll::Pending => Poll::Pending,
                    // An idle connection ends as if the caller had closed it; half a head is an error.
                    Poll::Ready(IDLE) => Poll::Ready(Ok(())),
                    Poll::Ready(_) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                };
            }
            match read_into(&self.stream, &mut buffer) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(_) => {
                    // The first byte after an answer begins the next head.
                    let _ = self.activity.compare_exchange(IDLE, READING, Ordering::Relaxed, Ordering::Relaxed);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

thread_local! {
    /// What is read passes through here: hyper's cursor gives no initialised bytes to read into without `unsafe`, and a
    /// buffer for each connection would cost its 64 KiB for each idle caller.
    static PASSAGE: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

fn read_into(stream: &TcpStream, buffer: &mut ReadBufCursor<'_>) -> io::Result<usize> {
    PASSAGE.with_borrow_mut(|passage| {
        let most = buffer.remaining().min(passage.len());
        let read = stream.try_read(&mut passage[..most])?;
        buffer.put_slice(&passage[..read]);
        Ok(read)
    })
}

impl Write for ClientSocket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.timeout = None;
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
                other => return Poll::Ready(other),
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.timeout = None;
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
                other => return Poll::Ready(other),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match shutdown(self.stream.as_raw_fd(), Shutdown::Write) {
            // Not connected: the caller was faster.
            Ok(()) | Err(Errno::ENOTCONN) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}
