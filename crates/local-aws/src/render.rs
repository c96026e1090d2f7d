//! Answers of the small endpoints.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

/// `value` as JSON.
pub(crate) fn answer(status: StatusCode, value: &impl Serialize) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(value).unwrap_or_else(|error| error.to_string().into_bytes());
    with_type(status, "application/json", body)
}

/// Plain text.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response<Full<Bytes>> {
    with_type(status, "text/plain", text.into().into_bytes())
}

fn with_type(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A point in time as the ECS agent writes it.
pub(crate) fn timestamp(time: std::time::SystemTime) -> Option<String> {
    jiff::Timestamp::try_from(time).ok().map(|timestamp| timestamp.to_string())
}
