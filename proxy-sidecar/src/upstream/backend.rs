//! What a request's way needs of its backend, whatever version it speaks.

use std::task::{Context, Poll};

use ::http1::Limits;
use ::http1::framing::Length;
use ::http1::response::Response;

use crate::pump::{Sink, Source};
use crate::wire::NoHead;

/// A request as it is sent on.
#[derive(Debug)]
pub enum Outgoing {
    /// The bytes of its head.
    Http1(Vec<u8>),
    /// Its head for HTTP/2.
    Http2(Box<http::Request<()>>),
}

/// A backend that is given one request.
pub trait Backend {
    /// It speaks HTTP/2.
    const HTTP2: bool;

    /// The source of the answer's body and the sink of the request's.
    type Ends: Source + Sink;

    /// Both.
    fn ends(&mut self) -> &mut Self::Ends;

    /// Begins the request; a body of this length follows.
    fn send(&mut self, outgoing: &Outgoing, length: Length);

    /// Waits for the next head of an answer, interim ones included, and hands it to `take`, with whether it is known to be
    /// the whole answer.
    fn poll_answer<T>(
        &mut self,
        context: &mut Context<'_>,
        limits: Limits,
        take: impl FnMut(&Response<'_, '_>, bool) -> T,
    ) -> Poll<Result<T, NoHead>>;

    /// A body of this length follows the head that was taken, which nominated these names.
    fn expect(&mut self, length: Length, nominated: Vec<String>);

    /// From now on it is one end of a tunnel.
    fn become_tunnel(&mut self);

    /// Whether it takes no more, after its answer: it has closed its side.
    fn has_closed(&mut self, context: &mut Context<'_>) -> bool;

    /// Says that nothing more comes from us, in a tunnel.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Whether nothing of the request has left this process.
    fn has_sent_nothing(&self) -> bool;

    /// Whether it had carried a request before this one.
    fn is_reused(&self) -> bool;

    /// Keeps it for the next request, if it may be.
    fn give_back(self, ticket: &crate::service::Ticket, keeps: bool);
}
