//! The fields that end at this hop, and those that are added. Pure.
//!
//! Hop-by-hop fields and all that `Connection` nominates are left out in both directions; ours come after that, so that
//! a client that nominates `X-Forwarded-For` strips only its own (trap 18). Framing and `Host` are never passed on:
//! they are written anew. What somebody says about where a request came from is passed on if that somebody is trusted.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http1::Field;
use http1::fields::members;

pub mod names;
mod trace;

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

/// The most names that `Connection` may nominate: each field is compared with each of them.
const MOST_NOMINATED: usize = 64;

/// What the fields of a message say to this hop.
#[derive(Debug, Default)]
pub struct Survey<'b> {
    /// `Connection: close`.
    pub close: bool,
    /// `Connection: keep-alive`.
    pub keep_alive: bool,
    /// `Connection: upgrade`.
    pub upgrades: bool,
    /// The only `Upgrade`, where there is one alone.
    pub upgrade: Option<&'b [u8]>,
    /// `TE: trailers`.
    pub takes_trailers: bool,
    /// `Expect`; of several the first that is not `100-continue`.
    pub expect: Option<&'b [u8]>,
    /// The only `Host`, where there is one alone.
    pub host: Option<&'b [u8]>,
    /// How many `Host` fields there are.
    pub hosts: usize,
    /// `Content-Type: application/grpc…`.
    pub is_grpc: bool,
    /// `Sec-WebSocket-Key` or `Sec-WebSocket-Accept`.
    pub websocket_key: Option<&'b [u8]>,
    /// The only `X-Request-Id`, if it can be one.
    pub request_id: Option<&'b [u8]>,
    /// The only `X-Forwarded-Proto`.
    pub forwarded_proto: Option<&'b [u8]>,
    /// `Max-Forwards`.
    pub max_forwards: Option<u64>,
    /// `Strict-Transport-Security`.
    pub has_hsts: bool,
    /// `Via` of hops before.
    has_via: bool,
    /// `X-Forwarded-For`, and `Forwarded`.
    has_forwarded_for: bool,
    has_forwarded: bool,
    has_forwarded_proto: bool,
    has_forwarded_host: bool,
    has_trace: bool,
    cookies: usize,
    /// What `Connection` nominates besides the names that end here anyway.
    nominated: Vec<&'b [u8]>,
}

impl<'b> Survey<'b> {
    /// Reads the fields once.
    #[must_use]
    pub fn of(fields: &[Field<'b>]) -> Survey<'b> {
        let mut survey = Survey::default();
        let mut upgrades = 0;
        let (mut traces, mut ids, mut types, mut protos) = (0, 0, 0, 0);
        for field in fields {
            match names::name(field.name) {
                Name::Connection => members(field.value).for_each(|member| survey.nominate(member)),
                Name::Upgrade => {
                    upgrades += 1;
                    survey.upgrade = (upgrades == 1).then_some(field.value);
                }
                Name::Te => {
                    survey.takes_trailers |= members(field.value).any(|m| m.eq_ignore_ascii_case(b"trailers"));
                }
                Name::Expect => {
                    let other = survey.expect.filter(|value| !value.eq_ignore_ascii_case(b"100-continue"));
                    survey.expect = other.or(Some(field.value));
                }
                Name::Host => {
                    survey.hosts += 1;
                    survey.host = (survey.hosts == 1).then_some(field.value);
                }
                Name::ContentType => {
                    types += 1;
                    survey.is_grpc = types == 1 && is_grpc(field.value);
                }
                Name::MaxForwards => survey.max_forwards = http1::framing::number(field.value),
                Name::WebSocketKey => survey.websocket_key = Some(field.value),
                Name::RequestId => {
                    ids += 1;
                    survey.request_id = Some(field.value).filter(|id| ids == 1 && trace::is_request_id(id));
                }
                Name::Hsts => survey.has_hsts = true,
                Name::Via => survey.has_via = true,
                Name::ForwardedFor => survey.has_forwarded_for = true,
                Name::Forwarded => survey.has_forwarded = true,
                Name::ForwardedProto => {
                    protos += 1;
                    survey.has_forwarded_proto = true;
                    survey.forwarded_proto = (protos == 1).then_some(field.value);
                }
                Name::ForwardedHost => survey.has_forwarded_host = true,
                Name::TraceParent => {
                    traces += 1;
                    survey.has_trace = traces == 1 && trace::is_trace_parent(field.value);
                }
                Name::Cookie => survey.cookies += 1,
                Name::EndsHere
                | Name::Date
                | Name::Framing
                | Name::ForwardedOther
                | Name::TraceState
                | Name::Disguised
                | Name::Other => (),
            }
        }
        if survey.nominates("x-request-id") {
            survey.request_id = None;
        }
        survey
    }

    fn nominate(&mut self, member: &'b [u8]) {
        match member.len() {
            5 if member.eq_ignore_ascii_case(b"close") => self.close = true,
            10 if member.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
            7 if member.eq_ignore_ascii_case(b"upgrade") => self.upgrades = true,
            _ if self.nominates_too_many() => (),
            _ => self.nominated.push(member),
        }
    }

    /// What `Connection` nominates: it ends here among the trailers as well.
    #[must_use]
    pub fn nominated(&self) -> Vec<String> {
        self.nominated.iter().map(|name| String::from_utf8_lossy(name).to_ascii_lowercase()).collect()
    }

    /// Whether `Connection` nominates more names than anybody has a use for.
    #[must_use]
    pub fn nominates_too_many(&self) -> bool {
        self.nominated.len() > MOST_NOMINATED
    }

    /// Whether `Connection` nominates the name.
    #[must_use]
    pub fn nominates(&self, name: &str) -> bool {
        self.nominated.iter().any(|nominated| nominated.eq_ignore_ascii_case(name.as_bytes()))
    }
}

fn is_grpc(content_type: &[u8]) -> bool {
    content_type.get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
        && matches!(content_type.get(16), None | Some(b'+' | b';' | b' '))
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
