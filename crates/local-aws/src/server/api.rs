//! A call from its first byte to its answer: read it, ask the world until it has an answer, write that.

use http::{Request, Response};
use hyper::body::Incoming;

use super::bodies::read;
use super::shapes;
use super::spoken::Spoken;
use super::{Body, Gone};
use crate::call::Protocol;
use crate::faults::Ending;
use crate::world::World;
use crate::world::ask::{Asked, Asking};

/// Answers a call.
///
/// # Errors
/// The connection is to be reset instead.
pub(super) async fn answer(request: Request<Incoming>, world: &World) -> Result<Response<Body>, Gone> {
    let (head, body) = request.into_parts();
    let mut asked = shapes::Asked {
        service: None,
        protocol: Protocol::Json11,
        operation: String::new(),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    let mut spoken = match Spoken::read(&head) {
        Ok(spoken) => spoken,
        Err(refusal) => return Ok(shapes::error(&asked, &refusal)),
    };
    (asked.service, asked.protocol) = (spoken.service, spoken.protocol);
    let body = match read(body, spoken.largest()).await {
        Ok(body) => body,
        Err(refusal) => return Ok(shapes::error(&asked, &refusal)),
    };
    let call = match spoken.call(&body.bytes, world.now()) {
        Ok(call) => call,
        Err(refusal) => {
            asked.service = spoken.service;
            return Ok(shapes::error(&asked, &refusal));
        }
    };
    drop(body);
    (asked.service, asked.operation) = (Some(call.service), call.operation.clone());
    let answer = match follow(world, Asking::new(call)).await {
        Asked::Now(answer) => answer,
        Asked::Struck(Ending::Refuse(refusal)) => Err(refusal),
        Asked::Struck(Ending::Error { code, status }) => return Ok(shapes::failure(&asked, &code, status)),
        Asked::Struck(Ending::Reset) => return Err(Gone),
        Asked::Struck(Ending::Hang) | Asked::Later(_) => std::future::pending().await,
    };
    let refused = answer.as_ref().err().map(|refusal| refusal.code);
    tracing::trace!(service = ?asked.service, operation = asked.operation, refused, "call");
    Ok(shapes::answer(&asked, answer))
}

/// Asks the world until it has an answer. The caller's leaving ends it: it is dropped with the connection.
pub(super) async fn follow(world: &World, mut asking: Asking) -> Asked {
    let mut changes = world.follow_answers();
    let mut waiting = None;
    loop {
        changes.mark_unchanged();
        match world.ask(&mut asking) {
            Asked::Later(at) => {
                waiting = waiting.or_else(|| asking.number().map(|number| Waiting { world, number }));
                tokio::select! {
                    _ = changes.changed() => {}
                    () = tokio::time::sleep(world.until(at)) => {}
                }
            }
            asked @ (Asked::Now(_) | Asked::Struck(_)) => return asked,
        }
    }
}

/// Tells the audit log when the caller goes before there is an answer; after it, nothing.
struct Waiting<'a> {
    world: &'a World,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.world.left(self.number);
    }
}
