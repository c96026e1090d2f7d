//! The one port: the APIs at `POST /`, the page and its data, the task metadata endpoint.
//!
//! Guarantees: bodies over 1 MiB (over 4 MiB for a message of SQS) are refused, what all bodies take together is bounded, heads and bodies that take too long end their connection, and so many
//! connections at once are served, not more. No request ends the server.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::connection::Connection;
use crate::accept::accept;
use crate::world::World;
use crate::{page, task_metadata};

mod agent_api;
mod api;
mod bodies;
mod calls;
mod connection;
mod faults;
mod live;
mod shapes;
mod spoken;

/// How many connections are served at once.
const CONNECTIONS: usize = 2048;
/// How long a connection may be silent, and how long a head may take.
const HEAD: Duration = Duration::from_secs(60);

type Body = BoxBody<Bytes, Infallible>;

/// A fault: there is no answer, the connection is reset.
#[derive(Debug, thiserror::Error)]
#[error("a fault resets the connection")]
struct Gone;

/// Serves the world until `stop` says so, or until it is dropped: then every connection ends.
pub async fn serve(listener: TcpListener, world: World, stop: watch::Receiver<bool>) {
    accept(listener, CONNECTIONS, |stream| {
        let (world, stop) = (world.clone(), stop.clone());
        async move {
            // It fails only on a socket that is broken already.
            let _ = stream.set_nodelay(true);
            let stream = Connection::new(stream);
            let connection = stream.clone();
            let answer = service_fn(move |request| {
                let (world, stop, connection) = (world.clone(), stop.clone(), connection.clone());
                async move { answer(request, world, stop).await.inspect_err(|Gone| connection.reset_on_close()) }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(64 * 1024)
                .serve_connection(TokioIo::new(stream), answer)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended");
            }
        }
    })
    .await;
}

async fn answer(request: Request<Incoming>, world: World, stop: watch::Receiver<bool>) -> Result<Response<Body>, Gone> {
    let path = request.uri().path();
    let response = match (request.method(), path) {
        (&Method::POST, path) if path == "/" || is_queue(path) => api::answer(request, &world).await?,
        (&Method::GET, path) if (path == "/" || is_queue(path)) && asks(&request) => {
            api::answer(request, &world).await?
        }
        (&Method::GET, path) if path == "/" || path.starts_with(page::BELOW) => page(&request),
        (&Method::GET, "/_world") => json(&world.snapshot()),
        (&Method::GET, "/_wakes") => json(&world.wakes()),
        (&Method::GET, "/_events") => live::answer(&request, world, stop),
        (_, path) if path.starts_with("/api/") => agent_api::answer(request, &world).await,
        (&Method::GET, "/_calls") => calls::list(request.uri().query().unwrap_or_default(), &world),
        (&Method::GET, "/_calls/summary") => calls::summary(request.uri().query().unwrap_or_default(), &world),
        (_, path) if path.strip_prefix(faults::PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) => {
            faults::answer(request, &world).await
        }
        (&Method::GET, path) if path.starts_with("/v4/") => task_metadata::answer(path, &world).map(BodyExt::boxed),
        _ => text(StatusCode::NOT_FOUND, "There is nothing here. The APIs are at POST /, the page at GET /.\n"),
    };
    Ok(response)
}

/// Whether a path is a queue's: `/<account>/<queue>`.
fn is_queue(path: &str) -> bool {
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    parts.is_some_and(|(account, queue)| {
        account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && !queue.is_empty() && !queue.contains('/')
    })
}

/// Whether a GET is a call of the Query protocol: its form is in the address.
fn asks(request: &Request<Incoming>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "Action")
}

fn page(request: &Request<Incoming>) -> Response<Body> {
    match page::answer(request.uri().path(), request.headers().get(header::IF_NONE_MATCH)) {
        Some(response) => response.map(BodyExt::boxed),
        None => text(StatusCode::NOT_FOUND, "The page has no such file.\n"),
    }
}

fn json(value: &serde_json::Value) -> Response<Body> {
    json_with(StatusCode::OK, value)
}

fn json_with(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let mut response = text(status, value.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()).boxed());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
