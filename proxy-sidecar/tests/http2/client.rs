//! A caller of HTTP/2 by prior knowledge.

use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};

use crate::front::Front;
use crate::process::LIMIT;

pub(crate) struct Client {
    pub(crate) sender: SendRequest<Bytes>,
    connection: tokio::task::JoinHandle<()>,
}

/// Fails where it takes longer than anything may.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("in time")
}

impl Client {
    pub(crate) async fn connect(front: &Front) -> Client {
        Client::to(front.proxy.listen).await
    }

    pub(crate) async fn to(at: SocketAddr) -> Client {
        let stream = soon(tokio::net::TcpStream::connect(at)).await.expect("a connection");
        let (sender, connection) = soon(h2::client::handshake(stream)).await.expect("HTTP/2");
        let connection = tokio::spawn(async move {
            // How it ends is seen by the requests on it.
            let _ = connection.await;
        });
        Client { sender: soon(sender.ready()).await.expect("ready"), connection }
    }

    /// Begins a request.
    pub(crate) async fn ask(&mut self, request: Request<()>, ends: bool) -> (ResponseFuture, SendStream<Bytes>) {
        self.sender = soon(self.sender.clone().ready()).await.expect("ready");
        self.sender.send_request(request, ends).expect("sent")
    }

    /// Waits until the other side has closed the connection.
    pub(crate) async fn closed(self) {
        let Client { sender, connection } = self;
        soon(connection).await.expect("an end");
        drop(sender);
    }

    /// Closes the connection without a word.
    pub(crate) fn leave(self) {
        self.connection.abort();
    }
}

pub(crate) fn request(method: &str, path: &str) -> Request<()> {
    let uri = format!("http://demo{path}");
    Request::builder().method(method).uri(uri).body(()).expect("a request")
}

/// The rest of a body, and its trailers.
pub(crate) async fn rest(body: &mut RecvStream) -> Result<(String, Option<HeaderMap>), h2::Error> {
    let mut all = Vec::new();
    while let Some(data) = soon(body.data()).await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        all.extend_from_slice(&data);
    }
    Ok((String::from_utf8_lossy(&all).into_owned(), soon(body.trailers()).await?))
}

/// The status and the whole body of an answer.
pub(crate) async fn whole(answer: ResponseFuture) -> (u16, String) {
    let answer: Response<RecvStream> = soon(answer).await.expect("an answer");
    let status = answer.status().as_u16();
    (status, rest(&mut answer.into_body()).await.expect("a whole body").0)
}
