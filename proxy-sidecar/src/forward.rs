//! One request from arrival to reply, top to bottom.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, TRANSFER_ENCODING, UPGRADE};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use tokio::sync::watch;

use crate::decide::hold::Place;
use crate::decide::retry::{self, Attempted, Failure, Verdict};
use crate::forward::body::{BodyFault, Fault, ReplyBody, RequestBody};
use crate::forward::framing::Length;
use crate::forward::headers::Caller;
use crate::listen::Stage;
use crate::listen::client::Client;
use crate::reply::Reason;
use crate::service::{Service, Ticket};
use crate::upstream::{self, Answer};

pub mod body;
pub mod framing;
pub mod headers;
pub mod upgrade;

/// What every request needs.
#[derive(Debug)]
pub struct Forward {
    /// The services, by name.
    pub services: Vec<Arc<Service>>,
    /// The service for hosts that name no other.
    pub default_service: Option<Arc<Service>>,
    /// `--hold-timeout`.
    pub hold_timeout: std::time::Duration,
    /// Whether the proxy is open, closing or stops.
    pub stage: watch::Receiver<Stage>,
}

/// A request that was checked, on its way.
struct Passing {
    request: Option<Request<RequestBody>>,
    attempted: Attempted,
    fault: BodyFault,
    /// The caller's side of a tunnel, where it asked for one.
    upgrade: Option<OnUpgrade>,
    version: Version,
}

impl Forward {
    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>, client: &Client) -> Response<ReplyBody> {
        let has_body = !request.body().is_end_stream();
        let answered = self.pass(request, client.peer);
        let outcome = if has_body {
            // hyper does not notice a caller that leaves while its body waits to be read (trap 3).
            tokio::select! {
                outcome = answered => outcome,
                () = client.left() => Err(Reason::ClientAbort),
            }
        } else {
            answered.await
        };
        let mut reply = outcome.unwrap_or_else(|reason| {
            tracing::debug!(reason = reason.code(), caller = %client.peer, "request refused");
            let mut reply = reason.reply();
            if matches!(reason, Reason::BadFraming | Reason::BadBody) {
                reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            reply
        });
        if *self.stage.borrow() != Stage::Open && reply.status() != StatusCode::SWITCHING_PROTOCOLS {
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        match reply.status() {
            // A tunnel has no next request to wait for: its connection stays busy, and the tunnel alone ends it.
            StatusCode::SWITCHING_PROTOCOLS => reply,
            _ => reply.map(|body| body.busy(client.busy())),
        }
    }

    async fn pass(&self, request: Request<Incoming>, peer: SocketAddr) -> Result<Response<ReplyBody>, Reason> {
        let length = framing::length(request.headers()).ok_or(Reason::BadFraming)?;
        let target = framing::target(request.method(), request.uri(), request.version(), request.headers())?;
        let service = self.service_of(target.host.as_ref()).ok_or(Reason::NoSuchService)?;
        let mut passing = prepare(request, target, length, peer, &service.name);

        let deadline = service.clock.now() + self.hold_timeout;
        let mut place: Option<Place> = None;
        loop {
            let mut ticket = service.enter(&mut place, deadline).await?;
            let request = passing.request.take().ok_or(Reason::UpstreamClosed)?;
            match upstream::attempt(&ticket, request).await {
                Ok(answer) => {
                    ticket.answered();
                    return self.reply(answer, passing, ticket);
                }
                Err(failed) => {
                    let fault = passing.fault.get();
                    let failure = if fault.is_some() { Failure::Caller } else { failed.failure };
                    let verdict = retry::after(failure, passing.attempted);
                    tracing::debug!(service = %service.name, backend = %ticket.line().at, ?failure, ?verdict, cause = failed.cause, "attempt failed");
                    match verdict {
                        Verdict::BackToGate => passing.request = failed.request,
                        Verdict::Repeat => {
                            passing.attempted.repeats += 1;
                            passing.request = failed.request;
                        }
                        Verdict::GiveUp => return Err(reason_of(failure, fault)),
                    }
                }
            }
        }
    }

    /// By the first label of the host; else the default.
    fn service_of(&self, host: Option<&HeaderValue>) -> Option<&Arc<Service>> {
        let label = host.and_then(|host| host.to_str().ok()).and_then(|host| host.split(['.', ':']).next());
        let named = label.and_then(|label| self.services.iter().find(|s| label.eq_ignore_ascii_case(s.name.as_str())));
        named.or(self.default_service.as_ref())
    }

    fn reply(&self, answer: Answer, passing: Passing, ticket: Ticket) -> Result<Response<ReplyBody>, Reason> {
        let Answer { mut response, connection } = answer;
        // Dropping the connection on the way out closes it: what follows a malformed head cannot be trusted.
        framing::length(response.headers()).ok_or(Reason::UpstreamFraming)?;
        let version = response.version();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let caller = passing.upgrade.ok_or(Reason::UpstreamUpgrade)?;
            let accepted =
                headers::is_websocket(response.headers()) && response.headers().contains_key(SEC_WEBSOCKET_ACCEPT);
            if !accepted {
                return Err(Reason::UpstreamUpgrade);
            }
            let backend = hyper::upgrade::on(&mut response);
            headers::strip_hop_by_hop(response.headers_mut());
            headers::add_via(response.headers_mut(), version);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            response.headers_mut().insert(UPGRADE, headers::WEBSOCKET);
            upgrade::join(caller, backend, ticket, self.stage.clone());
            let (parts, _) = response.into_parts();
            return Ok(Response::from_parts(parts, ReplyBody::empty()));
        }
        headers::strip_hop_by_hop(response.headers_mut());
        headers::add_via(response.headers_mut(), version);
        let (mut parts, incoming) = response.into_parts();
        // The version of the answer is this hop's own, not the backend's.
        parts.version = passing.version;
        parts.extensions.clear();
        Ok(Response::from_parts(parts, ReplyBody::backend(incoming, connection, ticket)))
    }
}

fn prepare(
    request: Request<Incoming>,
    target: framing::Target,
    length: Length,
    peer: SocketAddr,
    service: &task_state::ServiceName,
) -> Passing {
    let (mut parts, incoming) = request.into_parts();
    let version = parts.version;
    let websocket = headers::asks_for_websocket(&parts.method, version, &parts.headers);
    let upgrade = websocket.then(|| parts.extensions.remove::<OnUpgrade>()).flatten();
    let takes_trailers = headers::takes_trailers(&parts.headers);
    // An HTTP/1.0 caller may name no host; the service's own name stands in.
    let host = target.host.filter(|host| !host.is_empty()).or_else(|| HeaderValue::from_str(service.as_str()).ok());

    headers::strip_hop_by_hop(&mut parts.headers);
    if let Some(host) = &host {
        let caller = Caller { address: peer.ip(), host, version, takes_trailers };
        headers::add_to_request(&mut parts.headers, &caller, upgrade.is_some());
    } else {
        parts.headers.remove(HOST);
    }
    let fault = BodyFault::default();
    let body =
        if incoming.is_end_stream() { RequestBody::Empty } else { RequestBody::Streamed(incoming, fault.clone()) };
    if length == Length::Chunked {
        // Said explicitly, for hyper takes a GET of unknown length for one without a body.
        parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    parts.uri = target.uri;
    let attempted = Attempted {
        idempotent: is_idempotent(&parts.method),
        has_body: !matches!(body, RequestBody::Empty),
        repeats: 0,
    };
    Passing { request: Some(upstream::request(parts, body)), attempted, fault, upgrade, version }
}

/// RFC 9110, 9.2.2. A method nobody knows is not.
fn is_idempotent(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE].contains(method)
}

fn reason_of(failure: Failure, fault: Option<Fault>) -> Reason {
    match (failure, fault) {
        (Failure::Caller, Some(Fault::Malformed)) => Reason::BadBody,
        (Failure::Caller, Some(Fault::CutShort) | None) => Reason::ClientAbort,
        (Failure::BadAnswer, _) => Reason::UpstreamFraming,
        (Failure::NotSent | Failure::Unanswered { .. }, _) => Reason::UpstreamClosed,
    }
}
