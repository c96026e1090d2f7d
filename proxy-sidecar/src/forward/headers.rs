//! The fields that end at this hop, and those that are added. Pure.
//!
//! Hop-by-hop fields and all that `Connection` nominates are removed in both directions, *before* ours are added: a
//! client that nominates `X-Forwarded-For` strips only its own (trap 18). `Trailer` stays, for hyper writes only the
//! trailers that it names (trap 7).

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, SEC_WEBSOCKET_KEY, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{Method, Version};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HTTP2_SETTINGS,
];

/// The one protocol that is tunnelled after a 101.
pub const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Whether a request asks for a WebSocket, in the only way that is carried on: `GET` of HTTP/1.1, `Upgrade: websocket`
/// nominated by `Connection`, with a key (RFC 6455, 4.1). Another token, `h2c` above all, is not passed on.
#[must_use]
pub fn asks_for_websocket(method: &Method, version: Version, fields: &HeaderMap) -> bool {
    *method == Method::GET
        && version == Version::HTTP_11
        && nominates(fields, UPGRADE.as_str())
        && fields.contains_key(SEC_WEBSOCKET_KEY)
        && is_websocket(fields)
}

/// Whether the only upgrade token of a message is `websocket`.
#[must_use]
pub fn is_websocket(fields: &HeaderMap) -> bool {
    let mut tokens = fields.get_all(UPGRADE).iter();
    let first = tokens.next().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    first && tokens.next().is_none()
}

/// Removes what ends at this hop. Framing and `Host` are no field to nominate: they are made anew.
pub fn strip_hop_by_hop(fields: &mut HeaderMap) {
    if fields.contains_key(CONNECTION) {
        let nominated: Vec<HeaderName> =
            tokens(fields, &CONNECTION).filter_map(|token| HeaderName::from_bytes(token).ok()).collect();
        for name in nominated.iter().filter(|name| **name != CONTENT_LENGTH && **name != HOST) {
            fields.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        fields.remove(name);
    }
}

/// What is said of the caller to the backend.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    /// Its address.
    pub address: IpAddr,
    /// The `Host` that the request is sent on with.
    pub host: &'a HeaderValue,
    /// The version it speaks.
    pub version: Version,
    /// Whether it takes trailers.
    pub takes_trailers: bool,
}

/// Whether the caller takes trailers (`TE: trailers`).
#[must_use]
pub fn takes_trailers(fields: &HeaderMap) -> bool {
    tokens(fields, &TE).any(|token| token.eq_ignore_ascii_case(b"trailers"))
}

/// Adds ours to a request whose hop-by-hop fields are gone.
///
/// `X-Forwarded-For` and `Via` are appended to; `X-Forwarded-Proto` and `X-Forwarded-Host` stay where a proxy in front
/// has set them. `Expect` ends here: hyper has answered it when the body is first read.
pub fn add_to_request(fields: &mut HeaderMap, caller: &Caller<'_>, websocket: bool) {
    fields.remove(EXPECT);
    fields.insert(HOST, caller.host.clone());
    append_to_list(fields, FORWARDED_FOR, &caller.address.to_canonical().to_string());
    if !fields.contains_key(FORWARDED_PROTO) {
        fields.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    if !fields.contains_key(FORWARDED_HOST) {
        fields.insert(FORWARDED_HOST, caller.host.clone());
    }
    add_via(fields, caller.version);
    if websocket {
        fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        fields.insert(UPGRADE, WEBSOCKET);
    } else if caller.takes_trailers {
        fields.insert(CONNECTION, HeaderValue::from_static("te"));
        fields.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Adds this hop to `Via`; `version` is the one in which the message was received.
pub fn add_via(fields: &mut HeaderMap, version: Version) {
    let hop = if version == Version::HTTP_10 { "1.0 doze" } else { "1.1 doze" };
    append_to_list(fields, VIA, hop);
}

/// Several lines become one list, as RFC 9110, 5.3 allows, with ours at its end. A list that is no text is replaced.
fn append_to_list(fields: &mut HeaderMap, name: HeaderName, ours: &str) {
    let mut list = Vec::new();
    for line in fields.get_all(&name) {
        list.extend_from_slice(line.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(ours.as_bytes());
    if let Ok(value) = HeaderValue::from_bytes(&list) {
        fields.insert(name, value);
    }
}

fn nominates(fields: &HeaderMap, name: &str) -> bool {
    tokens(fields, &CONNECTION).any(|token| token.eq_ignore_ascii_case(name.as_bytes()))
}

fn tokens<'a>(fields: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = fields.get_all(name).iter();
    lines.flat_map(|line| line.as_bytes().split(|b| *b == b',')).map(<[u8]>::trim_ascii).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in lines {
            fields.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        fields
    }

    fn caller(host: &HeaderValue) -> Caller<'_> {
        Caller { address: IpAddr::from([192, 0, 2, 7]), host, version: Version::HTTP_11, takes_trailers: false }
    }

    #[test]
    fn hop_by_hop_fields_and_the_nominated_ones_end_here() {
        let mut given = fields(&[
            ("connection", "close, X-Secret"),
            ("connection", "x-other ,, bad name"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("x-secret", "1"),
            ("x-other", "2"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ]);
        strip_hop_by_hop(&mut given);
        assert_eq!(given, fields(&[("trailer", "x-sum"), ("accept", "*/*")]));
    }

    #[test]
    fn a_client_cannot_strip_what_the_proxy_adds_nor_the_host() {
        let host = HeaderValue::from_static("shop");
        let mut given = fields(&[
            ("host", "shop"),
            ("connection", "x-forwarded-for, host, via, content-length"),
            ("x-forwarded-for", "203.0.113.9"),
            ("content-length", "3"),
        ]);
        strip_hop_by_hop(&mut given);
        add_to_request(&mut given, &caller(&host), false);
        assert_eq!(given["x-forwarded-for"], "192.0.2.7");
        assert_eq!(
            (&given["host"], &given["via"], &given["content-length"]),
            (&host, &HeaderValue::from_static("1.1 doze"), &HeaderValue::from_static("3"))
        );
    }

    #[test]
    fn what_proxies_in_front_have_said_is_kept_and_appended_to() {
        let host = HeaderValue::from_static("shop");
        let mut given = fields(&[
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "198.51.100.2"),
            ("x-forwarded-proto", "https"),
            ("via", "2 front"),
        ]);
        add_to_request(&mut given, &caller(&host), false);
        assert_eq!(given["x-forwarded-for"], "203.0.113.9, 198.51.100.2, 192.0.2.7");
        assert_eq!(given["x-forwarded-proto"], "https");
        assert_eq!(given["x-forwarded-host"], "shop");
        assert_eq!(given["via"], "2 front, 1.1 doze");
    }

    #[test]
    fn only_a_websocket_is_asked_for() {
        let key = ("sec-websocket-key", "x");
        let asks = |lines: &[(&'static str, &str)]| asks_for_websocket(&Method::GET, Version::HTTP_11, &fields(lines));
        assert!(asks(&[("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket"), key]));
        assert!(!asks(&[("connection", "upgrade"), ("upgrade", "h2c"), key]));
        assert!(!asks(&[("connection", "upgrade"), ("upgrade", "websocket, h2c"), key]));
        assert!(!asks(&[("connection", "upgrade"), ("upgrade", "websocket"), ("upgrade", "h2c"), key]));
        assert!(!asks(&[("upgrade", "websocket"), key]));
        assert!(!asks(&[("connection", "upgrade"), ("upgrade", "websocket")]));
    }

    proptest! {
        #[test]
        fn nothing_that_connection_nominates_goes_on(names in prop::collection::vec("[a-z]{1,8}", 0..6)) {
            let mut given = HeaderMap::new();
            for name in &names {
                given.append(HeaderName::from_bytes(name.as_bytes()).expect("a name"), HeaderValue::from_static("1"));
            }
            given.insert(CONNECTION, HeaderValue::try_from(names.join(" , ")).expect("a list"));
            strip_hop_by_hop(&mut given);
            prop_assert!(names.iter().all(|name| name == "host" || !given.contains_key(name)));
        }
    }
}
