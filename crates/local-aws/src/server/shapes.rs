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
    let Refusal { code, message, status, query_code, fields } = refusal;
    write(asked, *status, &Said { code, query_code: query_code.unwrap_or(code), message, fields })
}

/// What an error says.
struct Said<'a> {
    code: &'a str,
    query_code: &'a str,
    message: &'a str,
    fields: &'a [(&'static str, Value)],
}

fn write(asked: &Asked, status: u16, said: &Said<'_>) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    match asked.protocol {
        Protocol::Query => {
            let namespace = asked.service.unwrap_or(Service::AutoScaling).facts().namespace;
            let written = xml::error(namespace, (fault, said.query_code, said.message), &asked.request_id);
            document(asked, status, written)
        }
        Protocol::Json10 | Protocol::Json11 => {
            let facts = asked.service.map(Service::facts);
            let (prefix, message) = facts.map_or(("", "message"), |facts| (facts.errors, facts.message));
            let mut fields = Map::new();
            fields.insert("__type".to_owned(), format!("{prefix}{}", said.code).into());
            fields.insert(message.to_owned(), said.message.into());
            fields.extend(said.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            let mut response = json(asked, status, &Value::Object(fields));
            put(&mut response, &ERROR_TYPE, said.code);
            if asked.service == Some(Service::Sqs) && said.query_code != said.code {
                put(&mut response, &QUERY_ERROR, &format!("{};{fault}", said.query_code));
            }
            response
        }
    }
}

/// An error that a fault makes up: of any code.
pub(super) fn failure(asked: &Asked, code: &str, status: u16) -> Response<Body> {
    let said =
        Said { code, query_code: code, message: "The request failed because of an internal error.", fields: &[] };
    write(asked, status, &said)
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
