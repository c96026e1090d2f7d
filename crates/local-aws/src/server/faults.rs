//! `/_faults`: what goes wrong is listed (GET), injected (POST, JSON) and taken back (DELETE).
//!
//! A page of another origin cannot send a JSON content type nor a DELETE without asking first, which is not answered
//! here: no web page can harm the world but our own.

use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;

use super::bodies::read;
use super::{Body, json_with, text};
use crate::faults::Injection;
use crate::world::World;

/// The most that a fault's description may have.
const BODY: usize = 64 * 1024;

/// The path, and what is below it.
pub(super) const PATH: &str = "/_faults";

/// Answers a request for [`PATH`] or below it.
pub(super) async fn answer(request: Request<Incoming>, world: &World) -> Response<Body> {
    let below = request.uri().path().strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/')).map(str::to_owned);
    match (request.method(), below.as_deref()) {
        (&Method::GET, None) => json_with(StatusCode::OK, &json!({ "faults": world.faults() })),
        (&Method::POST, None) => inject(request, world).await,
        (&Method::DELETE, None) => json_with(StatusCode::OK, &json!({ "lifted": world.lift_all() })),
        (&Method::DELETE, Some(id)) => match id.parse() {
            Ok(id) if world.lift(id) => json_with(StatusCode::OK, &world.fault(id).unwrap_or_default()),
            Ok(_) | Err(_) => refuse(StatusCode::NOT_FOUND, "no such fault is under way"),
        },
        _ => {
            let mut response =
                text(StatusCode::METHOD_NOT_ALLOWED, "GET, POST and DELETE /_faults, DELETE /_faults/ID\n");
            response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, POST, DELETE"));
            response
        }
    }
}

async fn inject(request: Request<Incoming>, world: &World) -> Response<Body> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_none_or(|text| text.split(';').next().unwrap_or_default().trim() != "application/json") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected the content type application/json");
    }
    let body = match read(request.into_body(), BODY).await {
        Ok(body) => body,
        Err(refusal) => {
            return refuse(StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST), &refusal.message);
        }
    };
    let fault =
        serde_json::from_slice(&body.bytes).map_err(|error| format!("no JSON: {error}")).and_then(Injection::read);
    match fault.and_then(|injection| world.inject(injection)) {
        Ok(id) => json_with(StatusCode::CREATED, &world.fault(id).unwrap_or_default()),
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

fn refuse(status: StatusCode, why: &str) -> Response<Body> {
    json_with(status, &json!({ "error": why }))
}
