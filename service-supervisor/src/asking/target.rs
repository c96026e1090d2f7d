//! Where a question goes: `http://ADDRESS[:PORT][/PATH]`, `tcp://ADDRESS:PORT`. Pure.
//!
//! An address or `localhost`: looking a name up would have to be waited for, and the supervisor waits for nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use daemon::parse::Expected;

/// What is expected of an address to ask over HTTP.
const EXPECTED_HTTP: Expected = "http:// and an IP address or localhost, such as http://127.0.0.1:9050/health";

/// What is expected of `--ready`.
const EXPECTED_READY: Expected =
    "http://ADDRESS:PORT/PATH or tcp://ADDRESS:PORT, where ADDRESS is an IP address or localhost";

/// Somewhere that answers HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where, tried in this order.
    pub addresses: Vec<SocketAddr>,
    /// The `host` field.
    pub host: String,
    /// The path and query; a `/` at the least.
    pub path: String,
}

/// What says whether the app is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// It answers here with a status under 400.
    Http(Target),
    /// It accepts here.
    Tcp(Vec<SocketAddr>),
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(url: &str) -> Result<Self, Expected> {
        let rest = url.strip_prefix("http://").ok_or(EXPECTED_HTTP)?;
        let (host, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let fits = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let addresses = addresses(host, Some(80)).filter(|_| fits).ok_or(EXPECTED_HTTP)?;
        Ok(Target { addresses, host: host.to_owned(), path })
    }

    /// The same with `path` appended.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        Target { path: format!("{}{path}", self.path.trim_end_matches('/')), ..self.clone() }
    }
}

impl Ready {
    /// Reads the value of `--ready`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(url: &str) -> Result<Self, Expected> {
        match url.strip_prefix("tcp://") {
            Some(host) => addresses(host.trim_end_matches('/'), None).map(Ready::Tcp).ok_or(EXPECTED_READY),
            None => Target::parse(url).map(Ready::Http).map_err(|_| EXPECTED_READY),
        }
    }
}

/// The addresses of `host[:port]`.
fn addresses(host: &str, usual_port: Option<u16>) -> Option<Vec<SocketAddr>> {
    let (name, port) = match host.rsplit_once(':') {
        // The last colon of an IPv6 address without a port.
        Some((_, tail)) if tail.ends_with(']') => (host, usual_port?),
        Some((name, port)) => (name, port.parse().ok().filter(|port| *port != 0)?),
        None => (host, usual_port?),
    };
    let ips = match name {
        // An app may listen on either.
        "localhost" => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        _ => match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(six) => vec![IpAddr::V6(six.parse().ok()?)],
            None => vec![IpAddr::V4(name.parse().ok()?)],
        },
    };
    Some(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> (Vec<String>, String, String) {
        let Target { addresses, host, path } = Target::parse(url).expect(url);
        (addresses.iter().map(SocketAddr::to_string).collect(), host, path)
    }

    #[test]
    fn addresses_and_localhost_are_understood() {
        let one = |address: &str, host: &str, path: &str| (vec![address.to_owned()], host.to_owned(), path.to_owned());
        assert_eq!(target("http://169.254.170.2/v4/abc"), one("169.254.170.2:80", "169.254.170.2", "/v4/abc"));
        assert_eq!(target("http://127.0.0.1:9050"), one("127.0.0.1:9050", "127.0.0.1:9050", "/"));
        assert_eq!(target("http://[::1]:80/a?b=c"), one("[::1]:80", "[::1]:80", "/a?b=c"));
        assert_eq!(target("http://[::1]?b"), one("[::1]:80", "[::1]", "/?b"));
        let (both, ..) = target("http://localhost:8080/health");
        assert_eq!(both, ["127.0.0.1:8080", "[::1]:8080"]);
    }

    #[test]
    fn what_would_have_to_be_looked_up_or_cannot_be_asked_is_refused() {
        for bad in [
            "https://127.0.0.1/",
            "http://app/",
            "http://u@127.0.0.1/",
            "http://127.0.0.1:x/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:99999/",
            "http://",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/a\r\nx: y",
            "http://127.0.0.1/#top",
            "127.0.0.1:9050",
        ] {
            assert_eq!(Target::parse(bad), Err(EXPECTED_HTTP), "{bad}");
            assert_eq!(Ready::parse(bad), Err(EXPECTED_READY), "{bad}");
        }
        assert_eq!(Ready::parse("tcp://127.0.0.1"), Err(EXPECTED_READY), "TCP has no usual port");
    }

    #[test]
    fn a_port_that_accepts_may_be_what_says_ready() {
        assert_eq!(
            Ready::parse("tcp://127.0.0.1:5432"),
            Ok(Ready::Tcp(vec!["127.0.0.1:5432".parse().expect("address")]))
        );
    }

    #[test]
    fn a_path_is_appended_once() {
        for base in ["http://169.254.170.2/api/abc", "http://169.254.170.2/api/abc/"] {
            let joined = Target::parse(base).expect("an address").join("/task-protection/v1/state");
            assert_eq!(joined.path, "/api/abc/task-protection/v1/state");
        }
    }
}
