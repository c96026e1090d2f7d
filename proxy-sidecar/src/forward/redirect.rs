//! From the plain port to the encrypted one: `--redirect-https` and `--hsts`. Pure.

use std::num::NonZeroU16;
use std::time::Duration;

use http::header::HeaderValue;
use http::{Method, StatusCode};

/// The port of `https://` that need not be said.
const HTTPS: u16 = 443;

/// An answer that sends its caller elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, which old clients know, where it cannot change the method; otherwise 308, which keeps method and body
    /// (RFC 9110, 15.4.2 and 15.4.9).
    pub status: StatusCode,
    /// `Location`.
    pub location: HeaderValue,
}

/// Where a request for `target` on `host` is sent: the same place under `https`, on `port`.
///
/// `host` is the `Host` field or the authority of an absolute target, with or without a port, which is dropped.
/// `target` is the target as it came, in origin, absolute or asterisk form; its bytes are kept.
///
/// None: there is no valid host, so nobody can say where; or the target is of no such form.
#[must_use]
pub fn to_https(method: &Method, host: &[u8], target: &[u8], port: NonZeroU16) -> Option<Redirect> {
    let name = name(host)?;
    let port = match port.get() {
        HTTPS => String::new(),
        other => format!(":{other}"),
    };
    let location = [b"https://", name, port.as_bytes(), path(target)?].concat();
    let status = match *method {
        Method::GET | Method::HEAD => StatusCode::MOVED_PERMANENTLY,
        _ => StatusCode::PERMANENT_REDIRECT,
    };
    Some(Redirect { status, location: HeaderValue::from_bytes(&location).ok()? })
}

/// The value of `Strict-Transport-Security` (RFC 6797, 6.1), which goes with answers over TLS alone (7.2); none for
/// zero, which is off.
#[must_use]
pub fn hsts(lasts: Duration) -> Option<HeaderValue> {
    // A `max-age=0` would have browsers forget the host, which is more than off.
    (lasts.as_secs() > 0).then(|| HeaderValue::from_str(&format!("max-age={}", lasts.as_secs())).ok()).flatten()
}

/// The host without its port.
fn name(host: &[u8]) -> Option<&[u8]> {
    let bracketed = host.starts_with(b"[");
    let end = match bracketed {
        true => host.iter().position(|byte| *byte == b']')? + 1,
        false => host.iter().position(|byte| *byte == b':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let known = match bracketed {
        true => std::str::from_utf8(&name[1..end - 1]).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok()),
        // What a registered name may have (RFC 3986, 3.2.2), so nothing that could end it.
        false => !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(b)),
    };
    let said = port.is_empty() || (port[0] == b':' && port[1..].iter().all(u8::is_ascii_digit));
    (known && said).then_some(name)
}

/// What follows the authority.
fn path(target: &[u8]) -> Option<&[u8]> {
    match target {
        b"*" => Some(b""),
        [b'/', ..] => Some(target),
        _ => {
            let scheme = target.windows(3).position(|bytes| bytes == b"://")?;
            let known = [&b"http"[..], b"https"].iter().any(|known| target[..scheme].eq_ignore_ascii_case(known));
            let rest = &target[scheme + 3..];
            let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
            known.then_some(&rest[end..])
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redirected(method: &Method, host: &str, target: &[u8], port: u16) -> Option<(u16, String)> {
        let redirect = to_https(method, host.as_bytes(), target, NonZeroU16::new(port)?)?;
        Some((redirect.status.as_u16(), String::from_utf8_lossy(redirect.location.as_bytes()).into_owned()))
    }

    fn location(host: &str, target: &str) -> Option<String> {
        redirected(&Method::GET, host, target.as_bytes(), 443).map(|(_, location)| location)
    }

    #[test]
    fn a_request_is_sent_to_the_same_place_under_https() {
        assert_eq!(location("shop.example", "/a/b?c=d").as_deref(), Some("https://shop.example/a/b?c=d"));
        assert_eq!(location("shop.example:80", "/").as_deref(), Some("https://shop.example/"));
        assert_eq!(location("[::1]:9060", "/").as_deref(), Some("https://[::1]/"));
        assert_eq!(location("a.example", "http://b.example/x?y").as_deref(), Some("https://a.example/x?y"));
        assert_eq!(location("a.example", "HTTP://b.example?y").as_deref(), Some("https://a.example?y"));
        assert_eq!(location("a.example", "*").as_deref(), Some("https://a.example"));
        assert_eq!(location("a.example", "//evil.example/").as_deref(), Some("https://a.example//evil.example/"));
        let other = redirected(&Method::GET, "a.example:9060", b"/", 8443);
        assert_eq!(other, Some((301, "https://a.example:8443/".to_owned())));
    }

    #[test]
    fn a_method_is_never_changed_on_the_way() {
        for (method, status) in [(Method::GET, 301), (Method::HEAD, 301), (Method::POST, 308), (Method::OPTIONS, 308)] {
            assert_eq!(redirected(&method, "a", b"/", 443).map(|(status, _)| status), Some(status));
        }
    }

    #[test]
    fn bytes_of_a_path_are_kept() {
        let redirect = to_https(&Method::GET, b"a", b"/%2F\xff", NonZeroU16::new(443).expect("a port"));
        assert_eq!(redirect.map(|r| r.location.as_bytes().to_vec()).as_deref(), Some(&b"https://a/%2F\xff"[..]));
    }

    #[test]
    fn what_is_no_host_or_target_is_sent_nowhere() {
        for host in ["", ":80", "a@b", "a/b", "a b", "a:b", "[::1", "[::1]x", "[v1]", "a?b", "a\\b", "::1"] {
            assert_eq!(location(host, "/"), None, "{host:?}");
        }
        for target in ["", "a", "ftp://a/", "/\r\nSet-Cookie: a=b"] {
            assert_eq!(location("a", target), None, "{target:?}");
        }
    }

    #[test]
    fn strict_transport_is_asked_for_in_whole_seconds_or_not_at_all() {
        let said = |lasts| hsts(lasts).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(said(Duration::from_secs(31_536_000)).as_deref(), Some("max-age=31536000"));
        assert_eq!(said(Duration::ZERO), None);
        assert_eq!(said(Duration::from_millis(999)), None);
    }

    proptest! {
        #[test]
        fn nobody_is_sent_to_another_host(host in any::<Vec<u8>>(), target in any::<Vec<u8>>()) {
            if let Some(redirect) = to_https(&Method::GET, &host, &target, NonZeroU16::MIN) {
                let location = redirect.location.as_bytes();
                let name = name(&host).expect("a name");
                let start = [b"https://", name, b":1"].concat();
                prop_assert!(location.starts_with(&start));
                prop_assert!(location[start.len()..].first().is_none_or(|byte| b"/?#".contains(byte)));
            }
        }
    }
}
