//! `/ws`: a WebSocket that says back what it is told.
//!
//! The framing is tungstenite's; the handshake stands here, because hyper holds the connection.

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use crate::answer::{Body, empty, text};
use crate::ending::Ending;

/// No message may be longer.
const LONGEST: usize = 1 << 20;

/// Answers the handshake and leaves a task behind that echoes, until the caller goes or `ending` says so.
#[must_use]
pub fn answer(mut request: Request<Incoming>, ending: Ending) -> Response<Body> {
    let Some(accept) = accept(request.headers()) else {
        let mut response = text(StatusCode::UPGRADE_REQUIRED, "/ws is a WebSocket of version 13\n");
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    };
    tokio::spawn(echo(hyper::upgrade::on(&mut request), ending));
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The answer to the handshake's key (RFC 6455, section 4.2.2). None: this is no handshake.
fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let says = |name, word: &str| {
        headers.get_all(name).iter().any(|value| {
            value.to_str().is_ok_and(|text| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
        })
    };
    let handshake = says(header::CONNECTION, "upgrade")
        && says(header::UPGRADE, "websocket")
        && says(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| handshake)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

async fn echo(upgrade: OnUpgrade, mut ending: Ending) {
    let Ok(connection) = upgrade.await else { return };
    let limits = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, Some(limits)).await;
    loop {
        tokio::select! {
            () = ending.said() => return say_goodbye(socket).await,
            message = socket.next() => match message {
                Some(Ok(said @ (Message::Text(_) | Message::Binary(_)))) => {
                    if socket.send(said).await.is_err() {
                        return;
                    }
                }
                // tungstenite answers pings and closes itself.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

/// Says 1001, going away, and waits a moment for the caller's own goodbye.
async fn say_goodbye(mut socket: WebSocketStream<TokioIo<Upgraded>>) {
    let frame = CloseFrame { code: CloseCode::Away, reason: "the service ends".into() };
    let goodbye = async {
        if socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // A caller that says nothing back is left.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), goodbye).await;
}
