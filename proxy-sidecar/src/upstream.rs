//! One attempt at one backend, and the connections that are kept for the next one.
//!
//! A request is started only where it may be, looked at again after connecting and before its first byte (rule W2).
//! Every connection is counted at its backend from before it is opened until its socket is closed, so that `released`
//! is never said too early (rule W3).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use daemon::moment::Moment;
use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use task_state::CONNECT_TIMEOUT;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::decide::retry::Failure;
use crate::forward::body::RequestBody;
use crate::keep_alive::keep_alive;
use crate::service::{Connected, Line, Service, Ticket};

mod counted;

/// How long a connection waits for its next request: below the 5 s after which Node closes one.
pub const IDLE: Duration = Duration::from_secs(4);

/// As many fields as are taken from a caller (trap 13).
const MOST_FIELDS: usize = 256;

type Sender = http1::SendRequest<RequestBody>;

/// Connections to one backend that wait for a request; the one used last is used next, so that the others can age.
#[derive(Debug, Default)]
pub struct Pool {
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    sender: Sender,
    since: Moment,
}

impl Pool {
    fn take(&self, now: Moment) -> Option<Sender> {
        let mut idle = self.lock();
        idle.retain(|i| !i.sender.is_closed() && now.since(i.since) < IDLE);
        // One whose last exchange is not quite over (a body that is still being sent) is left alone.
        let newest_ready = idle.iter().rposition(|i| i.sender.is_ready())?;
        Some(idle.remove(newest_ready).sender)
    }

    fn put(&self, sender: Sender, now: Moment) {
        self.lock().push(Idle { sender, since: now });
    }

    /// Closes every connection that waits.
    pub fn close_idle(&self) {
        let closed = std::mem::take(&mut *self.lock());
        drop(closed);
    }

    /// Closes those that have waited since before `moment`.
    pub fn close_older(&self, moment: Moment) {
        self.lock().retain(|idle| idle.since > moment && !idle.sender.is_closed());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back to its pool when its exchange is over. Dropping it closes it.
#[derive(Debug)]
pub struct Returning {
    sender: Sender,
    service: Arc<Service>,
    line: Arc<Line>,
}

impl Returning {
    /// Puts it back, where requests may still be started.
    pub fn give_back(self) {
        if !self.sender.is_closed() && self.service.may_start(self.line.at) {
            self.line.pool.put(self.sender, self.service.clock.now());
        }
    }
}

/// An answer whose body has yet to come.
#[derive(Debug)]
pub struct Answer {
    /// Its head, and its body as it comes.
    pub response: Response<Incoming>,
    /// The connection it comes on.
    pub connection: Returning,
}

/// An attempt that failed.
#[derive(Debug)]
pub struct Failed {
    /// How.
    pub failure: Failure,
    /// The request, where it can be sent again.
    pub request: Option<Request<RequestBody>>,
    /// Why, for the log.
    pub cause: String,
}

/// Makes one attempt.
///
/// # Errors
/// [`Failed`].
pub async fn attempt(ticket: &Ticket, request: Request<RequestBody>) -> Result<Answer, Box<Failed>> {
    let (service, line) = (ticket.service(), ticket.line());
    let (mut sender, reused) = match line.pool.take(service.clock.now()) {
        Some(sender) => (sender, true),
        None => match connect(service, line).await {
            Ok(sender) => (sender, false),
            Err(cause) => {
                ticket.connect_failed();
                return Err(not_sent(request, cause));
            }
        },
    };
    if !service.may_start(line.at) {
        return Err(not_sent(request, "the lease ended before the request was begun".to_owned()));
    }
    let copy = (reused && matches!(request.body(), RequestBody::Empty)).then(|| copy_of(&request));
    match sender.try_send_request(request).await {
        Ok(response) => {
            let connection = Returning { sender, service: Arc::clone(service), line: Arc::clone(line) };
            Ok(Answer { response, connection })
        }
        Err(mut error) => {
            let unsent = error.take_message();
            let cause = daemon::exit::chain(error.error());
            if reused && unsent.is_none() {
                // A backend that closes one idle connection has most likely closed them all: a repeat takes a new one.
                line.pool.close_idle();
            }
            Err(match unsent {
                Some(request) => not_sent(request, cause),
                None if error.error().is_parse() => {
                    Box::new(Failed { failure: Failure::BadAnswer, request: None, cause })
                }
                None => Box::new(Failed { failure: Failure::Unanswered { reused }, request: copy, cause }),
            })
        }
    }
}

fn not_sent(request: Request<RequestBody>, cause: String) -> Box<Failed> {
    Box::new(Failed { failure: Failure::NotSent, request: Some(request), cause })
}

/// The same request again. Extensions are not copied: what they carry belongs to one exchange.
fn copy_of(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::Empty);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// Builds the request that is sent.
#[must_use]
pub fn request(parts: Parts, body: RequestBody) -> Request<RequestBody> {
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.uri_mut() = parts.uri;
    *request.headers_mut() = parts.headers;
    request
}

async fn connect(service: &Arc<Service>, line: &Arc<Line>) -> Result<Sender, String> {
    let counted: Connected =
        service.connecting(line).ok_or("the lease ended before a connection was opened".to_owned())?;
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(line.at))
        .await
        .map_err(|_| "no connection within a second".to_owned())?
        .map_err(|error| error.to_string())?;
    // Without it 100 KiB have a p99 of 46 ms. It fails only on a socket that is broken already.
    let _ = stream.set_nodelay(true);
    keep_alive(&stream);
    let (sender, connection) = http1::Builder::new()
        .max_headers(MOST_FIELDS)
        .handshake(counted::Counted::new(stream, counted))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        // Its error reaches the request that it fails.
        if let Err(error) = connection.with_upgrades().await {
            tracing::trace!(error = %daemon::exit::chain(&error), "upstream connection ended");
        }
    });
    Ok(sender)
}
