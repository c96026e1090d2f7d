//! What people and health checks ask the proxy itself: `GET /healthz`, `GET /status` and `GET /metrics`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::config::Mode;
use crate::metrics::{self, Counts};
use crate::service::Service;
use crate::service::view::ServiceView;

/// How long a head may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize)]
struct Status {
    program: &'static str,
    version: &'static str,
    mode: &'static str,
    services: Vec<ServiceView>,
}

/// Serves for ever.
pub async fn serve(listener: TcpListener, services: Vec<Arc<Service>>, counts: Arc<Counts>, mode: Mode) {
    let services = Arc::new(services);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (services, counts) = (Arc::clone(&services), Arc::clone(&counts));
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let answer = answer(&request, &services, &counts, mode);
                async move { Ok::<_, Infallible>(answer) }
            });
            // How a person's curl ended is of no interest.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(
    request: &Request<Incoming>,
    services: &[Arc<Service>],
    counts: &Counts,
    mode: Mode,
) -> Response<Full<Bytes>> {
    let (status, kind, body) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/healthz") => (StatusCode::OK, "text/plain", "ok\n".to_owned()),
        (&Method::GET | &Method::HEAD, "/status") => (StatusCode::OK, "application/json", status(services, mode)),
        (&Method::GET | &Method::HEAD, "/metrics") => {
            let told: Vec<_> = services.iter().map(|service| (service.view(), &service.counts)).collect();
            (StatusCode::OK, "text/plain; version=0.0.4", metrics::text(&told, counts))
        }
        (_, "/healthz" | "/status" | "/metrics") => {
            (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET it\n".to_owned())
        }
        _ => (StatusCode::NOT_FOUND, "text/plain", "here are /healthz, /status and /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

fn status(services: &[Arc<Service>], mode: Mode) -> String {
    let status = Status {
        program: "proxy-sidecar",
        version: env!("CARGO_PKG_VERSION"),
        mode: match mode {
            Mode::Pair => "pair",
            Mode::Resident => "resident",
        },
        services: services.iter().map(|service| service.view()).collect(),
    };
    let mut text = serde_json::to_string_pretty(&status).expect("the status has only text keys");
    text.push('\n');
    text
}
