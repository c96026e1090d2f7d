//! From a request's head to what is sent on: checked, its service found, its fields rewritten. Pure but for the number
//! that it is given.

use std::sync::Arc;

use http::Method;
use http1::framing::{self, Length, Said};
use http1::target::{self, Target};
use http1::{Field, Flaw, write};

use crate::fields::{self, Survey, Way};
use crate::forward::redirect::{self, Redirect};
use crate::forward::{Forward, Peer, ids};
use crate::reply::Reason;
use crate::service::Service;
use crate::upstream::Outgoing;

/// The version a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
}

impl Spoken {
    /// Our name in `Via` (RFC 9110, 7.6.3).
    #[must_use]
    pub fn via(self) -> &'static str {
        match self {
            Spoken::Http10 => "1.0 doze",
            Spoken::Http11 => "1.1 doze",
            Spoken::Http2 => "2.0 doze",
        }
    }
}

impl From<http1::Version> for Spoken {
    fn from(version: http1::Version) -> Spoken {
        match version {
            http1::Version::Http10 => Spoken::Http10,
            http1::Version::Http11 => Spoken::Http11,
        }
    }
}

/// A request's head, of any version.
#[derive(Clone, Copy, Debug)]
pub struct Head<'h, 'b> {
    /// The method.
    pub method: &'b str,
    /// The target, or the path of HTTP/2.
    pub target: &'b str,
    /// `:authority` of HTTP/2.
    pub authority: Option<&'b str>,
    /// The version.
    pub spoken: Spoken,
    /// What is said about its length.
    pub said: Result<Said, Flaw>,
    /// `:protocol` of HTTP/2 (RFC 8441): it asks for a tunnel.
    pub protocol: Option<&'b str>,
    /// The fields.
    pub fields: &'h [Field<'b>],
}

/// A request that was checked.
#[derive(Debug)]
pub struct Asked {
    /// The service it goes to.
    pub service: Arc<Service>,
    /// Its head as it is sent on.
    pub outgoing: Outgoing,
    /// The length of its body.
    pub length: Length,
    /// It is a `HEAD`: its answer has no body.
    pub is_head: bool,
    /// RFC 9110, 9.2.2.
    pub idempotent: bool,
    /// The version its caller speaks.
    pub spoken: Spoken,
    /// Its caller wants to keep the connection.
    pub keeps: bool,
    /// Its caller waits for a 100 before it sends the body.
    pub expects: bool,
    /// The protocol it asks to switch to.
    pub upgrade: Option<String>,
    /// It is an extended `CONNECT`, which only a tunnel can answer.
    pub is_connect: bool,
    /// What the backend has to answer to a key that was made up here.
    pub accept: Option<String>,
    /// What its `Connection` nominates.
    pub nominated: Vec<String>,
    /// Its number, for the answer.
    pub id: Vec<u8>,
    /// The request came over TLS.
    pub secure: bool,
    /// What is answered here, instead of being carried.
    pub here: Option<Here>,
}

/// What is answered without a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Here {
    /// It is sent elsewhere.
    Redirect(Redirect),
    /// An `OPTIONS` that may go no further (RFC 9110, 7.6.2).
    Options,
}

/// Checks a head and rewrites it.
///
/// # Errors
/// The [`Reason`] for which it is refused.
pub fn ask(forward: &Forward, peer: &Peer, head: &Head<'_, '_>) -> Result<Asked, Reason> {
    let length = framing::of_request(head.said?);
    if head.protocol.is_none() && matches!(head.method, "CONNECT" | "TRACE") {
        // A tunnel to anywhere is not what a reverse proxy is for; TRACE would show callers what they are not to see.
        return Err(Reason::MethodRefused);
    }
    let survey = Survey::of(head.fields);
    if survey.nominates_too_many() {
        return Err(Reason::TooManyFields);
    }
    let target = Target::read(head.method, head.target)?;
    let host = host(head, &survey, target)?;
    let service = forward.service_of(host).ok_or(Reason::NoSuchService)?;
    let expects = expects(head, &survey, length)?;
    let upgrade = upgrade(forward, head, &survey, length);
    let max_forwards = survey.max_forwards.filter(|_| head.method == "OPTIONS");
    let here = match redirect(forward, peer, head, &survey, host)? {
        Some(redirect) => Some(Here::Redirect(redirect)),
        None => (max_forwards == Some(0)).then_some(Here::Options),
    };
    // A caller of HTTP/1.0 may name no host; the service's own name stands in.
    let host = if host.is_empty() { service.name.as_str() } else { host };

    if head.protocol.is_some() && upgrade.is_none() {
        return Err(Reason::MethodRefused);
    }
    let fresh_id = ids::fresh();
    let to_http2 = upgrade.is_none() && forward.upstream.speaks_http2(survey.is_grpc);
    let key = head.protocol.is_some().then(ids::websocket_key);
    let way = Way {
        address: &peer.text,
        trusted: peer.trusted,
        secure: peer.secure,
        host: host.as_bytes(),
        via: head.spoken.via(),
        forwarded: forward.forwarded,
        fresh_id: &fresh_id,
        upgrade: upgrade.as_deref().map(str::as_bytes),
        max_forwards: max_forwards.map(|left| left.saturating_sub(1)),
        own_key: key.is_some(),
        to_http2,
    };
    let outgoing = match to_http2 {
        true => http2_head(head, target, &survey, &way, length)?,
        false => Outgoing::Http1(http1_head(head, target, &survey, &way, length, key.as_deref(), expects)),
    };
    Ok(Asked {
        outgoing,
        length,
        is_head: head.method == "HEAD",
        idempotent: matches!(head.method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE"),
        spoken: head.spoken,
        keeps: match head.spoken {
            Spoken::Http10 => survey.keep_alive && !survey.close,
            Spoken::Http11 | Spoken::Http2 => !survey.close,
        },
        expects: expects && !to_http2,
        upgrade,
        is_connect: head.protocol.is_some(),
        accept: key.map(|key| ids::websocket_accept(&key)),
        nominated: survey.nominated(),
        id: survey.request_id.filter(|_| peer.trusted).unwrap_or(&fresh_id).to_vec(),
        secure: peer.secure,
        here,
        service,
    })
}

/// The host that counts: an absolute target's, else `:authority`'s, else `Host`'s; empty where nobody is named.
fn host<'b>(head: &Head<'_, 'b>, survey: &Survey<'b>, target: Target<'b>) -> Result<&'b str, Reason> {
    let field = match (survey.hosts, survey.host) {
        (0, _) if head.spoken == Spoken::Http11 => return Err(Reason::BadHost),
        (0, _) => None,
        (1, Some(host)) if target::is_host(host) => Some(std::str::from_utf8(host).map_err(|_| Reason::BadHost)?),
        _ => return Err(Reason::BadHost),
    };
    if let Some(authority) = head.authority {
        let differs = field.is_some_and(|field| !field.eq_ignore_ascii_case(authority));
        return match !differs && target::is_host(authority.as_bytes()) {
            true => Ok(authority),
            false => Err(Reason::BadHost),
        };
    }
    match target {
        // RFC 9110, 7.2: an empty `Host` says that the target has no authority.
        Target::Absolute { .. } if field.is_some_and(str::is_empty) => Err(Reason::BadHost),
        Target::Absolute { authority, .. } => Ok(authority),
        Target::Origin(_) | Target::Star if head.spoken == Spoken::Http2 => field.ok_or(Reason::BadHost),
        Target::Origin(_) | Target::Star => Ok(field.unwrap_or_default()),
    }
}

/// Whether a 100 is waited for. HTTP/1.0 knows no such thing, and a request without a body needs none.
fn expects(head: &Head<'_, '_>, survey: &Survey<'_>, length: Length) -> Result<bool, Reason> {
    match survey.expect {
        Some(what) if head.spoken != Spoken::Http10 => match what.eq_ignore_ascii_case(b"100-continue") {
            true => Ok(!matches!(length, Length::Absent | Length::Exactly(0))),
            false => Err(Reason::ExpectationFailed),
        },
        Some(_) | None => Ok(false),
    }
}

/// The protocol that a request asks to switch to, if it is one that is tunnelled here: `GET` of HTTP/1.1 with one
/// `Upgrade` that `Connection` nominates, or an extended `CONNECT` of HTTP/2. Any other, `h2c` above all, is not passed
/// on; nor is one with a body, whose rest would flow into the tunnel.
fn upgrade(forward: &Forward, head: &Head<'_, '_>, survey: &Survey<'_>, length: Length) -> Option<String> {
    if !matches!(length, Length::Absent | Length::Exactly(0)) {
        return None;
    }
    let token = match head.protocol {
        Some(protocol) => protocol,
        None => {
            let asks = head.method == "GET" && head.spoken == Spoken::Http11 && survey.upgrades;
            std::str::from_utf8(survey.upgrade.filter(|_| asks)?).ok()?
        }
    };
    let is_websocket = token.eq_ignore_ascii_case("websocket");
    let complete = !is_websocket || head.protocol.is_some() || survey.websocket_key.is_some();
    let listed = forward.upgrades.iter().find(|listed| token.eq_ignore_ascii_case(listed));
    listed.filter(|_| complete).cloned()
}

/// To `https`, unless the request comes by it: on its last way, or as a trusted proxy in front says, before. One that names
/// no host cannot be sent there, and is not let pass for that.
fn redirect(
    forward: &Forward,
    peer: &Peer,
    head: &Head<'_, '_>,
    survey: &Survey<'_>,
    host: &str,
) -> Result<Option<Redirect>, Reason> {
    let Some(port) = forward.redirect_to else { return Ok(None) };
    let before = survey.forwarded_proto.is_some_and(|proto| proto.eq_ignore_ascii_case(b"https"))
        && peer.trusted
        && !survey.nominates("x-forwarded-proto");
    if peer.secure || before {
        return Ok(None);
    }
    let method = Method::from_bytes(head.method.as_bytes()).map_err(|_| Reason::MethodRefused)?;
    redirect::to_https(&method, host.as_bytes(), head.target.as_bytes(), port).map(Some).ok_or(Reason::BadHost)
}

fn http1_head(
    head: &Head<'_, '_>,
    target: Target<'_>,
    survey: &Survey<'_>,
    way: &Way<'_>,
    length: Length,
    key: Option<&str>,
    expects: bool,
) -> Vec<u8> {
    let method = if head.protocol.is_some() { "GET" } else { head.method };
    let (first, rest) = target.sent_on(head.method);
    let mut out = Vec::with_capacity(512);
    for part in [method.as_bytes(), b" ", first.as_bytes(), rest.as_bytes(), b" HTTP/1.1\r\n"] {
        out.extend_from_slice(part);
    }
    write::field(&mut out, "host", way.host);
    fields::request(&mut out, head.fields, survey, way);
    // RFC 8441, 5: HTTP/2 needs no key; the handshake of HTTP/1.1 does.
    if let Some(key) = key {
        write::field(&mut out, "sec-websocket-key", key.as_bytes());
    }
    if expects {
        write::field(&mut out, "expect", b"100-continue");
    }
    match length {
        Length::Exactly(bytes) => write::content_length(&mut out, bytes),
        Length::Chunked => write::field(&mut out, "transfer-encoding", b"chunked"),
        // HTTP/2 says nothing of a body that is not there; servers of HTTP/1.1 may ask for its length (411).
        Length::Absent if head.spoken == Spoken::Http2 && matches!(head.method, "POST" | "PUT" | "PATCH") => {
            write::content_length(&mut out, 0);
        }
        Length::Absent | Length::UntilClose => (),
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn http2_head(
    head: &Head<'_, '_>,
    target: Target<'_>,
    survey: &Survey<'_>,
    way: &Way<'_>,
    length: Length,
) -> Result<Outgoing, Reason> {
    let (first, rest) = target.sent_on(head.method);
    let host = std::str::from_utf8(way.host).map_err(|_| Reason::BadHost)?;
    let uri = http::Uri::builder()
        .scheme(if way.secure { "https" } else { "http" })
        .authority(host)
        .path_and_query(format!("{first}{rest}"))
        .build()
        .map_err(|_| Reason::BadTarget)?;
    let mut request = http::Request::new(());
    *request.method_mut() = Method::from_bytes(head.method.as_bytes()).map_err(|_| Reason::MethodRefused)?;
    *request.uri_mut() = uri;
    *request.version_mut() = http::Version::HTTP_2;
    fields::request(request.headers_mut(), head.fields, survey, way);
    if let Length::Exactly(bytes) = length {
        request.headers_mut().insert(http::header::CONTENT_LENGTH, bytes.into());
    }
    Ok(Outgoing::Http2(Box::new(request)))
}
