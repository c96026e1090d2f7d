//! One health check of a backend without a supervisor.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use http::{Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use task_state::CONNECT_TIMEOUT;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::HealthCheck;

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Checks once: an answer below 500 is healthy, or with `tcp` a connection is.
///
/// # Errors
/// Why it is not healthy.
pub async fn check(at: SocketAddr, check: &HealthCheck) -> Result<(), String> {
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(at))
        .await
        .map_err(|_| "no connection in time".to_owned())?
        .map_err(|error| error.to_string())?;
    match check {
        HealthCheck::Tcp => Ok(()),
        HealthCheck::Http(path) => timeout(ANSWER_TIMEOUT, ask(at, path.clone().into(), stream))
            .await
            .map_err(|_| "no answer in time".to_owned())?,
    }
}

async fn ask(at: SocketAddr, path: Uri, stream: TcpStream) -> Result<(), String> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| daemon::exit::chain(&error))?;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = path;
    let fields = request.headers_mut();
    fields.insert(HOST, HeaderValue::try_from(at.to_string()).expect("an address is a host"));
    fields.insert(USER_AGENT, HeaderValue::from_static(concat!("doze-proxy/", env!("CARGO_PKG_VERSION"))));
    fields.insert(CONNECTION, HeaderValue::from_static("close"));
    let answer = sender.send_request(request);
    tokio::pin!(answer, connection);
    let answer = tokio::select! {
        answer = &mut answer => answer,
        // The connection ends with its answer at the latest, and then the answer is there.
        _ = &mut connection => answer.await,
    };
    match answer.map_err(|error| daemon::exit::chain(&error))?.status() {
        status if status.is_server_error() => Err(format!("answered {status}")),
        _ => Ok(()),
    }
}
