//! The fields that end at this hop, and those that are added. Pure.
//!
//! Hop-by-hop fields and all that `Connection` nominates are left out in both directions; ours come after that, so that
//! a client that nominates `X-Forwarded-For` strips only its own (trap 18). Framing and `Host` are never passed on:
//! they are written anew. What somebody says about where a request came from is passed on if that somebody is trusted.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http1::Field;

pub mod names;
mod survey;
mod trace;

pub use survey::Survey;

use names::Name;

/// Where field lines go.
pub trait Lines {
    /// One more line.
    fn line(&mut self, name: &str, value: &[u8]);
}

impl Lines for Vec<u8> {
    fn line(&mut self, name: &str, value: &[u8]) {
        http1::write::field(self, name, value);
    }
}

impl Lines for HeaderMap {
    fn line(&mut self, name: &str, value: &[u8]) {
        // What HTTP/1.1 allows and HTTP/2 does not (there is nothing of the kind in what was read) goes nowhere.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            self.append(name, value);
        }
    }
}

/// What is said of a request's way to the backend.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The caller's address, as text.
    pub address: &'a str,
    /// The caller is one whose word about earlier hops is taken.
    pub trusted: bool,
    /// It came over TLS.
    pub secure: bool,
    /// The host it is sent on with.
    pub host: &'a [u8],
    /// Our name in `Via`, with the version the message was received in: `1.1 doze`.
    pub via: &'static str,
    /// `Forwarded` is written too.
    pub forwarded: bool,
    /// The number of this request, where its caller gave none that is taken.
    pub fresh_id: &'a [u8],
    /// Whether the request is to switch protocols; then `Sec-WebSocket-…` pass, which they do anyway.
    pub upgrade: Option<&'a [u8]>,
    /// What is left of the hops that an `OPTIONS` may still go (RFC 9110, 7.6.2).
    pub max_forwards: Option<u64>,
    /// A WebSocket's key is made up here: its caller speaks HTTP/2, which has none.
    pub own_key: bool,
    /// To HTTP/2: nothing about the connection is said.
    pub to_http2: bool,
}

/// Writes a request's fields as they go on: without `Host`, `Expect` and framing, which its head writes.
pub fn request(out: &mut dyn Lines, fields: &[Field<'_>], survey: &Survey<'_>, way: &Way<'_>) {
    for field in fields {
        let passes = match names::name(field.name) {
            // One that was made up here is the only one.
            Name::WebSocketKey => !way.own_key && !survey.nominates(field.name),
            Name::Other | Name::ContentType | Name::Hsts | Name::Date => !survey.nominates(field.name),
            Name::MaxForwards => way.max_forwards.is_none() && !survey.nominates(field.name),
            Name::ForwardedProto | Name::ForwardedHost | Name::ForwardedOther => {
                way.trusted && !survey.nominates(field.name)
            }
            Name::TraceParent | Name::TraceState => survey.has_trace && !survey.nominates(field.name),
            Name::Cookie => survey.cookies == 1 && !survey.nominates(field.name),
            Name::RequestId => false,
            Name::Connection
            | Name::EndsHere
            | Name::Expect
            | Name::Framing
            | Name::Host
            | Name::Te
            | Name::Upgrade
            | Name::Via
            | Name::Forwarded
            | Name::ForwardedFor
            | Name::Disguised => false,
        };
        if passes {
            out.line(field.name, field.value);
        }
    }
    if survey.cookies > 1 {
        // Crumbs of HTTP/2 (RFC 9113, 8.2.3), and what several lines of HTTP/1.1 mean as well.
        list(out, fields, survey, "cookie", b"; ", None);
    }
    let secure_word: &[u8] = if way.secure { b"https" } else { b"http" };
    let has = |said: bool, name: &str| said && way.trusted && !survey.nominates(name);
    match has(survey.has_forwarded_for, "x-forwarded-for") {
        true => list(out, fields, survey, "x-forwarded-for", b", ", Some(way.address.as_bytes())),
        false => out.line("x-forwarded-for", way.address.as_bytes()),
    }
    if !has(survey.has_forwarded_proto, "x-forwarded-proto") {
        out.line("x-forwarded-proto", secure_word);
    }
    if !has(survey.has_forwarded_host, "x-forwarded-host") {
        out.line("x-forwarded-host", way.host);
    }
    if way.forwarded {
        let ours = forwarded(way, secure_word);
        match has(survey.has_forwarded, "forwarded") {
            true => list(out, fields, survey, "forwarded", b", ", Some(&ours)),
            false => out.line("forwarded", &ours),
        }
    } else if has(survey.has_forwarded, "forwarded") {
        list(out, fields, survey, "forwarded", b", ", None);
    }
    if let Some(left) = way.max_forwards {
        out.line("max-forwards", left.to_string().as_bytes());
    }
    via(out, fields, survey, way.via);
    out.line("x-request-id", survey.request_id.filter(|_| way.trusted).unwrap_or(way.fresh_id));
    if let Some(token) = way.upgrade {
        out.line("connection", b"upgrade");
        out.line("upgrade", token);
    } else if survey.takes_trailers {
        if !way.to_http2 {
            out.line("connection", b"te");
        }
        out.line("te", b"trailers");
    }
}

/// RFC 7239; an IPv6 address is quoted, and so is a host, which may have a port.
fn forwarded(way: &Way<'_>, proto: &[u8]) -> Vec<u8> {
    let node = if way.address.contains(':') { format!("\"[{}]\"", way.address) } else { way.address.to_owned() };
    [b"for=", node.as_bytes(), b";host=\"", way.host, b"\";proto=", proto].concat()
}

/// Writes an answer's fields as they go on: without framing, which its head writes.
///
/// `id` and `date` are for those that have none; an interim answer is given none.
pub fn answer(
    out: &mut dyn Lines,
    fields: &[Field<'_>],
    survey: &Survey<'_>,
    via_name: &'static str,
    (id, date): (&[u8], &[u8]),
) {
    let (mut has_id, mut has_date) = (false, false);
    for field in fields {
        let passes = match names::name(field.name) {
            Name::Connection | Name::EndsHere | Name::Framing | Name::Te | Name::Upgrade | Name::Via => false,
            Name::RequestId => {
                has_id |= !survey.nominates(field.name);
                true
            }
            Name::Date => {
                has_date |= !survey.nominates(field.name);
                true
            }
            Name::Host
            | Name::Expect
            | Name::ContentType
            | Name::WebSocketKey
            | Name::Hsts
            | Name::Forwarded
            | Name::ForwardedFor
            | Name::ForwardedProto
            | Name::ForwardedHost
            | Name::ForwardedOther
            | Name::TraceParent
            | Name::TraceState
            | Name::Cookie
            | Name::MaxForwards
            | Name::Disguised
            | Name::Other => true,
        };
        if passes && !survey.nominates(field.name) {
            out.line(field.name, field.value);
        }
    }
    via(out, fields, survey, via_name);
    if !has_id && !id.is_empty() {
        out.line("x-request-id", id);
    }
    // RFC 9110, 6.6.1: who passes an answer on that has none adds it.
    if !has_date && !date.is_empty() {
        out.line("date", date);
    }
}

fn via(out: &mut dyn Lines, fields: &[Field<'_>], survey: &Survey<'_>, ours: &'static str) {
    match survey.has_via && !survey.nominates("via") {
        true => list(out, fields, survey, "via", b", ", Some(ours.as_bytes())),
        false => out.line("via", ours.as_bytes()),
    }
}

/// Several lines become one list, as RFC 9110, 5.3 allows, with ours at its end.
fn list(
    out: &mut dyn Lines,
    fields: &[Field<'_>],
    survey: &Survey<'_>,
    name: &str,
    between: &[u8],
    ours: Option<&[u8]>,
) {
    if survey.nominates(name) {
        return;
    }
    let said = fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value);
    let all: Vec<&[u8]> = said.chain(ours).filter(|part| !part.is_empty()).collect();
    out.line(name, &all.join(between));
}

/// The trailers that may go on: none that would frame, route or authenticate (RFC 9110, 6.5.1).
#[must_use]
pub fn trailers<'b>(fields: impl Iterator<Item = (&'b str, &'b [u8])>) -> Option<HeaderMap> {
    let mut kept = HeaderMap::new();
    for (name, value) in fields {
        if names::may_trail(name) {
            kept.line(name, value);
        }
    }
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests;
