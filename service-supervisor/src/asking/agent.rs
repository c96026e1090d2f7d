//! The ECS agent's task scale-in protection endpoint, `$ECS_AGENT_URI/task-protection/v1/state`. Pure.
//!
//! Answers as the agent writes them: `{"protection":{…}}`, `{"failure":{"Arn","Reason","Detail"}}` or
//! `{"requestID","error":{"Arn","Code","Message"}}` (Amazon ECS developer guide, "Task scale-in protection endpoint").

use std::time::Duration;

use serde::Deserialize;

use super::target::Target;
use super::{NoAnswer, Purpose, Question};
use crate::asking::answer::Answer;
use crate::decide::protection::Said;

/// The longest answer that is read; usual ones have 200 bytes.
const LONGEST: usize = 16 * 1024;

/// Asks to protect the task for so long, or to end its protection.
#[must_use]
pub fn question(agent: &Target, on: bool, lasts: Duration) -> Question {
    let body = match on {
        true => format!("{{\"ProtectionEnabled\":true,\"ExpiresInMinutes\":{}}}", lasts.as_secs() / 60),
        false => String::from("{\"ProtectionEnabled\":false}"),
    };
    Question::put(&agent.join("/task-protection/v1/state"), &body, Purpose::Protection, LONGEST)
}

#[derive(Deserialize)]
struct Body {
    protection: Option<Protected>,
    failure: Option<Failure>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Protected {
    protection_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    reason: Option<String>,
    detail: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: Option<String>,
    message: Option<String>,
}

/// What the agent's answer means.
#[must_use]
pub fn said(answer: Result<Option<Answer>, NoAnswer>) -> Said {
    let answer = match answer {
        Ok(Some(answer)) => answer,
        Ok(None) => return Said::Unclear(String::from("no answer")),
        // Nothing was sent.
        Err(NoAnswer::Connect(error)) => return Said::Refused(format!("cannot connect to the ECS agent: {error}")),
        Err(no) => return Said::Unclear(daemon::exit::chain(&no)),
    };
    let status = answer.status;
    match serde_json::from_slice(&answer.body) {
        Ok(Body { failure: Some(failure), .. }) => match failure.reason.as_deref() {
            Some("TASK_NOT_VALID") => Said::NotValid,
            reason => Said::Refused(words(reason, failure.detail.as_deref(), status)),
        },
        Ok(Body { error: Some(error), .. }) => {
            let words = words(error.code.as_deref(), error.message.as_deref(), status);
            // Of these nobody knows whether ECS has carried it out.
            if status >= 500 { Said::Unclear(words) } else { Said::Refused(words) }
        }
        Ok(Body { protection: Some(protected), .. }) if status < 300 => Said::Is(protected.protection_enabled),
        Ok(_) | Err(_) => Said::Unclear(format!("an answer with status {status} that says nothing of protection")),
    }
}

fn words(what: Option<&str>, why: Option<&str>, status: u16) -> String {
    match (what, why) {
        (Some(what), Some(why)) => format!("{what}: {why}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => format!("status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(status: u16, body: &str) -> Said {
        said(Ok(Some(Answer { status, body: body.as_bytes().to_vec() })))
    }

    #[test]
    fn a_question_names_the_state_and_whole_minutes() {
        let agent = Target::parse("http://169.254.170.2/api/abc").expect("an address");
        let text = |on| String::from_utf8(question(&agent, on, Duration::from_secs(7_230)).request).expect("text");
        let on = text(true);
        assert!(on.starts_with("PUT /api/abc/task-protection/v1/state HTTP/1.0\r\nhost: 169.254.170.2\r\n"), "{on}");
        assert!(on.ends_with("\r\n\r\n{\"ProtectionEnabled\":true,\"ExpiresInMinutes\":120}"), "{on}");
        let off = text(false);
        let end = "\r\ncontent-length: 27\r\nconnection: close\r\n\r\n{\"ProtectionEnabled\":false}";
        assert!(off.ends_with(end), "{off}");
    }

    #[test]
    fn only_ecs_own_word_counts() {
        let on = r#"{"protection":{"ExpirationDate":"2026-01-01T00:00:00Z","ProtectionEnabled":true,"TaskArn":"a"}}"#;
        let off = r#"{"protection":{"ExpirationDate":null,"ProtectionEnabled":false,"TaskArn":"a"}}"#;
        assert_eq!((heard(200, on), heard(200, off)), (Said::Is(true), Said::Is(false)));
        for body in ["{}", "garbage", "", "[]", r#"{"protection":{}}"#] {
            assert!(matches!(heard(200, body), Said::Unclear(_)), "{body}");
        }
        assert!(matches!(heard(500, on), Said::Unclear(_)));
    }

    #[test]
    fn a_failure_and_an_error_say_why() {
        let failure = |reason: &str| format!(r#"{{"failure":{{"Arn":"a","Detail":null,"Reason":"{reason}"}}}}"#);
        assert_eq!(heard(200, &failure("TASK_NOT_VALID")), Said::NotValid);
        assert_eq!(heard(200, &failure("DEPLOYMENT_BLOCKED")), Said::Refused("DEPLOYMENT_BLOCKED".into()));
        let error = r#"{"requestID":"r","error":{"Arn":"a","Code":"ThrottlingException","Message":"Rate exceeded"}}"#;
        assert_eq!(heard(400, error), Said::Refused("ThrottlingException: Rate exceeded".into()));
        assert_eq!(heard(404, r#"{"error":{}}"#), Said::Refused("status 404".into()));
    }

    #[test]
    fn no_answer_is_unclear_unless_nothing_was_sent() {
        assert_eq!(said(Err(NoAnswer::Late)), Said::Unclear("no answer in time".into()));
        let refused = NoAnswer::Connect(std::io::ErrorKind::ConnectionRefused.into());
        assert!(matches!(said(Err(refused)), Said::Refused(_)));
    }
}
