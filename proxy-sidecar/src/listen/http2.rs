//! A caller's connection of HTTP/2: each of its streams is a request, carried in a task of its own.
//!
//! What a caller could use to keep the proxy busy is bounded: streams at once, the size of a head, resets in a row (the
//! library answers those with `ENHANCE_YOUR_CALM`), and what waits to be written.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response, StatusCode};
use http1::framing::{self, Length, Said};
use http1::{Field, Version};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::forward::Peer;
use crate::forward::asked::{self, Head, Spoken};
use crate::forward::caller::{AnswerHead, Caller, Fill};
use crate::listen::Front;
use crate::reply;
use crate::stage::Stage;
use crate::stream::{Coming, Ends, Going, to_fields};
use crate::wire::{Io, Left, Rewound};

/// How many streams of a connection may be open at once.
const STREAMS: u32 = 128;

/// How much a stream, and a connection, may send before it is read: below what is read ahead of HTTP/1.1 in all.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// How long a caller that was told of the end may take to agree.
const FAREWELL: Duration = Duration::from_secs(1);

/// How much of a stream's answer may wait to be written.
const SEND_BUFFER: usize = 128 * 1024;

/// Serves a connection whose first bytes are HTTP/2's preface, as far as they were read.
pub async fn serve(io: Rewound<Io>, peer: Arc<Peer>, front: Arc<Front>, stage: &mut watch::Receiver<Stage>) {
    let head = u32::try_from(front.forward.limits.bytes).unwrap_or(u32::MAX);
    let handshake = Builder::new()
        .max_concurrent_streams(STREAMS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(head)
        .max_send_buffer_size(SEND_BUFFER)
        .enable_connect_protocol()
        .handshake::<_, Bytes>(io);
    let mut connection = match timeout(front.times.header, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            tracing::trace!(caller = %peer.address, %error, "no connection of HTTP/2");
            return;
        }
        Err(_) => return,
    };
    let mut streams: JoinSet<()> = JoinSet::new();
    let (mut closing, mut fresh) = (false, true);
    loop {
        let quiet = match (closing, fresh) {
            (true, _) => FAREWELL,
            (false, true) => front.times.header,
            (false, false) => front.times.idle,
        };
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    fresh = false;
                    streams.spawn(stream(request, respond, Arc::clone(&peer), Arc::clone(&front)));
                }
                Some(Err(error)) => {
                    tracing::trace!(caller = %peer.address, %error, "connection ended");
                    break;
                }
                None => break,
            },
            Some(_) = streams.join_next() => (),
            () = super::closes(stage), if !closing => {
                closing = true;
                connection.graceful_shutdown();
            }
            () = sleep(quiet), if streams.is_empty() => match closing {
                false => {
                    closing = true;
                    connection.graceful_shutdown();
                }
                // It was told, and says nothing to it.
                true => break,
            },
        }
    }
    // What is left has no connection to answer on: their callers have left.
    streams.shutdown().await;
}

/// One request.
async fn stream(request: Request<RecvStream>, respond: SendResponse<Bytes>, peer: Arc<Peer>, front: Arc<Front>) {
    let (parts, recv) = request.into_parts();
    let fields = to_fields(&parts.headers);
    let ended = recv.is_end_stream();
    let protocol = parts.extensions.get::<h2::ext::Protocol>();
    let said = framing::said(Version::Http11, &fields).map(|said| match said {
        Said::Nothing if ended || protocol.is_some() => Said::Nothing,
        Said::Nothing | Said::Chunked => Said::Chunked,
        Said::Exactly(_) if ended => Said::Exactly(0),
        Said::Exactly(bytes) => Said::Exactly(bytes),
    });
    let head = Head {
        method: parts.method.as_str(),
        target: parts.uri.path_and_query().map_or("/", |path| path.as_str()),
        authority: parts.uri.authority().map(|authority| authority.as_str()),
        spoken: Spoken::Http2,
        said,
        protocol: protocol.map(h2::ext::Protocol::as_str),
        fields: &fields,
    };
    let asked = checked(&fields, &front).and_then(|()| asked::ask(&front.forward, &peer, &head));
    let ends = Ends { coming: Some(Coming::new(recv)), going: Going::default() };
    let mut caller = Stream { ends, respond, answered: false };
    match asked {
        Ok(asked) => {
            front.forward.carry(&mut caller, &asked).await;
        }
        Err(reason) => {
            front.forward.refuse(&mut caller, reason, parts.method == http::Method::HEAD, false).await;
        }
    }
}

/// The library bounds a head's size; the number of its fields is bounded here.
fn checked(fields: &[Field<'_>], front: &Front) -> Result<(), reply::Reason> {
    match fields.len() <= front.forward.limits.fields {
        true => Ok(()),
        false => Err(reply::Reason::TooManyFields),
    }
}

/// A caller's stream. Dropping it unfinished resets it.
#[derive(Debug)]
struct Stream {
    ends: Ends,
    respond: SendResponse<Bytes>,
    answered: bool,
}

impl Stream {
    fn respond(&mut self, status: u16, ends: bool, promised: Option<u64>, fill: Fill<'_>) -> io::Result<()> {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
        fill(response.headers_mut());
        if let Some(bytes) = promised {
            response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
        }
        let send = self.respond.send_response(response, ends).map_err(io::Error::other)?;
        self.answered = true;
        self.ends.going = Going::new((!ends).then_some(send), promised.filter(|_| !ends));
        Ok(())
    }
}

impl Caller for Stream {
    type Ends = Ends;

    fn ends(&mut self) -> &mut Ends {
        &mut self.ends
    }

    fn answer(&mut self, head: AnswerHead, fill: Fill<'_>) -> io::Result<()> {
        let (ends, promised) = match head.length {
            Length::Absent => (true, head.said),
            Length::Exactly(0) => (true, Some(0)),
            Length::Exactly(bytes) => (false, Some(bytes)),
            Length::Chunked | Length::UntilClose => (false, None),
        };
        self.respond(head.status, ends, promised, fill)
    }

    fn interim(&mut self, status: u16, fill: Fill<'_>) {
        let mut response = Response::new(());
        if let Ok(status) = StatusCode::from_u16(status) {
            *response.status_mut() = status;
            fill(response.headers_mut());
            // It fails only on a stream that is closed already.
            let _ = self.respond.send_informational(response);
        }
    }

    /// RFC 8441, 5: what HTTP/1.1 says by 101 is said by 200, and the handshake's own fields are not.
    fn switch(&mut self, _token: &str, fill: Fill<'_>) -> io::Result<()> {
        self.respond(200, false, None, &mut |lines| {
            let mut kept = HeaderMap::new();
            fill(&mut kept);
            for name in ["sec-websocket-accept", "connection", "upgrade"] {
                kept.remove(name);
            }
            for (name, value) in crate::stream::lines(&kept) {
                lines.line(name, value);
            }
        })
    }

    fn cut(&mut self) {
        self.ends.going.reset(Reason::INTERNAL_ERROR);
    }

    fn poll_end(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        // A tunnel promises no length.
        let _ = self.ends.going.finish(None);
        Poll::Ready(())
    }

    /// What it still sends ends with its stream.
    fn has_sent_all(&self) -> bool {
        true
    }

    fn poll_left(&mut self, context: &mut Context<'_>) -> Left {
        let gone = match self.answered {
            false => self.respond.poll_reset(context).is_ready(),
            true => self.ends.going.is_reset(context),
        };
        if gone { Left::Gone } else { Left::Here }
    }
}
