//! A small HTTP server whose answers need nothing but the request's head. Bounded in connections and in the time that
//! a head may take.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::accept::accept;

const MOST_CONNECTIONS: usize = 64;

/// From a connection's start, or the answer before, to the end of the next head; so also how long one may be idle.
const LONGEST_HEAD: Duration = Duration::from_secs(30);

/// Listens until it is closed or dropped.
#[derive(Debug)]
pub(super) struct Endpoint {
    at: SocketAddr,
    accepts: JoinHandle<()>,
}

impl Endpoint {
    /// Listens at `at` and gives each request to `answer`.
    pub(super) async fn open<A>(at: SocketAddr, answer: A) -> Result<Endpoint, (SocketAddr, io::Error)>
    where
        A: Fn(&Parts) -> Response<Full<Bytes>> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(at).await.map_err(|error| (at, error))?;
        let at = listener.local_addr().map_err(|error| (at, error))?;
        Ok(Endpoint { at, accepts: tokio::spawn(serve(listener, Arc::new(answer))) })
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    /// Closes the port and every connection.
    pub(super) async fn close(mut self) {
        self.accepts.abort();
        let _ = (&mut self.accepts).await;
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

async fn serve<A>(listener: TcpListener, answer: Arc<A>)
where
    A: Fn(&Parts) -> Response<Full<Bytes>> + Send + Sync + 'static,
{
    accept(listener, MOST_CONNECTIONS, |stream| {
        let answer = Arc::clone(&answer);
        async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = answer(&request.into_parts().0);
                async move { Ok::<_, Infallible>(response) }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(LONGEST_HEAD)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = served.await {
                tracing::trace!(%error, "a connection broke");
            }
        }
    })
    .await;
}
