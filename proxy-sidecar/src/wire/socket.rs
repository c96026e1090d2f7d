//! A socket, with TLS or without.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use nix::libc;
use nix::sys::socket::sockopt::Linger;
use nix::sys::socket::{MsgFlags, recv, setsockopt};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A socket.
#[derive(Debug)]
pub enum Io {
    /// As it is.
    Plain(TcpStream),
    /// Under TLS, a caller's.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Io {
    /// The socket itself.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match self {
            Io::Plain(stream) => stream,
            Io::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the kernel knows that the other side has closed, or that the connection broke.
    pub fn is_read_closed(&self, context: &mut Context<'_>) -> bool {
        let ready = std::pin::pin!(self.socket().ready(Interest::READABLE));
        match ready.poll(context) {
            Poll::Ready(Ok(ready)) => ready.is_read_closed(),
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        }
    }

    /// Ready where reading may give something; then a buffer is needed, and not before.
    pub fn poll_may_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Io::Plain(stream) => stream.poll_read_ready(context),
            // What was decrypted already is none of the kernel's business.
            Io::Tls(_) => Poll::Ready(Ok(())),
        }
    }

    /// Whether bytes wait to be read, as the kernel says now.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        let peeked = recv(self.socket().as_raw_fd(), &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT);
        matches!(peeked, Ok(1))
    }

    /// Closing it resets the connection.
    pub fn reset_on_close(&self) {
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        // It fails only on a socket that is broken already.
        let _ = setsockopt(self.socket(), Linger, &at_once);
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Io::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Io::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Io::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Io::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Io::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Io::Plain(_) => true,
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Plain(stream) => Pin::new(stream).poll_flush(context),
            Io::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
