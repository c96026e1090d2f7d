//! A call from its first byte to its answer: read it, ask the world until it has an answer, write that.

use http::{Request, Response};
use hyper::body::Incoming;

use super::Body;
use super::bodies::read;
use super::shapes::{self, Asked};
use super::spoken::Spoken;
use crate::call::{Answer, Call, Protocol};
use crate::refusal::Refusal;
use crate::world::World;

/// Answers a call.
pub(super) async fn answer(request: Request<Incoming>, world: &World) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut asked = Asked {
        service: None,
        protocol: Protocol::Json11,
        operation: String::new(),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    let mut spoken = match Spoken::read(&head) {
        Ok(spoken) => spoken,
        Err(refusal) => return shapes::error(&asked, &refusal),
    };
    (asked.service, asked.protocol) = (spoken.service, spoken.protocol);
    let body = match read(body, spoken.largest()).await {
        Ok(body) => body,
        Err(refusal) => return shapes::error(&asked, &refusal),
    };
    let call = match spoken.call(&body.bytes, world.now()) {
        Ok(call) => call,
        Err(refusal) => {
            asked.service = spoken.service;
            return shapes::error(&asked, &refusal);
        }
    };
    drop(body);
    (asked.service, asked.operation) = (Some(call.service), call.operation.clone());
    let answer = follow(world, call).await;
    let refused = answer.as_ref().err().map(|refusal| refusal.code);
    tracing::trace!(service = ?asked.service, operation = asked.operation, refused, "call");
    shapes::answer(&asked, answer)
}

/// Asks the world until it has an answer. The caller's leaving ends it: it is dropped with the connection.
async fn follow(world: &World, mut call: Call) -> Result<Answer, Refusal> {
    let mut changes = world.follow_answers();
    loop {
        changes.mark_unchanged();
        match world.ask(&mut call) {
            Ok(Answer::Later(at)) => tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(world.until(at)) => {}
            },
            answer => return answer,
        }
    }
}
