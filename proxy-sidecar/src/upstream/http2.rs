//! Backends that are spoken to in HTTP/2 without TLS (h2c): gRPC's, and those that a setting says to be such.
//!
//! A backend has one connection of this kind at a time; every request is a stream on it. It is counted as any other
//! connection, and lives as long as it may be used or has streams.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http1::framing::Length;
use ::http1::response::Response;
use ::http1::{Limits, Version};
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};

use super::{Backend, Dialling, NoConnection, Outgoing, connect};
use crate::service::Ticket;
use crate::stream::{Coming, Ends, Going, to_fields};
use crate::wire::NoHead;

/// As large as a caller's.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const SEND_BUFFER: usize = 128 * 1024;

/// The connection that new streams are opened on.
pub type Opener = SendRequest<Bytes>;

/// A stream of a backend's connection. Dropping it unfinished resets it.
#[derive(Debug)]
pub struct Stream {
    opener: Opener,
    reused: bool,
    response: Option<ResponseFuture>,
    ends: Ends,
    /// The backend has said that it did nothing with the request.
    untouched: bool,
}

/// Room for a stream at the ticket's backend, on the connection that is there, or on a new one.
///
/// # Errors
/// [`NoConnection`]; the service has been told.
pub async fn stream(ticket: &Ticket, dialling: Dialling, limits: Limits) -> Result<Stream, NoConnection> {
    let (service, line) = (ticket.service(), ticket.line());
    if let Some(opener) = line.pool.opener()
        && let Ok(opener) = opener.ready().await
    {
        return Ok(Stream::new(opener, true));
    }
    let dialled = async {
        let (stream, count) = connect(service, line, dialling.connect).await?;
        let handshake = Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(u32::try_from(limits.bytes).unwrap_or(u32::MAX))
            .max_send_buffer_size(SEND_BUFFER)
            .enable_push(false)
            .handshake(stream);
        let (opener, connection) = handshake.await.map_err(|error| NoConnection::Failed(io::Error::other(error)))?;
        tokio::spawn(async move {
            // Its error reaches the streams that it fails.
            if let Err(error) = connection.await {
                tracing::trace!(%error, "upstream connection ended");
            }
            drop(count);
        });
        opener.ready().await.map_err(|error| NoConnection::Failed(io::Error::other(error)))
    };
    match dialled.await {
        Ok(opener) => {
            line.pool.keep_opener(opener.clone(), service.clock.now());
            Ok(Stream::new(opener, false))
        }
        Err(error) => {
            ticket.connect_failed();
            Err(error)
        }
    }
}

impl Stream {
    fn new(opener: Opener, reused: bool) -> Stream {
        Stream { opener, reused, response: None, ends: Ends::default(), untouched: false }
    }

    fn note(&mut self, error: &h2::Error) -> NoHead {
        self.untouched |= error.reason() == Some(Reason::REFUSED_STREAM);
        match error.is_library() && error.reason() == Some(Reason::PROTOCOL_ERROR) {
            true => NoHead::Flawed(::http1::Flaw::Head),
            false => NoHead::Closed,
        }
    }
}

impl Backend for Stream {
    const HTTP2: bool = true;

    type Ends = Ends;

    fn ends(&mut self) -> &mut Ends {
        &mut self.ends
    }

    fn send(&mut self, outgoing: &Outgoing, length: Length) {
        // One that is opened for HTTP/2 is given nothing else.
        let Outgoing::Http2(request) = outgoing else { return };
        let ends = matches!(length, Length::Absent | Length::Exactly(0));
        let promised = if let Length::Exactly(bytes) = length { Some(bytes) } else { None };
        match self.opener.send_request(request.as_ref().clone(), ends) {
            Ok((response, send)) => {
                self.response = Some(response);
                self.ends.going = Going::new((!ends).then_some(send), promised.filter(|_| !ends));
            }
            // The connection has ended meanwhile, or its numbers are used up.
            Err(error) => {
                tracing::trace!(%error, "stream not opened");
                self.untouched = true;
            }
        }
    }

    fn poll_answer<T>(
        &mut self,
        context: &mut Context<'_>,
        _limits: Limits,
        mut take: impl FnMut(&Response<'_, '_>, bool) -> T,
    ) -> Poll<Result<T, NoHead>> {
        let Some(response) = &mut self.response else { return Poll::Ready(Err(NoHead::Closed)) };
        if let Poll::Ready(Some(Ok(interim))) = response.poll_informational(context) {
            let fields = to_fields(interim.headers());
            let head = Response { status: interim.status().as_u16(), version: Version::Http11, fields: &fields };
            return Poll::Ready(Ok(take(&head, false)));
        }
        let answer: http::Response<RecvStream> = match ready!(Pin::new(response).poll(context)) {
            Ok(answer) => answer,
            Err(error) => return Poll::Ready(Err(self.note(&error))),
        };
        self.response = None;
        let (parts, recv) = answer.into_parts();
        let ended = recv.is_end_stream();
        self.ends.coming = Some(Coming::new(recv));
        let fields = to_fields(&parts.headers);
        let head = Response { status: parts.status.as_u16(), version: Version::Http11, fields: &fields };
        Poll::Ready(Ok(take(&head, ended)))
    }

    /// Its frames say where it ends.
    fn expect(&mut self, _length: Length, _nominated: Vec<String>) {}

    /// Tunnels go by HTTP/1.1.
    fn become_tunnel(&mut self) {}

    fn has_closed(&mut self, context: &mut Context<'_>) -> bool {
        self.ends.going.is_reset(context)
    }

    fn poll_end(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        let _ = self.ends.going.finish(None);
        Poll::Ready(())
    }

    fn has_sent_nothing(&self) -> bool {
        self.untouched
    }

    fn is_reused(&self) -> bool {
        self.reused
    }

    /// The connection is kept by itself.
    fn give_back(self, ticket: &Ticket, _keeps: bool) {
        ticket.line().pool.note_used(ticket.service().clock.now());
    }
}
