//! One request from arrival to reply, top to bottom.
//!
//! [`asked`] checks its head and rewrites it; the service lets it pass or holds it; [`exchange`] sends it to one backend
//! and its answer back. What of it depends on the version a caller speaks is behind [`caller::Caller`], what depends on
//! the backend's behind [`Backend`].

use std::future::poll_fn;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use http1::Limits;
use http1::framing::Length;
use tokio::sync::watch;

use crate::decide::hold::Place;
use crate::decide::retry::{self, Attempted, Failure, Verdict};
use crate::fields::Lines;
use crate::forward::asked::{Asked, Here};
use crate::forward::caller::{AnswerHead, Caller};
use crate::forward::exchange::{Ended, Failed, Terms};
use crate::forward::presence::unless_left;
use crate::metrics::Counts;
use crate::pump::Sink as _;
use crate::reply::{self, Reason};
use crate::service::{Service, Ticket};
use crate::stage::Stage;
use crate::upstream::{self, Backend, Dialling, NoConnection, Outgoing};

pub mod alarm;
pub mod asked;
pub mod caller;
pub mod date;
pub mod exchange;
pub mod ids;
pub mod presence;
pub mod redirect;

/// What every request needs.
#[derive(Debug)]
pub struct Forward {
    /// The services, by name.
    pub services: Vec<Arc<Service>>,
    /// The service for hosts that name no other.
    pub default_service: Option<Arc<Service>>,
    /// `--hold-timeout`.
    pub hold_timeout: Duration,
    /// `--max-head`, `--max-fields`.
    pub limits: Limits,
    /// `--response-timeout`.
    pub response_timeout: Option<Duration>,
    /// How connections to backends are made and kept.
    pub dialling: Dialling,
    /// `--upstream-protocol`.
    pub upstream: UpstreamProtocol,
    /// `--upgrade`: the protocols that are tunnelled.
    pub upgrades: Vec<String>,
    /// `--forwarded`.
    pub forwarded: bool,
    /// `--redirect-https`: the port that plain requests are sent to.
    pub redirect_to: Option<NonZeroU16>,
    /// `--hsts`, as the field has it.
    pub hsts: Option<String>,
    /// What is counted of requests that have no service.
    pub counts: Arc<Counts>,
    /// Whether the proxy is open, closing or stops.
    pub stage: watch::Receiver<Stage>,
}

/// What backends are spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1, but gRPC in HTTP/2 (trap 17).
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS.
    H2c,
}

impl UpstreamProtocol {
    /// Whether a request goes by HTTP/2.
    #[must_use]
    pub fn speaks_http2(self, is_grpc: bool) -> bool {
        match self {
            UpstreamProtocol::Auto => is_grpc,
            UpstreamProtocol::Http1 => false,
            UpstreamProtocol::H2c => true,
        }
    }
}

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The address.
    pub address: SocketAddr,
    /// The address as `X-Forwarded-For` has it.
    pub text: String,
    /// Its word about earlier hops is taken.
    pub trusted: bool,
    /// It came over TLS.
    pub secure: bool,
}

/// What became of a request, for the connection that carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It was answered to the end.
    Answered,
    /// The answer was cut, or the caller has left: the connection is good for nothing more.
    Broken,
}

impl Forward {
    /// Carries one request to its end.
    pub async fn carry(&self, caller: &mut impl Caller, asked: &Asked) -> Carried {
        match &asked.here {
            None => (),
            Some(Here::Redirect(redirect)) => {
                let (status, location) = (redirect.status.as_u16(), redirect.location.as_bytes());
                return self
                    .say(caller, status, "", asked.is_head, false, |lines| lines.line("location", location))
                    .await;
            }
            Some(Here::Options) => {
                return self.say(caller, 200, "", false, false, |lines| lines.line("allow", reply::METHODS)).await;
            }
        }
        match self.pass(caller, asked).await {
            Ok(carried) => carried,
            Err(reason) => {
                asked.service.counts.refused(reason);
                self.tell(caller, reason, asked.is_head, false).await
            }
        }
    }

    /// Refuses what is not even a request that could be carried. `ends` says that nothing can follow on the same
    /// connection.
    pub async fn refuse(&self, caller: &mut impl Caller, reason: Reason, is_head: bool, ends: bool) -> Carried {
        self.counts.refused(reason);
        self.tell(caller, reason, is_head, ends).await
    }

    /// Answers with a reply of the proxy's own.
    async fn tell(&self, caller: &mut impl Caller, reason: Reason, is_head: bool, ends: bool) -> Carried {
        tracing::debug!(reason = reason.code(), "request refused");
        if reason == Reason::ClientAbort {
            return Carried::Broken;
        }
        // An answer of HTTP/1.1 is noise to whoever speaks something else: the end says enough.
        if reason == Reason::OtherProtocol {
            return Carried::Answered;
        }
        let status = reason.status().as_u16();
        self.say(caller, status, &reason.body(), is_head, ends, |lines| reason.write_fields(lines)).await
    }

    /// Answers without a backend.
    async fn say(
        &self,
        caller: &mut impl Caller,
        status: u16,
        body: &str,
        is_head: bool,
        ends: bool,
        mut fill: impl FnMut(&mut dyn Lines) + Send,
    ) -> Carried {
        let head = AnswerHead {
            status,
            length: if is_head { Length::Absent } else { Length::Exactly(body.len() as u64) },
            said: is_head.then_some(body.len() as u64),
            closes: ends || self.is_leaving() || !caller.has_sent_all(),
        };
        let mut fill = |lines: &mut dyn Lines| {
            fill(lines);
            lines.line("date", &date::now());
        };
        if caller.answer(head, &mut fill).is_err() {
            return Carried::Broken;
        }
        let mut rest = if is_head { &[][..] } else { body.as_bytes() };
        let sent = poll_fn(|context| {
            while !rest.is_empty() {
                let put = ready!(caller.ends().poll_put(context, rest))?;
                rest = &rest[put..];
            }
            Poll::Ready(Ok::<(), std::io::Error>(()))
        });
        let whole = sent.await.is_ok() && caller.ends().finish(None).is_ok();
        let flushed = poll_fn(|context| caller.ends().poll_flush(context)).await;
        if whole && flushed.is_ok() { Carried::Answered } else { Carried::Broken }
    }

    async fn pass(&self, caller: &mut impl Caller, asked: &Asked) -> Result<Carried, Reason> {
        let service = &asked.service;
        let deadline = service.clock.now() + self.hold_timeout;
        let mut place: Option<Place> = None;
        let mut attempted = Attempted {
            idempotent: asked.idempotent,
            has_body: !matches!(asked.length, Length::Absent | Length::Exactly(0)),
            repeats: 0,
        };
        let mut last = None;
        loop {
            let entered = unless_left(caller, service.enter(&mut place, deadline)).await.ok_or(Reason::ClientAbort)?;
            let mut ticket = entered.map_err(|refusal| at_last(refusal.into(), last))?;
            let failed = match self.attempt(caller, asked, &mut ticket).await {
                Ok(carried) => return Ok(carried),
                Err(Tried::Failed(failed)) => failed,
                Err(Tried::NoConnection(error)) => {
                    last = Some(LastTry::of(&error));
                    let failure = Failure::NotSent;
                    tracing::debug!(service = %service.name, backend = %ticket.line().at, ?failure, cause = %error, "attempt failed");
                    continue;
                }
            };
            let (failure, cause) = match failed {
                Failed::Attempt(failure, cause) => (failure, cause),
                Failed::Told(reason) => return Err(reason),
                Failed::Left => return Err(Reason::ClientAbort),
            };
            let verdict = retry::after(failure, attempted);
            tracing::debug!(service = %service.name, backend = %ticket.line().at, ?failure, ?verdict, cause, "attempt failed");
            if verdict != Verdict::GiveUp {
                service.counts.retried();
            }
            match verdict {
                Verdict::BackToGate => (),
                Verdict::Repeat => {
                    attempted.repeats += 1;
                    // A backend that closes one idle connection has most likely closed them all.
                    ticket.line().pool.close_idle();
                }
                Verdict::GiveUp if failure == Failure::BadAnswer => return Err(Reason::UpstreamFraming),
                Verdict::GiveUp => return Err(Reason::UpstreamClosed),
            }
        }
    }

    /// One attempt at the ticket's backend.
    async fn attempt(&self, caller: &mut impl Caller, asked: &Asked, ticket: &mut Ticket) -> Result<Carried, Tried> {
        match &asked.outgoing {
            Outgoing::Http1(_) => {
                let dialled = unless_left(caller, upstream::connection(ticket, self.dialling)).await;
                let backend = dialled.ok_or(Tried::Failed(Failed::Left))?.map_err(Tried::NoConnection)?;
                self.exchange(caller, backend, asked, ticket).await
            }
            Outgoing::Http2(_) => {
                let dialled = unless_left(caller, upstream::http2::stream(ticket, self.dialling, self.limits)).await;
                let backend = dialled.ok_or(Tried::Failed(Failed::Left))?.map_err(Tried::NoConnection)?;
                self.exchange(caller, backend, asked, ticket).await
            }
        }
    }

    /// Sends the request to a backend and its answer back.
    async fn exchange(
        &self,
        caller: &mut impl Caller,
        mut backend: impl Backend,
        asked: &Asked,
        ticket: &mut Ticket,
    ) -> Result<Carried, Tried> {
        if !ticket.service().may_start(ticket.line().at) {
            return Err(Tried::NoConnection(NoConnection::NoLease));
        }
        let terms = Terms {
            limits: self.limits,
            response_timeout: self.response_timeout,
            stage: &self.stage,
            hsts: self.hsts.as_deref(),
        };
        let begun = exchange::begin(caller, &mut backend, asked, terms, || ticket.dawdles()).await;
        let begun = begun.map_err(Tried::Failed)?;
        ticket.answered();
        Ok(match exchange::finish(caller, &mut backend, begun).await {
            Ended::Whole { keeps } => {
                backend.give_back(ticket, keeps);
                Carried::Answered
            }
            ended @ (Ended::CutByBackend | Ended::CutByCaller) => {
                if ended == Ended::CutByBackend {
                    asked.service.counts.cut();
                }
                tracing::debug!(backend = %ticket.line().at, ?ended, "answer cut short");
                Carried::Broken
            }
        })
    }

    /// By the first label of the host; else the default.
    #[must_use]
    pub fn service_of(&self, host: &str) -> Option<Arc<Service>> {
        let label = host.split(['.', ':']).next().unwrap_or_default();
        let named = self.services.iter().find(|service| label.eq_ignore_ascii_case(service.name.as_str()));
        named.or(self.default_service.as_ref()).cloned()
    }

    /// Whether the proxy is ending.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        is_leaving(&self.stage)
    }
}

fn is_leaving(stage: &watch::Receiver<Stage>) -> bool {
    *stage.borrow() != Stage::Open
}

/// Why an attempt gave nothing.
enum Tried {
    NoConnection(NoConnection),
    Failed(Failed),
}

/// How the last attempt to connect failed.
#[derive(Clone, Copy)]
enum LastTry {
    Refused,
    Timeout,
    NoLease,
}

impl LastTry {
    fn of(error: &NoConnection) -> LastTry {
        match error {
            NoConnection::NoLease => LastTry::NoLease,
            NoConnection::Timeout(_) => LastTry::Timeout,
            NoConnection::Failed(_) => LastTry::Refused,
        }
    }
}

/// One that was held for too long is told what kept it from being sent.
fn at_last(reason: Reason, last: Option<LastTry>) -> Reason {
    match (reason, last) {
        (Reason::HoldTimeout, Some(LastTry::Refused)) => Reason::UpstreamRefused,
        (Reason::HoldTimeout, Some(LastTry::Timeout)) => Reason::UpstreamTimeout,
        (reason, _) => reason,
    }
}
