//! The values people write in settings. Each parser says what it expected; [`crate::settings`] adds the name and value.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use crate::logging::Format;

/// What a parser expected, as the end of "expected …".
pub type Expected = &'static str;

/// A duration as people write it: `300s`, `5m`, `1h30m`, `500ms`; `0` is none.
///
/// # Errors
/// A text that is no such duration; a bare number other than `0` has no unit and is refused.
pub fn duration(text: &str) -> Result<Duration, Expected> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text).map_err(|_| "a duration such as 300s, 5m, 1h30m or 500ms")
}

/// A duration that is not zero.
///
/// # Errors
/// As [`duration`], and zero.
pub fn positive_duration(text: &str) -> Result<Duration, Expected> {
    match duration(text) {
        Ok(Duration::ZERO) | Err(_) => Err("a duration above zero, such as 300s, 5m or 500ms"),
        Ok(some) => Ok(some),
    }
}

/// An address and port: `0.0.0.0:9060`, `[::]:9060`.
///
/// # Errors
/// Anything else; names are not looked up.
pub fn socket_address(text: &str) -> Result<SocketAddr, Expected> {
    text.parse().map_err(|_| "an address and port such as 0.0.0.0:9060 or [::]:9060")
}

/// An IPv4 address.
///
/// # Errors
/// Anything else.
pub fn ipv4(text: &str) -> Result<Ipv4Addr, Expected> {
    text.parse().map_err(|_| "an IPv4 address such as 10.0.2.100")
}

/// A port from 1 to 65535.
///
/// # Errors
/// Anything else.
pub fn port(text: &str) -> Result<NonZeroU16, Expected> {
    text.parse().map_err(|_| "a port from 1 to 65535")
}

/// A whole number, not negative.
///
/// # Errors
/// Anything else.
pub fn count(text: &str) -> Result<u32, Expected> {
    text.parse().map_err(|_| "a whole number, 0 or more")
}

/// A whole number of at least one.
///
/// # Errors
/// Anything else.
pub fn positive_count(text: &str) -> Result<u32, Expected> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a whole number, 1 or more"),
        Ok(some) => Ok(some),
    }
}

/// Any text but the empty one.
///
/// # Errors
/// The empty text: unset the variable instead.
pub fn text(text: &str) -> Result<String, Expected> {
    match text {
        "" => Err("some text (unset it for the default)"),
        some => Ok(some.to_owned()),
    }
}

/// An absolute path.
///
/// # Errors
/// A relative or empty path: it would depend on where the program was started.
pub fn absolute_path(text: &str) -> Result<std::path::PathBuf, Expected> {
    let path = std::path::PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err("an absolute path such as /tmp/shutdown") }
}

/// `yes`/`no` and what else people write for them.
///
/// # Errors
/// Anything but true, false, yes, no, 1, 0.
pub fn switch(text: &str) -> Result<bool, Expected> {
    match text {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err("true or false"),
    }
}

/// A `tracing` filter.
///
/// # Errors
/// A filter that does not parse.
#[cfg(feature = "full")]
pub fn log_filter(text: &str) -> Result<String, Expected> {
    match (text, tracing_subscriber::EnvFilter::try_new(text)) {
        ("", _) | (_, Err(_)) => Err("a log filter such as info, debug or hyper=warn,info"),
        (some, Ok(_)) => Ok(some.to_owned()),
    }
}

/// `json` or `text`.
///
/// # Errors
/// Anything else.
pub fn log_format(text: &str) -> Result<Format, Expected> {
    match text {
        "json" => Ok(Format::Json),
        "text" => Ok(Format::Text),
        _ => Err("json or text"),
    }
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("300s"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for bad in ["", "5", "-1s", "five minutes", "5 parsecs", "99999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(positive_duration("0s").is_err());
    }

    #[test]
    fn a_filter_or_path_that_would_be_guessed_at_is_refused() {
        assert!(log_filter("info,hyper=warn").is_ok());
        assert!(log_filter("a=b=c").is_err());
        assert!(absolute_path("tmp/shutdown").is_err());
        assert!(port("0").is_err());
        assert!(switch("maybe").is_err());
    }
}
