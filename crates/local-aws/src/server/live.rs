//! `GET /_events?after=N`: what has happened and what happens, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::watch;

use super::Body;
use crate::world::World;

/// How many events are written at once.
const AT_ONCE: usize = 200;
/// How often a reader is written to when nothing happens, so that one who has gone is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

struct Reader {
    world: World,
    last: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    read: u64,
}

/// Answers with events until the reader goes, or local-aws ends.
pub(super) fn answer(request: &Request<Incoming>, world: World, stop: watch::Receiver<bool>) -> Response<Body> {
    let reader = Reader { last: world.follow_events(), world, stop, read: after(request) };
    let body = StreamBody::new(stream::unfold(reader, |mut reader| async move {
        let text = reader.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(text))), reader))
    }));
    let mut response = Response::new(BodyExt::boxed(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Where the reader wants to go on: what a browser that comes back says wins over the address.
fn after(request: &Request<Incoming>) -> u64 {
    let said = request.headers().get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let asked = || {
        let query = request.uri().query().unwrap_or_default().as_bytes();
        form_urlencoded::parse(query).find(|(name, _)| name == "after").and_then(|(_, value)| value.parse().ok())
    };
    said.or_else(asked).unwrap_or(0)
}

impl Reader {
    async fn next(&mut self) -> Option<String> {
        loop {
            let events = self.world.events_after(self.read, AT_ONCE);
            if let Some(last) = events.last() {
                self.read = last.id;
                let written = events.iter().map(|event| {
                    let data = serde_json::to_string(event).unwrap_or_default();
                    format!("id: {}\ndata: {data}\n\n", event.id)
                });
                return Some(written.collect());
            }
            tokio::select! {
                changed = self.last.changed() => changed.ok()?,
                () = tokio::time::sleep(SIGN_OF_LIFE) => return Some(": still here\n\n".to_owned()),
                _ = self.stop.wait_for(|stop| *stop) => return None,
            }
        }
    }
}
