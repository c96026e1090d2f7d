//! Every failure and what the caller is told of it: the only such table.
//!
//! A reply of the proxy itself has a `Proxy-Status` field (RFC 9209) whose `details` is the reason code, and a short
//! JSON body with the same code. Replies of backends pass as they are.

use http::StatusCode;
use http1::Flaw;

use crate::decide::gate::Refusal;
use crate::fields::Lines;

/// What went wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its head is no HTTP, or HTTP that could be read in two ways.
    BadHead,
    /// Its head is too long.
    HeadTooLong,
    /// Its target is too long.
    TargetTooLong,
    /// It has too many fields.
    TooManyFields,
    /// It is of a version that is not spoken here.
    VersionRefused,
    /// Its first line is of another protocol than HTTP; nobody would understand the reply.
    OtherProtocol,
    /// It expects what nobody here can promise.
    ExpectationFailed,
    /// Its head did not come in time.
    HeaderTimeout,
    /// Its length is not said in exactly one valid way.
    BadFraming,
    /// It has no `Host`, several, or none that is valid.
    BadHost,
    /// A target that no origin serves (authority-form, a foreign scheme).
    BadTarget,
    /// Its body broke the rules on the way.
    BadBody,
    /// `CONNECT`, or another method that a reverse proxy does not carry.
    MethodRefused,
    /// No service for this host.
    NoSuchService,
    /// As many as allowed are held.
    HoldFull,
    /// It was held for as long as allowed.
    HoldTimeout,
    /// Too many connections from one address.
    TooManyConnections,
    /// The service could not be woken several times in a row.
    WakeFailed,
    /// The proxy is shutting down.
    ShuttingDown,
    /// It was held for as long as allowed, and the last backend that was tried refused the connection.
    UpstreamRefused,
    /// The same, and the last one did not answer the attempt to connect.
    UpstreamTimeout,
    /// The backend did not begin its answer in time.
    ResponseTimeout,
    /// The backend closed the connection without an answer.
    UpstreamClosed,
    /// The backend's answer is not HTTP as it should be.
    UpstreamFraming,
    /// The backend switched protocols without being asked to, or to another one.
    UpstreamUpgrade,
    /// The caller left before it was answered; nobody reads the reply.
    ClientAbort,
}

impl From<Flaw> for Reason {
    fn from(flaw: Flaw) -> Reason {
        match flaw {
            Flaw::Head => Reason::BadHead,
            Flaw::HeadTooLong => Reason::HeadTooLong,
            Flaw::LineTooLong => Reason::TargetTooLong,
            Flaw::TooManyFields => Reason::TooManyFields,
            Flaw::Version => Reason::VersionRefused,
            Flaw::Protocol => Reason::OtherProtocol,
            Flaw::Framing => Reason::BadFraming,
            Flaw::Target => Reason::BadTarget,
            Flaw::Host => Reason::BadHost,
            Flaw::Body => Reason::BadBody,
        }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Reason {
        match refusal {
            Refusal::HoldFull => Reason::HoldFull,
            Refusal::HoldTimeout => Reason::HoldTimeout,
            Refusal::WakeFailed => Reason::WakeFailed,
            Refusal::ShuttingDown => Reason::ShuttingDown,
        }
    }
}

/// The methods that are carried, and any other but `CONNECT` and `TRACE`.
pub const METHODS: &[u8] = b"GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

/// A row of the table.
struct Row {
    status: StatusCode,
    code: &'static str,
    /// The error type of RFC 9209, section 2.3.
    proxy_error: &'static str,
    text: &'static str,
    /// The caller may come back later.
    retry: bool,
}

const fn row(status: StatusCode, code: &'static str, proxy_error: &'static str, text: &'static str) -> Row {
    Row { status, code, proxy_error, text, retry: false }
}

const fn later(code: &'static str, proxy_error: &'static str, text: &'static str) -> Row {
    Row { status: StatusCode::SERVICE_UNAVAILABLE, code, proxy_error, text, retry: true }
}

impl Reason {
    /// Every reason, in the table's order.
    pub const ALL: [Reason; 26] = [
        Reason::BadHead,
        Reason::HeadTooLong,
        Reason::TargetTooLong,
        Reason::TooManyFields,
        Reason::VersionRefused,
        Reason::OtherProtocol,
        Reason::ExpectationFailed,
        Reason::HeaderTimeout,
        Reason::BadFraming,
        Reason::BadHost,
        Reason::BadTarget,
        Reason::BadBody,
        Reason::MethodRefused,
        Reason::NoSuchService,
        Reason::HoldFull,
        Reason::HoldTimeout,
        Reason::TooManyConnections,
        Reason::WakeFailed,
        Reason::ShuttingDown,
        Reason::UpstreamRefused,
        Reason::UpstreamTimeout,
        Reason::ResponseTimeout,
        Reason::UpstreamClosed,
        Reason::UpstreamFraming,
        Reason::UpstreamUpgrade,
        Reason::ClientAbort,
    ];

    const fn row(self) -> Row {
        use StatusCode as S;
        match self {
            Reason::BadHead => row(S::BAD_REQUEST, "bad_head", "http_request_error", "the request's head is malformed"),
            Reason::HeadTooLong => row(
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_long",
                "http_request_error",
                "the request's head is too long",
            ),
            Reason::TargetTooLong => {
                row(S::URI_TOO_LONG, "target_too_long", "http_request_error", "the request's target is too long")
            }
            Reason::TooManyFields => row(
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "too_many_fields",
                "http_request_error",
                "the request has too many fields",
            ),
            Reason::VersionRefused => row(
                S::HTTP_VERSION_NOT_SUPPORTED,
                "version_refused",
                "http_request_error",
                "this version of HTTP is not spoken here",
            ),
            Reason::OtherProtocol => {
                row(S::BAD_REQUEST, "other_protocol", "http_request_error", "this is another protocol than HTTP")
            }
            Reason::ExpectationFailed => row(
                S::EXPECTATION_FAILED,
                "expectation_failed",
                "http_request_error",
                "nothing but 100-continue can be expected here",
            ),
            Reason::HeaderTimeout => row(
                S::REQUEST_TIMEOUT,
                "header_timeout",
                "http_request_error",
                "the request's head did not come in time",
            ),
            Reason::BadFraming => {
                row(S::BAD_REQUEST, "bad_framing", "http_request_error", "the length of the request is not clear")
            }
            Reason::BadHost => row(S::BAD_REQUEST, "bad_host", "http_request_error", "one valid Host field is needed"),
            Reason::BadTarget => {
                row(S::BAD_REQUEST, "bad_target", "http_request_error", "the request's target is not served here")
            }
            Reason::BadBody => row(S::BAD_REQUEST, "bad_body", "http_request_error", "the request's body is malformed"),
            Reason::MethodRefused => {
                row(S::METHOD_NOT_ALLOWED, "method_refused", "http_request_denied", "this method is not carried")
            }
            Reason::NoSuchService => {
                row(S::NOT_FOUND, "no_such_service", "destination_not_found", "no service has this host name")
            }
            Reason::HoldFull => {
                later("hold_full", "connection_limit_reached", "too many requests wait for the service")
            }
            Reason::TooManyConnections => {
                later("too_many_connections", "connection_limit_reached", "too many connections from one address")
            }
            Reason::HoldTimeout => {
                later("hold_timeout", "destination_unavailable", "the service did not come up in time")
            }
            Reason::WakeFailed => {
                later("wake_failed", "destination_unavailable", "the service could not be woken several times")
            }
            Reason::ShuttingDown => later("shutting_down", "destination_unavailable", "this proxy is shutting down"),
            Reason::UpstreamRefused => {
                later("upstream_refused", "connection_refused", "the service refused connections for too long")
            }
            Reason::UpstreamTimeout => {
                later("upstream_timeout", "connection_timeout", "the service could not be connected to for too long")
            }
            Reason::ResponseTimeout => row(
                S::GATEWAY_TIMEOUT,
                "response_timeout",
                "http_response_timeout",
                "the service did not begin its answer in time",
            ),
            Reason::UpstreamClosed => row(
                S::BAD_GATEWAY,
                "upstream_closed",
                "connection_terminated",
                "the service closed the connection without an answer",
            ),
            Reason::UpstreamFraming => {
                row(S::BAD_GATEWAY, "upstream_framing", "http_protocol_error", "the service's answer is malformed")
            }
            Reason::UpstreamUpgrade => row(
                S::BAD_GATEWAY,
                "upstream_upgrade",
                "http_upgrade_failed",
                "the service switched to a protocol that was not asked for",
            ),
            // 499 would be nginx's word; nobody reads it, and it never leaves the proxy.
            Reason::ClientAbort => row(S::BAD_REQUEST, "client_abort", "http_request_error", "the caller left"),
        }
    }

    /// The reason code: the same in the field, the body, the log and the documentation.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// The status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// Whether the caller is at fault; such a failure is never counted against a backend (trap 2).
    #[must_use]
    pub fn is_callers_fault(self) -> bool {
        self.status().is_client_error() || self == Reason::VersionRefused
    }

    /// The fields of the reply, besides its framing.
    pub fn write_fields(self, lines: &mut dyn Lines) {
        let Row { status, code, proxy_error, retry, .. } = self.row();
        lines.line("content-type", b"application/json");
        lines.line("cache-control", b"no-store");
        lines.line("proxy-status", format!("doze; error={proxy_error}; details=\"{code}\"").as_bytes());
        if retry {
            lines.line("retry-after", b"5");
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            lines.line("allow", METHODS);
        }
    }

    /// The body of the reply.
    #[must_use]
    pub fn body(self) -> String {
        let Row { code, text, .. } = self.row();
        format!("{{\"reason\":\"{code}\",\"message\":\"{text}\"}}\n")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::HeaderMap;

    use super::*;

    #[test]
    fn every_failure_has_a_code_of_its_own_and_says_it_in_the_field_and_the_body() {
        let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let mut fields = HeaderMap::new();
            reason.write_fields(&mut fields);
            let said = fields["proxy-status"].to_str().expect("ASCII").to_owned();
            assert!(said.starts_with("doze; error=") && said.contains(reason.code()), "{said}");
            assert_eq!(fields.contains_key("retry-after"), reason.status() == 503);
            assert!(reason.body().contains(&format!("\"{}\"", reason.code())));
        }
    }

    #[test]
    fn a_callers_fault_is_a_4xx_and_a_backends_is_a_5xx() {
        for reason in Reason::ALL {
            let own = reason == Reason::VersionRefused;
            assert_eq!(reason.is_callers_fault(), own || !reason.status().is_server_error());
        }
    }
}
