//! Reads bodies: not larger than they may be, not slower, and all of them together within a bound, however many callers
//! send large ones at once and leave them unfinished.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::refusal::Refusal;

/// How long a body may take.
const TAKES: Duration = Duration::from_secs(30);
/// A body up to this size is read whatever others do: 2,048 connections of it are 128 MiB.
const SMALL: usize = 64 * 1024;
/// What all the others may have together, in bytes. It is the process's memory, so there is one for all servers in it.
static ROOM: Semaphore = Semaphore::const_new(64 * 1024 * 1024);

/// A body. Its room is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Bytes,
    _room: Option<SemaphorePermit<'static>>,
}

/// Reads a body of at most so many bytes.
///
/// # Errors
/// Why it is not read, with the status that says so.
pub(super) async fn read(body: Incoming, most: usize) -> Result<Read, Refusal> {
    match timeout(TAKES, read_all(body, most)).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::new("RequestTimeout", "The request's body took too long.").status(408)),
    }
}

async fn read_all(mut body: Incoming, most: usize) -> Result<Read, Refusal> {
    let too_large = || {
        let said = format!("The request's body is larger than {most} bytes.");
        Err(Refusal::new("RequestEntityTooLarge", said).status(413))
    };
    if body.size_hint().lower() > most as u64 {
        return too_large();
    }
    let mut bytes = BytesMut::new();
    let mut room: Option<SemaphorePermit<'static>> = None;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Refusal::new("IncompleteBody", "The request's body broke off."));
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return too_large();
        }
        bytes.extend_from_slice(&data);
        if bytes.len() > SMALL {
            let wanted = bytes.len() - room.as_ref().map_or(0, SemaphorePermit::num_permits);
            let more = u32::try_from(wanted).ok().and_then(|wanted| ROOM.try_acquire_many(wanted).ok());
            let Some(more) = more else {
                return Err(Refusal::new("ServiceUnavailable", "Too many large requests at once.").status(503));
            };
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
        }
    }
    Ok(Read { bytes: bytes.freeze(), _room: room })
}
