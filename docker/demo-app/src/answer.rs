//! Which path gives what.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::ending::Ending;
use crate::identity::Identity;
use crate::load::Load;
use crate::{echo, live, page};

/// The body of an answer; it may be a stream.
pub type Body = UnsyncBoxBody<Bytes, hyper::Error>;

const PATHS: &str = "there is /, /host, /ws, /stream, /echo (POST), /slow/{seconds}, \
                     /stress-cpu/{percent}/{seconds} and /healthz\n";

/// Answers one request that arrived at `address`. `ending` says when the app is to end.
///
/// # Errors
/// None: everything that goes wrong is an answer.
pub async fn answer(
    request: Request<Incoming>,
    identity: &Identity,
    address: SocketAddr,
    ending: Ending,
) -> Result<Response<Body>, Infallible> {
    identity.count();
    let mut response = dispatch(request, identity, address, ending).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn dispatch(
    request: Request<Incoming>,
    identity: &Identity,
    address: SocketAddr,
    ending: Ending,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if path == "/echo" {
        return match *request.method() {
            Method::POST => echo_body(request),
            _ => not_allowed("POST"),
        };
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_allowed("GET, HEAD");
    }
    match path.as_str() {
        "/" => page::page(&identity.describe(address).await),
        "/host" => object(&identity.describe(address).await),
        "/healthz" => text(StatusCode::OK, "ok\n"),
        "/ws" => echo::answer(request, ending),
        "/stream" => {
            let who = identity.describe(address).await;
            typed(live::events(who["task"].as_str(), ending), "text/event-stream")
        }
        _ => match Load::from_path(&path) {
            Some(Ok(load)) => {
                load.carry().await;
                let mut answer = identity.describe(address).await;
                answer["load"] = match load {
                    Load::Slow(time) => json!({"seconds": time.as_secs()}),
                    Load::Cpu { percent, time } => json!({"percent": percent, "seconds": time.as_secs()}),
                };
                object(&answer)
            }
            Some(Err(allowed)) => text(StatusCode::BAD_REQUEST, allowed),
            None => text(StatusCode::NOT_FOUND, PATHS),
        },
    }
}

/// The body back, as it comes, under the type it came with.
fn echo_body(request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(body.boxed_unsync());
    if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    response
}

/// Plain text.
#[must_use]
pub fn text(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = typed(full(Bytes::from_static(words.as_bytes())), "text/plain; charset=utf-8");
    *response.status_mut() = status;
    response
}

fn object(value: &Value) -> Response<Body> {
    typed(full(Bytes::from(format!("{value:#}\n"))), "application/json")
}

fn not_allowed(methods: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "this path has no such method\n");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

/// An answer of a type.
#[must_use]
pub fn typed(body: Body, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A body that is there at once.
#[must_use]
pub fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A body of nothing.
#[must_use]
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}
