//! The names that mean something to this hop. Pure.

/// What a field's name is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// `Connection`.
    Connection,
    /// Hop-by-hop, and nothing more to us.
    EndsHere,
    /// `Content-Length`, `Transfer-Encoding`: written anew.
    Framing,
    /// `Host`.
    Host,
    /// `TE`.
    Te,
    /// `Upgrade`.
    Upgrade,
    /// `Expect`.
    Expect,
    /// `Via`.
    Via,
    /// `Forwarded`.
    Forwarded,
    /// `X-Forwarded-For`.
    ForwardedFor,
    /// `X-Forwarded-Proto`.
    ForwardedProto,
    /// `X-Forwarded-Host`.
    ForwardedHost,
    /// Any other `X-Forwarded-…`, and `X-Real-IP`.
    ForwardedOther,
    /// `X-Request-Id`.
    RequestId,
    /// `traceparent`.
    TraceParent,
    /// `tracestate`.
    TraceState,
    /// `Cookie`.
    Cookie,
    /// `Date`.
    Date,
    /// `Max-Forwards`.
    MaxForwards,
    /// `Content-Type`.
    ContentType,
    /// `Sec-WebSocket-Key`, `Sec-WebSocket-Accept`.
    WebSocketKey,
    /// `Strict-Transport-Security`.
    Hsts,
    /// One of the names above or below with `_` for `-`: to many servers the same name (CGI's variables).
    Disguised,
    /// Any other.
    Other,
}

/// What `name` is to us.
#[must_use]
pub fn name(name: &str) -> Name {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    match name.len() {
        2 if is("te") => Name::Te,
        3 if is("via") => Name::Via,
        // Reserved, for it is an option of `Connection` (RFC 9112, 9.6).
        5 if is("close") => Name::EndsHere,
        4 if is("host") => Name::Host,
        4 if is("date") => Name::Date,
        6 if is("cookie") => Name::Cookie,
        6 if is("expect") => Name::Expect,
        7 if is("upgrade") => Name::Upgrade,
        9 if is("forwarded") => Name::Forwarded,
        10 if is("connection") => Name::Connection,
        10 if is("keep-alive") => Name::EndsHere,
        10 if is("tracestate") => Name::TraceState,
        11 if is("traceparent") => Name::TraceParent,
        12 if is("max-forwards") => Name::MaxForwards,
        12 if is("content-type") => Name::ContentType,
        12 if is("x-request-id") => Name::RequestId,
        14 if is("content-length") => Name::Framing,
        14 if is("http2-settings") => Name::EndsHere,
        15 if is("x-forwarded-for") => Name::ForwardedFor,
        16 if is("x-forwarded-host") => Name::ForwardedHost,
        16 if is("proxy-connection") => Name::EndsHere,
        17 if is("transfer-encoding") => Name::Framing,
        17 if is("x-forwarded-proto") => Name::ForwardedProto,
        17 if is("sec-websocket-key") => Name::WebSocketKey,
        18 if is("proxy-authenticate") => Name::EndsHere,
        19 if is("proxy-authorization") => Name::EndsHere,
        20 if is("sec-websocket-accept") => Name::WebSocketKey,
        25 if is("strict-transport-security") => Name::Hsts,
        9 if is("x-real-ip") => Name::ForwardedOther,
        12.. if name.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("x-forwarded-")) => Name::ForwardedOther,
        9.. if name.contains('_') && is_ours_in_disguise(name) => Name::Disguised,
        _ => Name::Other,
    }
}

/// The names that a server would take for what only this hop or a trusted one may say.
fn is_ours_in_disguise(name: &str) -> bool {
    const OURS: [&str; 3] = ["content-length", "transfer-encoding", "x-request-id"];
    let plain = name.replace('_', "-");
    OURS.iter().any(|ours| plain.eq_ignore_ascii_case(ours)) || starts(&plain, "x-forwarded-")
}

fn starts(name: &str, with: &str) -> bool {
    name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// Whether a trailer of this name may go on.
#[must_use]
pub fn may_trail(field: &str) -> bool {
    const NEVER: [&str; 23] = [
        "trailer",
        "authorization",
        "www-authenticate",
        "set-cookie",
        "cookie",
        "cache-control",
        "content-encoding",
        "content-range",
        "content-type",
        "age",
        "date",
        "expires",
        "location",
        "max-forwards",
        "pragma",
        "range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "if-range",
        "retry-after",
        "vary",
    ];
    match name(field) {
        Name::Other | Name::TraceState => !NEVER.iter().any(|never| never.eq_ignore_ascii_case(field)),
        Name::Connection
        | Name::EndsHere
        | Name::Framing
        | Name::Host
        | Name::Te
        | Name::Upgrade
        | Name::Expect
        | Name::Via
        | Name::Forwarded
        | Name::ForwardedFor
        | Name::ForwardedProto
        | Name::ForwardedHost
        | Name::ForwardedOther
        | Name::RequestId
        | Name::TraceParent
        | Name::Cookie
        | Name::Date
        | Name::MaxForwards
        | Name::ContentType
        | Name::WebSocketKey
        | Name::Hsts
        | Name::Disguised => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_any_case_and_in_disguise() {
        assert_eq!(
            (name("HoSt"), name("X-FORWARDED-FOR"), name("hosts")),
            (Name::Host, Name::ForwardedFor, Name::Other)
        );
        assert_eq!((name("x_forwarded-for"), name("Content_Length")), (Name::Disguised, Name::Disguised));
        assert_eq!((name("x_forwarded"), name("my_field_name")), (Name::Other, Name::Other));
    }

    #[test]
    fn whatever_says_where_a_request_was_forwarded_is_known() {
        assert_eq!(
            (name("X-Forwarded-Port"), name("x-forwarded-prefix")),
            (Name::ForwardedOther, Name::ForwardedOther)
        );
        assert_eq!((name("X-Forwarded-"), name("X_Forwarded_")), (Name::ForwardedOther, Name::Disguised));
        assert_eq!((name("X_Forwarded_Port"), name("x-forwarded")), (Name::Disguised, Name::Other));
    }

    #[test]
    fn trailers_neither_frame_nor_route_nor_authenticate() {
        assert!(may_trail("grpc-status") && may_trail("X-Sum") && may_trail("digest"));
        for never in [
            "Content-Length",
            "transfer-encoding",
            "Host",
            "Authorization",
            "WWW-Authenticate",
            "If-Match",
            "x-forwarded-for",
            "te",
            "Trailer",
            "close",
        ] {
            assert!(!may_trail(never), "{never}");
        }
    }
}
