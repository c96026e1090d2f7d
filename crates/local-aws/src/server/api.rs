//! `POST /`: which service a request is for, by what its protocol says; the host's name does not matter (`data-` in
//! front of it neither).

use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value};

use super::{Body, text};
use crate::auto_scaling::wire::NAMESPACE;
use crate::query::{form, xml};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::state::{Answer, Service};
use crate::{cloud_map, ecs};

/// The most that a body may have.
const BODY: usize = 1024 * 1024;
/// How long a body may take.
const BODY_TAKES: Duration = Duration::from_secs(30);

static REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
static ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Which protocol a request speaks, and to whom.
enum Spoken {
    Json { service: Service, operation: String },
    Query,
    Unknown,
}

/// Answers a call.
pub(super) async fn answer(request: Request<Incoming>, world: &World) -> Response<Body> {
    let spoken = spoken(&request);
    let request_id = uuid::Uuid::new_v4().to_string();
    let body = match read(request.into_body()).await {
        Ok(body) => body,
        Err((status, refusal)) => {
            let mut response = match spoken {
                Spoken::Query => xml_error(&refusal, &request_id),
                Spoken::Json { .. } | Spoken::Unknown => json_error(&refusal, None, &request_id),
            };
            *response.status_mut() = status;
            return response;
        }
    };
    match spoken {
        Spoken::Json { service, operation } => {
            let called = parse(&body).and_then(|body| world.call(service, &operation, body));
            tracing::trace!(?service, operation, refused = called.as_ref().err().map(|r| r.code), "call");
            match called {
                Ok(Answer::Json(value)) => json_answer(StatusCode::OK, &value, &request_id),
                Ok(Answer::Xml(_)) => json_error(&Refusal::unknown_operation(&operation), Some(service), &request_id),
                Err(refusal) => json_error(&refusal, Some(service), &request_id),
            }
        }
        Spoken::Query => {
            let form::Call { action, body, .. } = match form::read(&body) {
                Ok(call) => call,
                Err(refusal) => return xml_error(&refusal, &request_id),
            };
            let called = world.call(Service::AutoScaling, &action, body);
            tracing::trace!(service = "AutoScaling", action, refused = called.as_ref().err().map(|r| r.code), "call");
            match called {
                Ok(Answer::Xml(content)) => {
                    xml_answer(xml::answer(NAMESPACE, &action, &content, &request_id), &request_id)
                }
                Ok(Answer::Json(_)) => xml_error(&Refusal::unknown_operation(&action), &request_id),
                Err(refusal) => xml_error(&refusal, &request_id),
            }
        }
        Spoken::Unknown => {
            let refusal = Refusal::new(
                "UnknownOperationException",
                "The request names no service that local-aws knows, neither by X-Amz-Target nor as a Query form.",
            );
            json_error(&refusal, None, &request_id)
        }
    }
}

fn spoken(request: &Request<Incoming>) -> Spoken {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let target = text("x-amz-target");
    if let Some(operation) = target.strip_prefix(ecs::wire::TARGET) {
        Spoken::Json { service: Service::Ecs, operation: operation.to_owned() }
    } else if let Some(operation) = target.strip_prefix(cloud_map::wire::TARGET) {
        Spoken::Json { service: Service::CloudMap, operation: operation.to_owned() }
    } else if target.is_empty() && text("content-type").starts_with("application/x-www-form-urlencoded") {
        Spoken::Query
    } else {
        Spoken::Unknown
    }
}

async fn read(body: Incoming) -> Result<bytes::Bytes, (StatusCode, Refusal)> {
    let slow = || Refusal::new("RequestTimeout", "The request's body took too long.");
    let bad = || Refusal::new("RequestEntityTooLarge", "The request's body is larger than 1 MiB, or broke off.");
    match tokio::time::timeout(BODY_TAKES, Limited::new(body, BODY).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(_)) => Err((StatusCode::PAYLOAD_TOO_LARGE, bad())),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, slow())),
    }
}

fn parse(body: &[u8]) -> Result<Value, Refusal> {
    let malformed = || Refusal::new("SerializationException", "The request's body is no JSON object.");
    match serde_json::from_slice(body) {
        _ if body.is_empty() => Ok(Value::Object(Map::new())),
        Ok(Value::Object(fields)) => {
            // A field that is null is a field that is not there.
            Ok(Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()))
        }
        Ok(_) | Err(_) => Err(malformed()),
    }
}

fn json_answer(status: StatusCode, value: &Value, request_id: &str) -> Response<Body> {
    let mut response = text(status, value.to_string());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    put(&mut response, &REQUEST_ID, request_id);
    response
}

fn json_error(refusal: &Refusal, service: Option<Service>, request_id: &str) -> Response<Body> {
    let mut fields = Map::new();
    fields.insert("__type".to_owned(), refusal.code.into());
    // Cloud Map's errors have a member `Message`, ECS's `message`.
    let message = match service {
        Some(Service::CloudMap) => "Message",
        Some(Service::Ecs | Service::AutoScaling) | None => "message",
    };
    fields.insert(message.to_owned(), refusal.message.clone().into());
    fields.extend(refusal.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = json_answer(status, &Value::Object(fields), request_id);
    put(&mut response, &ERROR_TYPE, refusal.code);
    response
}

fn xml_answer(document: String, request_id: &str) -> Response<Body> {
    let mut response = text(StatusCode::OK, document);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    put(&mut response, &REQUEST_ID, request_id);
    response
}

fn xml_error(refusal: &Refusal, request_id: &str) -> Response<Body> {
    let mut response = xml_answer(xml::error(NAMESPACE, refusal.code, &refusal.message, request_id), request_id);
    *response.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    response
}

fn put(response: &mut Response<Body>, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name.clone(), value);
    }
}
