//! Where a request wants to go.

use std::net::Ipv6Addr;

use crate::Flaw;

/// A target in the forms that a reverse proxy serves (RFC 9112, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'b> {
    /// `/path?query`.
    Origin(&'b str),
    /// `http://authority/path?query`: the authority takes the place of `Host`.
    Absolute {
        /// The authority, a valid `Host` that is not empty.
        authority: &'b str,
        /// What follows it; empty, or beginning with `/` or `?`.
        rest: &'b str,
    },
    /// `*`, of `OPTIONS`.
    Star,
}

impl<'b> Target<'b> {
    /// Reads a target.
    ///
    /// # Errors
    /// [`Flaw::Target`] for one that no origin serves, [`Flaw::Host`] for an authority that is none.
    pub fn read(method: &str, target: &'b str) -> Result<Target<'b>, Flaw> {
        if target.starts_with('/') {
            return Ok(Target::Origin(target));
        }
        if target == "*" && method == "OPTIONS" {
            return Ok(Target::Star);
        }
        let (scheme, rest) = target.split_once("://").ok_or(Flaw::Target)?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Err(Flaw::Target);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        match !authority.is_empty() && is_host(authority.as_bytes()) {
            true => Ok(Target::Absolute { authority, rest }),
            false => Err(Flaw::Host),
        }
    }

    /// The target as it is sent on, in two parts: one to come first, and the caller's own bytes.
    #[must_use]
    pub fn sent_on(self, method: &str) -> (&'static str, &'b str) {
        match self {
            Target::Origin(path) => ("", path),
            Target::Star => ("*", ""),
            // RFC 9112, 3.2.4.
            Target::Absolute { rest: "", .. } if method == "OPTIONS" => ("*", ""),
            Target::Absolute { rest, .. } if rest.starts_with('/') => ("", rest),
            Target::Absolute { rest, .. } => ("/", rest),
        }
    }
}

/// `uri-host [ ":" port ]` of RFC 9110, 7.2. An empty one is valid, and names nobody.
#[must_use]
pub fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|b| *b == b':') {
        Some(colon) if !text.ends_with(b"]") => (&text[..colon], &text[colon + 1..]),
        Some(_) | None => (text, &b""[..]),
    };
    let port_fits = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    let fits = match host {
        [] => text.is_empty(),
        [b'[', address @ .., b']'] => std::str::from_utf8(address).is_ok_and(|a| a.parse::<Ipv6Addr>().is_ok()),
        name => is_name(name),
    };
    port_fits && fits
}

/// `reg-name` of RFC 3986, 3.2.2, without the comma: a list is no name.
fn is_name(name: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(b);
    let mut parts = name.split(|b| *b == b'%');
    let encoded = |part: &[u8]| matches!(part, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    name.iter().all(plain) && parts.next().is_some() && parts.all(encoded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent_on(method: &str, target: &str) -> Result<String, Flaw> {
        Target::read(method, target).map(|t| t.sent_on(method)).map(|(first, rest)| format!("{first}{rest}"))
    }

    #[test]
    fn a_target_goes_on_in_origin_form() {
        for (method, target, sent) in [
            ("GET", "/a?b", "/a?b"),
            ("GET", "//a//", "//a//"),
            ("GET", "http://other:81/x%2f?y", "/x%2f?y"),
            ("GET", "HTTPS://other", "/"),
            ("GET", "http://other?y=/", "/?y=/"),
            ("OPTIONS", "*", "*"),
            ("OPTIONS", "http://other", "*"),
            ("OPTIONS", "http://other/", "/"),
        ] {
            assert_eq!(sent_on(method, target), Ok(sent.to_owned()), "{target}");
        }
        for target in ["*", "a:443", "ftp://a/", "a", "", "http:/a", "://a/"] {
            assert_eq!(sent_on("GET", target), Err(Flaw::Target), "{target}");
        }
        for target in ["http://user@other/", "http:///a", "http://a,b/", "http://[::1/"] {
            assert_eq!(sent_on("GET", target), Err(Flaw::Host), "{target}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        for good in [
            "",
            "a",
            "shop.example.org:80",
            "[::1]:9060",
            "[::ffff:1.2.3.4]",
            "a:",
            "a_b",
            "192.0.2.1",
            "a%2Db%20",
            "a%2fb",
        ] {
            assert!(is_host(good.as_bytes()), "{good:?}");
        }
        for bad in [
            "a b",
            "a,b",
            "a/b",
            "user@a",
            "a:b",
            "[::1",
            ":80",
            "a:123456",
            "::1",
            "[a z]",
            "a\0",
            "[]",
            "a:1:2",
            "a%zz",
            "a%",
            "a%2",
            "%4",
            "[:::]",
            "[1.2.3.4]",
            "[::1",
            "[::1]x",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad:?}");
        }
    }

    proptest! {
        /// The path goes on byte for byte, whatever it is.
        #[test]
        fn the_path_is_never_changed(path in "/\\PC{0,40}") {
            prop_assert_eq!(sent_on("GET", &path), Ok(path.clone()));
            prop_assert_eq!(sent_on("GET", &format!("http://a{path}")), Ok(path));
        }
    }
}
