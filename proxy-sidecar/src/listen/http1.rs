//! A caller's connection of HTTP/1.1: one request after the other, until either side ends it.
//!
//! Between requests it is *fresh* (its first head is awaited), *reading* (a head has begun), or *idle* (the last answer is
//! out): each has its own time (trap 4). One that stays idle is parked: its socket is given back, and everything else of it
//! is let go.

use std::future::{Future as _, poll_fn};
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use http1::framing;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::forward::alarm::Patience;
use crate::forward::asked::{self, Asked, Head, Spoken};
use crate::forward::caller::{AnswerHead, Caller, Fill};
use crate::forward::{Carried, Forward, Peer};
use crate::listen::Times;
use crate::reply::Reason;
use crate::stage::Stage;
use crate::wire::{Io, Left, NoHead, Rewound, Wire};

pub mod answer;

/// How long a connection that was just accepted may take for its first byte once the proxy closes.
const LAST_CALL: Duration = Duration::from_secs(1);

/// How long a caller may take to read what it was told before its connection is cut, and to end its own side.
const LINGER: Duration = Duration::from_secs(5);

/// After so long between requests a connection is parked.
const PARKS_AFTER: Duration = Duration::from_secs(1);

/// A caller of HTTP/1.1, and how its connection stands.
#[derive(Debug)]
pub struct Conversation {
    wire: Wire,
    spoken: Spoken,
    /// Another request may follow the one under way.
    keeps: bool,
    patience: Patience,
}

/// How a connection ended.
#[derive(Debug)]
pub enum Ended {
    /// It is closed.
    Closed,
    /// It waits for its next request, which may take long.
    Idle(TcpStream),
    /// HTTP/2 is spoken on it.
    Http2(Rewound<Io>),
}

/// What was waited for between requests, and came.
enum Came {
    Request(Box<Result<Asked, Refused>>),
    /// Nothing that could be answered.
    Nothing,
    /// It is time to park.
    Quiet,
    /// The preface of HTTP/2.
    Preface,
}

/// A request that is refused by its head.
struct Refused {
    reason: Reason,
    is_head: bool,
}

impl Came {
    fn refused(reason: Reason) -> Came {
        Came::Request(Box::new(Err(Refused { reason, is_head: false })))
    }
}

/// Serves a connection; `fresh` where nothing was ever asked on it.
pub async fn serve(
    io: Io,
    fresh: bool,
    peer: &Peer,
    forward: &Forward,
    times: Times,
    stage: &mut watch::Receiver<Stage>,
) -> Ended {
    let mut conversation =
        Conversation { wire: Wire::new(io), spoken: Spoken::Http11, keeps: true, patience: Patience::default() };
    let mut fresh = fresh;
    loop {
        let asked = match conversation.next(fresh, peer, forward, times, stage).await {
            Came::Request(asked) => *asked,
            Came::Nothing => return Ended::Closed,
            Came::Preface => return Ended::Http2(conversation.wire.into_rewound()),
            Came::Quiet => {
                return match conversation.wire.into_io() {
                    Io::Plain(stream) => Ended::Idle(stream),
                    // A session has more to keep than a socket.
                    Io::Tls(_) => Ended::Closed,
                };
            }
        };
        fresh = false;
        let asked_to_close = asked.as_ref().is_ok_and(|asked| !asked.keeps);
        let carried = match asked {
            // Boxed, so that a connection that waits for its next request is as small as that.
            Ok(asked) => Box::pin(conversation.carry(&asked, forward)).await,
            Err(Refused { reason, is_head }) => {
                // What follows a head that was refused may be its body, or anything.
                conversation.keeps = false;
                forward.refuse(&mut conversation, reason, is_head, true).await
            }
        };
        if carried == Carried::Broken {
            return Ended::Closed;
        }
        if !conversation.keeps || !conversation.wire.has_read_body() {
            // One that has asked for the end, and has sent nothing more, reads what it was sent to its end.
            let agreed = asked_to_close && conversation.wire.has_read_body() && !conversation.wire.has_begun();
            if !agreed || !matches!(conversation.wire.io(), Io::Plain(_)) {
                conversation.linger().await;
            }
            return Ended::Closed;
        }
        conversation.wire.shrink();
    }
}

impl Conversation {
    async fn carry(&mut self, asked: &Asked, forward: &Forward) -> Carried {
        self.spoken = asked.spoken;
        self.keeps = asked.keeps;
        self.wire.expect(asked.length, asked.nominated.clone());
        forward.carry(self, asked).await
    }

    /// Waits for the next request.
    async fn next(
        &mut self,
        fresh: bool,
        peer: &Peer,
        forward: &Forward,
        times: Times,
        stage: &mut watch::Receiver<Stage>,
    ) -> Came {
        self.patience.begin();
        let mut reading = self.wire.has_begun();
        let mut closing = false;
        let mut decided = !fresh;
        let can_park = matches!(self.wire.io(), Io::Plain(_));
        let mut closes = std::pin::pin!(super::closes(stage));
        poll_fn(|context| {
            if !decided {
                match self.wire.poll_preface(context) {
                    Poll::Ready(true) => return Poll::Ready(Came::Preface),
                    Poll::Ready(false) => decided = true,
                    Poll::Pending => (),
                }
            }
            let head = match decided {
                // Half a preface is no head.
                false => Poll::Pending,
                true => self.wire.poll_request(context, forward.limits, |request| {
                    let head = Head {
                        method: request.method,
                        target: request.target,
                        authority: None,
                        spoken: request.version.into(),
                        said: framing::said(request.version, request.fields),
                        protocol: None,
                        fields: request.fields,
                    };
                    asked::ask(forward, peer, &head)
                        .map_err(|reason| Refused { reason, is_head: request.method == "HEAD" })
                }),
            };
            match head {
                Poll::Ready(Ok(asked)) => return Poll::Ready(Came::Request(Box::new(asked))),
                Poll::Ready(Err(NoHead::Flawed(flaw))) => return Poll::Ready(Came::refused(flaw.into())),
                Poll::Ready(Err(NoHead::Closed | NoHead::Broken)) => return Poll::Ready(Came::Nothing),
                Poll::Pending => (),
            }
            if !reading && self.wire.has_begun() {
                reading = true;
                self.patience.begin();
            }
            if !closing && closes.as_mut().poll(context).is_ready() {
                closing = true;
                self.patience.begin();
                // A request may be on its way, or in the kernel.
                if !reading && !fresh && !self.wire.io().has_bytes() {
                    return Poll::Ready(Came::Nothing);
                }
            }
            let parks = can_park && !fresh && !reading && !closing;
            let wait = match (reading, fresh, closing) {
                (_, _, true) => LAST_CALL,
                (true, ..) | (_, true, _) => times.header,
                (false, false, false) if parks => PARKS_AFTER.min(times.idle),
                (false, false, false) => times.idle,
            };
            match self.patience.poll(context, wait) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(()) if parks && wait < times.idle => Poll::Ready(Came::Quiet),
                Poll::Ready(()) if reading && decided && !closing => Poll::Ready(Came::refused(Reason::HeaderTimeout)),
                Poll::Ready(()) => Poll::Ready(Came::Nothing),
            }
        })
        .await
    }

    /// Ends our side and reads on for a while: a socket that is closed with bytes unread is reset, and the caller might
    /// never see what it was told (RFC 9112, 9.6).
    async fn linger(&mut self) {
        let end = async {
            poll_fn(|context| self.wire.poll_end(context)).await;
            poll_fn(|context| self.wire.poll_discard(context)).await;
        };
        let _ = timeout(LINGER, end).await;
    }
}

impl Caller for Conversation {
    type Ends = Wire;

    fn ends(&mut self) -> &mut Wire {
        &mut self.wire
    }

    fn answer(&mut self, head: AnswerHead, fill: Fill<'_>) -> io::Result<()> {
        self.wire.begin();
        let length = answer::head(self.wire.lines(), head, self.spoken, &mut self.keeps, fill);
        self.wire.follow_with(length);
        Ok(())
    }

    fn interim(&mut self, status: u16, fill: Fill<'_>) {
        answer::interim(self.wire.lines(), status, self.spoken, fill);
    }

    fn switch(&mut self, token: &str, fill: Fill<'_>) -> io::Result<()> {
        self.keeps = false;
        answer::switched(self.wire.lines(), token, fill);
        self.wire.become_tunnel();
        Ok(())
    }

    fn cut(&mut self) {
        self.wire.cut();
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.wire.poll_end(context)
    }

    fn has_sent_all(&self) -> bool {
        self.wire.has_read_body()
    }

    fn poll_left(&mut self, context: &mut Context<'_>) -> Left {
        self.wire.poll_left(context)
    }
}
