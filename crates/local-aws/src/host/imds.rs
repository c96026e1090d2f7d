//! The instance metadata service, version 2 only: a token first, then values by path. Deciding code: the moment and the
//! fresh token come in.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use daemon::moment::Moment;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

use crate::render;
use crate::views::HostView;

mod values;

pub(crate) use values::{IMAGE, INSTANCE_TYPE};

const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const TOKEN_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The longest that a token may live: six hours.
const LONGEST_TTL: u64 = 21_600;

/// More tokens than any host needs; the oldest are forgotten.
const MOST_TOKENS: usize = 1_000;

/// The tokens given out, and when each expires.
#[derive(Debug, Default)]
pub(super) struct Tokens(HashMap<String, Moment>);

impl Tokens {
    fn add(&mut self, token: &str, expires: Moment, now: Moment) {
        self.0.retain(|_, expires| *expires > now);
        if self.0.len() >= MOST_TOKENS {
            let first = self.0.iter().min_by_key(|(_, expires)| **expires).map(|(token, _)| token.clone());
            first.map(|token| self.0.remove(&token));
        }
        self.0.insert(token.to_owned(), expires);
    }

    fn accepts(&self, headers: &HeaderMap, now: Moment) -> bool {
        let token = headers.get(TOKEN).and_then(|token| token.to_str().ok());
        token.and_then(|token| self.0.get(token)).is_some_and(|expires| *expires > now)
    }
}

/// Answers a request at `now`; `fresh` makes a token.
pub(super) fn answer(
    request: &Parts,
    tokens: &mut Tokens,
    now: Moment,
    fresh: impl FnOnce() -> String,
    host: Option<&HostView>,
) -> Response<Full<Bytes>> {
    let path = request.uri.path();
    if path == "/latest/api/token" {
        return match request.method {
            Method::PUT => give_token(request, tokens, now, fresh),
            _ => render::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        };
    }
    if request.method != Method::GET && request.method != Method::HEAD {
        return render::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    }
    if !tokens.accepts(&request.headers, now) {
        return render::text(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    match host.and_then(|host| values::value(host, path)) {
        Some(value) => render::text(StatusCode::OK, value),
        None => render::text(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// A token is refused to what came through a proxy, as the real service does.
fn give_token(
    request: &Parts,
    tokens: &mut Tokens,
    now: Moment,
    fresh: impl FnOnce() -> String,
) -> Response<Full<Bytes>> {
    if request.headers.contains_key(FORWARDED) {
        return render::text(StatusCode::FORBIDDEN, "Forbidden");
    }
    let ttl = request.headers.get(TOKEN_TTL).and_then(|ttl| ttl.to_str().ok()?.parse::<u64>().ok());
    let Some(ttl) = ttl.filter(|ttl| (1..=LONGEST_TTL).contains(ttl)) else {
        return render::text(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let token = fresh();
    tokens.add(&token, now + Duration::from_secs(ttl), now);
    let mut response = render::text(StatusCode::OK, token);
    response.headers_mut().insert(TOKEN_TTL, HeaderValue::from(ttl));
    response
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn request(method: &Method, path: &str, header: (&HeaderName, &str)) -> Parts {
        let request = Request::builder().method(method).uri(path).header(header.0, header.1);
        request.body(()).expect("a request").into_parts().0
    }

    fn status(tokens: &mut Tokens, now: Moment, token: &str) -> StatusCode {
        let request = request(&Method::GET, "/latest/meta-data/", (&TOKEN, token));
        let host = crate::views::sample::Sample::new().host;
        answer(&request, tokens, now, String::new, host.as_ref()).status()
    }

    fn give(tokens: &mut Tokens, now: Moment, ttl: &str, token: &str) -> StatusCode {
        let request = request(&Method::PUT, "/latest/api/token", (&TOKEN_TTL, ttl));
        answer(&request, tokens, now, || token.to_owned(), None).status()
    }

    #[test]
    fn a_token_ends_when_its_time_is_over() {
        let mut tokens = Tokens::default();
        assert_eq!(give(&mut tokens, Moment::millis(500), "10", "t"), StatusCode::OK);
        assert_eq!(status(&mut tokens, Moment::millis(10_499), "t"), StatusCode::OK);
        assert_eq!(status(&mut tokens, Moment::millis(10_500), "t"), StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn tokens_are_bounded_and_the_newest_work() {
        let mut tokens = Tokens::default();
        for number in 0..3 * MOST_TOKENS as u64 {
            give(&mut tokens, Moment::millis(number), "21600", &format!("t{number}"));
        }
        assert_eq!(tokens.0.len(), MOST_TOKENS);
        assert_eq!(status(&mut tokens, Moment::millis(3000), "t2999"), StatusCode::OK);
        assert_eq!(status(&mut tokens, Moment::millis(3000), "t0"), StatusCode::UNAUTHORIZED);
    }

    proptest! {
        #[test]
        fn a_token_lives_exactly_as_long_as_asked(ttl in 0u64..30_000, later in 0u64..30_000) {
            let mut tokens = Tokens::default();
            let given = give(&mut tokens, Moment::START, &ttl.to_string(), "t") == StatusCode::OK;
            prop_assert_eq!(given, (1..=LONGEST_TTL).contains(&ttl));
            let accepted = status(&mut tokens, Moment::millis(later * 1000), "t") == StatusCode::OK;
            prop_assert_eq!(accepted, given && later < ttl);
        }
    }
}
