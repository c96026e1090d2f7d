//! Answers and errors as each protocol writes them.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

use super::{Body, text};
use crate::call::{Answer, Protocol, Service};
use crate::query::xml::{self, Content};
use crate::refusal::Refusal;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
static ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
static QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// What is to be known of a call to answer it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) service: Option<Service>,
    pub(super) protocol: Protocol,
    pub(super) operation: String,
    pub(super) request_id: String,
}

/// What came of a call.
pub(super) fn answer(asked: &Asked, answer: Result<Answer, Refusal>) -> Response<Body> {
    match (answer, asked.protocol) {
        (Ok(Answer::Json(value)), Protocol::Json10 | Protocol::Json11) => json(asked, StatusCode::OK, &value),
        (Ok(Answer::Xml(content)), Protocol::Query) => xml(asked, &content),
        // A service that answers in another protocol than it was asked in does not speak this one.
        (Ok(Answer::Json(_) | Answer::Xml(_) | Answer::Later(_)), _) => {
            error(asked, &Refusal::unknown_operation(&asked.operation))
        }
        (Err(refusal), _) => error(asked, &refusal),
    }
}

/// A refused call.
pub(super) fn error(asked: &Asked, refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    match asked.protocol {
        Protocol::Query => {
            let namespace = asked.service.unwrap_or(Service::AutoScaling).facts().namespace;
            let code = refusal.query_code.unwrap_or(refusal.code);
            let said = xml::error(namespace, (fault, code, &refusal.message), &asked.request_id);
            document(asked, status, said)
        }
        Protocol::Json10 | Protocol::Json11 => {
            let facts = asked.service.map(Service::facts);
            let (prefix, message) = facts.map_or(("", "message"), |facts| (facts.errors, facts.message));
            let mut fields = Map::new();
            fields.insert("__type".to_owned(), format!("{prefix}{}", refusal.code).into());
            fields.insert(message.to_owned(), refusal.message.as_str().into());
            fields.extend(refusal.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            let mut response = json(asked, status, &Value::Object(fields));
            put(&mut response, &ERROR_TYPE, refusal.code);
            if let Some(code) = refusal.query_code.filter(|_| asked.service == Some(Service::Sqs)) {
                put(&mut response, &QUERY_ERROR, &format!("{code};{fault}"));
            }
            response
        }
    }
}

fn json(asked: &Asked, status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = text(status, value.to_string());
    let content_type = match asked.protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 | Protocol::Query => "application/x-amz-json-1.1",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    put(&mut response, &REQUEST_ID, &asked.request_id);
    response
}

fn xml(asked: &Asked, content: &Content) -> Response<Body> {
    let namespace = asked.service.unwrap_or(Service::AutoScaling).facts().namespace;
    document(asked, StatusCode::OK, xml::answer(namespace, &asked.operation, content, &asked.request_id))
}

fn document(asked: &Asked, status: StatusCode, document: String) -> Response<Body> {
    let mut response = text(status, document);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    put(&mut response, &REQUEST_ID, &asked.request_id);
    response
}

fn put(response: &mut Response<Body>, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name.clone(), value);
    }
}
