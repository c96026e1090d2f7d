//! The ECS agent's task scale-in protection endpoint: what a container reads and sets at
//! `$ECS_AGENT_URI/task-protection/v1/state` about its own task.
//!
//! Pure: a request is read into what is to be asked of ECS, and ECS's answer is written as the agent writes it. Checks,
//! their order, names and texts are those of `ecs-agent/tmds/handlers/taskprotection/v1` (amazon-ecs-agent v1.105.1).

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::render;

#[cfg(test)]
mod tests;

/// A task, as the agent of its host knows it when one of its containers asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its cluster.
    pub cluster: String,
    /// Whether it has a role (`taskRoleArn`), which is what the agent asks ECS with.
    pub has_role: bool,
}

/// What is to be asked of ECS.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The operation.
    pub operation: &'static str,
    /// Its body.
    pub body: Value,
}

/// What a container asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// How it is protected.
    Get,
    /// To protect it, or not to.
    Put {
        /// `ProtectionEnabled`.
        enabled: Option<bool>,
        /// `ExpiresInMinutes`.
        minutes: Option<i64>,
    },
}

/// Why the agent asks ECS nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The body is too large. The agent has no such bound.
    TooLarge,
    /// The body took too long. The agent has no such bound.
    TooSlow,
    /// The body does not fit.
    Undecodable,
    /// The container is none of ours.
    NoTask,
    /// `ProtectionEnabled` is missing, from a container of this task.
    NoField(String),
    /// This task has no role.
    NoRole(String),
}

impl Refused {
    /// As the agent writes it.
    #[must_use]
    pub fn answer(&self) -> Response<Full<Bytes>> {
        let (invalid, unread) = ("InvalidParameterException", "UpdateTaskProtection: failed to read request");
        match self {
            Refused::TooLarge => error(StatusCode::PAYLOAD_TOO_LARGE, None, None, invalid, unread),
            Refused::TooSlow => error(StatusCode::REQUEST_TIMEOUT, None, None, invalid, unread),
            Refused::Undecodable => {
                let said = "UpdateTaskProtection: failed to decode request";
                error(StatusCode::BAD_REQUEST, None, None, invalid, said)
            }
            Refused::NoTask => {
                let said = "Failed to find a task for the request";
                error(StatusCode::NOT_FOUND, None, None, "ResourceNotFoundException", said)
            }
            Refused::NoField(task) => {
                let said = "Invalid request: does not contain 'ProtectionEnabled' field";
                error(StatusCode::BAD_REQUEST, None, Some(task), invalid, said)
            }
            Refused::NoRole(task) => {
                let said = "Invalid Request: no task IAM role credentials available for task";
                error(StatusCode::FORBIDDEN, None, Some(task), "AccessDeniedException", said)
            }
        }
    }
}

/// The container's id in `/api/<id>/task-protection/v1/state`.
#[must_use]
pub fn container(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/api/")?.strip_suffix("/task-protection/v1/state")?;
    (!id.contains('/')).then_some(id)
}

impl Request {
    /// Reads the body of a PUT, as strictly and as laxly as the agent's decoder: names in any case, but no others, and
    /// nothing after the first value is looked at.
    ///
    /// # Errors
    /// The body does not fit.
    pub fn put(body: &[u8]) -> Result<Request, Refused> {
        decode(body).ok_or(Refused::Undecodable)
    }

    /// What is to be asked of ECS for `asker`.
    ///
    /// # Errors
    /// The request goes no further.
    pub fn question(&self, asker: Option<&Asker>) -> Result<Question, Refused> {
        let asker = asker.ok_or(Refused::NoTask)?;
        let question = match self {
            Request::Get => {
                let body = json!({ "cluster": asker.cluster, "tasks": [asker.arn] });
                Question { operation: "GetTaskProtection", body }
            }
            Request::Put { enabled: None, .. } => return Err(Refused::NoField(asker.arn.clone())),
            Request::Put { enabled: Some(enabled), minutes } => {
                let mut body = json!({ "cluster": asker.cluster, "tasks": [asker.arn], "protectionEnabled": enabled });
                if let Some(minutes) = minutes {
                    body["expiresInMinutes"] = json!(minutes);
                }
                Question { operation: "UpdateTaskProtection", body }
            }
        };
        match asker.has_role {
            true => Ok(question),
            false => Err(Refused::NoRole(asker.arn.clone())),
        }
    }
}

/// Writes ECS's answer as the agent does.
#[must_use]
pub fn answer(asker: &Asker, answer: Result<&Value, &Refusal>, request_id: &str) -> Response<Full<Bytes>> {
    match answer {
        Ok(answer) => {
            let first = |list: &str| answer.pointer(&format!("/{list}/0")).cloned();
            match (first("failures"), first("protectedTasks")) {
                (Some(failure), _) => render::answer(
                    StatusCode::OK,
                    &Answer { failure: Some(Failure::of(&failure)), ..Answer::default() },
                ),
                (None, Some(task)) => {
                    let protection = Some(Protection::of(&task));
                    render::answer(StatusCode::OK, &Answer { protection, ..Answer::default() })
                }
                (None, None) => {
                    let (code, said) = ("ServerException", "Unexpected error occurred");
                    error(StatusCode::INTERNAL_SERVER_ERROR, None, Some(&asker.arn), code, said)
                }
            }
        }
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            error(status, Some(request_id), Some(&asker.arn), refusal.code, &refusal.message)
        }
    }
}

fn decode(body: &[u8]) -> Option<Request> {
    let first = serde_json::Deserializer::from_slice(body).into_iter::<Value>().next()?.ok()?;
    let (mut enabled, mut minutes) = (None, None);
    match first {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.to_ascii_lowercase().as_str(), value) {
                    ("protectionenabled" | "expiresinminutes", Value::Null) => {}
                    ("protectionenabled", Value::Bool(given)) => enabled = Some(given),
                    ("expiresinminutes", Value::Number(given)) => minutes = Some(given.as_i64()?),
                    _ => return None,
                }
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return None,
    }
    Some(Request::Put { enabled, minutes })
}

fn error(
    status: StatusCode,
    request_id: Option<&str>,
    arn: Option<&str>,
    code: &str,
    message: &str,
) -> Response<Full<Bytes>> {
    let error = Error { arn: arn.map(str::to_owned), code: code.to_owned(), message: message.to_owned() };
    let request_id = request_id.map(str::to_owned);
    render::answer(status, &Answer { request_id, error: Some(error), ..Answer::default() })
}

#[derive(Default, Serialize)]
struct Answer {
    #[serde(rename = "requestID", skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<Protection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

/// Of a task that is not protected the date is `null`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Protection {
    expiration_date: Option<String>,
    protection_enabled: bool,
    task_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    arn: Option<String>,
    detail: Option<String>,
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Error {
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
    code: String,
    message: String,
}

impl Protection {
    fn of(task: &Value) -> Protection {
        let date = task["expirationDate"].as_f64().and_then(|at| Duration::try_from_secs_f64(at).ok());
        // To the millisecond: as ECS answers it.
        let date = date.map(|at| UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(0)));
        Protection {
            expiration_date: date.and_then(render::timestamp),
            protection_enabled: task["protectionEnabled"].as_bool().unwrap_or(false),
            task_arn: task["taskArn"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

impl Failure {
    fn of(failure: &Value) -> Failure {
        let text = |name: &str| failure[name].as_str().map(str::to_owned);
        Failure { arn: text("arn"), detail: text("detail"), reason: text("reason") }
    }
}
