//! What a message's head has to look like before it is carried on. Pure.
//!
//! hyper is lenient where a proxy must not be (traps 6 and 8): it takes `identity, chunked` for chunked and sends the
//! field on as it came, and it checks no `Host`. Here a request has exactly one `Transfer-Encoding: chunked`, or at most
//! one valid `Content-Length`, or neither; and exactly one valid `Host`, which an absolute target replaces.

use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::uri::{Authority, PathAndQuery};
use http::{Method, Uri, Version};

use crate::reply::Reason;

/// How long a body is, as its head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Nothing is said.
    Unsaid,
    /// So many bytes.
    Known(u64),
    /// Chunked.
    Chunked,
}

/// The length that a head says, where it says it in one valid way.
#[must_use]
pub fn length(fields: &HeaderMap) -> Option<Length> {
    let mut codings = fields.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = fields.get_all(CONTENT_LENGTH).iter();
    match (codings.next(), lengths.next()) {
        (None, None) => Some(Length::Unsaid),
        (Some(coding), None) => {
            let only = codings.next().is_none() && coding.as_bytes().eq_ignore_ascii_case(b"chunked");
            only.then_some(Length::Chunked)
        }
        (None, Some(length)) => {
            let digits = !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
            let number = digits.then(|| length.to_str().ok()?.parse().ok()).flatten();
            if lengths.next().is_none() { number.map(Length::Known) } else { None }
        }
        (Some(_), Some(_)) => None,
    }
}

/// What of a request is carried on, and where it wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The target as it is sent on: origin-form, or `*`.
    pub uri: Uri,
    /// The `Host` that it is sent on with; none from an HTTP/1.0 caller who gave none.
    pub host: Option<HeaderValue>,
}

/// Checks method, target and `Host`.
///
/// # Errors
/// The reason for which it is refused.
pub fn target(method: &Method, uri: &Uri, version: Version, fields: &HeaderMap) -> Result<Target, Reason> {
    // A tunnel to anywhere is not what a reverse proxy is for; TRACE would show the caller the proxy's own fields.
    if *method == Method::CONNECT || *method == Method::TRACE {
        return Err(Reason::MethodRefused);
    }
    let mut hosts = fields.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) if version >= Version::HTTP_11 => return Err(Reason::BadHost),
        (Some(_), Some(_)) => return Err(Reason::BadHost),
        (None, _) => None,
        (Some(host), None) if is_host(host.as_bytes()) => Some(host.clone()),
        (Some(_), None) => return Err(Reason::BadHost),
    };
    match (uri.scheme_str(), uri.authority()) {
        (None, None) if uri.path() == "*" && *method != Method::OPTIONS => Err(Reason::BadTarget),
        (None, None) if uri.path() == "*" || uri.path().starts_with('/') => Ok(Target { uri: uri.clone(), host }),
        (Some("http" | "https"), Some(authority)) => {
            let host = absolute_host(authority)?;
            Ok(Target { uri: origin_form(method, uri), host: Some(host) })
        }
        (None | Some(_), None | Some(_)) => Err(Reason::BadTarget),
    }
}

fn absolute_host(authority: &Authority) -> Result<HeaderValue, Reason> {
    let text = authority.as_str();
    match is_host(text.as_bytes()) && !text.is_empty() {
        true => HeaderValue::from_str(text).map_err(|_| Reason::BadHost),
        false => Err(Reason::BadHost),
    }
}

/// The same path and query, byte for byte. RFC 9112, 3.2.4: `OPTIONS http://host` is `OPTIONS *`.
fn origin_form(method: &Method, uri: &Uri) -> Uri {
    let star = *method == Method::OPTIONS && uri.path_and_query().is_none_or(|p| p.as_str().is_empty());
    let path = match uri.path_and_query() {
        _ if star => PathAndQuery::from_static("*"),
        Some(path) if path.as_str().starts_with('/') => path.clone(),
        // `http://host?query`: the path is empty, which is `/`.
        Some(path) => format!("/{path}").parse().unwrap_or(PathAndQuery::from_static("/")),
        None => PathAndQuery::from_static("/"),
    };
    Uri::from(path)
}

/// `uri-host [ ":" port ]` of RFC 9110, 7.2. An empty one is valid, and names nobody.
fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|b| *b == b':') {
        Some(colon) if !text.ends_with(b"]") => (&text[..colon], &text[colon + 1..]),
        Some(_) | None => (text, &b""[..]),
    };
    let port_fits = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    let literal = host.starts_with(b"[") && host.ends_with(b"]") && host.len() > 2;
    let inner = if literal { &host[1..host.len() - 1] } else { host };
    let fits = |b: &u8| match literal {
        true => b.is_ascii_hexdigit() || matches!(b, b':' | b'.'),
        false => b.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(b),
    };
    port_fits && inner.iter().all(fits) && (!host.is_empty() || port.is_empty())
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

    #[test]
    fn a_length_is_said_in_exactly_one_valid_way() {
        let said = |lines: &[(&'static str, &str)]| length(&fields(lines));
        assert_eq!(said(&[]), Some(Length::Unsaid));
        assert_eq!(said(&[("content-length", "12")]), Some(Length::Known(12)));
        assert_eq!(said(&[("transfer-encoding", "Chunked")]), Some(Length::Chunked));
        for bad in [
            vec![("transfer-encoding", "identity, chunked")],
            vec![("transfer-encoding", ", chunked")],
            vec![("transfer-encoding", "chunked, chunked")],
            vec![("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            vec![("transfer-encoding", "chunked;q=1")],
            vec![("transfer-encoding", "foo")],
            vec![("transfer-encoding", "")],
            vec![("transfer-encoding", "chunked"), ("content-length", "3")],
            vec![("content-length", "3"), ("content-length", "3")],
            vec![("content-length", "3, 3")],
            vec![("content-length", "+3")],
            vec![("content-length", "-0")],
            vec![("content-length", "")],
            vec![("content-length", "0x3")],
            vec![("content-length", "99999999999999999999")],
        ] {
            assert_eq!(said(&bad), None, "{bad:?}");
        }
    }

    fn checked(method: &str, uri: &str, hosts: &[&str]) -> Result<(String, Option<String>), Reason> {
        let lines: Vec<(&'static str, &str)> = hosts.iter().map(|h| ("host", *h)).collect();
        let method = method.parse().expect("a method");
        let target = target(&method, &uri.parse().expect("a URI"), Version::HTTP_11, &fields(&lines))?;
        Ok((target.uri.to_string(), target.host.map(|h| h.to_str().expect("ASCII").to_owned())))
    }

    #[test]
    fn one_valid_host_is_needed_and_an_absolute_target_replaces_it() {
        let ok = |uri: &str, host: &str| Ok((uri.to_owned(), Some(host.to_owned())));
        assert_eq!(checked("GET", "/a?b", &["shop.example.org:80"]), ok("/a?b", "shop.example.org:80"));
        assert_eq!(checked("GET", "/", &["[::1]:9060"]), ok("/", "[::1]:9060"));
        assert_eq!(checked("GET", "http://other:81/x%2f?y", &["shop"]), ok("/x%2f?y", "other:81"));
        assert_eq!(checked("GET", "http://other", &["shop"]), ok("/", "other"));
        for hosts in [&[][..], &["a", "a"], &["a b"], &["a,b"], &["a/b"], &["user@a"], &["a:b"], &["[::1"], &[":80"]] {
            assert_eq!(checked("GET", "/", hosts), Err(Reason::BadHost), "{hosts:?}");
        }
        assert_eq!(checked("GET", "http://user@other/", &["shop"]), Err(Reason::BadHost));
    }

    #[test]
    fn options_star_works_and_connect_does_not() {
        assert_eq!(checked("OPTIONS", "*", &["shop"]), Ok(("*".to_owned(), Some("shop".to_owned()))));
        assert_eq!(checked("GET", "*", &["shop"]), Err(Reason::BadTarget));
        assert_eq!(checked("CONNECT", "a:443", &["shop"]), Err(Reason::MethodRefused));
        assert_eq!(checked("GET", "ftp://a/", &["shop"]), Err(Reason::BadTarget));
        assert_eq!(checked("GET", "a:443", &["shop"]), Err(Reason::BadTarget));
    }

    #[test]
    fn a_caller_of_http_1_0_may_leave_the_host_out() {
        let target = target(&Method::GET, &Uri::from_static("/"), Version::HTTP_10, &HeaderMap::new());
        assert_eq!(target.map(|t| t.host), Ok(None));
    }

    proptest! {
        /// The path goes on byte for byte, whatever it is.
        #[test]
        fn the_path_is_never_changed(path in "/[!$-;=?-Z_a-z~]{0,40}") {
            let uri: Result<Uri, _> = path.parse();
            prop_assume!(uri.is_ok());
            prop_assert_eq!(checked("GET", &path, &["a"]).map(|(uri, _)| uri), Ok(path));
        }
    }
}
