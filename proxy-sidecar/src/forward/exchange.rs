//! One request at one backend: its body goes up while its answer comes down, in one task and polled together.
//!
//! First the head of the answer is awaited; interim answers pass. Then the bodies move until the answer is out, or
//! either side breaks. A request that switches protocols becomes a tunnel.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use http1::Limits;
use tokio::sync::watch;

use crate::decide::retry::Failure;
use crate::forward::alarm::Alarm;
use crate::forward::asked::{Asked, Spoken};
use crate::forward::caller::Caller;
use crate::forward::exchange::head::{Heard, Verdict, on_head};
use crate::forward::presence::Presence;
use crate::pump::{Broke, Cut, Pump, Sink as _};
use crate::reply::Reason;
use crate::stage::Stage;
use crate::upstream::Backend;
use crate::wire::NoHead;

mod head;

/// How long a backend may let a caller wait for its 100 before the body is asked for anyway (RFC 9110, 10.1.1).
const CONTINUE_AFTER: Duration = Duration::from_secs(1);

/// A caller that keeps its backend waiting for a body for so long is a slow one.
const DAWDLES_AFTER: Duration = Duration::from_millis(100);

/// The most interim answers to one request.
const MOST_INTERIM: u32 = 32;

/// What concerns every exchange.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Of answers' heads.
    pub limits: Limits,
    /// `--response-timeout`.
    pub response_timeout: Option<Duration>,
    /// How far the proxy's end has come: from then on answers say that their connection ends.
    pub stage: &'a watch::Receiver<Stage>,
    /// `Strict-Transport-Security`, for answers over TLS.
    pub hsts: Option<&'a str>,
}

/// What came of an attempt before its answer was begun.
#[derive(Debug)]
pub enum Failed {
    /// It failed, and this is how; it may be tried again or not.
    Attempt(Failure, &'static str),
    /// The caller is told.
    Told(Reason),
    /// The caller is not there any more.
    Left,
}

/// An answer that has begun.
#[derive(Debug)]
pub struct Begun {
    upload: Upload,
    keeps: bool,
    tunnel: bool,
}

/// How an answer that had begun ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Wholly; the backend's connection may be kept or not.
    Whole {
        /// It may.
        keeps: bool,
    },
    /// The backend cut it short: the caller has to see that.
    CutByBackend,
    /// The caller left, or broke its own body.
    CutByCaller,
}

/// The request's body on its way up.
#[derive(Debug)]
struct Upload {
    pump: Pump,
    /// Not before the backend says 100, or switches.
    waits: bool,
    /// The backend takes no more; its answer may be there all the same.
    refused: bool,
}

impl Upload {
    /// Whether the backend has all that there is of the body, and waits for more.
    fn starves(&self) -> bool {
        !self.waits && !self.refused && self.pump.starves()
    }

    /// Moves on; the caller's fault alone ends the exchange.
    fn poll(&mut self, context: &mut Context<'_>, caller: &mut impl Caller, backend: &mut impl Backend) -> Option<Cut> {
        if self.refused || self.pump.is_done() {
            return None;
        }
        if self.waits {
            self.refused = matches!(backend.ends().poll_flush(context), Poll::Ready(Err(_)));
            return None;
        }
        match self.pump.poll(context, caller.ends(), backend.ends()) {
            Poll::Ready(Err(Broke::Source(cut))) => return Some(cut),
            Poll::Ready(Err(Broke::Sink(_))) => self.refused = true,
            Poll::Ready(Ok(())) | Poll::Pending => (),
        }
        None
    }
}

/// Sends a request and begins its answer; `dawdles` is told, once, that the caller keeps the backend waiting for its body.
///
/// # Errors
/// [`Failed`].
pub async fn begin<B: Backend>(
    caller: &mut impl Caller,
    backend: &mut B,
    asked: &Asked,
    terms: Terms<'_>,
    dawdles: impl FnOnce() + Send,
) -> Result<Begun, Failed> {
    backend.send(&asked.outgoing, asked.length);
    // What a caller sends after an extended CONNECT is the tunnel's, and there is none yet.
    let waits = asked.expects || asked.is_connect;
    let mut upload = Upload { pump: Pump::default(), waits, refused: false };
    let (mut presence, mut patience, mut deadline) = (Presence::default(), Alarm::default(), Alarm::default());
    let (mut interim, mut dawdles, mut dawdling) = (0, Some(dawdles), Alarm::default());
    poll_fn(|context| {
        loop {
            if let Some(cut) = upload.poll(context, caller, backend) {
                return Poll::Ready(Err(match cut {
                    Cut::Malformed => Failed::Told(Reason::BadBody),
                    Cut::Short => Failed::Left,
                }));
            }
            let uploaded = upload.pump.is_done();
            let heard = backend.poll_answer(context, terms.limits, |response, whole| {
                let spoken = if B::HTTP2 { Spoken::Http2 } else { response.version.into() };
                let heard = Heard { response, via: spoken.via(), whole, waits: upload.waits };
                on_head(caller, heard, asked, terms)
            });
            match heard {
                Poll::Ready(Ok(verdict)) => match verdict {
                    Verdict::Interim | Verdict::Continue => {
                        interim += 1;
                        if interim > MOST_INTERIM {
                            return Poll::Ready(Err(Failed::Told(Reason::UpstreamFraming)));
                        }
                        upload.waits &= verdict != Verdict::Continue;
                        // It goes out now: what it hints at is of use now.
                        if let Poll::Ready(Err(_)) = caller.ends().poll_flush(context) {
                            return Poll::Ready(Err(Failed::Left));
                        }
                    }
                    Verdict::Begun { length, keeps, nominated } => {
                        backend.expect(length, nominated);
                        let upload = std::mem::take(&mut upload);
                        return Poll::Ready(Ok(Begun { upload, keeps, tunnel: false }));
                    }
                    Verdict::Switched => {
                        backend.become_tunnel();
                        return Poll::Ready(Ok(Begun { upload: Upload::default(), keeps: false, tunnel: true }));
                    }
                    Verdict::Refused(reason) => return Poll::Ready(Err(Failed::Told(reason))),
                    Verdict::Left => return Poll::Ready(Err(Failed::Left)),
                },
                Poll::Ready(Err(no_head)) => {
                    return Poll::Ready(Err(no_answer(&no_head, backend, upload.pump.moved())));
                }
                Poll::Pending if presence.has_left(context, caller) => return Poll::Ready(Err(Failed::Left)),
                Poll::Pending if upload.waits && asked.expects && patience.poll(context, CONTINUE_AFTER).is_ready() => {
                    upload.waits = false;
                    caller.interim(100, &mut |_| ());
                    if let Poll::Ready(Err(_)) = caller.ends().poll_flush(context) {
                        return Poll::Ready(Err(Failed::Left));
                    }
                }
                Poll::Pending => {
                    if !upload.starves() {
                        dawdling.reset();
                    } else if dawdles.is_some()
                        && dawdling.poll(context, DAWDLES_AFTER).is_ready()
                        && let Some(tell) = dawdles.take()
                    {
                        tell();
                    }
                    if let Some(within) = terms.response_timeout.filter(|_| uploaded)
                        && deadline.poll(context, within).is_ready()
                    {
                        return Poll::Ready(Err(Failed::Told(Reason::ResponseTimeout)));
                    }
                    return Poll::Pending;
                }
            }
        }
    })
    .await
}

impl Default for Upload {
    fn default() -> Self {
        Upload { pump: Pump::done(), waits: false, refused: false }
    }
}

fn no_answer(no_head: &NoHead, backend: &impl Backend, moved: u64) -> Failed {
    match no_head {
        NoHead::Closed if backend.has_sent_nothing() && moved == 0 => {
            Failed::Attempt(Failure::NotSent, "the connection was closed before the request was sent")
        }
        NoHead::Closed => {
            let failure = Failure::Unanswered { reused: backend.is_reused() };
            Failed::Attempt(failure, "the connection was closed before an answer")
        }
        NoHead::Broken => {
            Failed::Attempt(Failure::Unanswered { reused: false }, "the connection was closed within the answer's head")
        }
        NoHead::Flawed(_) => Failed::Attempt(Failure::BadAnswer, "the answer's head is malformed"),
    }
}

/// Moves what is left, until the answer is out.
pub async fn finish(caller: &mut impl Caller, backend: &mut impl Backend, begun: Begun) -> Ended {
    let Begun { mut upload, keeps, tunnel } = begun;
    if tunnel {
        return join(caller, backend).await;
    }
    let (mut download, mut presence) = (Pump::default(), Presence::default());
    let ended = poll_fn(|context| {
        if upload.poll(context, caller, backend).is_some() {
            return Poll::Ready(Ended::CutByCaller);
        }
        match download.poll(context, backend.ends(), caller.ends()) {
            Poll::Ready(Ok(())) if upload.pump.is_done() => Poll::Ready(Ended::Whole { keeps }),
            // An early answer: the rest of the body is the backend's as long as it takes it.
            Poll::Ready(Ok(())) if upload.waits || upload.refused || backend.has_closed(context) => {
                Poll::Ready(Ended::Whole { keeps: false })
            }
            Poll::Ready(Ok(())) if presence.has_left(context, caller) => Poll::Ready(Ended::CutByCaller),
            Poll::Ready(Ok(())) => Poll::Pending,
            Poll::Ready(Err(Broke::Source(_))) => Poll::Ready(Ended::CutByBackend),
            Poll::Ready(Err(Broke::Sink(_))) => Poll::Ready(Ended::CutByCaller),
            Poll::Pending if presence.has_left(context, caller) => Poll::Ready(Ended::CutByCaller),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    if ended == Ended::CutByBackend {
        // What had come is the caller's.
        let _ = poll_fn(|context| caller.ends().poll_flush(context)).await;
        caller.cut();
    }
    ended
}

/// Joins the two ends of a tunnel until both have ended, or one breaks. Whatever the backend has said by then is the
/// caller's, also where it takes nothing more (RFC 9110, 9.3.6).
async fn join(caller: &mut impl Caller, backend: &mut impl Backend) -> Ended {
    let (mut up, mut down) = (Pump::default(), Pump::default());
    let (mut up_ended, mut down_ended) = (false, false);
    let ended = poll_fn(|context| {
        if !up_ended {
            match up.poll(context, caller.ends(), backend.ends()) {
                Poll::Ready(Ok(())) => up_ended = backend.poll_end(context).is_ready(),
                Poll::Ready(Err(Broke::Source(_))) => return Poll::Ready(Ended::CutByCaller),
                Poll::Ready(Err(Broke::Sink(_))) => up_ended = true,
                Poll::Pending => (),
            }
        }
        if !down_ended {
            match down.poll(context, backend.ends(), caller.ends()) {
                Poll::Ready(Ok(())) => down_ended = caller.poll_end(context).is_ready(),
                Poll::Ready(Err(Broke::Source(_))) => return Poll::Ready(Ended::CutByBackend),
                Poll::Ready(Err(Broke::Sink(_))) => return Poll::Ready(Ended::CutByCaller),
                Poll::Pending => (),
            }
        }
        match up_ended && down_ended {
            true => Poll::Ready(Ended::Whole { keeps: false }),
            false => Poll::Pending,
        }
    })
    .await;
    if ended == Ended::CutByBackend {
        // In order, for nothing in a tunnel says where it is whole, and a reset would overtake what was said last.
        let _ = poll_fn(|context| caller.ends().poll_flush(context)).await;
        poll_fn(|context| caller.poll_end(context)).await;
        return Ended::Whole { keeps: false };
    }
    ended
}
