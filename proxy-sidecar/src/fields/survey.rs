//! What the fields of a message say to this hop. Pure.

use http1::Field;
use http1::fields::members;

use super::names::{self, Name};
use super::trace;

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
    pub(super) has_via: bool,
    /// `X-Forwarded-For`, and `Forwarded`.
    pub(super) has_forwarded_for: bool,
    pub(super) has_forwarded: bool,
    pub(super) has_forwarded_proto: bool,
    pub(super) has_forwarded_host: bool,
    pub(super) has_trace: bool,
    pub(super) cookies: usize,
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
