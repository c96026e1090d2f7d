//! Every failure and what the caller is told of it: the only such table.
//!
//! A reply of the proxy itself has a `Proxy-Status` field (RFC 9209) whose `details` is the reason code, and a short
//! JSON body with the same code. Replies of backends pass as they are.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::decide::gate::Refusal;
use crate::forward::body::ReplyBody;

/// What went wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
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
    /// The service could not be woken several times in a row.
    WakeFailed,
    /// The proxy is shutting down.
    ShuttingDown,
    /// The backend closed the connection without an answer.
    UpstreamClosed,
    /// The backend's answer is not HTTP as it should be.
    UpstreamFraming,
    /// The backend switched protocols without being asked to, or to another one.
    UpstreamUpgrade,
    /// The caller left before it was answered; nobody reads the reply.
    ClientAbort,
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
    pub const ALL: [Reason; 14] = [
        Reason::BadFraming,
        Reason::BadHost,
        Reason::BadTarget,
        Reason::BadBody,
        Reason::MethodRefused,
        Reason::NoSuchService,
        Reason::HoldFull,
        Reason::HoldTimeout,
        Reason::WakeFailed,
        Reason::ShuttingDown,
        Reason::UpstreamClosed,
        Reason::UpstreamFraming,
        Reason::UpstreamUpgrade,
        Reason::ClientAbort,
    ];

    const fn row(self) -> Row {
        use StatusCode as S;
        match self {
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
            Reason::HoldTimeout => {
                later("hold_timeout", "destination_unavailable", "the service did not come up in time")
            }
            Reason::WakeFailed => {
                later("wake_failed", "destination_unavailable", "the service could not be woken several times")
            }
            Reason::ShuttingDown => later("shutting_down", "destination_unavailable", "this proxy is shutting down"),
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
        self.status().is_client_error()
    }

    /// The reply.
    #[must_use]
    pub fn reply(self) -> Response<ReplyBody> {
        let Row { status, code, proxy_error, text, retry } = self.row();
        let body = format!("{{\"reason\":\"{code}\",\"message\":\"{text}\"}}\n");
        let mut reply = Response::new(ReplyBody::whole(body));
        *reply.status_mut() = status;
        let fields = reply.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let said = format!("doze; error={proxy_error}; details=\"{code}\"");
        let said = HeaderValue::try_from(said).expect("the table has only letters and underscores");
        fields.insert(HeaderName::from_static("proxy-status"), said);
        if retry {
            fields.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_failure_has_a_code_of_its_own_and_says_it_in_the_field_and_the_body() {
        let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let reply = reason.reply();
            let said = reply.headers()["proxy-status"].to_str().expect("ASCII").to_owned();
            assert!(said.starts_with("doze; error=") && said.contains(reason.code()), "{said}");
            assert_eq!(reply.headers().contains_key(RETRY_AFTER), reply.status() == 503);
        }
    }

    #[test]
    fn a_callers_fault_is_a_4xx_and_a_backends_is_a_502() {
        for reason in Reason::ALL {
            assert_eq!(reason.is_callers_fault(), !reason.status().is_server_error());
        }
    }
}
