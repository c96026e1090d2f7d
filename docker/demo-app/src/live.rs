//! `/stream`: server-sent events, one a second, until the reader or the app goes.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::time::{Instant, interval_at};

use crate::answer::Body;
use crate::ending::Ending;

const EVERY: Duration = Duration::from_secs(1);

/// The events. The first comes at once; `ending` ends them, so that no reader keeps the app from ending.
#[must_use]
pub fn events(task: Option<&str>, ending: Ending) -> Body {
    let task = serde_json::json!(task);
    let state = (0_u64, interval_at(Instant::now(), EVERY), ending);
    let events = stream::unfold(state, move |(count, mut clock, mut ending)| {
        let task = task.clone();
        async move {
            tokio::select! {
                () = ending.said() => return None,
                _ = clock.tick() => {}
            }
            let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
            let data = serde_json::json!({"count": count, "at": now, "task": task});
            let event = Bytes::from(format!("id: {count}\ndata: {data}\n\n"));
            Some((Ok(Frame::data(event)), (count + 1, clock, ending)))
        }
    });
    StreamBody::new(events).boxed_unsync()
}
