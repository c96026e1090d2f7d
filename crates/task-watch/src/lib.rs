//! The client of port 9051, as proxies and agents both use it.
//!
//! It does I/O and holds no opinion: [`watch`] opens the stream, [`Watch::next`] gives its messages with the lease that
//! each leaves, [`report`] and [`wake`] are one call each. Every call is bounded in time and bytes.
//!
//! Each call carries the token it is given (rule W4); it is never part of an error.
//!
//! Guarantees: a stream that says nothing for [`SILENCE`] ends with an error; no line over 16 KiB is kept; answers are
//! read up to 64 KiB.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use daemon::moment::{Clock, Moment};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use task_state::lines::BadStream;
use task_state::{
    CONNECT_TIMEOUT, Dating, Lease, Lines, Message, MessageKind, Report, ReportAnswer, Role, StateAnswer, Token,
    WatcherId,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a watch may be silent before it counts as broken: three heartbeats, as long as a lease lasts.
pub const SILENCE: Duration = Duration::from_secs(3);

const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
const LONGEST_ANSWER: usize = 64 * 1024;

/// Why a call of 9051 failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection: refused, unreachable.
    #[error("cannot connect to {0}")]
    Connect(SocketAddr, #[source] std::io::Error),
    /// No connection or no answer in time.
    #[error("{0} did not answer in time")]
    TooSlow(SocketAddr),
    /// The connection broke, or it is not HTTP.
    #[error("the exchange with {0} failed")]
    Exchange(SocketAddr, #[source] hyper::Error),
    /// It has a token, and was given none or another (rule W4).
    #[error("{0} wants another token")]
    Token(SocketAddr),
    /// Another status than the protocol has.
    #[error("{0} answered {1}")]
    Status(SocketAddr, StatusCode),
    /// The answer or a line is not what the protocol has.
    #[error("{0} speaks another language")]
    Language(SocketAddr, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stream ended, as it does after "stopping".
    #[error("{0} closed the watch")]
    Closed(SocketAddr),
    /// Nothing came for [`SILENCE`].
    #[error("{0} fell silent")]
    Silent(SocketAddr),
}

/// Who a supervisor said it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The protocol number both speak.
    pub protocol: u32,
    /// The service.
    pub service: task_state::ServiceName,
    /// The task's ARN.
    pub task: Option<String>,
    /// Its life.
    pub boot: String,
}

/// What a watch said: the state and what may be done under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The state.
    pub state: task_state::State,
    /// The lease that is left.
    pub lease: Lease,
}

/// An open watch.
#[derive(Debug)]
pub struct Watch {
    at: SocketAddr,
    body: Incoming,
    lines: Lines,
    waiting: std::collections::VecDeque<Message>,
    dating: Dating,
    clock: Clock,
    /// Ends the connection with the watch.
    _connection: AbortOnDrop,
}

#[derive(Debug)]
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Opens a watch at `at` and reads its hello.
///
/// # Errors
/// [`Error`]; nothing is left open.
pub async fn watch(
    at: SocketAddr,
    id: &WatcherId,
    role: Role,
    token: Option<&Token>,
    clock: &Clock,
) -> Result<(Watch, Hello, Told), Error> {
    let path = format!("/watch?id={id}&as={}", role.as_str());
    let sent = clock.now();
    let (response, connection) = exchange(at, Method::GET, &path, Bytes::new(), token).await?;
    if response.status() != StatusCode::OK {
        return Err(other_status(at, response.status()));
    }
    let mut watch = Watch {
        at,
        body: response.into_body(),
        lines: Lines::default(),
        waiting: std::collections::VecDeque::new(),
        dating: Dating::new(sent, task_state::Stamp(0)),
        clock: *clock,
        _connection: connection,
    };
    let first = watch.message().await?;
    match &first.kind {
        MessageKind::Hello { protocol, service, task, boot } => {
            let hello = Hello {
                protocol: (*protocol).min(task_state::PROTOCOL),
                service: service.clone(),
                task: task.clone(),
                boot: boot.clone(),
            };
            watch.dating = Dating::new(sent, first.stamp);
            let told = watch.told(&first);
            Ok((watch, hello, told))
        }
        MessageKind::State | MessageKind::Heartbeat => Err(Error::Language(at, "the first line is no hello".into())),
    }
}

impl Watch {
    /// The next thing said. Cancel-safe: nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// The watch is of no use after one.
    pub async fn next(&mut self) -> Result<Told, Error> {
        let message = self.message().await?;
        Ok(self.told(&message))
    }

    /// Dates the stamps anew from an answered report (rule W2: at least each minute).
    pub fn date_anew(&mut self, sent: Moment, answer: &ReportAnswer) {
        self.dating = Dating::new(sent, answer.stamp);
    }

    fn told(&self, message: &Message) -> Told {
        Told { state: message.state, lease: Lease::after(message, &self.dating).heard_at(self.clock.now()) }
    }

    async fn message(&mut self) -> Result<Message, Error> {
        // Bytes that make no message are silence as well.
        let end = Instant::now() + SILENCE;
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(message);
            }
            let frame = timeout_at(end, self.body.frame()).await.map_err(|_| Error::Silent(self.at))?;
            let frame = frame.ok_or(Error::Closed(self.at))?.map_err(|e| Error::Exchange(self.at, e))?;
            if let Some(bytes) = frame.data_ref() {
                let messages = self.lines.push(bytes).map_err(|e: BadStream| Error::Language(self.at, e.into()))?;
                self.waiting.extend(messages);
            }
        }
    }
}

/// Sends a report (`PUT /watch/{id}`) and gives the moment it was sent with the answer.
///
/// # Errors
/// [`Error`]; whether the report arrived is then unknown, and sending it again does no harm.
pub async fn report(
    at: SocketAddr,
    id: &WatcherId,
    report: &Report,
    token: Option<&Token>,
    clock: &Clock,
) -> Result<(Moment, ReportAnswer), Error> {
    let body = serde_json::to_vec(report).expect("a report is plain numbers");
    let sent = clock.now();
    let (status, answer) = call(at, Method::PUT, &format!("/watch/{id}"), body.into(), token).await?;
    match status {
        StatusCode::OK => parse(at, &answer).map(|answer| (sent, answer)),
        other => Err(other_status(at, other)),
    }
}

/// Calls an idle drain back (`POST /wake`). `Ok(None)`: it is too late, the service is stopping (409).
///
/// # Errors
/// [`Error`].
pub async fn wake(at: SocketAddr, token: Option<&Token>) -> Result<Option<StateAnswer>, Error> {
    let (status, answer) = call(at, Method::POST, "/wake", Bytes::new(), token).await?;
    match status {
        StatusCode::OK => parse(at, &answer).map(Some),
        StatusCode::CONFLICT => Ok(None),
        other => Err(other_status(at, other)),
    }
}

fn other_status(at: SocketAddr, status: StatusCode) -> Error {
    match status {
        StatusCode::UNAUTHORIZED => Error::Token(at),
        other => Error::Status(at, other),
    }
}

fn parse<T: serde::de::DeserializeOwned>(at: SocketAddr, answer: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(answer).map_err(|e| Error::Language(at, e.into()))
}

async fn call(
    at: SocketAddr,
    method: Method,
    path: &str,
    body: Bytes,
    token: Option<&Token>,
) -> Result<(StatusCode, Bytes), Error> {
    let (response, _connection) = exchange(at, method, path, body, token).await?;
    let status = response.status();
    let whole = timeout(ANSWER_TIMEOUT, Limited::new(response.into_body(), LONGEST_ANSWER).collect());
    let whole = whole.await.map_err(|_| Error::TooSlow(at))?.map_err(|e| Error::Language(at, e))?;
    Ok((status, whole.to_bytes()))
}

/// One request on a connection of its own; the connection lives as long as the guard.
async fn exchange(
    at: SocketAddr,
    method: Method,
    path: &str,
    body: Bytes,
    token: Option<&Token>,
) -> Result<(Response<Incoming>, AbortOnDrop), Error> {
    let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(at)).await.map_err(|_| Error::TooSlow(at))?;
    let stream = connected.map_err(|e| Error::Connect(at, e))?;
    // Fails only on a socket that is broken already; the exchange will say so.
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| Error::Exchange(at, e))?;
    let guard = AbortOnDrop(tokio::spawn(async move {
        // Its error reaches the request as well, which reports it.
        let _ = connection.await;
    }));
    let mut request = Request::builder().method(method).uri(path).header(hyper::header::HOST, at.to_string());
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&token.authorization()).expect("a token is visible ASCII");
        value.set_sensitive(true);
        request = request.header(hyper::header::AUTHORIZATION, value);
    }
    let request = request.body(Full::new(body)).expect("the path is made of checked names");
    let response = timeout(ANSWER_TIMEOUT, sender.send_request(request)).await.map_err(|_| Error::TooSlow(at))?;
    Ok((response.map_err(|e| Error::Exchange(at, e))?, guard))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;
    use tokio::time::sleep;

    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";

    async fn hostile(dripping: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let at = listener.local_addr().expect("address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("accept");
            stream.write_all(HEAD).await.expect("write");
            for byte in dripping {
                stream.write_all(&[*byte]).await.expect("write");
                sleep(Duration::from_millis(200)).await;
            }
            std::future::pending::<()>().await;
        });
        at
    }

    #[tokio::test]
    async fn bytes_that_never_make_a_line_are_silence() {
        let at = hostile(&[b' '; 50]).await;
        let id = "w".parse().expect("id");
        let opened = timeout(SILENCE * 2, watch(at, &id, Role::Proxy, None, &Clock::start())).await;
        assert!(matches!(opened, Ok(Err(Error::Silent(_)))), "{opened:?}");
    }
}
