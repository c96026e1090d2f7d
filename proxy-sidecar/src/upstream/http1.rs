//! A backend's connection of HTTP/1.1, while it has a request.

use std::task::{Context, Poll};

use ::http1::Limits;
use ::http1::framing::Length;
use ::http1::response::Response;

use super::{Backend, Idle, Outgoing};
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

impl Backend for Kept {
    const HTTP2: bool = false;

    type Ends = Wire;

    fn ends(&mut self) -> &mut Wire {
        &mut self.wire
    }

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
