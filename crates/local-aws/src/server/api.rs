//! A call from its first byte to its answer: read it, ask the world until it has an answer, write that.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::Body;
use super::shapes::{self, Asked};
use super::spoken::Spoken;
use crate::call::{Answer, Call, Protocol, Service};
use crate::refusal::Refusal;
use crate::world::World;

/// The most that a body may have.
const BODY: usize = 1024 * 1024;
/// Of SQS: a message of 1 MiB grows when JSON or a form escapes it.
const BODY_OF_SQS: usize = 4 * BODY;
/// How long a body may take.
const BODY_TAKES: Duration = Duration::from_secs(30);

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
    let most = match spoken.service {
        Some(Service::Ecs | Service::CloudMap | Service::AutoScaling) => BODY,
        // Whose a form is may stand in the form.
        Some(Service::Sqs) | None => BODY_OF_SQS,
    };
    let body = match read(body, most).await {
        Ok(body) => body,
        Err(refusal) => return shapes::error(&asked, &refusal),
    };
    let call = match spoken.call(&body, world.now()) {
        Ok(call) => call,
        Err(refusal) => {
            asked.service = spoken.service;
            return shapes::error(&asked, &refusal);
        }
    };
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

async fn read(body: Incoming, most: usize) -> Result<bytes::Bytes, Refusal> {
    match tokio::time::timeout(BODY_TAKES, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(_)) => {
            let said = format!("The request's body is larger than {most} bytes, or broke off.");
            Err(Refusal::new("RequestEntityTooLarge", said).status(413))
        }
        Err(_) => Err(Refusal::new("RequestTimeout", "The request's body took too long.").status(408)),
    }
}
