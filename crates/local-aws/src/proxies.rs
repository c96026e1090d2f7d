//! Asks proxies' admin ports for their callers, about twice a second, while somebody looks or a wake is under way.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use daemon::exit::chain;
use http::Request;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::events::millis;
use crate::wakes::Callers;
use crate::world::World;
use crate::world::proxies::{ProxySaid, ServiceSaid};

mod status;

use status::Status;

/// From one question to the next.
const EVERY: Duration = Duration::from_millis(500);
/// How long a proxy may take.
const TAKES: Duration = Duration::from_millis(400);
/// The most that it may say.
const MOST: usize = 1024 * 1024;

/// Why a proxy gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot connect")]
    Connect(#[source] std::io::Error),
    #[error("no answer")]
    Http(#[source] hyper::Error),
    #[error("an answer that is cut short or too long")]
    Body,
    #[error("answered {0}")]
    Code(http::StatusCode),
    #[error("said what no proxy says")]
    Json(#[source] serde_json::Error),
    #[error("no answer within {TAKES:?}")]
    Slow,
}

/// Asks until `stop` says so. Each proxy is asked on its own, so that a slow one keeps nobody waiting.
pub async fn ask(proxies: Vec<SocketAddr>, world: World, stop: watch::Receiver<bool>) {
    let mut asking = tokio::task::JoinSet::new();
    for proxy in proxies {
        asking.spawn(ask_one(proxy, world.clone(), stop.clone()));
    }
    while asking.join_next().await.is_some() {}
}

async fn ask_one(proxy: SocketAddr, world: World, mut stop: watch::Receiver<bool>) {
    loop {
        if world.is_watched() {
            let answered = timeout(TAKES, status(proxy)).await.unwrap_or(Err(Error::Slow));
            let said = match answered {
                Ok(status) => said(proxy, &status, millis(world.now())),
                Err(error) => ProxySaid { failure: Some(chain(&error).to_string()), services: Vec::new() },
            };
            world.proxy_said(&proxy.to_string(), said);
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn status(proxy: SocketAddr) -> Result<Status, Error> {
    let stream = TcpStream::connect(proxy).await.map_err(Error::Connect)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(Error::Http)?;
    let exchange = async {
        let request = Request::get("/status").header("host", proxy.to_string()).header("connection", "close");
        let request = request.body(Empty::<Bytes>::new()).map_err(|_| Error::Body)?;
        let response = sender.send_request(request).await.map_err(Error::Http)?;
        if !response.status().is_success() {
            return Err(Error::Code(response.status()));
        }
        let body = Limited::new(response.into_body(), MOST).collect().await.map_err(|_| Error::Body)?;
        serde_json::from_slice(&body.to_bytes()).map_err(Error::Json)
    };
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection ends when the answer is there; what it brought is still to be read.
        _ = connection => exchange.await,
    }
}

/// What a status says, with moments for what it gives as "so long ago".
fn said(proxy: SocketAddr, status: &Status, now: u64) -> ProxySaid {
    let at = |ago: u64| now.saturating_sub(ago);
    let services = status.services.iter().map(|service| {
        let callers = service.callers.as_ref();
        let ready = service.last_wake.as_ref().and_then(|last| Some((at(last.ago_ms), id(last.task.as_ref()?))));
        let states = service.backends.iter().filter_map(|b| Some((id(b.task.as_ref()?), b.state.clone())));
        ServiceSaid {
            phase: service.phase.clone(),
            callers: Callers {
                proxy: proxy.to_string(),
                service: service.name.clone(),
                held: service.held,
                most_held: callers.map_or(0, |callers| callers.most_held),
                first_held: callers.map(|callers| at(callers.first_held_ms)),
                first_answer: callers.and_then(|callers| callers.first_answer_ms).map(at),
                ready,
                tasks: states.collect(),
            },
        }
    });
    ProxySaid { failure: None, services: services.collect() }
}

/// A task's id is what its ARN ends with.
fn id(arn: &str) -> String {
    crate::account::last_part(arn).to_owned()
}

#[cfg(test)]
mod tests;
