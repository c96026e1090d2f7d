//! A backend's connection of HTTP/1.1, while it has a request.

use std::io;
use std::task::{Context, Poll};

use ::http1::Limits;
use ::http1::framing::Length;
use ::http1::response::Response;
use http::HeaderMap;

use super::{Backend, Idle};
use crate::forward::asked::Outgoing;
use crate::pump::{Cut, Piece, Sink, Source};
use crate::service::{Connected, Ticket};
use crate::wire::{Left, NoHead, Wire};

/// A connection of HTTP/1.1. Dropping it closes it.
#[derive(Debug)]
pub struct Kept {
    /// Declared before the count, and so closed before it is given back.
    wire: Wire,
    count: Connected,
    reused: bool,
}

impl Kept {
    pub(super) fn new(wire: Wire, count: Connected, reused: bool) -> Kept {
        Kept { wire, count, reused }
    }
}

impl Source for Kept {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece<'_>, Cut>> {
        self.wire.poll_piece(context)
    }

    fn consume(&mut self, bytes: usize) {
        self.wire.consume(bytes);
    }

    fn slow_down(&mut self) {
        self.wire.slow_down();
    }

    fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.wire.take_trailers()
    }
}

impl Sink for Kept {
    fn poll_put(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.wire.poll_put(context, bytes)
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Cut> {
        self.wire.finish(trailers)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.poll_flush(context)
    }
}

impl Backend for Kept {
    const HTTP2: bool = false;

    fn send(&mut self, outgoing: &Outgoing, length: Length) {
        self.wire.begin();
        match outgoing {
            Outgoing::Http1(head) => self.wire.lines().extend_from_slice(head),
            // One that is opened for HTTP/1.1 is given nothing else.
            Outgoing::Http2(_) => (),
        }
        self.wire.follow_with(length);
    }

    fn poll_answer<T>(
        &mut self,
        context: &mut Context<'_>,
        limits: Limits,
        mut take: impl FnMut(&Response<'_, '_>, bool) -> T,
    ) -> Poll<Result<T, NoHead>> {
        self.wire.poll_response(context, limits, |response| take(response, false))
    }

    fn expect(&mut self, length: Length, nominated: Vec<String>) {
        self.wire.expect(length, nominated);
    }

    fn become_tunnel(&mut self) {
        self.wire.become_tunnel();
    }

    fn has_closed(&mut self, context: &mut Context<'_>) -> bool {
        self.wire.poll_left(context) == Left::Gone
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.wire.poll_end(context)
    }

    fn has_sent_nothing(&self) -> bool {
        self.wire.has_written_nothing()
    }

    fn is_reused(&self) -> bool {
        self.reused
    }

    fn give_back(mut self, ticket: &Ticket, keeps: bool) {
        let (service, line) = (ticket.service(), ticket.line());
        if keeps && self.wire.is_clean() && service.may_start(line.at) {
            self.wire.shrink();
            line.pool.put(Idle { wire: self.wire, count: self.count, since: service.clock.now() });
        }
    }
}
