//! `/api/<container id>/task-protection/v1/state`: what containers ask of their ECS agent, which asks ECS for them.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;

use super::api::follow;
use super::{Body, text};
use crate::call::{Answer, Call, Caller, Service};
use crate::faults::Ending;
use crate::refusal::Refusal;
use crate::task_protection::{self, Refused, Request as Asked};
use crate::world::World;
use crate::world::ask::{Asked as Reached, Asking};

/// The most that a body may have.
const BODY: usize = 16 * 1024;
/// How long a body may take.
const BODY_TAKES: Duration = Duration::from_secs(30);

/// Answers a container.
pub(super) async fn answer(request: Request<Incoming>, world: &World) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Some(container) = task_protection::container(head.uri.path()) else {
        return text(StatusCode::NOT_FOUND, "404 page not found\n");
    };
    let asked = match head.method {
        Method::GET => Ok(Asked::Get),
        Method::PUT => match read(body).await {
            Ok(body) => Asked::put(&body),
            Err(refused) => Err(refused),
        },
        _ => return text(StatusCode::METHOD_NOT_ALLOWED, ""),
    };
    let response = match asked {
        Ok(asked) => ask(&asked, container, world).await,
        Err(refused) => Err(refused),
    };
    response.unwrap_or_else(|refused| refused.answer()).map(BodyExt::boxed)
}

/// Asks ECS as the task; its answer as the agent writes it.
async fn ask(asked: &Asked, container: &str, world: &World) -> Result<Response<Full<Bytes>>, Refused> {
    let asker = world.asker(container);
    let question = asked.question(asker.as_ref())?;
    let asker = asker.ok_or(Refused::NoTask)?;
    let mut call = Call::new(Service::Ecs, question.operation, question.body, world.now());
    call.caller = Caller::Task(asker.id.clone());
    let request_id = uuid::Uuid::new_v4().to_string();
    let unexpected = || Refusal::new("ServerException", "Unexpected error occurred").status(500);
    let answered = match follow(world, Asking::new(call)).await {
        Reached::Now(Ok(Answer::Json(value))) => Ok(value),
        Reached::Now(Err(refusal)) | Reached::Struck(Ending::Refuse(refusal)) => Err(refusal),
        Reached::Now(Ok(Answer::Xml(_) | Answer::Later(_))) => Err(unexpected()),
        Reached::Struck(Ending::Error { .. } | Ending::Reset) => Err(unexpected()),
        Reached::Struck(Ending::Hang) | Reached::Later(_) => std::future::pending().await,
    };
    Ok(task_protection::answer(&asker, answered.as_ref(), &request_id))
}

async fn read(body: Incoming) -> Result<Bytes, Refused> {
    match tokio::time::timeout(BODY_TAKES, Limited::new(body, BODY).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(_)) => Err(Refused::TooLarge),
        Err(_) => Err(Refused::TooSlow),
    }
}
